"""A process apart starts in one way, says what it does in classes, and says in words why it
ended."""

from __future__ import annotations

import ctypes
import os
import pickle
import platform
import signal
import sys
import threading
import time
from multiprocessing import resource_tracker
from pathlib import Path

import pytest

from efface.errors import SourceUnreadable, WorkerDied
from efface.events import Event
from efface.free_memory import MOST_HEAPS
from efface.pipeline import worker_process
from efface.pipeline.naming import Job
from efface.pipeline.worker_messages import Began, Done, Ended, Failed, Message, Noted, Progress
from efface.pipeline.worker_process import Deadline, Restarts, how_it_ended, start_process


def echo(pipe, first):
    """What the process does: sends back what it was given, and whether Ctrl-C is kept from it."""
    mask = (
        signal.pthread_sigmask(signal.SIG_BLOCK, ())
        if hasattr(signal, "pthread_sigmask")
        else set()
    )
    pipe.send((first, os.getpid(), signal.SIGINT in mask))
    pipe.send(pipe.recv())


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_a_process_gets_its_arguments_and_answers_and_does_not_hear_of_ctrl_c():
    child = start_process(echo, "x", name="efface-test")
    process, pipe = child.process, child.pipe
    try:
        assert process.daemon
        assert pipe.recv() == ("x", process.pid, True)
        pipe.send(Progress(Event("look", 1, None)))
        assert pipe.recv() == Progress(Event("look", 1, None))
        process.join(60)
        assert process.exitcode == 0
        with pytest.raises(EOFError):  # the process alone held the other end
            pipe.recv()
    finally:
        pipe.close()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_system_that_starts_no_further_process_is_said_and_leaves_no_pipe(monkeypatch):
    opened = []
    real = worker_process.multiprocessing.get_context("spawn")  # type: ignore[attr-defined]

    class Full:
        def Pipe(self):
            opened.extend(real.Pipe())
            return opened

        def Process(self, **_):
            return self

        def start(self):
            raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(worker_process.multiprocessing, "get_context", lambda method: Full())  # type: ignore[attr-defined]
    with pytest.raises(
        WorkerDied,
        match="the system starts no further process \\(Resource temporarily unavailable\\)",
    ):
        start_process(echo, name="efface-test")
    assert [end.closed for end in opened] == [True, True]


def test_what_is_said_travels(tmp_path):
    job = Job(tmp_path / "a", "a", tmp_path / "b", tmp_path / "c")
    for said in (Began(), Progress(Event("look", 1, 2)), Noted("x"), Done({"a": 1}), Ended()):
        assert pickle.loads(pickle.dumps(Message(job, said))) == Message(job, said)
    failed = pickle.loads(pickle.dumps(Failed(SourceUnreadable(tmp_path / "a", "it is gone"))))
    assert isinstance(failed.error, SourceUnreadable)
    assert "it is gone" in str(failed.error)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (-9, "the system killed it (SIGKILL)"),
        (-11, "it crashed (SIGSEGV)"),
        (3, "exit code 3"),
        (None, "exit code None"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_how_a_process_ended_is_said_in_words(code, why):
    assert why in how_it_ended(code)[0]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (-15, "it crashed (SIGTERM)"),  # how Python counts a process that was terminated there
        (0xC0000005, "it crashed (0xC0000005)"),
        (3, "exit code 3"),
    ],
)
def test_the_same_on_windows_which_has_other_signals_and_codes(monkeypatch, code, why):
    monkeypatch.delattr(signal, "SIGKILL", raising=False)
    monkeypatch.setitem(sys.modules, "resource", None)
    assert why in how_it_ended(code)[0]


def test_no_tracker_of_resources_is_started_where_python_has_none(monkeypatch):
    # Python's own start of a process asks for it here, and would start it without the signals.
    resource_tracker.ensure_running()
    monkeypatch.delattr(signal, "pthread_sigmask", raising=False)
    monkeypatch.setattr(
        worker_process.resource_tracker,  # type: ignore[attr-defined]
        "ensure_running",
        lambda: pytest.fail("Windows cannot start it"),
    )
    child = start_process(silent, name="efface-test")
    child.process.join(60)
    child.pipe.close()
    assert child.process.exitcode == 0


def silent(pipe):
    """What a process without work does."""


def sleeping(pipe):
    """What a process that hangs does."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe.send("ready")
    time.sleep(600)


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_a_process_that_does_not_end_by_the_deadline_is_killed():
    child = start_process(sleeping, name="efface-test")
    assert child.pipe.recv() == "ready"
    child.ask_to_end()
    assert child.end(Deadline.after(0.2)) == -signal.SIGKILL
    assert not child.is_alive
    child.send("nobody reads this")  # and nothing is raised
    child.pipe.close()


def test_failures_of_long_ago_do_not_count_and_pauses_grow(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("efface.pipeline.worker_process.time.monotonic", lambda: clock[0])
    restarts = Restarts(2, within_s=60, first_pause_s=0.2, longest_pause_s=0.5)
    said = []
    for _ in range(3):
        said.append((restarts.count_failure(), restarts.pause_s))
    assert said == [(True, 0.2), (True, 0.4), (False, 0.5)]
    restarts.count_success()
    clock[0] += 61
    assert (restarts.count_failure(), restarts.pause_s) == (True, 0.2)
    assert not Restarts(0).count_failure()


def heaps(pipe, path):
    """What the process does: eight threads take memory at once; sends back how many heaps that
    took."""
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    libc.malloc_info.argtypes, libc.fclose.argtypes = (
        [ctypes.c_int, ctypes.c_void_p],
        [ctypes.c_void_p],
    )
    both = threading.Barrier(8)

    def take():
        libc.malloc(50_000)
        both.wait()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file = libc.fopen(path.encode(), b"w")
    libc.malloc_info(0, file)
    libc.fclose(file)
    pipe.send(Path(path).read_text().count("<heap nr="))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no heaps")
def test_threads_of_a_process_that_decodes_share_few_heaps(tmp_path):
    child = start_process(heaps, str(tmp_path / "heaps.xml"), name="efface-test", decodes=True)
    try:
        assert 1 <= child.pipe.recv() <= MOST_HEAPS
        child.process.join(60)
    finally:
        child.pipe.close()


def product_threads(pipe):
    """What the process does: multiplies matrices; sends back how many threads it has then."""
    import numpy as np

    np.ones((500, 500)) @ np.ones((500, 500))
    pipe.send(len(os.listdir("/proc/self/task")))


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted in /proc")
def test_a_process_that_decodes_keeps_no_threads_for_products(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    child = start_process(product_threads, name="efface-test", decodes=True)
    try:
        assert child.pipe.recv() == 1
        child.process.join(60)
    finally:
        child.pipe.close()
