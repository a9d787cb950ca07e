"""A cluster does what one machine does, also when machines are lost over it; what is lost for good
is never published."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from efface.containers.admission import admit
from efface.errors import EffaceError, WorkerDied
from efface.events import silent
from efface.files import sha256_of
from efface.options import Options, WriteOptions
from efface.pipeline import one_source
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.jobs import Planning, Redacting
from efface.pipeline.naming import Job, jobs_for
from efface.pipeline.one_source import Redacted
from efface.pipeline.worker_messages import Done, Failed, Noted, Progress
from efface.planning import sidecar
from efface.private_folders import DRAFTS

pytest.importorskip("ray")
from efface.cluster import ray_calls, ray_engine, video_spans
from efface.cluster.ray_engine import RayEngine

OPTIONS = Options(write=WriteOptions(preset="ultrafast"))
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", 8, "-bf", 2)
SPAN = 8
"""Frames. The film is cut into seven spans by it."""


@dataclass
class Heard:
    """What an engine said of a run."""

    done: dict[Path, Any] = field(default_factory=dict)
    failed: dict[Path, EffaceError] = field(default_factory=dict)
    noted: dict[Path, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    looked: int = 0


def run(
    machines,
    jobs,
    task,
    when_looking: Callable[[int], None] = lambda done: None,
    frames: int = SPAN,
) -> Heard:
    heard = Heard()
    with RayEngine(task, OPTIONS, machines.address, heard.remarks.append, frames) as hired:
        for said in hired.each(jobs, writes=True, makes_folders=True):
            match said.said:
                case Progress(event) if event.stage == "look":
                    heard.looked = max(heard.looked, event.done)
                    when_looking(event.done)
                case Noted(content):
                    heard.noted[said.job.source] = content
                case Done(result):
                    heard.done[said.job.source] = result
                case Failed(error):
                    heard.failed[said.job.source] = error
    return heard


def text(plan):
    return "".join(sidecar.lines(plan))


def found_here(path):
    with DetectorSession(OPTIONS) as session:
        return one_source.find(session, admit(path), silent)


def private_folders(folder):
    return list(folder.rglob(DRAFTS + "*"))


def test_a_machine_that_is_killed_in_the_run_changes_nothing(machines, film, tmp_path):
    path, alive = film("a.mp4", *H264), [True]

    def kill(done):
        if done >= 10 and alive:
            alive.clear()
            machines.kill_one()

    job = Job(path, "a.mp4", tmp_path / "a.json", tmp_path / "a.json")
    heard = run(machines, [job], Planning(writes=True, overwrite=False), kill)
    assert not alive
    assert not heard.failed
    assert not heard.remarks
    assert text(heard.done[path]) == text(found_here(path)) == job.plan_path.read_text("utf-8")


def test_a_process_that_dies_is_replaced(machines, film, tmp_path, monkeypatch):
    from lost_machines import lost_once  # type: ignore[import-not-found]

    monkeypatch.setattr(video_spans, "look_at", lost_once)
    path = Path(shutil.copy(film("a.mp4", *H264), tmp_path / "a.mp4"))
    job = Job(path, "a.mp4", tmp_path / "out.mp4", tmp_path / "out.plan.json")
    heard = run(machines, [job], Redacting(resumes=False))
    assert path.with_suffix(".lost").exists()
    done = heard.done[path]
    assert isinstance(done, Redacted)
    assert sha256_of(job.target) == done.rendered.target_sha256
    assert done.rendered.verification.has_looked
    assert text(heard.noted[path]) == text(replace(done.plan, made=None)) == text(found_here(path))
    assert not private_folders(tmp_path)


def test_a_span_that_is_lost_for_good_fails_the_file(machines, film, tmp_path, monkeypatch):
    from lost_machines import lost_in_the_middle

    monkeypatch.setattr(video_spans, "look_at", lost_in_the_middle)
    monkeypatch.setattr(ray_calls, "TRIES", 2)  # each costs a process, which takes seconds to start
    path = film("a.mp4", *H264)
    job = Job(path, "a.mp4", tmp_path / "out" / "out.mp4", tmp_path / "out" / "out.plan.json")
    heard = run(machines, [job], Redacting(resumes=False), frames=24)
    error = heard.failed[path]
    assert isinstance(error, WorkerDied)
    assert "frames 1 to " in str(error)
    assert error.exit_code == 4
    assert not heard.done
    assert list((tmp_path / "out").iterdir()) == []


def test_where_two_machines_see_other_pictures_one_looks_at_all(
    machines, film, tmp_path, monkeypatch
):
    from lost_machines import seeing_other_pictures

    monkeypatch.setattr(video_spans, "look_at", seeing_other_pictures)
    path = film("a.mp4", *H264)
    job = Job(path, "a.mp4", tmp_path / "a.json", tmp_path / "a.json")
    heard = run(machines, [job], Planning(writes=False, overwrite=False))
    assert heard.remarks == [
        "a.mp4: one machine looks at all of it, as decoding from the middle gives other pictures."
    ]
    assert text(heard.done[path]) == text(found_here(path))


@pytest.mark.slow
def test_photos_go_in_batches_and_a_batch_that_is_lost_goes_on(
    machines, film, tmp_path, monkeypatch
):
    from lost_machines import lost_after_the_first

    monkeypatch.setattr(ray_engine, "do", lost_after_the_first)
    sources = tmp_path / "in"
    sources.mkdir()
    for i in range(3):
        shutil.copy(photo(film, i), sources / f"{i}.png")
    (sources / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    missing = Job(sources / "gone.png", "gone.png", tmp_path / "gone.png", tmp_path / "gone.json")
    jobs = [*jobs_for([sources], tmp_path / "out"), missing]
    heard = run(machines, jobs, Redacting(resumes=True))
    assert {p.name for p in heard.done} == {"0.png", "1.png", "2.png"}
    assert {p.name: type(e).__name__ for p, e in heard.failed.items()} == {
        "broken.jpg": "DamagedSource",
        "gone.png": "SourceUnreadable",
    }
    for job in jobs[:3]:
        with DetectorSession(OPTIONS) as session:
            here = one_source.redact(
                session,
                Job(job.source, job.name, tmp_path / job.name, tmp_path / f"{job.name}.json"),
                silent,
            )
        assert sha256_of(job.target) == here.rendered.target_sha256
    again = run(machines, jobs[:3], Redacting(resumes=True))
    assert all(d.was_done for d in again.done.values())


def photo(film, i):
    path = film(f"{i}.mkv", "-c:v", "ffv1", frames=8)
    target = path.with_suffix(".png")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-ss", str(i / 25), "-i", path, "-frames:v", "1", target],
        check=True,
    )
    return target


def test_no_small_picture_is_in_the_store_that_spills(machines, film, tmp_path):
    import ray

    path, free = film("a.mp4", *H264), []
    job = Job(path, "a.mp4", tmp_path / "a.json", tmp_path / "a.json")

    def look(done):
        total, left = ray.cluster_resources(), ray.available_resources()
        free.append((total["object_store_memory"], left["object_store_memory"]))

    run(machines, [job], Planning(writes=False, overwrite=False), look)
    assert free
    assert all(total == left for total, left in free)
