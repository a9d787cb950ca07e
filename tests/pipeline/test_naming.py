"""Which target belongs to which source."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import pytest

from efface.containers.sniff import looks_like_media
from efface.errors import TargetCollision, TargetIsSource, UsageError
from efface.pipeline.naming import (
    Job,
    collisions,
    fitting,
    is_own_output,
    jobs_for,
    left_out,
    plan_beside,
    plans_for,
)
from efface.private_folders import DRAFTS

JPEG = b"\xff\xd8\xff\xe0 not a whole one"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42"


@pytest.fixture
def album(tmp_path):
    """A folder with photos, a video, things that are neither, and earlier results."""
    root = tmp_path / "album"
    for name, content in {
        "b.jpg": JPEG,
        "a.MOV": MP4,
        "deep/er/c.JPG": JPEG,
        "deep/d.mp4": JPEG,
        "notes.txt": b"text",
        "b.redacted.jpg": JPEG,
        "b.redacted.plan.json": b"{}",
        "a.redacted.mp4": MP4,
        DRAFTS + "x/draft.jpg": JPEG,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    yield root
    for path in sorted((root / (DRAFTS + "x")).iterdir()):
        path.unlink()
    (root / (DRAFTS + "x")).rmdir()


def listed(jobs, below):
    return [
        (j.name, os.path.relpath(j.target, below), os.path.relpath(j.plan_path, below))
        for j in jobs
    ]


def test_a_single_file_gets_a_mark_and_its_plan_beside_it(album):
    assert listed(jobs_for([album / "b.jpg"], None), album) == [
        ("b.jpg", "b.redacted.jpg", "b.redacted.jpg.plan.json")
    ]
    assert listed(jobs_for([album / "a.MOV"], None), album) == [
        ("a.MOV", "a.redacted.mp4", "a.redacted.mp4.plan.json")
    ]
    # The content decides, and not the suffix: this one is a photo.
    assert listed(jobs_for([album / "deep/d.mp4"], None), album / "deep")[0][1] == "d.redacted.mp4"


def test_a_single_file_may_be_given_a_target_or_a_folder(album, tmp_path):
    assert listed(jobs_for([album / "b.jpg"], tmp_path / "x.jpg"), tmp_path) == [
        ("b.jpg", "x.jpg", "x.jpg.plan.json")
    ]
    assert listed(jobs_for([album / "b.jpg"], tmp_path), tmp_path) == [
        ("b.jpg", "b.jpg", "b.jpg.plan.json")
    ]


def test_a_folder_keeps_its_structure_and_own_results_are_no_sources(album, tmp_path):
    out = tmp_path / "out"
    assert listed(jobs_for([album], out), out) == [
        ("a.MOV", "a.mp4", "a.mp4.plan.json"),
        ("b.jpg", "b.jpg", "b.jpg.plan.json"),
        ("deep/d.mp4", "deep/d.mp4", "deep/d.mp4.plan.json"),
        ("deep/er/c.JPG", "deep/er/c.JPG", "deep/er/c.JPG.plan.json"),
    ]


def test_a_folder_without_o_puts_targets_beside_their_sources(album):
    assert [t for _, t, _ in listed(jobs_for([album], None), album)] == [
        "a.redacted.mp4",
        "b.redacted.jpg",
        "deep/d.redacted.mp4",
        "deep/er/c.redacted.JPG",
    ]


@pytest.mark.parametrize(
    "spelling", ["album/out", "album/./out", "album/deep/../out", "link/out", "album/lout"]
)
def test_the_output_folder_is_never_a_source(album, tmp_path, monkeypatch, spelling):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(album)
    (album / "lout").symlink_to(album / "out")
    (album / "out").mkdir()
    (album / "out" / "earlier.jpg").write_bytes(JPEG)
    found = {j.name for j in jobs_for([album], tmp_path / spelling)}
    assert found == {"a.MOV", "b.jpg", "deep/d.mp4", "deep/er/c.JPG"}


def test_loops_of_links_end(album, tmp_path):
    (album / "deep" / "up").symlink_to(album)
    (album / "self.jpg").symlink_to(album / "self.jpg")
    (album / "selfdir").symlink_to(album / "selfdir")
    names = [j.name for j in jobs_for([album], tmp_path / "out")]
    assert names == ["a.MOV", "b.jpg", "self.jpg", "deep/d.mp4", "deep/er/c.JPG"]
    (tmp_path / "o").symlink_to(tmp_path / "o")
    assert len(jobs_for([album], tmp_path / "o")) == 5


def test_a_folder_that_cannot_be_listed_is_reported_and_not_passed_over(
    album, tmp_path, monkeypatch
):
    scandir = os.scandir

    def closed(path):
        if os.fspath(path).endswith("er"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert [j.name for j in jobs_for([album], tmp_path / "out")] == [
        "a.MOV",
        "b.jpg",
        "deep/d.mp4",
        "deep/er",
    ]
    assert [j.name for j in plans_for([album], tmp_path / "out")][-1] == "deep/er"


def test_an_absent_source_gets_a_job_whose_turn_will_tell(tmp_path):
    assert (
        listed(jobs_for([tmp_path / "absent.jpg"], None), tmp_path)[0][1] == "absent.redacted.jpg"
    )


def test_many_sources_want_a_folder(album, tmp_path):
    both = [album / "b.jpg", album / "a.MOV"]
    assert [j.target.name for j in jobs_for(both, tmp_path / "new")] == ["b.jpg", "a.mp4"]
    (tmp_path / "file").touch()
    for sources in (both, [album]):
        with pytest.raises(UsageError, match="this must be a folder"):
            jobs_for(sources, tmp_path / "file")


def test_plans_alone(album, tmp_path):
    assert plans_for([album / "b.jpg"], tmp_path / "p.json")[0].plan_path == tmp_path / "p.json"
    assert plans_for([album / "b.jpg"], None)[0].plan_path == album / "b.redacted.jpg.plan.json"
    out = tmp_path / "out"
    assert [os.path.relpath(j.plan_path, out) for j in plans_for([album], out)][
        -1
    ] == "deep/er/c.JPG.plan.json"


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("a.redacted.jpg", True),
        ("a.redacted.mp4", True),
        ("redacted.jpg", False),
        ("a.redacted", False),
        ("a.b.jpg", False),
    ],
)
def test_own_results_are_known_by_their_names(tmp_path, name, own):
    assert is_own_output(tmp_path / name) is own


def job(tmp_path, source, target, plan=None):
    return Job(
        tmp_path / source, source, tmp_path / target, tmp_path / (plan or target + ".plan.json")
    )


def test_no_collisions(tmp_path):
    assert collisions([job(tmp_path, "a.jpg", "o/a.jpg"), job(tmp_path, "a.png", "o/a.png")]) == {}
    assert collisions([]) == {}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("a.mkv", "o/a.mp4"), ("a.mov", "o/a.mp4")),
        (("A.jpg", "o/A.jpg"), ("a.jpg", "o/a.jpg")),
        (("x/a.jpg", "o/a.jpg"), ("y/a.jpg", "o/../o/a.jpg")),
        (("a.jpg", "a.redacted.jpg", "a.plan.json"), ("a.png", "a.redacted.png", "a.plan.json")),
    ],
)
def test_two_sources_for_one_target_are_both_refused(tmp_path, first, second):
    jobs = [job(tmp_path, *first), job(tmp_path, *second), job(tmp_path, "c.jpg", "o/c.jpg")]
    found = collisions(jobs)
    assert set(found) == {jobs[0].source, jobs[1].source}
    assert all(isinstance(e, TargetCollision) for e in found.values())
    assert first[0] in str(found[jobs[0].source])
    assert second[0] in str(found[jobs[0].source])


def test_no_source_is_the_target_of_another(tmp_path):
    (tmp_path / "a.redacted.jpg").write_bytes(JPEG)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.redacted.jpg")
    for other in ("a.redacted.jpg", "link.jpg"):
        jobs = [job(tmp_path, "a.jpg", "a.redacted.jpg"), job(tmp_path, other, "free.jpg")]
        found = collisions(jobs)
        assert set(found) == {jobs[0].source}
        assert isinstance(found[jobs[0].source], TargetIsSource)


def test_a_name_that_is_too_long_is_left_for_its_turn_to_tell(tmp_path):
    long = tmp_path / ("n" * 300 + ".jpg")
    assert jobs_for([long], None)[0].source == long
    assert jobs_for([long, long], tmp_path / ("o" * 300))[0].source == long


def test_results_in_another_folder_below_the_source_are_no_sources_either(tmp_path):
    """Their plans stand beside them, and name other files; a plan that was made for the file itself
    says nothing."""
    photo = JPEG + b"1"
    (tmp_path / "a.jpg").write_bytes(photo)
    (tmp_path / "a.plan.json").write_text(
        json.dumps({"sha256": hashlib.sha256(photo).hexdigest()}, separators=(",", ":"))
    )
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.jpg").write_bytes(JPEG + b"2")
    shutil.copy(tmp_path / "a.plan.json", tmp_path / "out/a.jpg.plan.json")
    assert [j.name for j in jobs_for([tmp_path], tmp_path / "elsewhere")] == ["a.jpg"]
    assert left_out([tmp_path], tmp_path / "elsewhere") == [tmp_path / "out/a.jpg"]


def test_a_folder_names_whatever_looks_like_a_photo_or_a_film(tmp_path):
    root = tmp_path / "card"
    root.mkdir()
    for name, content in {
        "a.jpg": JPEG,
        "no-ending": JPEG,
        "odd.dat": MP4,
        "b.bmp": b"BM",
        "c.jxl": b"\xff\x0a",
        "d.NEF": b"",
        "e.h264": b"\0\0\0\1",
        "f.dav": b"DHAV",
        "g": b"8BPS\0\1",
        "h": b"FUJIFILMCCD-RAW",
        "i.bin": b"II*\0\x10\0\0\0CR\2\0",
        "j.pdf": b"%PDF-1.4",
        "k": b"%PDF-1.7",
        "l.svg": b"<svg>",
        "m.icns": b"icns",
        "notes.txt": b"BM is a letter",
        "song.m4a": (b"\0\0\0\x14ftypM4A \0\0\0\0mp42"),
        "song.ogg": b"OggS",
        "page.html": b"<html>",
        "p.plan.json": b"{}",
        "P1": b"P1 is a name",
    }.items():
        (root / name).write_bytes(content)
    os.mkfifo(root / "pipe")
    (root / "nowhere").symlink_to(root / "gone")
    expected = [
        "a.jpg",
        "b.bmp",
        "c.jxl",
        "d.NEF",
        "e.h264",
        "f.dav",
        "g",
        "h",
        "i.bin",
        "j.pdf",
        "k",
        "l.svg",
        "m.icns",
    ]
    expected += ["no-ending", "odd.dat"]
    assert [j.name for j in jobs_for([root], tmp_path / "out")] == expected


def test_what_cannot_be_looked_at_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.dat").write_bytes(JPEG)
    (tmp_path / "b.dat").write_bytes(b"text")

    def closed(path, *_):
        raise PermissionError(13, "no")

    monkeypatch.setattr("builtins.open", closed)
    assert looks_like_media(tmp_path / "a.dat")
    assert looks_like_media(tmp_path / "b.dat")


def test_a_bitmap_becomes_png(tmp_path):
    (tmp_path / "a.bmp").write_bytes(b"BM" + bytes(12) + b"\x28\0\0\0" + bytes(40))
    assert jobs_for([tmp_path / "a.bmp"], None)[0].target.name == "a.redacted.png"
    assert jobs_for([tmp_path / "a.bmp"], tmp_path)[0].target.name == "a.png"


@pytest.mark.parametrize(
    "stem", ["x" * 246, "\u00fc" * 123, "\u4e2d" * 82, os.fsdecode(b"\xff" * 246)]
)
def test_names_that_would_be_too_long_are_cut_and_stay_apart(tmp_path, stem):
    source = tmp_path / (stem + ".jpg")
    other = tmp_path / (stem[:-1] + "y.jpg")
    found = []
    for path in (source, other):
        path.write_bytes(JPEG)
        for job in (
            jobs_for([path], None)[0],
            jobs_for([path], tmp_path / "out.jpg")[0],
            jobs_for([tmp_path], tmp_path / "o")[0],
        ):
            for name in (job.target.name, job.plan_path.name):
                assert len(os.fsencode(name)) <= 255
        job = jobs_for([path], None)[0]
        job.target.write_bytes(JPEG)
        job.plan_path.write_bytes(b"{}")
        assert plan_beside(job.target) == job.plan_path
        assert is_own_output(job.target)
        found += [job.target, job.plan_path]
    assert len(set(found)) == 4


def test_short_names_stay_as_they_are():
    assert fitting("a.jpg", ".plan.json") == "a.jpg.plan.json"
    assert fitting("x" * 245, ".plan.json") == "x" * 245 + ".plan.json"
