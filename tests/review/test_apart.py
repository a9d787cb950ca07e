"""A decoder that crashes takes one answer with it, and not the server."""

from __future__ import annotations

import importlib
import sys
import time

import pytest

from efface.errors import WorkerDied
from efface.private_folders import DRAFTS
from efface.review.apart import Apart

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them"),
    pytest.mark.usefixtures("apart"),
]

CRASHER = """
import os, signal
from efface.staged_files import staged


def crash(*_):
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_with_a_draft(job, *_):
    with staged(job.target, overwrite=False) as draft:
        draft.write_bytes(b"half")
        crash()


def count(path, tell):
    import time
    from efface.events import Event
    for i in range(100):
        time.sleep(0.01)
        path.write_text(str(i))
        tell(Event("look", i, 100))
    return "counted"


def sleep(tell):
    import time
    from efface.events import Event
    while True:
        time.sleep(0.05)
        tell(Event("look", 1, None))
"""


@pytest.fixture
def crasher(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("crasher")
    (folder / "a_crasher.py").write_text(CRASHER)
    monkeypatch.syspath_prepend(folder)  # processes that are started have the same path
    yield importlib.import_module("a_crasher")
    del sys.modules["a_crasher"]


def test_a_process_waits_while_its_listener_does_and_the_next_call_starts_another(
    crasher, tmp_path
):
    one, path = Apart("efface-test"), tmp_path / "count"
    ahead = []

    def paused(event):
        if not ahead:
            time.sleep(0.3)  # time for thirty more
            ahead.append(int(path.read_text()) - event.done)

    try:
        assert one.call(tmp_path / "a.jpg", crasher.count, path, tell=paused) == "counted"
        assert ahead == [0]
        for _ in range(2):
            with pytest.raises(
                WorkerDied,
                match=r"a\.jpg: the process that worked on it died: it crashed \(SIGSEGV\)",
            ):
                one.call(tmp_path / "a.jpg", crasher.crash)
        start = time.monotonic()

        def cancelled(event):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            one.call(tmp_path / "a.jpg", crasher.sleep, tell=cancelled)
        assert time.monotonic() - start < 60
    finally:
        one.close()


def told(client, kind):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for work in client.ask("/api/files/0").json["works"]:
            if work["kind"] == kind and work["state"] in ("done", "failed"):
                return work
        time.sleep(0.05)
    raise AssertionError("it never ended")


def test_the_server_answers_on_whatever_crashes(client, film, crasher, monkeypatch):
    frame, final = "/api/files/0/frame/3?side=320", "/api/files/0/frame/3?side=320&final=1"
    before = client.ask(frame)
    assert before.status == 200
    with monkeypatch.context() as patched:
        patched.setattr("efface.review.apart.frame_of", crasher.crash)
        lost = client.ask(frame)
        assert (lost.status, "it crashed (SIGSEGV)" in lost.json["error"]) == (422, True)
    assert client.ask(frame).body == before.body
    assert client.ask(final).status == 200
    with monkeypatch.context() as patched:
        patched.setattr("efface.review.apart.rendered_by", crasher.crash_with_a_draft)
        client.ask("/api/files/0/jobs/render", {"version": 0})
        work = told(client, "render")
        assert work["state"] == "failed"
        assert "film.mp4: the process that worked on it died: it crashed (SIGSEGV)" in work["said"]
    assert not list(film.parent.glob(DRAFTS + "*"))
    client.ask("/api/files/0/jobs/render", {"version": 0})
    assert told(client, "render")["state"] == "done"
    follow = {"version": 0, "frame": 30, "box": [100, 60, 140, 100]}
    assert client.ask("/api/files/0/jobs/follow", follow).status == 202
    assert told(client, "follow")["state"] == "done"


def test_a_file_on_which_its_decoder_crashes_is_said_and_the_others_go_on(
    photos, serve, kit, crasher, monkeypatch
):
    client = kit.Client(serve(*photos))
    client.enter()
    with monkeypatch.context() as patched:
        patched.setattr("efface.review.apart.can_be_played", crasher.crash)
        assert client.ask("/api/files/0").status == 422
    assert client.ask("/api/files/1").json["name"] == "photo1.png"
    assert client.ask("/api/files/1/frame/0").status == 200
    assert client.ask("/api/files/0/frame/0").status == 200
