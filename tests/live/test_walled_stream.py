"""A process that reads a stream, taken over by it: it reaches nothing, and has no say."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from efface.live.address import Address, source_address
from efface.live.arrivals import arrivals
from efface.live.ingest import StreamEnded, StreamLost
from efface.live.stream_process import StreamRole
from efface.live.walled_stream import open_stream
from efface.live_options import LiveOptions
from efface.media.decoder import server_process, source_opening
from efface.media.decoder.server_process import NoServer, server
from efface.walls import landlock
from tests.live.peers import free_port
from tests.media.decoder.conftest import in_threads  # noqa: F401  (a fixture)

SABOTEUR = Path(__file__).parent / "stream_saboteur.py"
OPTIONS = LiveOptions(timeout_s=4.0)


@pytest.fixture
def walled(_decoders_in_this_process, monkeypatch):
    if not server.prepare():
        pytest.skip("this system starts no process from which decoders could be forked")
    monkeypatch.setattr(source_opening, "HERE", False)


@pytest.fixture(scope="module", autouse=True)
def _no_server_left():
    yield
    server.close()


@pytest.fixture(scope="class")
def saboteur():
    code = f"exec(open({str(SABOTEUR)!r}).read()); "
    with pytest.MonkeyPatch.context() as patch:
        start = server_process.START.replace("main(int", code + "main(int")
        patch.setattr(server_process, "START", start)
        server.close()
        yield
        server.close()


@pytest.fixture
def whole(walled):
    if not source_opening.standing_walls().is_whole or not landlock.limits_ports():
        pytest.skip("this system does not offer all walls")


@pytest.fixture
def told(tmp_path):
    """told("reads") is what comes of a stream that does so."""
    (tmp_path / "secret.txt").write_text("the name of a source")
    with ExitStack() as opened:
        here, other = (opened.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in "ab")

        def tell(name: str, scheme: str = "rtsp") -> list[object]:
            port, elsewhere = here.getsockname()[1], other.getsockname()[1]
            place = str(tmp_path).replace("/", "|")
            # The text holds a folder, and is not an address that a person may give.
            address = Address(f"{scheme}://127.0.0.1:{port}/{name}&{place}&{elsewhere}", scheme)
            stop = threading.Event()
            try:
                return [a.second for a in arrivals(address, OPTIONS, stop)]
            except StreamLost as e:
                return [str(e)]

        yield tell
        for listener in (other,):
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()
    assert [p.name for p in tmp_path.iterdir()] == ["secret.txt"]
    assert (tmp_path / "secret.txt").read_text() == "the name of a source"


REFUSED = (
    "reads", "lists", "writes", "opens_for_writing", "removes", "forks", "reads_memory", "signals",
    "connects_elsewhere", "connects_by_mptcp", "opens_fast", "sends_datagrams", "reaches_services",
    "listens",
)  # fmt: skip


@pytest.mark.usefixtures("walled", "saboteur")
class TestTakenOver:
    """Readers that a stream has taken over."""

    def test_one_that_connects_to_its_address_goes_on(self, told):
        assert told("connects") == ["the source ended it"]

    @pytest.mark.parametrize("attempt", REFUSED)
    def test_walls_hold(self, whole, told, attempt):
        (said,) = told(attempt)
        assert said.startswith("refused: "), said

    def test_one_that_starts_a_program_is_killed(self, whole, told):
        assert "that its walls forbid" in told("executes")[0]

    def test_datagrams_are_for_streams_that_come_so(self, whole, told):
        assert told("sends_datagrams", "udp") == ["the source ended it"]
        assert told("connects", "udp")[0].startswith("refused: ")

    def test_a_crash_or_a_hang_is_a_loss(self, told):
        assert "its decoder crashed (SIGSEGV)" in told("crashes")[0]
        assert "gave no answer for 10 s" in told("hangs")[0]

    @pytest.mark.parametrize("lie", ["rate", "large", "resized", "small", "formless"])
    def test_a_lie_is_not_believed(self, told, lie):
        assert "makes no sense" in told(lie)[0]


def frames_of(clip: Path, count: int) -> list[object]:
    found: list[object] = []
    for a in arrivals(source_address(str(clip)), OPTIONS, threading.Event()):
        found += [a.second, a.is_resumed, a.form, a.pixels.unpack().checksum()]
        if len(found) >= 4 * count:
            break
    return found


@pytest.mark.usefixtures("_decoders_in_this_process")
@pytest.mark.parametrize("where", ["walled", "in_threads"])
def test_frames_are_the_same(clip, monkeypatch, request, where):
    asked = request.getfixturevalue(where)
    behind = frames_of(clip, 12)
    if asked is not None:
        *_, walls = asked
        assert walls[-1] == {"devices": [], "ports": []}
    monkeypatch.setattr(source_opening, "HERE", True)
    assert behind == frames_of(clip, 12)
    assert len(behind) == 48


def test_an_end_and_a_loss_are_told_apart(walled, clip, tmp_path):
    short = tmp_path / "short.mkv"
    short.write_bytes(clip.read_bytes()[:1000])
    with pytest.raises(StreamLost):
        frames_of(short, 12)
    with pytest.raises(StreamLost, match="cannot be read"):
        frames_of(tmp_path / "missing.mkv", 12)
    with pytest.raises(StreamEnded):
        list(arrivals(source_address(str(clip)), OPTIONS, threading.Event()))


def test_it_ends_when_it_is_asked_to(walled, clip):
    stop = threading.Event()
    stop.set()
    assert list(arrivals(source_address(str(clip)), OPTIONS, stop)) == []


def test_a_system_that_starts_no_process_reads_here(walled, clip, monkeypatch):
    def refused(*_):
        raise NoServer("it is refused")

    monkeypatch.setattr(server, "begin", refused)
    with pytest.raises(NoServer):
        open_stream(source_address(str(clip)), OPTIONS)
    assert len(frames_of(clip, 3)) == 12


@pytest.mark.parametrize(
    ("text", "ports", "has_datagrams"),
    [
        ("rtsp://10.0.0.5/stream", [554], False),
        ("rtsp://camera:8554/stream", [8554, 53], True),
        ("rtmps://10.0.0.5/live", [443], False),
        ("https://[::1]:8443/a.m3u8", [8443], False),
        (f"udp://0.0.0.0:{free_port()}", [], True),
        ("a.mp4", [], True),
    ],
)
def test_ports_are_those_of_the_address(text, ports, has_datagrams, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    role = StreamRole.of(source_address(text), OPTIONS)
    assert role.ports == ports
    assert role.has_datagrams is has_datagrams


def test_a_proxy_is_reached_through_its_port(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    role = StreamRole.of(source_address("https://10.0.0.5/a.m3u8"), OPTIONS)
    assert 3128 in role.ports
    assert role.environment["https_proxy"] == "http://proxy:3128"


def test_no_thread_begins_before_the_walls():
    if not any(Path("/usr/lib").glob("*/libsrt*.so.1*")):
        pytest.skip("needs libsrt")
    code = """
import os, sys
from efface.live.address import source_address
from efface.live.stream_process import StreamRole
from efface.live_options import LiveOptions
from efface.walls import raising
raising.raise_walls = lambda *a, **k: print(len(os.listdir("/proc/self/task")), k["ports"])
StreamRole(source_address("srt://127.0.0.1:9"), LiveOptions(), {}).raise_walls([])
"""
    one = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **one}
    )
    assert done.stdout.split() == ["1", "[]"], done.stderr
