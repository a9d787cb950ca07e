"""What machines say, joined, is what one machine says.

Without a cluster: the functions are called here.
"""

from __future__ import annotations

import dataclasses
from itertools import chain

import pytest

from efface.cluster.ray_calls import Lost
from efface.cluster.video_spans import Sight, require_all
from efface.cluster.work import (
    Part,
    PlanNeeded,
    SpanStart,
    Whole,
    WorkItem,
    WorkItems,
    do,
    look_at,
    stamp_of,
)
from efface.containers.admission import admit
from efface.errors import ClusterUnusable, SourceUnreadable
from efface.events import silent
from efface.files import sha256_of
from efface.media.video.probe import open_video
from efface.media.video.spans import Indivisible, indexed, spans_at
from efface.options import Options, ReadOptions
from efface.pipeline import one_source
from efface.pipeline.analysis import joined
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.jobs import Planning
from efface.pipeline.naming import Job
from efface.pipeline.worker_messages import Began, Failed
from efface.planning import sidecar

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
KINDS = {
    "b-frames.mp4": (*H264, "-g", 8, "-bf", 3),
    "open.mkv": (*H264, "-x264-params", "keyint=8:min-keyint=8:open-gop=1:bframes=3:scenecut=0"),
    "hevc.mp4": (
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "keyint=8:open-gop=1:bframes=3:log-level=error",
    ),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-g", 8, "-deadline", "realtime", "-cpu-used", 8),
}
OPTIONS = Options()


def parts_of(path, starts, **changes):
    source = open_video(admit(path), ReadOptions())
    index = indexed(source)
    parts = [
        Part(path, source.info, stamp_of(path), index.passage(span), OPTIONS)
        for span in spans_at(index, starts)
    ]
    return source, [dataclasses.replace(p, **changes) for p in parts]


@pytest.mark.parametrize("name", KINDS)
def test_a_plan_made_in_seven_spans_is_the_plan_made_in_one(film, name):
    path = film(name, *KINDS[name])
    starts = [8 * i for i in range(7)]
    source, parts = parts_of(path, starts)
    said = [list(look_at(part)) for part in parts]
    assert all(isinstance(s[0], SpanStart) for s in said)
    plan = joined(
        chain.from_iterable(s[1:] for s in said), source, sha256_of(path), said[0][0], OPTIONS
    )
    with DetectorSession(OPTIONS) as session:
        whole = one_source.find(session, admit(path), silent)
    assert whole.tracks
    assert "".join(sidecar.lines(plan)) == "".join(
        sidecar.lines(whole)
    )  # to the pixel, and with the same ids


def test_a_machine_that_sees_another_file_says_so(film, tmp_path):
    path = film("b-frames.mp4", *KINDS["b-frames.mp4"])
    _, (part, *_) = parts_of(path, [0, 24], stamp=(1, 1))
    (said,) = look_at(part)
    assert isinstance(said, Failed)
    assert isinstance(said.error, SourceUnreadable)
    assert "another file" in str(said.error)
    missing = dataclasses.replace(part, source=tmp_path / "missing.mp4")
    (said,) = look_at(missing)
    assert isinstance(said, Failed)
    assert isinstance(said.error, SourceUnreadable)
    assert "does not see it" in str(said.error)


def test_a_machine_with_another_efface_says_so(film):
    _, (part, *_) = parts_of(film("b-frames.mp4", *KINDS["b-frames.mp4"]), [0, 24], version="0.0.1")
    (said,) = look_at(part)
    assert isinstance(said, Failed)
    assert isinstance(said.error, ClusterUnusable)
    assert "0.0.1" in str(said.error)


def test_what_cannot_be_read_from_the_middle_is_looked_at_whole(film):
    _, (_, part) = parts_of(film("b-frames.mp4", *KINDS["b-frames.mp4"]), [0, 24])
    false = dataclasses.replace(part.passage, pts=tuple(p + 1 for p in part.passage.pts))
    *_, last = look_at(dataclasses.replace(part, passage=false))
    assert isinstance(last, Whole)


def test_half_an_answer_is_none(film):
    _, (_, part) = parts_of(film("b-frames.mp4", *KINDS["b-frames.mp4"]), [0, 40])
    said, span = list(look_at(part)), part.passage.span
    assert len(require_all(said, span)[1]) == 16
    for less in (said[:-1], said[:1], [], [said[0], *said[2:]]):
        with pytest.raises(Lost):
            require_all(less, span)
    with pytest.raises(Indivisible):
        require_all([said[0], Whole("so")], span)
    with pytest.raises(SourceUnreadable):
        require_all([*said, Failed(SourceUnreadable("a.mp4", "so"))], span)


def test_machines_must_look_alike(film):
    _, (part, _) = parts_of(film("b-frames.mp4", *KINDS["b-frames.mp4"]), [0, 40])
    told = next(look_at(part))
    sight = Sight()
    sight.hear(told)
    other_runtime = tuple(dataclasses.replace(i, runtime="another") for i in told.infos)  # type: ignore[attr-defined]
    sight.hear(dataclasses.replace(told, infos=other_runtime))
    assert sight.infos == told.infos  # type: ignore[attr-defined]
    other_weights = tuple(dataclasses.replace(i, sha256="0" * 64) for i in told.infos)  # type: ignore[attr-defined]
    for other in (
        dataclasses.replace(told, infos=other_weights),
        dataclasses.replace(told, sure={0: 0.9}),
    ):
        with pytest.raises(ClusterUnusable, match="different networks"):
            sight.hear(other)


def test_a_video_wants_a_plan_where_somebody_asks(film, tmp_path):
    path = film("b-frames.mp4", *KINDS["b-frames.mp4"])
    job = Job(path, path.name, tmp_path / "a.json", tmp_path / "a.json")
    task = Planning(writes=False, overwrite=False)
    work_items = [WorkItem(job, stamp_of(path), asks=True), WorkItem(job, (1, 1))]
    said = [(a.number, type(a.said)) for a in do(WorkItems(work_items, task, OPTIONS))]
    assert said == [(0, Began), (0, PlanNeeded), (1, Began), (1, Failed)]
