"""Memory that nothing uses goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from efface.free_memory import MOST_HEAPS, give_back_memory, use_few_heaps

PROGRAM = """
from efface.free_memory import give_back_memory

def resident_mb():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(l for l in lines if l.startswith("VmRSS")).split()[1]) // 1024

blocks = [bytes(60_000) for _ in range(3000)]
kept = blocks[::100]  # what is left in between holds the heap where it is
del blocks
before = resident_mb()
give_back_memory()
print(before - resident_mb())
"""

HEAPS = """
import ctypes, sys, threading
from efface.free_memory import use_few_heaps

if sys.argv[1:]:
    use_few_heaps()

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
both = threading.Barrier(8)

def take():
    libc.malloc(50_000)
    both.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info(0, libc.fdopen(1, b"w"))
libc.fflush(None)
"""


IS_GLIBC = platform.libc_ver()[0] == "glibc"


@pytest.mark.skipif(not IS_GLIBC, reason="other C libraries do it themselves")
def test_what_was_freed_below_what_is_in_use_goes_back():
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    ).stdout
    assert int(said) > 100


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries have no such heaps"
)
@pytest.mark.parametrize("is_few", [True, False])
def test_threads_share_few_heaps(is_few):
    command = [sys.executable, "-c", HEAPS, *["few"] * is_few]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    heaps = said.count("<heap nr=")
    assert (heaps <= MOST_HEAPS) if is_few else (heaps > MOST_HEAPS)


def test_what_only_a_circle_holds_is_freed():
    class Knot:
        itself: Knot

    knot = Knot()
    knot.itself = knot
    known = weakref.ref(knot)
    del knot
    give_back_memory()
    assert known() is None


def test_another_c_library_is_no_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: Path())
    give_back_memory()
    use_few_heaps()
