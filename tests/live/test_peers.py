"""Streams from and to real peers: ffmpeg, a web server, and GStreamer's RTSP server."""

from __future__ import annotations

import contextlib
import http.client
import io
import itertools
import re
import socket
import subprocess
import sys
import time

import pytest

from efface.walls import landlock
from tests.live.peers import (
    PATIENCE_S,
    RTSP_SERVER,
    TlsFront,
    certificate,
    free_port,
    needs_ffmpeg,
    needs_openssl,
    needs_rtsp_server,
    numbers_in,
    until,
)  # fmt: skip

pytestmark = needs_ffmpeg


def recorded(folder):
    """Numbers in all finished segments of a recording, in order."""
    return [n for path in sorted(folder.glob("r-*.mkv")) for n in numbers_in(path)]


def require_stream(numbers):
    """Numbered pictures, in order but for the clip's beginning anew."""
    there = [n for n in numbers if n]
    assert len(there) >= 10
    jumps = [(a, b) for a, b in itertools.pairwise(there) if b <= a]
    assert len(jumps) <= 2 + len(there) // 100, jumps


def pass_on(programs, tmp_path, source, *arguments, **environment):
    """Runs until a recording has some segments, ends it, and gives the numbers in it."""
    live = programs.live(
        source,
        "--to",
        tmp_path / "r.mkv",
        "--segment",
        "1",
        "--retry-most",
        "0.5",
        *arguments,
        **environment,
    )
    until(lambda: live.poll() is not None or sum(n is not None for n in recorded(tmp_path)) >= 12)
    assert live.poll() is None, programs.said()
    live.terminate()
    assert live.wait(PATIENCE_S) == 0
    return recorded(tmp_path)


def test_udp(programs, tmp_path, clip):
    port = free_port()
    programs.send(clip, "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")
    require_stream(pass_on(programs, tmp_path, f"udp://127.0.0.1:{port}"))


def test_srt_with_a_passphrase(programs, tmp_path, clip):
    port = free_port()
    programs.send(
        clip, "-f", "mpegts", f"srt://127.0.0.1:{port}?mode=listener&passphrase=0123456789ab"
    )
    source = f"srt://127.0.0.1:{port}?passphrase={{secret}}"
    require_stream(
        pass_on(programs, tmp_path, source, "--credentials-env", "WORD", WORD="0123456789ab")
    )
    assert "0123456789ab" not in programs.said()


def test_rtmp(programs, tmp_path, clip):
    port = free_port()
    programs.send(clip, "-f", "flv", "-listen", "1", f"rtmp://127.0.0.1:{port}/live/x")
    require_stream(pass_on(programs, tmp_path, f"rtmp://127.0.0.1:{port}/live/x"))


def serve_files(programs, folder):
    port = free_port()
    programs.start(sys.executable, "-m", "http.server", "-b", "127.0.0.1", port, "-d", folder)
    return port


def test_hls(programs, tmp_path, clip):
    folder = tmp_path / "hls"
    folder.mkdir()
    port = serve_files(programs, folder)
    programs.send(
        clip, "-f", "hls", "-hls_time", "1", "-hls_flags", "delete_segments", folder / "s.m3u8"
    )
    until(lambda: (folder / "s.m3u8").exists())
    require_stream(pass_on(programs, tmp_path, f"http://127.0.0.1:{port}/s.m3u8"))


def test_a_playlist_does_not_lead_to_other_machines(programs, tmp_path, clip):
    folder = tmp_path / "hls"
    folder.mkdir()
    port, other = serve_files(programs, folder), free_port()
    # Would be fetched by whoever follows it: the same machine, another port.
    lines = [
        "#EXTM3U",
        "#EXT-X-TARGETDURATION:10",
        "#EXTINF:10,",
        f"http://127.0.0.1:{other}/s.ts",
        "",
    ]
    (folder / "s.m3u8").write_text("\n".join(lines))
    with socket.create_server(("127.0.0.1", other)) as door:
        door.settimeout(0.2)
        live = programs.live(
            f"http://127.0.0.1:{port}/s.m3u8", "--to", tmp_path / "r.mkv", "--retry-most", "0.2"
        )
        until(lambda: "from the source yet" in programs.said())
        with pytest.raises(TimeoutError):
            door.accept()
        live.terminate()
        live.wait(PATIENCE_S)


def rtsp_server(programs, *arguments):
    server = programs.start("/usr/bin/python3", RTSP_SERVER, *arguments, stdout=subprocess.PIPE)
    with server.stdout as said:
        return server, int(said.readline())


@needs_rtsp_server
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_rtsp_with_credentials_both_ways(programs, tmp_path, clip, transport):
    _, port = rtsp_server(programs, clip, "joe:p@ss", "--record", tmp_path / "taken.h264")
    source, target = (f"rtsp://{{secret}}@127.0.0.1:{port}/{name}" for name in ("clip", "in"))
    words = (
        "--credentials-env",
        "CAM",
        "--target-credentials-env",
        "CAM",
        "--rtsp-transport",
        transport,
    )
    numbers = pass_on(programs, tmp_path, source, "--to", target, *words, CAM="joe:p@ss")
    require_stream(numbers)
    require_stream(numbers_in(tmp_path / "taken.h264"))
    assert "p@ss" not in programs.said()


@needs_rtsp_server
def test_wrong_credentials_are_said_without_saying_them(programs, tmp_path, clip):
    _, port = rtsp_server(programs, clip, "joe:right")
    source = f"rtsp://{{secret}}@127.0.0.1:{port}/clip"
    programs.live(source, "--to", tmp_path / "r.mkv", "--credentials-env", "CAM", CAM="joe:wrong")
    until(lambda: "from the source yet" in programs.said())
    assert "wrong" not in programs.said()
    assert not list(tmp_path.glob("r-*"))


@pytest.fixture
def tls(tmp_path):
    """Makes fronts that speak TLS, with the certificate in `own.pem`."""
    own, fronts = certificate(tmp_path), []

    def made(behind):
        fronts.append(TlsFront(own, behind))
        return fronts[-1]

    yield made
    for front in fronts:
        front.end()


def behind_tls(programs, tmp_path, clip, scheme, tls):
    """A server of the clip, and the address of a front before it."""
    if scheme == "rtsps":
        front = tls(rtsp_server(programs, clip)[1])
        return front, f"rtsps://127.0.0.1:{front.port}/clip"
    if scheme == "rtmps":
        port = free_port()
        programs.send(clip, "-f", "flv", "-listen", "1", f"rtmp://127.0.0.1:{port}/live/x")
        front = tls(port)
        return front, f"rtmps://127.0.0.1:{front.port}/live/x"
    folder = tmp_path / "hls"
    folder.mkdir()
    programs.send(
        clip, "-f", "hls", "-hls_time", "1", "-hls_flags", "delete_segments", folder / "s.m3u8"
    )
    until(lambda: (folder / "s.m3u8").exists())
    front = tls(serve_files(programs, folder))
    return front, f"https://127.0.0.1:{front.port}/s.m3u8"


SECURE = [pytest.param("rtsps", marks=needs_rtsp_server), "rtmps", "https"]


@needs_openssl
@pytest.mark.parametrize("scheme", SECURE)
def test_by_tls_from_who_is_known(programs, tmp_path, clip, scheme, tls):
    front, source = behind_tls(programs, tmp_path, clip, scheme, tls)
    require_stream(pass_on(programs, tmp_path, source, SSL_CERT_FILE=str(tmp_path / "own.pem")))
    assert front.heard


@needs_openssl
@pytest.mark.parametrize("scheme", SECURE)
def test_nothing_comes_by_tls_from_who_is_not_known(programs, tmp_path, clip, scheme, tls):
    front, source = behind_tls(programs, tmp_path, clip, scheme, tls)
    programs.live(source, "--to", tmp_path / "r.mkv", "--retry-most", "0.2")
    until(lambda: "from the source yet" in programs.said())
    assert not front.heard  # credentials would be in it
    assert not list(tmp_path.glob("r-*"))


@pytest.mark.slow
@needs_openssl
@needs_rtsp_server
def test_a_target_by_tls(programs, tmp_path, clip, tls):
    _, port = rtsp_server(programs, clip, "--record", tmp_path / "taken.h264")
    front, camera = tls(port), free_port()
    programs.send(clip, "-f", "mpegts", f"udp://127.0.0.1:{camera}?pkt_size=1316")
    programs.live(
        f"udp://127.0.0.1:{camera}",
        "--to",
        f"rtsps://127.0.0.1:{front.port}/in",
        "--retry-most",
        "0.3",
        SSL_CERT_FILE=str(tmp_path / "own.pem"),
    )
    taken = tmp_path / "taken.h264"
    until(lambda: taken.exists() and taken.stat().st_size > 60_000)
    require_stream(numbers_in(taken))


@pytest.mark.parametrize(
    ("target", "taker"),
    [
        (
            "udp://127.0.0.1:{port}",
            ("-f", "mpegts", "-i", "udp://127.0.0.1:{port}?timeout=60000000"),
        ),
        ("srt://127.0.0.1:{port}", ("-f", "mpegts", "-i", "srt://127.0.0.1:{port}?mode=listener")),
        (
            "rtmp://127.0.0.1:{port}/live/x",
            ("-listen", "1", "-i", "rtmp://127.0.0.1:{port}/live/x"),
        ),
    ],
    ids=["udp", "srt", "rtmp"],
)
def test_targets_take_it(programs, tmp_path, clip, target, taker):
    port, camera = free_port(), free_port()
    got = tmp_path / "got.mkv"
    programs.send(clip, "-f", "mpegts", f"udp://127.0.0.1:{camera}?pkt_size=1316")
    receiver = programs.ffmpeg(
        *(t.format(port=port) for t in taker), "-c", "copy", "-frames:v", "60", got
    )
    programs.live(
        f"udp://127.0.0.1:{camera}", "--to", target.format(port=port), "--retry-most", "0.3"
    )
    assert receiver.wait(PATIENCE_S) == 0
    require_stream(numbers_in(got))


def test_hls_target_never_shows_anything_half_written(programs, tmp_path, clip):
    playlist = tmp_path / "out" / "s.m3u8"
    live = programs.live(clip, "--to", playlist, "--hls-segment", "0.5", "--hls-kept", "3")
    checked = set()
    while live.poll() is None:
        if playlist.exists():
            text = playlist.read_text()
            assert text.startswith("#EXTM3U")
            for name in set(re.findall(r"^s-\d+\.ts$", text, re.MULTILINE)) - checked:
                with contextlib.suppress(FileNotFoundError):  # too old meanwhile
                    segment = playlist.with_name(name).read_bytes()
                    assert len(segment) % 188 == 0
                    assert numbers_in(io.BytesIO(segment))
                    checked.add(name)
        time.sleep(0.01)
    assert live.returncode == 0, programs.said()
    assert len(checked) >= 3
    assert len(list(playlist.parent.glob("*.ts"))) <= 6
    assert not list(playlist.parent.glob("*.tmp"))


def test_hls_says_where_a_stream_begins_anew_and_only_there(programs, tmp_path, clip):
    playlist = tmp_path / "a" / "b" / "s.m3u8"
    for runs in (1, 2):
        live = programs.live(clip, "--to", playlist, "--hls-segment", "1", "--hls-kept", "30")
        assert live.wait(PATIENCE_S) == 0, programs.said()
        lines = playlist.read_text().splitlines()
        marks = [i for i, line in enumerate(lines) if line == "#EXT-X-DISCONTINUITY"]
        assert len(marks) == runs
        assert all(lines[i + 1] != "#EXT-X-DISCONTINUITY" for i in marks)


def test_a_recording_makes_its_folder_and_a_target_that_got_nothing_is_an_error(
    programs, tmp_path, clip
):
    (tmp_path / "file").touch()
    live = programs.live(
        clip, "--to", tmp_path / "a" / "b" / "r.mkv", "--to", tmp_path / "file" / "r.mkv", "--json"
    )
    assert live.wait(PATIENCE_S) == 5, programs.said()
    (walls,) = re.findall(r'"walls": "(.*)"', programs.said())
    assert ("Landlock" in walls) == bool(landlock.version())
    assert any(numbers_in(p) for p in (tmp_path / "a" / "b").glob("r-*.mkv"))
    assert f"{tmp_path / 'file' / 'r.mkv'}: received nothing of the stream" in programs.said()


@pytest.mark.slow
def test_options_beside_a_file_of_cameras_are_refused(programs, tmp_path, clip):
    cameras = tmp_path / "cameras.toml"
    cameras.write_text(f"[camera.a]\nsource = '{clip}'\nto = '{tmp_path / 'a.mkv'}'\n")
    assert programs.live("--config", cameras, "--sensitivity", "high").wait(PATIENCE_S) == 2
    assert "--sensitivity has no effect beside --config" in programs.said()
    assert programs.live("--config", cameras, "--health", "0").wait(PATIENCE_S) == 0, (
        programs.said()
    )


@pytest.mark.slow
def test_a_quick_look_in_a_browser(programs, tmp_path, clip):
    port = free_port()
    programs.send(clip, "-f", "mpegts", f"udp://127.0.0.1:{(camera := free_port())}?pkt_size=1316")
    programs.live(f"udp://127.0.0.1:{camera}", "--to", f"mjpeg://127.0.0.1:{port}")

    def looked():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            content = answer.read(4000)
        except OSError:
            return False
        finally:
            connection.close()
        return b"\xff\xd8\xff" in content and b"Content-Type: image/jpeg" in content

    until(looked)
