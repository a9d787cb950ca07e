"""Pair each frame of a target with its expected frame: the source's frame, or what the plan says of
it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from efface.checks.frame_samples import FrameSamples
from efface.frames import Frame, Picture
from efface.geometry import Size
from efface.media.interfaces import Source
from efface.planning.plan import Plan

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """A frame that the target should have.

    index    its number in the source.
    at       when the target should show it, in seconds of the target's clock.
    size_wh  of the frame.
    frame    the source's, or None if there is only a plan, or only samples of it.
    samples  what was kept of the source's frame, if anything.
    """

    index: int
    at: Fraction
    size_wh: Size
    frame: Frame | None = None
    samples: FrameSamples | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """An expected frame and its frame in the target.

    One side is None if the other has an extra frame, or nothing was expected; never both.

    at      when the target shows the frame, in seconds of its clock; for a missing frame, when it
            should.
    second  the same, from its first frame on.
    tolerance  seconds that the target's clock cannot distinguish.
    number  of the frame in the target; for a missing frame, that of the one in its place.
    """

    old: Expected | None
    new: Frame | None
    at: Fraction
    second: float
    number: int
    tolerance: Fraction = Fraction(0)

    @property
    def name(self) -> str:
        """Name the frame for people, who count from 1."""
        return f"frame {self.number + 1}"


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """What a pair of frames shows.

    target   the target's samples.
    samples  what was kept of the source's frame, for a quick comparison, or None.
    both     gives the samples of source and target in one layout.
    decodes  `both` decodes the source's frame again, which is slow.
    """

    target: Picture
    samples: FrameSamples | None
    both: Callable[[], tuple[Picture, Picture]]
    decodes: bool = False


def from_source(source: Source, shift: int) -> Iterator[Expected]:
    """The frames of the source. `shift` was taken off its PTS."""
    base = source.time_base
    for frame in source.frames():
        yield Expected(frame.index, (frame.pts - shift) * base, frame.size_wh, frame)


def from_samples(kept: Iterable[FrameSamples], base: Fraction, shift: int) -> Iterator[Expected]:
    """Yield the frames of which samples were kept. base: the source's time base."""
    for samples in kept:
        at = (samples.pts - shift) * base
        yield Expected(samples.index, at, samples.size_wh, samples=samples)


def from_plan(plan: Plan, shift: int) -> Iterator[Expected]:
    """Yield what a plan says of the frames."""
    for i, pts in enumerate(plan.timeline.pts.tolist()):
        yield Expected(i, (pts - shift) * plan.timeline.time_base, plan.size_at(i))


def paired(
    expected: Iterable[Expected] | None, frames: Iterable[Frame], base: Fraction
) -> Iterator[Pair]:
    """Pair the expected frames with the target's frames, in order. `base` is the target's time
    base.

    After a missing or extra frame, the following frames find their partners again.
    """
    olds, news = _Ahead(iter(expected or ())), _Ahead(iter(frames))
    is_near, start = _within(base / 2), None
    while olds.first is not None or news.first is not None:
        old, new = olds.first, news.first
        if old is not None and new is not None and not is_near(new.pts * base, old.at):
            # One frame of lookahead distinguishes a missing or extra frame from one at a wrong
            # time.
            if olds.second is not None and is_near(new.pts * base, olds.second.at):
                new = None
            elif news.second is not None and is_near(news.second.pts * base, old.at):
                old = None
        at = new.pts * base if new is not None else old.at  # type: ignore[union-attr]  # both are never None
        start = at if start is None else start
        yield Pair(old, new, at, float(at - start), news.taken, base / 2)
        if old is not None:
            olds.step()
        if new is not None:
            news.step()


def _within(tolerance: Fraction) -> Callable[[Fraction, Fraction], bool]:
    return lambda a, b: abs(a - b) <= tolerance


class _Ahead(Generic[T]):
    """An iterator that shows its next two items; None means the end."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self.taken = 0
        self.first: T | None = next(items, None)
        self.second: T | None = next(items, None) if self.first is not None else None

    def step(self) -> None:
        self.taken += 1
        self.first = self.second
        self.second = next(self._items, None) if self.first is not None else None
