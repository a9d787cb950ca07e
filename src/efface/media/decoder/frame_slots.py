"""Memory for samples that two processes share: one writes a picture into a slot, the other one
copies it out.

The reader decides how large the memory is, and which slot may be written. Its copy is its own: what
the writer changes afterwards does not reach it.
"""

from __future__ import annotations

import fcntl
import mmap
import os

import numpy as np
from numpy.typing import NDArray

SLOTS = 3
"""Pictures on their way: one is being written, one is waiting, one is being read."""


class SlotReader:
    """The end that owns the memory."""

    def __init__(self) -> None:
        self.memory = os.memfd_create("efface-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        # Memory that the writer made smaller would crash the reader.
        fcntl.fcntl(self.memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        self.capacity = 0
        self._map: mmap.mmap | None = None

    def close(self) -> None:
        """Release the memory."""
        self._unmap()
        if self.memory >= 0:
            os.close(self.memory)
            self.memory = -1

    def enlarge(self, capacity: int) -> None:
        """Make each slot hold that many bytes. What is not written takes no memory. Raises OSError,
        ValueError."""
        self._unmap()
        self.capacity = -(-capacity // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        os.ftruncate(self.memory, SLOTS * self.capacity)
        self._map = mmap.mmap(self.memory, SLOTS * self.capacity, prot=mmap.PROT_READ)

    def copy(self, slot: int, into: memoryview) -> None:
        """Copy the bytes at the start of a slot. Raises ValueError if a slot holds fewer."""
        if self._map is None or len(into) > self.capacity:
            raise ValueError("no slot is as large")
        shared = np.frombuffer(self._map, np.uint8, len(into), slot * self.capacity)
        np.copyto(np.frombuffer(into, np.uint8), shared)

    def _unmap(self) -> None:
        known, self._map = self._map, None
        if known is not None:
            known.close()


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
