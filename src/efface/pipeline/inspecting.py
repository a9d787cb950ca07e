"""Inspection of one file: the detector examines its picture and embedded pictures, and `inspect`
everything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from efface.containers.admission import AdmittedSource
from efface.detections import KINDS
from efface.errors import InputError
from efface.events import Listener
from efface.frames import Frame, rgb_picture
from efface.inspection.inspector import inspect
from efface.inspection.items import PEOPLE, WORDS, Inspection, Item
from efface.options import Options
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.naming import Job
from efface.pipeline.one_source import find
from efface.planning.doubt import TEXT
from efface.planning.left_visible import by_kind
from efface.planning.plan import Plan
from efface.timing import timecode
from efface.tracks import Reason

LEAST_SIDE = 640
"""Minimum longer side for the detector.

Smaller pictures are enlarged, so that faces in a thumbnail have enough pixels.
"""


def inspected(
    source: AdmittedSource,
    options: Options,
    listener: Listener,
    *,
    look: bool = True,
    others: bool = True,
) -> Inspection:
    """Return everything that a file reveals. Raises SourceUnreadable, NotMedia, PartMissing.

    look    look for faces and plates, in the file and in embedded pictures. If the file cannot be
            decoded, the rest is still
            inspected, and the result says that it was not examined for faces and plates.
    others  also ask exiftool, if it is installed.
    """
    if not look:
        return inspect(source, look=None, others=others)
    bare = replace(options, cover=replace(options.cover, part="face", margin=0.0, plate_margin=0.0))
    with DetectorSession(bare) as session:
        why = ""
        try:
            plan = find(session, source, listener)
            people = (*_people(plan), *_possible(plan), *_written_in(plan))
        except InputError as e:
            people, why = (), e.why or e.lead
        found = inspect(
            source, look=lambda picture: _seen(session, picture), others=others, people=people
        )
    if why:
        return replace(
            found,
            looked=False,
            troubles=(f"faces and plates could not be looked for: {why}", *found.troubles),
        )
    return found


@dataclass(frozen=True, slots=True)
class Inspecting:
    """Runs `inspected` for each of many jobs, here or in another process."""

    look: bool
    others: bool

    def __call__(
        self, session: DetectorSession, job: Job, listener: Listener, note: object
    ) -> Inspection:
        return inspected(job.admit(), session.options, listener, look=self.look, others=self.others)


def _people(plan: Plan) -> Iterator[Item]:
    """Yield the faces and plates that were seen: how many, how large, when."""
    for number, kind in enumerate(KINDS):
        tracks = [t for t in plan.tracks if t.kind == number]
        if not tracks:
            continue
        heights, times, most = [], [], np.zeros(len(plan.timeline), int)
        for t in tracks:
            seen = t.reason == Reason.SEEN
            heights += [float(b[3] - b[1]) for b in t.xyxy[seen]]
            times += [float(plan.timeline.seconds[i]) for i in t.frame[seen]]
            np.add.at(most, t.frame[seen], 1)
        if heights:
            yield Item(
                PEOPLE, f"{kind}s", "", _said(plan, len(tracks), heights, times, int(most.max()))
            )


def _possible(plan: Plan) -> Iterator[Item]:
    """Yield the objects that were seen too weakly to count."""
    for kind in by_kind(plan):
        tracks = f"{kind.tracks} track{'s' * (kind.tracks != 1)}, {kind.seconds:.1f} s altogether"
        count = str(kind.tracks) if plan.medium == "photo" else tracks
        yield Item(PEOPLE, f"possible {kind.kind}s", "", f"{count}, seen too weakly to be sure")


def _written_in(plan: Plan) -> Iterator[Item]:
    """Yield where text stands in the picture of the whole film. It is not read."""
    for doubt in plan.doubts:
        if TEXT in doubt.causes:
            x1, y1, x2, y2 = doubt.box
            said = f"it stands throughout, from {x1}, {y1} to {x2}, {y2}; it is not read"
            yield Item(WORDS, "text in the picture", "", said)


def _said(plan: Plan, count: int, heights: list[float], times: list[float], most: int) -> str:
    low, high = round(min(heights)), round(max(heights))
    size = f"{low} px high" if low == high else f"{low} to {high} px high"
    if plan.medium == "photo":
        return f"{count}, {size}"
    # A person who leaves the picture and comes back is two tracks: efface does not recognise
    # people.
    tracks = f"{count} track{'s' * (count != 1)}"
    return (
        f"{tracks}, up to {most} at once, {size}, first at {timecode(min(times))}, last at "
        f"{timecode(max(times))}"
    )


def _seen(session: DetectorSession, picture: NDArray[np.uint8]) -> str:
    """Describe in words what the detector sees in a picture, (h, w, 3) RGB."""
    import cv2

    height, width = picture.shape[:2]
    scale = max(1, -(-LEAST_SIDE // max(height, width)))
    size_wh = width * scale, height * scale

    def look(size_wh: tuple[int, int]) -> NDArray[np.uint8]:
        return np.asarray(
            cv2.resize(
                picture,
                size_wh,
                interpolation=cv2.INTER_AREA if size_wh[0] < width else cv2.INTER_LINEAR,
            ),
            np.uint8,
        )

    frame = Frame(0, 0, size_wh, look, lambda: rgb_picture(look(size_wh)), is_alone=True)
    counts = session.count(frame)
    seen = [f"{n} {kind}{'s' * (n != 1)}" for kind, n in counts.items() if n]
    return "shows " + " and ".join(seen) if seen else "no " + " and no ".join(counts) + " found"
