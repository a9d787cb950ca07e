"""Processes: one that fails takes nothing with it, one that hangs is killed, and what is asked to
end finishes what it has."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from dataclasses import replace

import pytest

from efface.errors import CameraGivenUp, WorkerDied
from efface.live import supervisor
from efface.live.cameras import wanted
from efface.live.supervisor import Member, Supervisor
from efface.live_options import LiveOptions
from efface.options import DetectOptions, Options
from efface.pipeline.worker_process import Deadline, WorkerProcess
from tests.live.peers import PATIENCE_S, free_port, needs_ffmpeg, numbers_in, until


class Running:
    """A supervisor in a thread, and what it says."""

    def __init__(self, cameras):
        self.said, self.error = [], None
        self.supervisor = Supervisor(cameras, self.said.append)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            self.supervisor.run(self.stop.is_set)
        except CameraGivenUp as e:
            self.error = e

    def end(self):
        self.stop.set()
        self.thread.join()

    def states(self):
        return [m.state for m in self.supervisor.members]


@pytest.fixture
def run_cameras():
    running = []

    def start(*cameras):
        running.append(Running(cameras))
        return running[-1]

    yield start
    for r in running:
        r.end()


def camera(name, source, target, **live):
    options = Options(
        live=LiveOptions(**{"segment_s": 1.0, "retry_s": 0.5, **live}),
        detect=DetectOptions(kinds="face"),
    )
    return wanted(name, str(source), [str(target)], "", "", options)


@needs_ffmpeg
def test_a_process_that_dies_is_started_again_and_the_others_go_on(
    run_cameras, programs, tmp_path, clip
):
    ports = free_port(), free_port()
    for port in ports:
        programs.send(clip, "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")
    names = ("one", "two")
    running = run_cameras(
        *(
            camera(n, f"udp://127.0.0.1:{p}", tmp_path / f"{n}.mkv")
            for n, p in zip(names, ports, strict=True)
        )
    )
    until(lambda: running.states() == ["passing", "passing"])
    one, two = running.supervisor.members
    pid, other = one.pid, two.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: one.pid not in (None, pid) and one.state == "passing")
    assert (one.restarts, two.restarts, two.pid) == (1, 0, other)
    assert any("SIGKILL" in line for line in running.said)
    running.end()
    assert sum(n is not None for path in tmp_path.glob("one-*.mkv") for n in numbers_in(path)) > 0


@needs_ffmpeg
def test_a_process_that_hangs_is_killed(run_cameras, programs, tmp_path, clip):
    port = free_port()
    programs.send(clip, "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")
    running = run_cameras(
        camera("one", f"udp://127.0.0.1:{port}", tmp_path / "r.mkv", hung_s=4.0, timeout_s=1.0)
    )
    (one,) = running.supervisor.members
    until(lambda: one.state == "passing")
    pid = one.pid
    os.kill(pid, signal.SIGSTOP)
    until(
        lambda: one.pid not in (None, pid) and one.state == "passing"
    )  # and clears away what the other one left
    assert any("no life" in line for line in running.said)


def test_who_fails_too_often_is_given_up(run_cameras, tmp_path):
    # A target whose port is taken ends the process before it begins.
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        target = f"mjpeg://127.0.0.1:{taken.getsockname()[1]}"
        running = run_cameras(
            camera("one", tmp_path / "absent.mp4", target, restarts=1, retry_s=0.2)
        )
        until(lambda: running.states() == ["given up"])
        running.thread.join(PATIENCE_S)
    assert running.error is not None
    assert running.error.exit_code == 1
    assert running.supervisor.members[0].restarts == 1


@needs_ffmpeg
def test_sigterm_finishes_the_segment_and_ends_with_0(programs, tmp_path, clip):
    port = free_port()
    programs.send(clip, "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")
    live = programs.live(
        f"udp://127.0.0.1:{port}", "--to", tmp_path / "r.mp4", "--health", "0", "--kinds", "face"
    )
    until(lambda: "http://" in programs.said())
    door = int(programs.said().split("127.0.0.1:")[1].split("/")[0])
    until(lambda: health(door)["cameras"]["camera"]["frames_out"] > 20)
    told = health(door)["cameras"]["camera"]
    assert told["frames_out"] <= told["looks"]
    assert not list(tmp_path.glob("r-*"))
    live.send_signal(signal.SIGTERM)
    assert live.wait(PATIENCE_S) == 0
    (made,) = tmp_path.glob("r-*.mp4")
    assert sum(n is not None for n in numbers_in(made)) >= 20


@needs_ffmpeg
def test_a_segment_in_hand_of_a_killed_process_is_never_shown_half(programs, tmp_path, clip):
    live = programs.live(clip, "--to", tmp_path / "r.mkv", "--kinds", "face", "--health", "0")
    until(lambda: "http://" in programs.said())
    door = int(programs.said().split("127.0.0.1:")[1].split("/")[0])
    until(lambda: health(door)["cameras"]["camera"]["frames_out"] > 5)
    child = health(door)["cameras"]["camera"]["pid"]
    live.kill()
    live.wait()
    until(lambda: not alive(child))  # it notices, and finishes by itself
    for path in tmp_path.glob("r-*.mkv"):
        assert numbers_in(path)
    for path in tmp_path.iterdir():
        assert not path.name.startswith(".efface-draft-")


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def health(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


@needs_ffmpeg
def test_the_source_comes_and_goes(run_cameras, programs, tmp_path, clip):
    port = free_port()
    running = run_cameras(
        camera("one", f"udp://127.0.0.1:{port}", tmp_path / "r.mkv", timeout_s=1.0)
    )
    (one,) = running.supervisor.members
    for _ in range(2):
        sender = programs.send(clip, "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")
        before = one.facts.frames_out
        until(lambda known=before: one.facts.frames_out > known + 10)
        sender.kill()
        sender.wait()
        until(lambda: one.state == "lost")
        time.sleep(0.2)
    assert one.restarts == 0
    assert one.facts.placeholder_s > 0
    running.end()
    shown = [n for path in sorted(tmp_path.glob("r-*.mkv")) for n in numbers_in(path)]
    assert None in shown  # the placeholder
    assert sum(n is not None for n in shown) > 20


def test_what_left_visible_adds_up_over_all_processes_and_is_said_at_the_end(tmp_path):
    class Over:
        """A process that has ended."""

        exitcode, closed = 1, False

        def join(self, timeout=None):
            pass

        def poll(self):
            return False

        is_alive = poll
        close = kill = join

    said = []
    member = Member(camera("gate", tmp_path / "a.mp4", tmp_path / "r.mkv"))
    for faces in (2, 3):
        child = member._child = WorkerProcess(Over(), Over())
        member.facts = replace(
            member.facts, left_faces=faces, left_sightings=10 * faces, left_s=float(faces)
        )
        member._buried(child, said.append)
    assert (
        member.left_visible["left_faces"],
        member.left_visible["left_sightings"],
        member.left_visible["left_s"],
    ) == (
        5,
        50,
        5.0,
    )
    member._child = WorkerProcess(Over(), Over())
    member.facts = replace(member.facts, left_faces=1, left_s=0.5)
    member.end(Deadline.after(0), said.append)
    assert said[-1] == (
        "gate: left visible, as they were seen too weakly to be erased: 6 possible faces, "
        "5.5 s altogether; --sensitivity high erases more of it"
    )


def test_a_system_that_starts_no_process_costs_the_camera_an_attempt(tmp_path, monkeypatch):
    """The other cameras go on."""

    def refused(*_, **__):
        raise WorkerDied("", "the system starts no further process (full)")

    monkeypatch.setattr(supervisor, "start_process", refused)
    said = []
    member = Member(camera("gate", tmp_path / "a.mp4", tmp_path / "r.mkv", restarts=1))
    member.start(said.append)
    assert member.state == "restarting"
    until(lambda: member.attend(said.append) or member.is_over)
    assert said[-1] == "gate: given up: the system starts no further process (full)"
