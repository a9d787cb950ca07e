"""Actions on a file under review: look, render, make a copy for the browser, follow, and edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from efface.errors import EffaceError, Interrupted, WorkerDied
from efface.events import Listener
from efface.files import writing
from efface.geometry import Box, grown, whole_pixels
from efface.options import Options
from efface.pipeline.storage import noted, write_plan
from efface.planning.plan import Plan
from efface.private_folders import sweep
from efface.review import apart
from efface.review.check_summary import checks
from efface.review.file_registry import FileRegistry, Work
from efface.review.following import shot
from efface.review.running_work import Tell, WorkRunner
from efface.review.sound_actions import write_options

LARGER = 0.2
"""Share of a box's sides. When a person wants more of a doubtful moment that is already covered,
its boxes grow by this on every side."""


class Actions:
    """The actions. `scratch` is a private folder for the browser's files."""

    def __init__(
        self, registry: FileRegistry, works: WorkRunner, options: Options, scratch: Path, tell: Tell
    ) -> None:
        self._registry, self._works, self.options = registry, works, options
        self._scratch, self._tell = scratch, tell
        self.reasons: tuple[str, ...] = ()
        """From which a person chooses why a track is erased."""

    def look(self, number: int) -> Work:
        """Find what is in the file, and write the plan."""
        folder, options = self._registry.folders[number], self.options

        def do(work: Work, listener: Listener) -> None:
            source, place = folder.job.source, folder.job.plan_path.parent
            with writing(place):  # a person may have deleted it since the file was added
                place.mkdir(parents=True, exist_ok=True)
            plan = self._works.heavy.call(source, apart.found_in, source, options, tell=listener)
            # Both at once: a request that opens the file between them would lock the plan.
            with folder.lock:
                write_plan(plan, folder.job.plan_path, folder.job.source, overwrite=False)
                self._registry.read(folder, folder.job.plan_path)

        return self._works.start(number, "look", do, self._works.heavy)

    def redact(self, number: int, *, overwrite: bool) -> Work:
        """Find what is in the file unless it has a plan, then render, check and publish.

        Both are queued now, so one file is finished before the next one begins.
        """
        if self._registry.open(number).document is None:
            self.look(number)
        return self.render(number, overwrite=overwrite)

    def render(self, number: int, *, overwrite: bool) -> Work:
        """Render the target, check it and publish it."""
        folder = self._registry.open(number)
        write = write_options(folder, self.options.write)
        write = replace(write, overwrite=overwrite or write.overwrite)
        options = replace(self.options, write=write)

        def do(work: Work, listener: Listener) -> None:
            document = folder.document
            if document is None and "look" in folder.works:
                raise Interrupted  # the work of looking says why
            if document is None:
                raise LookupError("it was not looked at yet")
            plan = document.plan
            try:
                done = self._works.heavy.call(
                    folder.job.source, apart.rendered_by, folder.job, plan, options, tell=listener
                )  # fmt: skip
            except (WorkerDied, Interrupted):
                sweep(folder.job.target.parent)  # its draft
                raise
            folder.note_copy(plan, done)
            work.result = {
                "target": done.target.name,
                "regions": done.regions,
                "frames": done.frames,
            } | checks(done.verification)
            try:
                document.note(noted(plan, done, options))
                if document.plan.edits == plan.edits:
                    folder.rendered_plan = document.plan
            except (
                EffaceError
            ) as e:  # the target exists and was checked; only the plan does not mention it
                work.said = (
                    "The copy was written and checked, but its plan does not tell of it: "
                    f"{getattr(e, 'why', '') or e}."
                )

        return self._works.start(number, "render", do, self._works.heavy)

    def proxy(self, number: int) -> Work | None:
        """Make a copy that the browser can play, unless it can play the source or has a copy
        already."""
        folder = self._registry.open(number)
        if folder.pictures is None or folder.plan.medium == "photo" or folder.proxy is not None:
            return None
        if folder.pictures.is_playable:
            folder.proxy = folder.job.source
            return None
        if (known := folder.works.get("proxy")) is not None and known.is_going:
            return known

        def do(work: Work, listener: Listener) -> None:
            path, seconds = self._scratch / f"{number}.mp4", folder.plan.timeline.seconds
            source = folder.job.source
            self._works.heavy.call(
                source, apart.proxy_of, source, self.options, path, seconds, tell=listener
            )
            folder.proxy = path

        return self._works.start(number, "proxy", do, self._works.heavy)

    def follow(self, number: int, frame: int, box: Box, kind: str, track: int | None) -> Work:
        """Follow a box in both directions and add it as a new track, or to an existing one."""
        folder = self._registry.open(number)

        def do(work: Work, listener: Listener) -> None:
            plan = folder.plan
            source = folder.job.source
            asked = (source, self.options, plan, frame, box)
            found = self._works.light.call(source, apart.followed_around, *asked, tell=listener)
            boxes = {"first": found.first, "boxes": found.flat}
            edit = (
                {"edit": "draw", "track": None, "kind": kind}
                if track is None
                else {"edit": "cover", "track": track}
            )
            before = {t.id for t in folder.plan.revised.tracks}
            self.change(number, None, [edit | boxes])
            number_of = track or max({t.id for t in folder.plan.revised.tracks} - before, default=0)
            last = found.first + len(found.boxes) - 1
            work.result = {
                "track": number_of,
                "first": found.first,
                "last": last,
                "held": found.is_held,
            }

        return self._works.start(number, "follow", do, self._works.light)

    def extend(self, number: int, track: int, first: int, last: int) -> Work:
        """Make a track cover these frames: follow on from its ends, hold it if that fails, enlarge
        it if it covers them."""
        folder = self._registry.open(number)

        def do(work: Work, listener: Listener) -> None:
            plan = folder.plan
            every = (*plan.revised.tracks, *plan.revised.left)
            found = next((t for t in every if t.id == plan.revised.now(track)), None)
            if found is None:
                raise ValueError(f"track {track} is not there")
            edits: list[dict[str, Any]] = []
            for way, row, wanted in ((-1, 0, first), (1, -1, last)):
                edge = int(found.frame[row])
                start, stop = shot(plan, edge)
                goal = min(max(wanted, start), stop - 1)
                if (goal - edge) * way <= 0:
                    continue
                x1, y1, x2, y2 = (int(v) for v in found.xyxy[row])
                asked = (folder.job.source, self.options, plan, edge, (x1, y1, x2, y2), way)
                followed = self._works.light.call(
                    folder.job.source, apart.followed_on, *asked, tell=listener
                )
                near = list(followed.boxes if way > 0 else followed.boxes[::-1])[: abs(goal - edge)]
                near += [near[-1] if near else (x1, y1, x2, y2)] * (abs(goal - edge) - len(near))
                flat = [v for b in (near if way > 0 else near[::-1]) for v in b]
                edits.append(
                    {
                        "edit": "cover",
                        "track": found.id,
                        "first": edge + 1 if way > 0 else goal,
                        "boxes": flat,
                    }
                )
            if not edits:
                edits = _enlarged(plan, found.id, first, last)
            self.change(number, None, edits)
            work.result = {"track": found.id, "first": first, "last": last}

        return self._works.start(number, "follow", do, self._works.light)

    def change(self, number: int, version: int | None, edits: Sequence[Any]) -> int:
        """Add edits and announce them. Raises Conflict, ValueError, EffaceError, LookupError.

        version  the version of the log to which the edits refer; None if they only add boxes,
                 whatever else has changed.
        """
        folder = self._registry.open(number)
        if folder.document is None:
            raise LookupError("it was not looked at yet")
        self._require_offered(edits)
        folder.document.change(version, edits)
        self._tell(
            {
                "event": "changed",
                "file": number,
                "version": folder.document.version,
                "state": self._registry.state(folder),
            }
        )
        return folder.document.version

    def _require_offered(self, edits: Sequence[Any]) -> None:
        """Raise ValueError for a reason that is not in the list. No reason is always possible."""
        for edit in edits:
            is_reason = isinstance(edit, dict) and edit.get("edit") == "justify"
            if is_reason and edit.get("reason") not in ("", *self.reasons):
                raise ValueError("a reason is not one of the list")


def _enlarged(plan: Plan, number: int, first: int, last: int) -> list[dict[str, Any]]:
    """Return edits that enlarge a track's boxes in these frames, one edit per run of frames, as a
    track may have gaps."""
    track = next(t for t in (*plan.revised.tracks, *plan.revised.left) if t.id == number)
    rows = np.flatnonzero((track.frame >= first) & (track.frame <= last))
    if not len(rows):
        return []
    limit = np.array([plan.size_at(int(f)) for f in track.frame[rows]], np.int32)
    boxes = whole_pixels(grown(track.xyxy[rows], LARGER), limit)
    breaks = np.flatnonzero(np.diff(track.frame[rows]) != 1) + 1
    return [
        {
            "edit": "cover",
            "track": number,
            "first": int(track.frame[rows[run[0]]]),
            "boxes": boxes[run].ravel().tolist(),
        }
        for run in np.split(np.arange(len(rows)), breaks)
    ]
