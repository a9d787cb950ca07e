"""Landlock around one thread: it holds for the thread that asks, and for no other."""

from __future__ import annotations

import ctypes
import os
import socket
import threading

import pytest

from efface.walls import landlock

pytestmark = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


def walled(do, readable, executable=(), devices=(), ports=()):
    """Do something in a thread behind Landlock, and return what it returned."""
    said = []

    def run():
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # no new privileges
        landlock.restrict(readable, executable, devices, ports)
        try:
            said.append(do())
        except OSError as e:
            said.append(type(e))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return said[0]


def test_only_what_is_named_can_be_read(tmp_path):
    own, other = tmp_path / "own", tmp_path / "other"
    own.write_text("own")
    other.write_text("other")
    assert walled(own.read_text, [str(own)]) == "own"
    with own.open() as f:
        assert walled(own.read_text, [f.fileno()]) == "own"
        assert not f.closed
    assert walled(other.read_text, [str(own)]) is PermissionError
    assert walled(other.read_text, [str(tmp_path), "/no/such/folder"]) == "other"
    assert other.read_text() == "other", "this thread stands outside"


def test_nothing_can_be_written_or_run(tmp_path):
    own = tmp_path / "own"
    own.write_text("own")
    readable = [str(tmp_path)]
    assert walled(lambda: own.write_text("x"), readable) is PermissionError
    assert walled(lambda: (tmp_path / "new").touch(), readable) is PermissionError
    assert walled(own.unlink, readable) is PermissionError
    assert walled(lambda: os.listdir(tmp_path), readable) == ["own"]
    assert walled(lambda: os.listdir("/usr/lib"), [], [str(tmp_path)]) is PermissionError


def test_a_device_can_be_written_to():
    def opened():
        os.close(os.open("/dev/null", os.O_RDWR))
        return "opened"

    assert walled(opened, [], devices=["/dev/null"]) == "opened"
    assert walled(opened, []) is PermissionError
    assert walled(opened, ["/dev/null"]) is PermissionError


@pytest.mark.skipif(not landlock.limits_ports(), reason="this kernel knows no ports")
def test_only_named_ports_are_reached():
    def connect():
        with socket.socket() as to:
            to.connect(("127.0.0.1", port))
            return "connected"

    def listen():
        with socket.socket() as own:
            own.bind(("127.0.0.1", 0))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert walled(connect, [], ports=[port]) == "connected"
        assert walled(connect, [], ports=[port - 1, port + 1]) is PermissionError
        assert walled(connect, []) is PermissionError
        assert walled(listen, [], ports=[port, 0]) is PermissionError


def test_a_kernel_without_landlock_is_an_error(monkeypatch):
    monkeypatch.setattr(landlock, "version", lambda: 0)
    with pytest.raises(OSError, match="not implemented"):
        landlock.restrict([])


def test_a_refusal_of_the_kernel_is_an_error(tmp_path):
    with pytest.raises(OSError, match="Bad file descriptor"):
        landlock.restrict([1 << 20])
