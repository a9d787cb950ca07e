"""One source under review: its plan on the disk, to which each change is added at once.

The plan is locked while it is open, so that no second review writes to it. Each change names the
version of the log on which it is based. If that version is out of date, efface refuses the change,
and the page loads the plan again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from efface.errors import BadPlan, PlanMismatch, WriteFailed
from efface.file_locks import try_lock
from efface.files import CAN_REPLACE_OPEN_FILES, reason, sha256_of, writing
from efface.planning import sidecar
from efface.planning.edits import edit_of
from efface.planning.plan import Plan
from efface.staged_files import staged
from efface.tracks import Reason, Track

AROUND_S = 0.5
"""Seconds.

When a person moves a detected box, the change fades out within this time before and after.
"""


class Conflict(Exception):
    """The plan has changed meanwhile."""


class Document:
    """A plan that a person changes. Several threads may use it."""

    def __init__(self, source: Path, path: Path) -> None:
        """Raises BadPlan, PlanMismatch and OutputError."""
        self.source, self.path = source, path
        self._lock = threading.Lock()
        self._handle = self._locked()
        try:
            self.plan, self.lost = sidecar.mended(path)
            if self.plan.source_sha256 != sha256_of(source):
                raise PlanMismatch(source, "its SHA-256 is not the one that the plan names")
            with writing(path):
                text = path.read_bytes()
            if text != "".join(sidecar.lines(self.plan)).encode():
                self._replace(
                    self.plan
                )  # an older version, or torn; later changes are lines added at its end
        except BaseException:
            os.close(self._handle)
            raise

    def _locked(self) -> int:
        """Open and lock the file before it is read: otherwise edits that another review adds
        meanwhile would be lost."""
        with writing(self.path):
            handle = os.open(self.path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        if not try_lock(handle) or not self._is_there(handle):
            os.close(handle)
            raise WriteFailed(
                self.path, "it is open in another review", "Go on there, or close it first."
            )
        return handle

    def _is_there(self, handle: int) -> bool:
        """Return whether the handle's file still has the name."""
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self.path))
        except OSError:
            return False

    def _replace(self, plan: Plan) -> None:
        """Replace the file with a plan.

        The new file is locked before it gets the name, so no other review opens it in between.
        """
        if not CAN_REPLACE_OPEN_FILES:
            self._replace_closed(plan)
            return
        with ExitStack() as failing:
            with staged(self.path, overwrite=True) as draft:
                sidecar.save(plan, draft)
                with writing(self.path):
                    handle = os.open(draft, os.O_RDWR)
                failing.callback(os.close, handle)
                if not try_lock(handle):
                    raise WriteFailed(self.path, "it cannot be locked")
            failing.pop_all()
        os.close(self._handle)
        self._handle, self.plan = handle, plan

    def _replace_closed(self, plan: Plan) -> None:
        """Do the same on systems that cannot replace an open file: lock the new file as soon as it
        has the name."""
        with staged(self.path, overwrite=True) as draft:
            sidecar.save(plan, draft)
            os.close(self._handle)
        self._handle, self.plan = self._locked(), plan

    def note(self, plan: Plan) -> None:
        """Replace the plan on the disk with this one, which names the target.

        Keep the old one if it was edited meanwhile. Raises OutputError.
        """
        with self._lock:
            if plan.edits == self.plan.edits and self._is_there(self._handle):
                self._replace(plan)

    def close(self) -> None:
        """Let others open the plan."""
        os.close(self._handle)

    @property
    def version(self) -> int:
        """Return the number of entries in the log."""
        return len(self.plan.edits)

    def change(self, version: int | None, edits: Sequence[Mapping[str, Any]]) -> Plan:
        """Add edits to the log, all or none.

        Raises Conflict, ValueError for an impossible edit, WriteFailed.

        version  the version of the log to which the edits refer; None if that does not matter.
        """
        with self._lock:
            if version is not None and version != self.version:
                raise Conflict
            before = self.version
            plan = self.plan
            for edit in edits:
                whole = edit_of(self._completed(plan, edit)).plain()
                plan = replace(plan, edits=(*plan.edits, whole))
            added = plan.edits[before:]
            if not added:
                return plan
            if not self._is_there(self._handle):
                raise BadPlan(
                    self.path,
                    "another file has taken its place",
                    "The change was not made. Open it again.",
                )
            try:
                sidecar.append(self._handle, added, is_first=not before)
            except OSError as e:
                raise WriteFailed(self.path, reason(e), "The change was not made.") from e
            except ValueError as e:
                raise BadPlan(
                    self.path, str(e), "Something else wrote to it. The change was not made."
                ) from e
            self.plan = plan
            return plan

    def _completed(self, plan: Plan, edit: Mapping[str, Any]) -> dict[str, Any]:
        """Return the edit with what the page left open: a new ID, and the range of frames that a
        moved box changes."""
        whole = dict(edit)
        for field in ("track", "new"):
            if field in whole and whole[field] is None:
                whole[field] = unused_id(plan)
        if (
            whole.get("edit") == "place"
            and type(whole.get("frame")) is int
            and "first" not in whole
        ):
            track = next((t for t in plan.revised.tracks if t.id == whole.get("track")), None)
            if track is not None:
                whole["first"], whole["last"] = _reach(plan, track, whole["frame"])
        return whole


def unused_id(plan: Plan) -> int:
    """Return an ID that no track or area has ever had."""
    now = plan.revised
    tracks = [t.id for t in (*now.tracks, *now.left, *now.deleted)]
    return 1 + max([*tracks, *(a.id for a in now.areas), *now.merged, 0])


def _reach(plan: Plan, track: Track, frame: int) -> tuple[int, int]:
    """Return the frames that move with a box: up to the next ones that a person placed, in a
    detected track only near ones."""
    keys = np.array(plan.revised.keys.get(track.id, ()), np.int64)
    before, after = keys[keys < frame], keys[keys > frame]
    first = int(before[-1]) + 1 if len(before) else min(int(track.frame[0]), frame)
    last = int(after[0]) - 1 if len(after) else max(int(track.frame[-1]), frame)
    if (track.reason == Reason.DRAWN).all():
        return first, last
    seconds = plan.timeline.seconds
    near_first = int(np.searchsorted(seconds, seconds[frame] - AROUND_S))
    near_last = int(np.searchsorted(seconds, seconds[frame] + AROUND_S, side="right")) - 1
    return max(first, near_first), min(last, near_last)
