"""Addresses: what is taken, what is refused, and that credentials never show."""

from __future__ import annotations

import os
import pickle
import sys

import pytest

from efface.errors import UsageError
from efface.live.address import secret_from, source_address, target_address


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("rtsp://10.0.0.5:8554/stream1", "rtsp"),
        ("RTSP://10.0.0.5/stream1", "rtsp"),
        ("rtmps://host/app/x", "rtmps"),
        ("srt://host:9000?mode=listener", "srt"),
        ("udp://@239.0.0.1:1234", "udp"),
        ("https://host/live/x.m3u8", "https"),
        ("/dev/video0", "camera"),
        ("a clip.mp4", "file"),
        ("odd:name.mp4", "file"),
    ],
)
def test_sources(text, scheme):
    address = source_address(text)
    assert (address.scheme, str(address)) == (scheme, text)


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://joe:secret@host/1",
        "rtsp://joe@host/1",
        "https://host/x.m3u8?token=abc",
        "srt://host:9000?passphrase=0123456789",
        "rtmp://host/app?auth=abc",
        "https://host/x.m3u8?Signature=abc",
    ],
)
@pytest.mark.parametrize("kind", [source_address, target_address])
def test_credentials_in_an_address_are_refused_and_not_repeated(text, kind):
    with pytest.raises(UsageError) as raised:
        kind(text)
    assert not any(word in str(raised.value) for word in ("joe", "abc", "0123456789", ":secret"))


@pytest.mark.parametrize(
    "text",
    ["ftp://host/x", "gopher://h/", "concat:a|b", "rtsp:///x", "udp://host", "srt://host",
    "http://host/x", "mjpeg://0.0.0.0:80",
     "mjpeg://127.0.0.1", "mjpeg://example.org:80", "out.avi", ""],
)  # fmt: skip
def test_targets_that_are_none(text):
    with pytest.raises(UsageError):
        target_address(text)


def test_what_is_no_source():
    for text in ("mjpeg://127.0.0.1:80", "file:///etc/passwd", "pipe://0", "rtsp://host:port/"):
        with pytest.raises(UsageError):
            source_address(text)


def test_the_secret_is_in_the_url_alone():
    address = source_address("rtsp://{secret}@10.0.0.5/1", "joe:p@ss/#word")
    assert address.url == "rtsp://joe:p%40ss%2F%23word@10.0.0.5/1"
    assert "p@ss" not in f"{address} {address!r}"
    assert pickle.loads(pickle.dumps(address)) == address
    assert address.host_port == ("10.0.0.5", 0)


def test_a_secret_without_a_place_and_a_place_without_a_secret():
    with pytest.raises(UsageError, match="lacks"):
        source_address("rtsp://10.0.0.5/1", "joe:x")
    with pytest.raises(UsageError, match="neither a variable nor a file"):
        source_address("rtsp://{secret}@10.0.0.5/1")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("w/s.m3u8", "./w/s.m3u8"),
        ("w/../w/s.m3u8", "w/s.m3u8"),
        ("srt://Hub:9000", "SRT://hub:9000"),
    ],
)
def test_two_addresses_may_lead_to_one_place(one, other):
    assert target_address(one).place == target_address(other).place


def test_paths_of_addresses_are_told_apart():
    assert target_address("rtsp://hub/A").place != target_address("rtsp://hub/a").place
    assert target_address("w/s.m3u8").place != target_address("v/s.m3u8").place


def test_a_quick_look_has_one_picture():
    assert target_address("mjpeg://127.0.0.1:80/")
    with pytest.raises(UsageError, match="one picture"):
        target_address("mjpeg://127.0.0.1:80/x")


def test_secrets_come_from_the_environment_or_a_private_file(tmp_path, monkeypatch):
    monkeypatch.setenv("CAM", "joe:word")
    assert secret_from("CAM", None) == "joe:word"
    path = tmp_path / "cam"
    path.write_text("joe:other\n")
    path.chmod(0o600)
    assert secret_from(None, path) == "joe:other"
    assert secret_from(None, None) == ""
    with pytest.raises(UsageError, match="not from both"):
        secret_from("CAM", path)
    with pytest.raises(UsageError, match="holds no"):
        secret_from("NO_SUCH_VARIABLE", None)
    with pytest.raises(UsageError, match="cannot be read"):
        secret_from(None, tmp_path / "absent")


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
def test_a_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "cam"
    path.write_text("joe:word")
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        secret_from(None, path)


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"\xff\xfe", b"x" * 2000])
def test_what_does_not_look_like_credentials(tmp_path, content):
    path = tmp_path / "cam"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UsageError) as raised:
        secret_from(None, path)
    assert "xxx" not in str(raised.value)


@pytest.mark.parametrize(("platform", "url"), [("linux", "Cam"), ("win32", "video=Cam")])
def test_a_camera_is_named_as_its_platform_does(monkeypatch, platform, url):
    monkeypatch.setattr(sys, "platform", platform)
    assert source_address("camera:Cam").url == url
