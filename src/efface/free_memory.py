"""Give memory that nothing uses back to the system.

A film is found, rendered and checked in one process, by networks, an encoder and decoders that each
need hundreds of megabytes. What one of them frees stays with the process: the C library keeps it
for the next request, in the heap of each thread. Then the peak of a film is nearly the sum of its
parts.
"""

from __future__ import annotations

import ctypes
import gc


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
