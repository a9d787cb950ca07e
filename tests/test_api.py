"""The library: the same work as the command line's, with typed results and typed errors."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import efface
from efface.errors import (
    BadPlan,
    PlanMismatch,
    SourceUnreadable,
    TargetExists,
    TargetIsSource,
    TargetUnsuitable,
    UndecodableFrame,
    UsageError,
    WriteFailed,
)
from efface.files import sha256_of
from efface.options import DetectOptions, PaintOptions, WriteOptions
from efface.pipeline import one_source
from efface.pipeline.one_source import Redacted
from efface.pipeline.rendering import Rendered


@pytest.fixture
def photo(tmp_path):
    """A small PNG with nobody in it."""
    path = tmp_path / "a.png"
    y, x = np.mgrid[0:40, 0:48]
    Image.fromarray(np.stack([x * 2, y * 2, x + y], axis=-1).astype(np.uint8)).save(path)
    return path


def files(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file() or p.name.startswith("."))


def test_results_are_typed(photo, tmp_path):
    events = []
    done = efface.redact(str(photo), listener=events.append)
    assert isinstance(done, Redacted)
    assert isinstance(done.rendered, Rendered)
    assert isinstance(done.plan, efface.Plan)
    assert (done.source, done.rendered.target) == (photo, tmp_path / "a.redacted.png")
    assert done.plan_path == tmp_path / "a.redacted.png.plan.json"
    assert (done.rendered.frames, done.rendered.regions, done.rendered.blacked_out) == (1, 0, 0)
    assert [(e.stage, e.done, e.total) for e in events] == [
        ("look", 1, 1),
        ("render", 1, 1),
        ("check", 1, 1),
    ]
    assert [(c.name, c.outcome.value) for c in done.rendered.verification.checks] == [
        ("hashes", "clean"), ("coverage", "clean"), ((
                "second look"
            ), "clean"), ("leftovers", "clean"), ("fidelity", "clean"),
    ]  # fmt: skip
    hashes = done.rendered.source_sha256, done.rendered.target_sha256, done.plan_sha256
    assert hashes == tuple(sha256_of(p) for p in (photo, done.rendered.target, done.plan_path))
    plan = efface.load_plan(done.plan_path)
    assert plan.source_sha256 == done.plan.source_sha256
    by_plan = efface.render(photo, plan, tmp_path / "b.png")
    by_path = efface.render(photo, str(done.plan_path), str(tmp_path / "c.png"))
    assert (
        by_plan.target.read_bytes()
        == by_path.target.read_bytes()
        == done.rendered.target.read_bytes()
    )


def test_options_travel_into_the_plan(photo):
    options = efface.Options(
        detect=DetectOptions(sensitivity="high"), paint=PaintOptions(style="tiles", seed=7)
    )
    plan = efface.find(photo, options=options)
    assert plan.options["detect"]["sensitivity"] == "high"
    assert (plan.options["paint"]["style"], plan.options["paint"]["seed"]) == ("tiles", 7)
    assert [d["name"] for d in plan.detectors] == [
        "centerface-int8",
        "plates-int8",
        "plate-context-int8",
    ]
    assert all(d["sha256"] for d in plan.detectors)
    faces = efface.find(photo, options=efface.Options(detect=DetectOptions(kinds="face")))
    assert faces.options["detect"]["kinds"] == "face"
    assert [d["name"] for d in faces.detectors] == ["centerface-int8"]
    with pytest.raises(UsageError, match="--style: 'blur' is not one of"):
        PaintOptions(style="blur")


def test_errors_are_typed_and_leave_nothing(photo, tmp_path):
    plan = efface.find(photo)
    other = tmp_path / "other.png"
    Image.new("RGB", (48, 40)).save(other)
    (tmp_path / "folder").mkdir()
    (tmp_path / "plan.json").write_text("{}")
    before = files(tmp_path)
    for error, act in (
        (SourceUnreadable, lambda: efface.find(tmp_path / "none.png")),
        (SourceUnreadable, lambda: efface.find(tmp_path)),
        (SourceUnreadable, lambda: efface.redact(tmp_path)),
        (SourceUnreadable, lambda: efface.redact(tmp_path / "folder")),
        (SourceUnreadable, lambda: efface.redact("a\0b.png")),
        (SourceUnreadable, lambda: efface.redact(tmp_path / ("n" * 300))),
        (SourceUnreadable, lambda: efface.render(tmp_path / "none.png", plan, tmp_path / "x.png")),
        (TargetIsSource, lambda: efface.redact(photo, photo)),
        (
            TargetIsSource,
            lambda: efface.redact(
                photo, photo, options=efface.Options(write=WriteOptions(overwrite=True))
            ),
        ),
        (TargetExists, lambda: efface.render(photo, plan, other)),
        (TargetUnsuitable, lambda: efface.render(photo, plan, tmp_path / "x.gif")),
        (WriteFailed, lambda: efface.render(photo, plan, tmp_path / "none" / "x.png")),
        (WriteFailed, lambda: efface.redact(photo, tmp_path / "folder")),
        (BadPlan, lambda: efface.render(photo, tmp_path / "plan.json", tmp_path / "x.png")),
        (BadPlan, lambda: efface.render(photo, tmp_path / "none.json", tmp_path / "x.png")),
        (PlanMismatch, lambda: efface.render(other, plan, tmp_path / "x.png")),
    ):
        with pytest.raises(error):
            act()
        assert files(tmp_path) == before


def test_a_listener_that_raises_stops_the_work(photo, tmp_path):
    for stage in ("look", "render", "check"):

        def stop(event, stage=stage):
            if event.stage == stage:
                raise InterruptedError(stage)

        with pytest.raises(InterruptedError if stage != "render" else Exception, match=stage):
            efface.redact(photo, listener=stop)
        assert files(tmp_path) == ["a.png"]


def test_results_are_replaced_by_new_ones(photo, tmp_path):
    film = tmp_path / "b.mp4"
    make_film(film)
    again = efface.Options(write=WriteOptions(overwrite=True))
    for source in (photo, film):
        first = efface.redact(source)
        done = efface.redact(source, options=again)
        assert done.plan_sha256 == sha256_of(done.plan_path)
        assert done.rendered.target == first.rendered.target
    assert b"\r" not in done.plan_path.read_bytes()
    assert len(files(tmp_path)) == 6


def make_film(path):
    """A small film of three frames with nobody in it."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, width=96, height=64, pix_fmt="yuv420p")
        for n in range(3):
            picture = np.full((64, 96, 3), 60 + n, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))


@pytest.mark.slow
def test_a_frame_that_decodes_to_another_picture_is_not_rendered(tmp_path):
    clip = Path(__file__).parents[1] / "examples" / "astronaut.mp4"
    plan = efface.find(clip)
    assert len(plan.checksums) == len(plan.timeline) == 100
    assert plan.risk == plan.doubts[0].risk > 0, "a bar passes before her face"
    assert plan.doubts[0].causes
    changed = (*plan.checksums[:2], plan.checksums[2] ^ 1, *plan.checksums[3:])
    with pytest.raises(PlanMismatch, match="frame 3 decodes to another picture"):
        efface.render(clip, replace(plan, checksums=changed), tmp_path / "out.mp4")
    assert not list(tmp_path.iterdir())


def test_a_film_that_decodes_otherwise_each_time_is_damaged_and_misfits_no_plan(
    tmp_path, monkeypatch
):
    clip = Path(__file__).parents[1] / "examples" / "astronaut.mp4"
    plan = efface.find(clip)
    changed = (*plan.checksums[:2], plan.checksums[2] ^ 1, *plan.checksums[3:])
    monkeypatch.setattr(
        one_source, "find", lambda session, source, listener: replace(plan, checksums=changed)
    )
    with pytest.raises(UndecodableFrame, match="each decoding gives a different result") as damaged:
        efface.redact(clip, tmp_path / "out.mp4")
    assert damaged.value.at == "0:00:00.080"
    assert str(pickle.loads(pickle.dumps(damaged.value))) == str(damaged.value)
    assert not list(tmp_path.iterdir())


def test_a_target_that_cannot_hold_the_film_is_refused_before_anybody_looks(tmp_path, monkeypatch):
    clip = Path(__file__).parents[1] / "examples" / "astronaut.mp4"
    monkeypatch.setattr(
        one_source, "find", lambda session, source, listener: pytest.fail("it was looked at")
    )
    for name in ("out.jpg", "out.xyz"):
        with pytest.raises(TargetUnsuitable):
            efface.redact(clip, tmp_path / name)
