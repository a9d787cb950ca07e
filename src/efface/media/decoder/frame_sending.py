"""Send frames of FFmpeg over shared memory, from the process that decoded them."""

from __future__ import annotations

from typing import Any

import av
import numpy as np

from efface.media.decoder import raw_frames
from efface.media.decoder.decoder_messages import GRANT, Larger, read_all, send_answer
from efface.media.decoder.film_messages import FrameSaid
from efface.media.decoder.frame_slots import SlotWriter
from efface.media.pixel_formats import Spec


class FrameSender:
    """Writes samples into slots. Answers about them follow on the pipe."""

    def __init__(self, pipe: int, slots: SlotWriter) -> None:
        self._pipe, self._slots = pipe, slots
        self._location: int | None = None

    def _sent(
        self,
        index: int,
        pts: int | None,
        frame: av.VideoFrame,
        spec: Spec,
        is_full: bool,
        notes: tuple[str, ...],
    ) -> FrameSaid:
        """Write a frame into the next slot, and return what is to be said of it."""
        frame, is_full = raw_frames.sendable(frame, spec, is_full)
        if self._location is None:
            self._location = raw_frames.location_of(frame, spec, is_full)
        planes = raw_frames.planes_of(frame)
        count = sum(plane.nbytes for plane in planes)
        room, at = self._room(count), 0
        for plane in planes:
            np.copyto(room[at : at + plane.nbytes].reshape(plane.shape), plane)
            at += plane.nbytes
        return FrameSaid(
            index,
            pts,
            (frame.width, frame.height),
            frame.format.name,
            is_full,
            self._location,
            frame.interlaced_frame,
            count,
            notes,
        )

    def _room(self, count: int) -> Any:
        """Wait for a slot that holds that many bytes."""
        at, capacity = GRANT.unpack(read_all(self._pipe, GRANT.size))
        while count > capacity:
            send_answer(self._pipe, Larger(count))
            at, capacity = GRANT.unpack(read_all(self._pipe, GRANT.size))
        return self._slots.room(at, count)
