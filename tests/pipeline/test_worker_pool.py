"""How many workers, with how many cores each, and who may have the memory."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from efface.media.decoder import source_opening
from efface.media.interfaces import SourceInfo
from efface.options import Options
from efface.pipeline import worker_pool
from efface.pipeline.jobs import Planning, Redacting
from efface.pipeline.naming import Job
from efface.pipeline.worker_messages import Done
from efface.pipeline.worker_pool import (
    AT_REST_BYTES,
    FILES_EACH,
    WorkerPool,
    _Memory,
    _share,
    _Worker,
    need_of,
    workers_for,
)
from efface.walls.raising import CALLS

on_linux = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="shares of cores are Linux's"
)


@on_linux
def test_as_many_workers_as_suit_files_cores_and_memory(monkeypatch):
    monkeypatch.setattr(worker_pool, "cores", lambda: 8)
    monkeypatch.setattr(worker_pool, "usable_bytes", lambda: 100 * AT_REST_BYTES)
    assert [workers_for(n, None) for n in (0, 1, FILES_EACH, 2 * FILES_EACH, 1000)] == [
        1,
        1,
        1,
        2,
        8,
    ]
    monkeypatch.setattr(worker_pool, "usable_bytes", lambda: 3 * AT_REST_BYTES)
    assert workers_for(1000, None) == 3
    monkeypatch.setattr(worker_pool, "usable_bytes", lambda: 0)
    assert workers_for(1000, None) == 1
    assert [workers_for(3, asked) for asked in (1, 2, 9)] == [1, 2, 3], (
        "what was asked for counts, up to one for each file"
    )


@on_linux
@given(st.integers(1, 40))
def test_every_core_belongs_to_somebody_and_every_worker_has_one(count):
    cores = os.sched_getaffinity(0)
    shares = [_share(i, count) for i in range(count)]
    assert all(shares)
    assert set().union(*shares) <= cores
    if count <= len(cores):
        assert sorted(c for s in shares for c in s) == sorted(cores)


def test_larger_sources_need_more():
    photo, film = (
        [
            need_of(SourceInfo(Path("x"), medium, "x", 1, size))
            for size in ((640, 480), (1920, 1080), (12_000, 9_000))
        ]
        for medium in ("photo", "video")
    )
    assert photo == sorted(photo)
    assert film == sorted(film)
    assert photo[2] > 2 << 30


needs = st.lists(st.integers(0, 300), min_size=1, max_size=12)


@given(needs, st.integers(0, 200), st.randoms())
def test_memory_is_never_promised_twice_and_everybody_gets_it_in_turn(asked, total, chance):
    memory, workers = _Memory(total), [_Worker(None, i) for i in range(len(asked))]  # type: ignore[arg-type]
    working, order = [], []
    memory.asking.extend(zip(workers, asked, strict=True))
    while len(order) < len(asked) or working:
        for worker in memory.granted():
            working.append(worker)
            order.append(worker.place)
        assert working, "nobody works, and nobody may begin"
        assert sum(memory.held.values()) <= total or len(working) == 1
        gone = working.pop(chance.randrange(len(working)))
        memory.forget(gone)
    assert order == list(range(len(asked)))
    assert not memory.held


def test_a_worker_that_died_while_it_waited_is_forgotten():
    memory, (first, second) = _Memory(10), [_Worker(None, i) for i in range(2)]  # type: ignore[arg-type]
    memory.asking.extend([(first, 8), (second, 8)])
    assert list(memory.granted()) == [first]
    memory.forget(second)
    memory.forget(first)
    assert not memory.asking
    assert not memory.held


def test_tasks_travel():
    for task in (Redacting(resumes=True), Planning(writes=True, overwrite=False)):
        assert pickle.loads(pickle.dumps(task)) == task


def whose(session, job, listener, note):
    """A task: which process does it."""
    return os.getpid()


@on_linux
def test_a_worker_that_died_between_two_files_costs_none(tmp_path):
    jobs = [Job(tmp_path / n, n, tmp_path / f"{n}.out", tmp_path / f"{n}.json") for n in ("a", "b")]
    with WorkerPool(1, whose, Options()) as hired:

        def done(job):
            heard = [
                message.said for message in hired.each([job], writes=False, makes_folders=False)
            ]
            return [said.result for said in heard if isinstance(said, Done)]

        (first,) = done(jobs[0])
        os.kill(first, signal.SIGKILL)
        hired._workers[0].child.process.join()
        (second,) = done(jobs[1])
        assert second != first


def connects(session, job, listener, note):
    """A task: whether this process may have a socket."""
    try:
        with socket.socket():
            return "done"
    except PermissionError:
        return "refused"


@on_linux
def test_workers_on_files_of_this_machine_have_no_network(tmp_path, monkeypatch):
    job = Job(tmp_path / "a", "a", tmp_path / "a.out", tmp_path / "a.json")
    with WorkerPool(1, connects, Options()) as pool:
        said = [m.said for m in pool.each([job], writes=False, makes_folders=False)]
    (result,) = [s.result for s in said if isinstance(s, Done)]
    monkeypatch.setattr(source_opening, "HERE", False)
    if CALLS in source_opening.standing_walls().missing:
        pytest.skip("this system does not offer seccomp")
    assert result == "refused"


WAITED_FOR = """
import ctypes, os, subprocess, sys
import psutil
SUBREAPER = 36  # of prctl: orphans become children of this process
ctypes.CDLL(None).prctl(SUBREAPER, 1)
command = [sys.executable, "-m", "efface", "redact", *sys.argv[1:]]
run = psutil.Popen(command, stdout=subprocess.DEVNULL)
servers = set()
while run.poll() is None:
    for one in run.children(recursive=True):
        try:
            is_decoder = one.ppid() in servers  # forked from the server, with its command line
            if any("decoder_server" in word for word in one.cmdline()) and not is_decoder:
                servers.add(one.pid)
        except psutil.Error:
            pass
left = []
for number in servers:
    try:
        os.waitpid(number, 0)
        left.append(number)
    except ChildProcessError:
        pass
print(len(servers) > 0, left)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems fork no decoders")
def test_a_worker_waits_for_its_decoders_so_that_their_time_counts(tmp_path):
    Image.new("RGB", (64, 64), "gray").save(tmp_path / "a.png")
    done = subprocess.run(
        [sys.executable, "-c", WAITED_FOR, str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png")],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert done.stdout.strip() == "True []"
