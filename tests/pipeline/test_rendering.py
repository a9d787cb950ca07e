"""What is rendered is what was looked at, whoever writes to the source meanwhile."""

from __future__ import annotations

import gc
import os
import subprocess
from contextlib import nullcontext
from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

import efface
from efface.containers import admission
from efface.containers.admission import admit
from efface.detections import DRAWN
from efface.errors import BadPlan, InputError, PlanMismatch, SourceChanged, VerificationFailed
from efface.files import sha256_of
from efface.findings import Outcome
from efface.media.pixel_formats import Pixels
from efface.media.video.video_source import VideoSource
from efface.options import Options, VerifyOptions
from efface.painting.paint import paint
from efface.pipeline import one_source, rendering
from efface.tracks import Reason, Track

SIZE = (96, 64)


def pictures(count, seed):
    return [
        Image.fromarray(
            np.random.default_rng(seed + i).integers(0, 255, (*SIZE[::-1], 3), np.uint8)
        )
        for i in range(count)
    ]


def drawn(path, seed):
    """A source of that kind; another seed gives other pictures."""
    if path.suffix == ".mp4":
        raw = b"".join(np.asarray(p).tobytes() for p in pictures(5, seed))
        how = [
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-s",
            "96x64",
            "-r",
            "25",
            "-i",
            "-",
            "-pix_fmt",
            "yuv420p",
        ]
        subprocess.run(["ffmpeg", "-v", "error", "-y", *how, path], input=raw, check=True)
    elif path.suffix == ".gif":
        first, *rest = pictures(3, seed)
        first.save(path, save_all=True, append_images=rest, duration=100)
    elif path.suffix == ".tif":
        first, *rest = pictures(2, seed)
        first.save(path, save_all=True, append_images=rest)
    else:
        pictures(1, seed)[0].save(path)
    return path


def swapped(path, content):
    """Other content in place, with size and time of change as they were."""
    before = path.stat()
    with open(path, "r+b") as f:
        f.write(content)
        f.truncate(len(content))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


KINDS = ("a.jpg", "a.png", "a.tif", "a.gif", "a.mp4")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("moment", ["find", "render"])
def test_a_source_that_is_swapped_in_place_is_noticed(tmp_path, monkeypatch, name, moment):
    source, other = drawn(tmp_path / name, 1), drawn(tmp_path / ("b" + name), 100)
    plan = efface.find(source)
    hash_of, again = sha256_of, source.read_bytes()

    def then_swap(path):
        found = hash_of(path)
        if path == source:
            swapped(source, other.read_bytes())
        return found

    monkeypatch.setattr(admission, "sha256_of", then_swap)
    with pytest.raises(InputError) as caught:
        efface.find(source) if moment == "find" else efface.render(
            source, plan, tmp_path / ("t" + source.suffix)
        )
    assert isinstance(caught.value, SourceChanged) or name == "a.mp4"
    monkeypatch.undo()
    swapped(source, again)
    assert not (tmp_path / ("t" + source.suffix)).exists()


def test_a_file_that_had_another_name_meanwhile_is_noticed(tmp_path):
    source, other = drawn(tmp_path / "a.png", 1), drawn(tmp_path / "b.png", 2)
    link = tmp_path / "link.png"
    link.symlink_to(source)

    def exchanged(path):
        with rendering.unchanged(admit(path)):  # type: ignore[attr-defined]
            path.rename(tmp_path / "kept")
            path.symlink_to(other)
            path.unlink()
            (tmp_path / "kept").rename(path)

    for path in (source, link):
        with pytest.raises(SourceChanged):
            exchanged(path)


@pytest.mark.parametrize("name", KINDS)
def test_pictures_are_compared_even_where_the_file_seems_unchanged(tmp_path, monkeypatch, name):
    source, other = drawn(tmp_path / name, 1), drawn(tmp_path / ("b" + name), 100)
    plan = efface.find(source)
    assert len(plan.checksums) == len(plan.timeline)
    monkeypatch.setattr(admission, "sha256_of", lambda path: plan.source_sha256)
    monkeypatch.setattr(rendering, "unchanged", lambda source: nullcontext())
    monkeypatch.setattr(one_source, "unchanged", lambda source: nullcontext())
    target = tmp_path / ("t" + source.suffix)
    with pytest.raises(PlanMismatch if name == "a.mp4" else SourceChanged):
        efface.render(other, plan, target)
    assert not target.exists()


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.mp4"])
@pytest.mark.parametrize("medium", ["photo", "animation", "video"])
def test_a_plan_for_another_medium_is_refused(tmp_path, name, medium):
    source = drawn(tmp_path / name, 1)
    plan = efface.find(source)
    if medium == plan.medium:
        return
    with pytest.raises(BadPlan, match="the plan is one of"):
        efface.render(source, replace(plan, medium=medium), tmp_path / ("t" + source.suffix))


def encoders():
    """The encoders of this process, finished ones included."""
    contexts = [o for o in gc.get_objects() if isinstance(o, av.VideoCodecContext)]
    return [c for c in contexts if c.is_encoder]


def test_the_encoder_is_gone_when_the_check_of_a_film_begins(tmp_path, monkeypatch):
    source, counts = drawn(tmp_path / "a.mp4", 1), []
    before = len(encoders())
    create, prove = vars(rendering)["create"], vars(rendering)["prove"]

    def creating(*about):
        sink = create(*about)
        counts.append(len(encoders()) - before)
        return sink

    def proving(*about):
        counts.append(len(encoders()) - before)
        return prove(*about)

    monkeypatch.setattr(rendering, "create", creating)
    monkeypatch.setattr(rendering, "prove", proving)
    efface.redact(source, tmp_path / "b.mp4")
    assert counts == [1, 0]


def decodings(monkeypatch):
    """How often the frames of each video are read from the first on."""
    begun, frames = [], VideoSource.frames

    def counted(self):
        begun.append(self.info.path.name)
        return frames(self)

    monkeypatch.setattr(VideoSource, "frames", counted)
    return begun


def with_a_box(plan):
    """The plan, in which a person drew a box in every frame."""
    n = len(plan.timeline)
    box = np.tile(np.float32([20, 10, 60, 50]), (n, 1))
    how = np.full(n, Reason.DRAWN, np.uint8), np.zeros(n, np.float32)
    return replace(plan, tracks=(Track(1, DRAWN, np.arange(n, dtype=np.int32), box, *how),))


@pytest.mark.parametrize(
    ("level", "most", "times"), [("quick", 1 << 20, 1), ("quick", 10, 2), ("full", 1 << 20, 2)]
)
def test_a_quick_check_does_not_decode_the_source_again(tmp_path, monkeypatch, level, most, times):
    source = drawn(tmp_path / "a.mp4", 1)
    plan = with_a_box(efface.find(source))
    recorder = vars(rendering)["SampleRecorder"]
    monkeypatch.setattr(rendering, "SampleRecorder", lambda: recorder(most))
    begun = decodings(monkeypatch)
    options = Options(verify=VerifyOptions(level=level))
    done = efface.render(source, plan, tmp_path / "b.mp4", options=options)
    assert begun.count("a.mp4") == times
    coverage = next(c for c in done.verification.checks if c.name == "coverage")
    assert coverage.facts["areas compared"] == 5
    assert coverage.outcome is Outcome.CLEAN


@pytest.mark.parametrize("deed", ["leaves all out", "paints before it is looked at"])
def test_samples_are_taken_of_what_was_looked_at_before_it_is_painted(tmp_path, monkeypatch, deed):
    """A painter that does nothing is caught by them. One that changes the decoder's own memory
    would change what is kept of the next frame, too: then its checksum is another."""
    source = drawn(tmp_path / "a.mp4", 1)
    plan = with_a_box(efface.find(source))
    unpack, target = Pixels.unpack, tmp_path / "b.mp4"

    def painted(self):
        picture = unpack(self)
        paint(picture, plan.regions(0), Options().paint)
        return picture

    if deed == "leaves all out":
        monkeypatch.setattr(rendering, "paint", lambda *_: None)
        with pytest.raises(VerificationFailed, match="still shows what the plan erases"):
            efface.render(source, plan, target)
    else:
        monkeypatch.setattr(Pixels, "unpack", painted)
        with pytest.raises(PlanMismatch, match="decodes to another picture"):
            efface.render(source, plan, target)
    assert not target.exists()
