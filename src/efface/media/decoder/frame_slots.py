"""Memory for samples that two processes share: one writes a picture into a slot, the other one
copies it out.

The reader decides how large the memory is, and which slot may be written. Its copy is its own: what
the writer changes afterwards does not reach it.
"""

from __future__ import annotations

import mmap
import os

import numpy as np
from numpy.typing import NDArray

SLOTS = 3
"""Pictures on their way: one is being written, one is waiting, one is being read."""


class SlotReader:
    """The end that owns the memory."""

    def __init__(self) -> None:
        self.memory = os.memfd_create("efface-frames", os.MFD_CLOEXEC)
        self.capacity = 0

    def close(self) -> None:
        """Release the memory."""
        if self.memory >= 0:
            os.close(self.memory)
            self.memory = -1

    def enlarge(self, capacity: int) -> None:
        """Make each slot hold that many bytes. What is not written takes no memory."""
        self.capacity = -(-capacity // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        os.ftruncate(self.memory, SLOTS * self.capacity)

    def copy(self, slot: int, into: memoryview) -> bool:
        """Copy the bytes at the start of a slot. Return whether all of them came."""
        at, done = slot * self.capacity, 0
        while done < len(into):
            count = os.preadv(self.memory, [into[done:]], at + done)
            if count <= 0:
                return False
            done += count
        return True


class SlotWriter:
    """The other end. It maps no more of a slot than a picture needs."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._maps: dict[int, mmap.mmap] = {}

    def room(self, at: int, count: int) -> NDArray[np.uint8]:
        """Return that many bytes of the memory from a place on."""
        known = self._maps.get(at)
        if known is None or len(known) < count:
            self._maps[at] = known = mmap.mmap(self._memory, count, offset=at)
        return np.frombuffer(known, np.uint8, count)
