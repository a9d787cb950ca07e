"""`--engine ray` as a stranger meets it: two machines, a store, and what is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from efface.events import silent
from efface.options import Options, WriteOptions
from efface.part_errors import installed_from
from efface.pipeline import one_source
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.naming import Job

pytest.importorskip("ray")

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", 16)
FAST = ("--preset", "ultrafast")


def test_a_folder_at_an_address_is_redacted_there_by_two_machines(
    machines, s3_server, s3, film, efface, tmp_path
):
    """The film is long enough to be looked at in spans, of which only pieces are fetched."""
    clip, photo = film("a.mp4", *H264, frames=100), tmp_path / "b.png"
    subprocess.run(["ffmpeg", "-v", "error", "-i", clip, "-frames:v", "1", photo], check=True)
    s3.put_file(str(clip), "films/in/a.mp4")
    s3.put_file(str(photo), "films/in/deep/b.png")
    asked = (
        "redact",
        "s3://films/in",
        "-o",
        "s3://films/out",
        "--engine",
        "ray",
        "--address",
        machines.address,
    )
    done = efface(*asked, *FAST, **s3_server)
    assert done.returncode in (0, 7), done.stderr
    assert "one machine looks at all of it" not in done.stderr
    assert "2 of 2 files done." in done.stdout
    assert "s3://films/out/a.mp4: " in done.stdout
    assert "a-secret" not in done.stdout + done.stderr
    with DetectorSession(Options(write=WriteOptions(preset="ultrafast"))) as session:
        for source, name in ((clip, "a.mp4"), (photo, "deep/b.png")):
            target = tmp_path / f"here-{Path(name).name}"
            one_source.redact(
                session, Job(source, name, target, target.with_suffix(".json")), silent
            )
            assert s3.cat_file(f"films/out/{name}") == target.read_bytes()
            assert s3.exists(f"films/out/{name}.plan.json")


def test_what_is_refused(efface, tmp_path):
    for flags, said in (
        (("--address", "auto"), "--address needs --engine ray"),
        (("--engine", "ray", "--jobs", "2"), "the cluster sets the number"),
        (("--engine", "ray", "--address", "ray://host:1"), "on a machine of the cluster"),
    ):
        refused = efface("redact", tmp_path / "a.jpg", *flags)
        assert refused.returncode == 2
        assert said in refused.stderr


def test_without_ray_it_is_named(efface, tmp_path):
    (tmp_path / "ray.py").write_text("raise ImportError('not here')")
    run = efface(
        "redact",
        tmp_path / "a.jpg",
        "--engine",
        "ray",
        PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[2] / 'src'}",
    )
    assert run.returncode == 4
    assert f"pip install {installed_from('ray')}" in run.stderr
