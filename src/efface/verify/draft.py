"""The check that every draft passes before it gets its name: it decodes, nothing is missing, and nothing survives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import zip_longest

import numpy as np

from efface.errors import InputError
from efface.findings import Check, Finding, Outcome
from efface.frames import Frame, Layout, Picture
from efface.geometry import Size
from efface.media.base import Source
from efface.planning.plan import Plan
from efface.verify.coverage import surviving

MOST = 20
"""Findings after which there is no need to look further."""


def check_draft(
    source: Source, target: Source, plan: Plan, *, shift: int = 0, tell: Callable[[int], None] = lambda done: None
) -> list[Check]:
    """Two checks of the target, frame by frame: coverage, and fidelity to the source.

    shift  taken off the source's PTS when the target was written, in the source's time base.
    tell   called with the number of frames checked so far.
    """
    findings: list[Finding] = []
    try:
        for i, (old, new) in enumerate(zip_longest(source.frames(), target.frames())):
            if old is None or new is None:
                findings.append(
                    Finding("fidelity", f"the {'source' if new is None else 'draft'} has more frames than the other", i)
                )
                break
            findings.extend(_frame(old, new, plan, i, (source.time_base, target.time_base), shift))
            tell(i + 1)
            if len(findings) >= MOST:
                break
    except InputError as e:
        findings.append(Finding("fidelity", f"it cannot be decoded ({e.why or e.lead})"))
    return [_check(name, findings) for name in ("coverage", "fidelity")]


def _check(name: str, findings: list[Finding]) -> Check:
    found = tuple(f for f in findings if f.check == name)
    return Check(name, Outcome.NOT_CLEAN if found else Outcome.CLEAN, found)


def _frame(old: Frame, new: Frame, plan: Plan, i: int, bases: tuple[Fraction, Fraction], shift: int) -> Iterator[Finding]:
    off = (old.pts - shift) * bases[0] - new.pts * bases[1]
    if abs(off) > bases[1] / 2:
        yield Finding("fidelity", f"frame {i + 1} is shown {float(off):+.6f} s from its time", i)
    if not _is_same_size(old.size_wh, new.size_wh):
        yield Finding("fidelity", f"frame {i + 1} has size {new.size_wh}, not {old.size_wh}", i)
        return
    if new.is_bad:
        yield Finding("fidelity", f"frame {i + 1} cannot be decoded", i)
    if i in plan.bad or not plan.regions(i):
        return
    before, after = _comparable(old, new)
    for box in surviving(before, after, plan.regions(i)):
        yield Finding("coverage", f"frame {i + 1} still shows what the plan erases", i, box)


def _is_same_size(old: Size, new: Size) -> bool:
    # Most 4:2:0 codecs hold even sizes only, so an odd one gains a row or a column.
    return new == old or new == (old[0] + old[0] % 2, old[1] + old[1] % 2)


def _comparable(old: Frame, new: Frame) -> tuple[Picture, Picture]:
    before, after = old.unpack(), new.unpack()
    if before.layout == after.layout:
        return before, after
    return _as_rgb(old), _as_rgb(new)


def _as_rgb(frame: Frame) -> Picture:
    rgb = frame.look(frame.size_wh)
    planes = tuple(np.ascontiguousarray(rgb[..., i]) for i in range(3))
    return Picture(planes, Layout("rgb", shifts=((0, 0),) * 3))
