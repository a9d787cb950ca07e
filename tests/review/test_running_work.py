"""How a piece of long work ends is said by the class of what ended it."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from efface.errors import Interrupted, SourceUnreadable
from efface.events import Event
from efface.options import Options
from efface.pipeline.naming import Job
from efface.pipeline.storage import write_plan
from efface.review import actions
from efface.review.document import Conflict
from efface.review.file_registry import FileRegistry
from efface.review.running_work import WorkRunner


@pytest.fixture
def registry(tmp_path):
    made = FileRegistry(
        [Job(tmp_path / "a.png", "a.png", tmp_path / "b.png", tmp_path / "b.json")], Options()
    )
    yield made
    made.close()


@pytest.fixture
def events():
    return []


@pytest.fixture
def works(registry, events):
    made = WorkRunner(registry, events.append)
    yield made
    made.close()


def until(is_so):
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def ended(works, do):
    work = works.start(0, "look", do, works.heavy)
    until(lambda: not work.is_going)
    return work.state, work.said


class Late(Conflict):
    """A conflict under another name."""


Namesake = type("Conflict", (Exception,), {})


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (Conflict(), "failed", "The plan was changed meanwhile. Try it again."),
        (Late(), "failed", "The plan was changed meanwhile. Try it again."),
        (Namesake("x"), "failed", "Unexpected: Conflict: x"),
        (Interrupted(), "cancelled", "Cancelled. Nothing was written."),
        (
            SourceUnreadable(Path("a.png"), "it is gone"),
            "failed",
            str(SourceUnreadable(Path("a.png"), "it is gone")),
        ),
    ],
)
def test_an_error_is_known_by_its_class(works, error, state, said):
    def do(work, listener):
        raise error

    assert ended(works, do) == (state, said)


def test_work_that_is_under_way_is_not_started_twice_and_its_end_is_told(works, events):
    def do(work, listener):
        while not work.is_cancelled.is_set():
            time.sleep(0.01)
        listener(None)

    first = works.start(0, "look", do, works.heavy)
    assert works.start(0, "look", do, works.heavy) is first
    works.cancel(0, "look")
    until(lambda: any("state" in event for event in events))
    assert (events[-1]["work"]["state"], events[-1]["state"]) == ("cancelled", "new")


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_work_holds_during_a_pause_and_then_goes_on_or_is_cancelled(works, events, is_cancelled):
    reported = []

    def do(work, listener):
        for i in range(3):
            listener(Event("render", i, 3))
            reported.append(i)
            if i == 0:
                works.pause(is_paused=True)

    work = works.start(0, "render", do, works.heavy)
    until(lambda: work.held)
    assert (reported, work.state, events[-1]["work"]["held"]) == ([0], "running", True)
    if is_cancelled:
        works.cancel(0, "render")
    else:
        works.pause(is_paused=False)
    until(lambda: not work.is_going)
    assert work.state == ("cancelled" if is_cancelled else "done")
    assert reported == ([0] if is_cancelled else [0, 1, 2])
    assert not events[-1]["work"]["held"]


def test_what_waits_is_cancelled_at_once_also_during_a_pause(works, events):
    works.pause(is_paused=True)
    work = works.start(0, "render", lambda work, listener: None, works.heavy)
    works.cancel(0, "render")
    assert (work.state, work.said) == ("cancelled", "Cancelled. Nothing was written.")
    assert events[-1]["work"]["state"] == "cancelled"


def test_a_file_that_is_opened_as_its_plan_appears_is_ready_all_the_same(
    tmp_path, events, monkeypatch
):
    photo = tmp_path / "a.jpg"
    shutil.copy(Path(__file__).parents[2] / "examples" / "astronaut.jpg", photo)
    job = Job(photo, "a.jpg", tmp_path / "b.jpg", tmp_path / "b.json")
    registry = FileRegistry([job], Options())
    works = WorkRunner(registry, events.append)
    asks = threading.Thread(target=registry.open, args=(0,))

    def written_and_asked_for(*arguments, **settings):
        write_plan(*arguments, **settings)
        asks.start()
        time.sleep(0.3)  # time for the other thread to open it, if it can

    monkeypatch.setattr(actions, "write_plan", written_and_asked_for)
    try:
        work = actions.Actions(registry, works, Options(), tmp_path, events.append).look(0)
        until(lambda: not work.is_going)
        asks.join(60)
        assert (work.state, work.said) == ("done", "")
        assert registry.open(0).document is not None
    finally:
        works.close()
        registry.close()
