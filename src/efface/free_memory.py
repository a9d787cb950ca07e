"""Keep a process from holding memory that nothing in it uses.

A film is found, rendered and checked in one process, by networks, an encoder and decoders that each
need hundreds of megabytes. What one of them frees stays with the process: the C library keeps it
for the next request, in the heap of each thread. Then the peak of a film is nearly the sum of its
parts.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

MOST_HEAPS = 2
"""Of glibc, for all threads of a process. It gives every thread a heap of its own, up to eight for
each core, and what is free in one of them serves no other thread: 60 MB after a film of 1080p."""

M_ARENA_MAX = -8
"""From `malloc.h`."""


def use_few_heaps() -> None:
    """Let the threads of this process share few heaps. For the start of a process; of glibc
    only."""
    with suppress(AttributeError, OSError, TypeError):  # see `give_back_memory`
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, MOST_HEAPS)


def give_back_memory() -> None:
    """Free what only reference cycles hold, and return unused memory to the system.

    It costs some ten milliseconds, so it is for the end of a phase. The second half is of glibc
    only; other C libraries return memory by themselves.
    """
    gc.collect()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows names no program None
        return
    trim(0)
