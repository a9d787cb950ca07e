"""How many processors this process may use, and what its libraries may not use them for."""

from __future__ import annotations

import os


def cores() -> int:
    """Return the number of processors that this process may use. A caller such as Ray may set a
    lower number in the usual variable, OMP_NUM_THREADS."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return (
        min(granted(), int(asked))
        if asked.isascii() and asked.isdigit() and int(asked)
        else granted()
    )


def granted() -> int:
    """Return the number of processors that the system lets this process use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_one_thread_for_products() -> None:
    """Let NumPy multiply matrices in the calling thread. For the start of a process:
    it reads the variable when it loads.

    efface's matrices are small. The threads that OpenBLAS would keep for them spin while they wait
    for the next product: for a small photo, a quarter of all CPU time.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
