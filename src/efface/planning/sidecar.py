"""The plan on disk: JSON, one line per track, so that a change shows as a change of one line.

Frame numbers and PTS are stored as runs, boxes as integers in one flat list: an hour of crowd stays
below 50 MB. The same plan always gives the same bytes. Edits are at the end, one per line, so a
change is written by adding a line (`append`). If power fails in the middle, all lines before it are
still readable (`mended`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from efface.errors import BadPlan, TornPlan, WriteFailed
from efface.files import CHUNK, open_plain, reason, writing
from efface.planning.doubt import WHOLE, Doubt, riskiest_first
from efface.planning.plan import Plan
from efface.planning.render_record import record_of
from efface.planning.sidecar_tables import (
    MOST_FRAMES,
    number_runs,
    packed_area,
    packed_doubts,
    packed_sizes,
    packed_track,
    unpacked_area,
    unpacked_beyond,
    unpacked_doubts,
    unpacked_grid,
    unpacked_track,
    unrolled_runs,
    whole_number,
)
from efface.timing import Timeline
from efface.version import VERSION as EFFACE_VERSION

FORMAT = "efface-plan"
VERSION = 4
"""4 has areas that the command keeps visible, which older checks would take for leaks. Only plans
that have such areas say 4, so older releases read all others.

2 supports edits, at the end; plans of version 1 never had any. 3 also has checksums of photos
and animations; before, only videos had them. It also has what was left visible; before, every track
was erased."""

EDITS = ' "edits": ['
"""The line after which edits follow."""

EDIT = b'"edit"'
"""Text that occurs in every edit, and nowhere else in a plan."""

HEAD_BYTES = 1 << 12
"""Bytes within which a plan identifies itself."""

TAIL = "\n ]\n}\n"
"""The end of every plan, after its last edit."""

LARGEST = 64 << 20
"""Bytes. An hour of crowd takes less than 50 MB. Reading a plan takes up to ten times its size."""

MOST_BRACKETS = LARGEST // 12
"""Maximum number of lists and objects in a plan. Each takes about 60 bytes of memory, but only two
in a hostile file."""

MOST_PER_MOMENT, MOST_PER_FRAME = 60, 60
"""Maximum bytes that a box in one frame, and a frame, take in a plan, edits aside."""

MOST_UNSUMMED = 200_000
"""Maximum number of frames in a plan without checksums. Runs are short to write and long to expand,
so a hostile plan could fill the memory. If there are checksums, their number is compared with the
runs first."""


def require_readable(plan: Plan, path: Path) -> None:
    """Raise WriteFailed if the plan is too large to be read again. Call this before the video is
    rendered."""
    moments = sum(len(track) for track in (*plan.tracks, *plan.left))
    if MOST_PER_MOMENT * moments + MOST_PER_FRAME * len(plan.timeline) < LARGEST:
        return
    if sum(len(piece) for piece in lines(plan)) > LARGEST:
        why = f"it would be larger than {LARGEST >> 20} MB, and efface could not read it again"
        raise WriteFailed(path, why, "Cut the film into parts, and redact each.")


def save(plan: Plan, path: Path) -> None:
    """Write the plan. Raises WriteFailed. The caller stages the file (see `files.staged`)."""
    with writing(path), open(path, "w", encoding="utf-8", newline="\n") as f:
        f.writelines(lines(plan))


def lines(plan: Plan) -> Iterator[str]:
    """Yield the text of the sidecar, piece by piece."""
    version = 3 if plan.checksums or not len(plan.timeline) else 2
    version = VERSION if plan.areas else version
    yield (
        f'{{\n "format": {_json(FORMAT)},\n "version": {version},\n "efface": '
        f"{_json(EFFACE_VERSION)},\n"
    )
    yield from _head(plan)
    if plan.made is not None:
        yield f' "target": {_json(plan.made.plain())},\n'
    yield from _body(plan)


def seal(plan: Plan) -> str:
    """Return the SHA-256, in hexadecimal, of a plan's content, without its render record and the
    program that wrote it. Any change changes it."""
    digest = hashlib.sha256()
    for piece in chain(_head(plan), _body(plan)):
        digest.update(piece.encode())
    return digest.hexdigest()


def _head(plan: Plan) -> Iterator[str]:
    head = {
        "source": {
            "sha256": plan.source_sha256,
            "medium": plan.medium,
            "sizes": packed_sizes(plan),
        },
        "frames": len(plan.timeline),
        "time_base": str(plan.timeline.time_base),
        "pts": number_runs(plan.timeline.pts),
        "detectors": [dict(d) for d in plan.detectors],
        "options": plan.options,
        "cuts": list(plan.cuts),
        "bad": number_runs(np.array(plan.bad, np.int64)),
        "checksums": "".join(f"{c:08x}" for c in plan.checksums),
        **packed_doubts([d for d in plan.doubts if d.track == WHOLE]),
        **({"areas": [packed_area(a) for a in plan.areas]} if plan.areas else {}),
        **({"blocks": asdict(plan.grid)} if plan.grid is not None else {}),
        **({"left_beyond": [asdict(b) for b in plan.left_beyond]} if plan.left_beyond else {}),
    }
    for name, value in head.items():
        yield f" {_json(name)}: {_json(value)},\n"


def _body(plan: Plan) -> Iterator[str]:
    doubts: dict[int, list[Doubt]] = {}
    for doubt in plan.doubts:
        doubts.setdefault(doubt.track, []).append(doubt)
    for name, tracks in (("tracks", plan.tracks), ("left", plan.left)):
        if name == "left" and not tracks:
            continue
        yield f' "{name}": ['
        for i, track in enumerate(tracks):
            yield (",\n  " if i else "\n  ") + _json(
                packed_track(track) | packed_doubts(doubts.get(track.id, []))
            )
        yield "\n ],\n"
    yield EDITS + ",".join("\n  " + _json(dict(e)) for e in plan.edits)
    yield TAIL


def append(handle: int, edits: Sequence[Mapping[str, Any]], *, is_first: bool) -> None:
    """Add edits to a plan on disk, written by `lines`, and flush them to the disk.

    handle    of the file, open for reading and writing.
    is_first  the plan had no edits yet.

    Raises OSError, and ValueError if the file does not end as a plan does. One call writes all, so
    a killed process leaves either the old plan or the new one.
    """
    tail = TAIL.encode()
    end = os.fstat(handle).st_size - len(tail)
    if end < 0 or _read_at(handle, len(tail), end) != tail:
        raise ValueError("it does not end as a plan does")
    text = ",".join("\n  " + _json(dict(e)) for e in edits)
    data = (("" if is_first else ",") + text).encode() + tail
    written = _write_at(handle, data, end)
    if written != len(data):  # the disk is full: restore what was there
        _write_at(handle, tail, end)
        os.ftruncate(handle, end + len(tail))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(handle)


def _read_at(handle: int, count: int, place: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(handle, count, place)
    os.lseek(handle, place, os.SEEK_SET)  # Windows
    return os.read(handle, count)


def _write_at(handle: int, data: bytes, place: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(handle, data, place)
    os.lseek(handle, place, os.SEEK_SET)
    return os.write(handle, data)


def mended(path: Path) -> tuple[Plan, int]:
    """Read a plan whose last edits may be torn, and return how many of their lines were lost.
    Raises BadPlan for other damage."""
    try:
        return load(path), 0
    except TornPlan:
        text = _content(path).decode("utf-8", "replace")
    head, mark, tail = text.partition("\n" + EDITS)
    kept: list[str] = []
    given = tail.split("\n")[1:]
    for line in given:
        try:
            json.loads(line.removesuffix(","))
        except ValueError:
            break
        kept.append(line.removesuffix(","))
    lost = sum(bool(re.sub(r"[\s\]},]", "", line)) for line in given[len(kept) :])
    return _parsed(
        (head + mark + "\n" + ",\n".join(kept) + TAIL).encode("utf-8", "replace"), path
    ), lost


def load(path: Path) -> Plan:
    """Read a plan.

    Raises BadPlan for any damage; TornPlan if only its last edits are incomplete.
    """
    return _parsed(_content(path), path)


def holds_edits(path: Path) -> bool:
    """Return whether the file is a plan that a person changed, even if it is damaged or too large
    to be read."""
    try:
        with open_plain(path) as f:
            before = f.read(HEAD_BYTES)
            if FORMAT.encode() not in before:
                return False
            while piece := f.read(CHUNK):
                if EDIT in before + piece:
                    return True
                before = piece[-len(EDIT) :]
    except (OSError, ValueError):
        return False
    return EDIT in before


def _content(path: Path) -> bytes:
    """Read the file. Raises BadPlan."""
    try:
        with open_plain(path) as f:
            data = f.read(min(os.fstat(f.fileno()).st_size, LARGEST) + 1)
    except OSError as e:
        raise BadPlan(path, reason(e)) from e
    except (ValueError, MemoryError) as e:  # a NUL byte in the name
        raise BadPlan(path, _why(e)) from e
    if len(data) > LARGEST:
        raise BadPlan(
            path,
            f"it is larger than {LARGEST >> 20} MB",
            "Cut the film into parts, and redact each.",
        )
    if data.count(b"[") + data.count(b"{") > MOST_BRACKETS:
        raise BadPlan(path, "it consists of more parts than any plan does")
    return data


def _parsed(data: bytes, path: Path) -> Plan:
    is_torn = ("\n" + EDITS).encode() in data and not data.endswith(TAIL.encode())
    try:
        return _plan(
            json.loads(data, parse_float=_finite, parse_constant=_finite, object_pairs_hook=_object)
        )
    except json.JSONDecodeError as e:
        if is_torn and "\n" + EDITS in e.doc[: e.pos]:
            raise TornPlan(path) from e
        raise BadPlan(path, _why(e)) from e
    except UnicodeDecodeError as e:
        if is_torn:
            raise TornPlan(path) from e
        raise BadPlan(path, _why(e)) from e
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        MemoryError,
    ) as e:
        raise BadPlan(path, _why(e)) from e


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is not valid JSON ({error.msg}, line {error.lineno})"
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return str(error) or type(error).__name__


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is not a usable number")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two values under one name Python would take the last: "tracks": [] at the end of a file
    # would erase nothing.
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it says something twice")
    return found


def _plan(data: dict[str, Any]) -> Plan:
    if data["format"] != FORMAT:
        raise ValueError(f"its format is {data['format']!r}, not {FORMAT!r}")
    _require_version(data)
    source, checksums = data["source"], _checksums(data["checksums"])
    if source["medium"] not in ("photo", "animation", "video"):
        raise ValueError(f"unknown medium {source['medium']!r}")
    frames = whole_number(data["frames"])
    _require_checksums(data["version"], source["medium"], frames, len(checksums))
    pts = unrolled_runs(data["pts"], frames)
    if len(pts) != frames:
        raise ValueError("the number of frames and their PTS disagree")
    if source["medium"] == "photo" and (
        data["time_base"] != "1" or (pts != np.arange(frames)).any()
    ):
        raise ValueError("it says that it is of a photo, and has the clock of a film")
    left = data.get("left", [])  # older plans have no such list
    return Plan(
        source_sha256=str(source["sha256"]),
        medium=source["medium"],
        sizes=tuple((whole_number(w), whole_number(h)) for w, h in source["sizes"]),
        timeline=Timeline(pts, _time_base(data["time_base"])),
        tracks=tuple(unpacked_track(t) for t in data["tracks"]),
        cuts=tuple(whole_number(c) for c in data["cuts"]),
        bad=tuple(int(b) for b in unrolled_runs(data["bad"], len(pts))),
        detectors=tuple(dict(d) for d in data["detectors"]),
        options=dict(data["options"]),
        edits=tuple(dict(e) for e in data["edits"]),
        checksums=checksums,
        doubts=riskiest_first(
            [d for t in (data | {"id": WHOLE}, *data["tracks"], *left) for d in unpacked_doubts(t)]
        ),
        left=tuple(unpacked_track(t) for t in left),
        left_beyond=tuple(unpacked_beyond(b) for b in data.get("left_beyond", [])),
        areas=tuple(unpacked_area(a) for a in data.get("areas", [])),
        made=record_of(data["target"]) if "target" in data else None,
        grid=unpacked_grid(data["blocks"]) if "blocks" in data else None,
    )


def _require_version(data: dict[str, Any]) -> None:
    """Raise ValueError for a version that this efface does not read, or that lacks what the plan
    has."""
    if not 1 <= whole_number(data["version"]) <= VERSION:
        raise ValueError(
            f"it has version {data['version']}, and this efface reads versions 1 to {VERSION}"
        )
    if data["version"] == 1 and data["edits"]:
        raise ValueError("it has version 1 and edits, which no efface wrote")
    if data["version"] < 4 and "areas" in data:
        raise ValueError("it has kept areas, which no efface wrote in its version")


def _require_checksums(version: int, medium: str, frames: int, count: int) -> None:
    """Raise ValueError if frames would be erased without any proof that they are the examined
    ones."""
    if count and count != frames:
        raise ValueError(f"it has {frames} frames, and {count} checksums")
    if frames and not count and (medium == "video" or version >= 3):
        raise ValueError("the checksums of its frames are missing")
    if not 0 <= frames <= (MOST_FRAMES if count else MOST_UNSUMMED):
        raise ValueError("the number of its frames is not sensible")


def _checksums(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"([0-9a-f]{8})*", text, re.ASCII):
        raise ValueError("the checksums are not eight hexadecimal digits a frame")
    return tuple(int(text[i : i + 8], 16) for i in range(0, len(text), 8))


def _time_base(text: str) -> Fraction:
    # Fraction also reads "1e999999999", and would be busy with it for hours.
    if not re.fullmatch(r"[0-9]{1,18}(/[0-9]{1,18})?", text, re.ASCII):
        raise ValueError("the time base is not a fraction")
    return Fraction(text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
