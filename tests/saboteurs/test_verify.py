"""Every check of a target is shown to fail: targets spoilt in one way each, and 50 leaks at
random."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

import efface
from efface.findings import Outcome
from efface.options import CoverOptions, PaintOptions
from efface.painting.paint import paint

CLEAN, NOT_CLEAN, REVIEW, SKIPPED = (
    Outcome.CLEAN,
    Outcome.NOT_CLEAN,
    Outcome.REVIEW,
    Outcome.SKIPPED,
)


def leaving(face, at):
    """A renderer that forgets one face in one frame."""

    def erase(picture, regions, frame):
        paint(
            picture, [r for i, r in enumerate(regions) if (i, frame) != (face, at)], PaintOptions()
        )

    return erase


def nothing(picture, regions, frame):
    """A renderer that does not erase."""


def instead(change):
    """A renderer that changes the real pixels of each area, in place of erasing them."""

    def erase(picture, regions, frame):
        for region in regions:
            x1, y1, x2, y2 = region.box
            for plane, (sx, sy) in zip(picture.planes, picture.layout.shifts, strict=True):
                part = plane[y1 >> sy : -(-y2 >> sy), x1 >> sx : -(-x2 >> sx)]
                part[...] = change(part, 1 << sx)

    return erase


def blurred(sigma):
    return instead(
        lambda part, shrunk: cv2.GaussianBlur(np.ascontiguousarray(part), (0, 0), sigma / shrunk)
    )


def mosaic(tile):
    def change(part, shrunk):
        size = tuple(max(1, n * shrunk // tile) for n in part.shape[::-1])
        return cv2.resize(
            cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA),
            part.shape[::-1], interpolation=cv2.INTER_NEAREST,
        )  # fmt: skip

    return instead(change)


@pytest.fixture
def verified(clip, kit, tmp_path, blind):
    """verified(erase, pts) makes a target of the clip in that way, and checks it with everything
    there is."""

    def go(*how, **named):
        target = kit.rendered(clip, tmp_path / "target.mp4", *how, **named)
        return efface.verify(target, clip.plan, clip.path)

    return go


def frames(check):
    return sorted({f.frame for f in check.findings})


def test_an_honest_target_is_clean(verified, kit):
    found = verified()
    assert {c.name: c.outcome for c in found.checks if c.name != "leftovers"} == dict.fromkeys(
        ("hashes", "coverage", "second look", "fidelity"), CLEAN
    )
    coverage, fidelity = kit.check(found, "coverage"), kit.check(found, "fidelity")
    assert coverage.facts["areas compared"] == kit.FRAMES * kit.FACES
    assert fidelity.facts["frames compared"] == kit.FRAMES
    assert fidelity.facts["PSNR, lowest"] > 30


def test_an_area_named_by_the_command_that_is_open_in_one_frame(clip, kit, tmp_path, blind):
    options = efface.Options(
        cover=CoverOptions(erase=("6,10,38,42@0:00-0:00.15", "90%,0,100%,20%"))
    )
    named = replace(clip, plan=efface.find(clip.path, options=options))
    honest = kit.rendered(named, tmp_path / "honest.mp4")
    assert kit.check(efface.verify(honest, named.plan, clip.path), "coverage").outcome is CLEAN
    target = kit.rendered(named, tmp_path / "target.mp4", leaving(0, 2))
    coverage = kit.check(efface.verify(target, named.plan, clip.path), "coverage")
    assert [(f.frame, f.box) for f in coverage.findings] == [(2, (6, 10, 38, 42))]


def test_an_untouched_source(verified, clip, kit, blind):
    found = efface.verify(clip.path, clip.plan, clip.path)
    assert [f.message for f in kit.check(found, "hashes").findings] == [
        "the target is the source itself, byte by byte"
    ]
    assert frames(kit.check(found, "coverage")) == list(range(kit.FRAMES))
    encoded = verified(nothing)
    assert kit.check(encoded, "hashes").outcome is CLEAN
    assert frames(kit.check(encoded, "coverage")) == list(range(kit.FRAMES))
    assert encoded.outcome is NOT_CLEAN


@pytest.mark.parametrize("seed", range(50))
def test_one_face_of_three_in_one_frame_at_random(verified, clip, kit, tmp_path, seed):
    rng = np.random.default_rng([2024, seed])
    face, at = int(rng.integers(kit.FACES)), int(rng.integers(kit.FRAMES))
    found = verified(leaving(face, at))
    for checks in (found, kit.proved(clip, tmp_path / "target.mp4")):
        coverage = kit.check(checks, "coverage")
        assert [(f.frame, f.box) for f in coverage.findings] == [(at, kit.box(face, at))]
        assert coverage.findings[0].time_s == pytest.approx(at / 25)
        assert f"frame {at + 1} " in coverage.findings[0].message


@pytest.mark.parametrize(
    "erase",
    [blurred(1), blurred(2), blurred(3), mosaic(4), mosaic(6)],
    ids=["blur 1", "blur 2", "blur 3", "mosaic 4", "mosaic 6"],
)
def test_faces_that_were_blurred_and_not_erased(verified, kit, erase):
    assert frames(kit.check(verified(erase), "coverage")) == list(range(kit.FRAMES))


@pytest.mark.parametrize(
    "erase",
    [nothing, blurred(2), mosaic(6), instead(lambda part, shrunk: part // 2 + 50)],
    ids=["nothing", "blur 2", "mosaic 6", "darker"],
)
def test_a_draft_is_judged_by_kept_samples_as_by_the_source(clip, kit, tmp_path, erase):
    target = kit.rendered(clip, tmp_path / "target.mp4", erase)
    coverage = kit.check(kit.proved(clip, target), "coverage")
    assert coverage.outcome is NOT_CLEAN
    assert frames(coverage) == list(range(kit.FRAMES))


def test_an_honest_draft_is_clean_by_kept_samples_alone(clip, kit, tmp_path, monkeypatch):
    def fetched(self, index):
        raise AssertionError("no frame need be decoded once more")

    monkeypatch.setattr("efface.media.video.frame_access.FrameAccess.frame", fetched)
    monkeypatch.setattr("efface.checks.target.from_source", fetched)
    found = kit.proved(clip, kit.rendered(clip, tmp_path / "target.mp4"))
    coverage, fidelity = kit.check(found, "coverage"), kit.check(found, "fidelity")
    assert (coverage.outcome, fidelity.outcome) == (CLEAN, CLEAN)
    assert coverage.facts["areas compared"] == kit.FRAMES * kit.FACES
    assert fidelity.facts["frames compared"] == kit.FRAMES
    assert 30 < fidelity.facts["PSNR, lowest"] < 60
    assert 0.9 < fidelity.facts["SSIM, mean"] <= 1


def test_frames_in_a_draft_that_are_others_or_absent_or_late(verified, clip, kit, tmp_path):
    """One frame is turned, one shows the first one as it was; one is left out; one comes late."""
    first = []

    def changing(picture, regions, frame):
        first.extend(p.copy() for p in picture.planes if frame == 0)
        kit.honest(picture, regions, frame)
        shown = [p[::-1, ::-1].copy() for p in picture.planes] if frame == 4 else first
        for plane, other in zip(picture.planes, shown, strict=True):
            if frame in (3, 4):
                plane[...] = other

    by_source = verified(changing)
    by_samples = kit.proved(clip, tmp_path / "target.mp4")
    for name in ("coverage", "fidelity"):
        assert frames(kit.check(by_samples, name)) == frames(kit.check(by_source, name))
    assert 4 in frames(kit.check(by_samples, "fidelity"))
    for name, how in (("gone", None), ("late", 7)):
        pts = lambda i, pts, how=how: pts if i != 3 else how and pts + how  # noqa: E731
        target = kit.rendered(clip, tmp_path / f"{name}.mp4", pts=pts)
        fidelity = kit.check(kit.proved(clip, target), "fidelity")
        assert (fidelity.outcome, frames(fidelity)) == (NOT_CLEAN, [3])


@pytest.mark.parametrize("gone", [0, 2, 5])
def test_a_frame_that_was_dropped(verified, kit, gone):
    found = verified(pts=lambda i, pts: None if i == gone else pts)
    fidelity = kit.check(found, "fidelity")
    assert fidelity.outcome is NOT_CLEAN
    assert [f.message for f in fidelity.findings] == [f"frame {gone + 1} of the source is missing"]
    assert kit.check(found, "coverage").outcome is SKIPPED


@pytest.mark.parametrize("shifted", [0, 3])
def test_a_frame_at_a_wrong_time(verified, kit, shifted):
    found = kit.check(verified(pts=lambda i, pts: pts + 7 * (i == shifted)), "fidelity")
    (finding,) = found.findings
    assert (finding.frame, found.outcome) == (shifted, NOT_CLEAN)
    assert "from its time" in finding.message


def test_another_picture_outside_of_the_erased_areas(verified, kit):
    def erase(picture, regions, frame):
        kit.honest(picture, regions, frame)
        if frame == 4:
            for plane in picture.planes:
                plane[...] = plane[::-1, ::-1].copy()

    found = kit.check(verified(erase), "fidelity")
    assert (found.outcome, frames(found)) == (NOT_CLEAN, [4])


def test_a_plan_for_another_source(clip, kit, tmp_path, blind):
    target = kit.rendered(clip, tmp_path / "target.mp4")
    found = efface.verify(target, replace(clip.plan, source_sha256="00" * 32), clip.path)
    assert kit.check(found, "hashes").outcome is NOT_CLEAN


def test_a_black_frame_that_is_not_black(clip, kit, tmp_path, blind):
    target = kit.rendered(clip, tmp_path / "target.mp4")
    found = efface.verify(target, replace(clip.plan, bad=(2,)), clip.path)
    assert frames(kit.check(found, "coverage")) == [2]


# What lies in the file


def test_a_thumbnail_that_was_left_in(tmp_path, kit, blind):
    photo, target = tmp_path / "photo.jpg", tmp_path / "photo.redacted.jpg"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 80, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(photo)
    efface.redact(photo, target)
    assert kit.check(efface.verify(target, source=photo), "leftovers").outcome is CLEAN
    small = tmp_path / "small.jpg"
    Image.fromarray(pixels).resize((20, 16)).save(small)
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", f"-ThumbnailImage<={small}", target], check=True
    )
    leftovers = kit.check(efface.verify(target, source=photo), "leftovers")
    assert leftovers.outcome is NOT_CLEAN


def test_a_place_that_was_left_in(clip, kit, tmp_path, blind):
    target, told = kit.rendered(clip, tmp_path / "target.mp4"), tmp_path / "told.mp4"
    place = ["-movflags", "use_metadata_tags", "-metadata", "location=+48.8584+002.2945/"]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", target, "-c", "copy", *place, told], check=True
    )
    assert b"+48.8584" in told.read_bytes()
    assert kit.check(efface.verify(target, clip.plan, clip.path), "leftovers").outcome is CLEAN
    leftovers = kit.check(efface.verify(told, clip.plan, clip.path), "leftovers")
    assert leftovers.outcome is NOT_CLEAN


# What a detector sees again


def test_a_face_that_is_open_in_one_frame_is_seen_again(portrait, kit, tmp_path):
    target = kit.rendered(portrait, tmp_path / "portrait.mp4", leaving(0, 3))
    (track,) = portrait.plan.tracks
    is_planned = track.frame != 3
    gap = replace(
        track, **{n: getattr(track, n)[is_planned] for n in ("frame", "xyxy", "reason", "score")}
    )
    for plan in (None, replace(portrait.plan, tracks=(gap,)), portrait.plan):
        again = kit.check(efface.verify(target, plan), "second look")
        assert (again.outcome, frames(again)) == (REVIEW, [3])
        assert again.findings[0].score >= 0.7
        left, _, right, _ = again.findings[0].box
        assert 30 < left < 60 < right < 105


def test_a_face_that_was_erased_is_not_seen_again(portrait, kit, tmp_path):
    target = kit.rendered(portrait, tmp_path / "target.mp4")
    found = efface.verify(target, portrait.plan, portrait.path)
    assert kit.check(found, "second look").outcome is CLEAN
    assert kit.check(found, "second look").facts["frames looked at"] >= 1


def test_what_a_person_kept_visible_is_no_finding(portrait, kit, tmp_path):
    target = kit.rendered(portrait, tmp_path / "target.mp4", nothing)
    kept = replace(portrait.plan, tracks=(replace(portrait.plan.tracks[0], keep=True),))
    assert kit.check(efface.verify(target, kept), "second look").outcome is CLEAN
    assert (
        kit.check(efface.verify(target, replace(kept, tracks=())), "second look").outcome is REVIEW
    )


# What could not look


def test_without_source_or_plan_nothing_is_called_clean_that_was_not_looked_at(
    clip, kit, tmp_path, blind
):
    target = kit.rendered(clip, tmp_path / "target.mp4")
    for arguments, lacks in (
        ((), "no source and no plan"),
        ((clip.plan,), "no source"),
        ((None, clip.path), "no plan"),
    ):
        found = efface.verify(target, *arguments)
        assert kit.check(found, "coverage").outcome is SKIPPED
        assert lacks in kit.check(found, "coverage").why
    assert kit.check(efface.verify(target), "fidelity").outcome is SKIPPED
    assert kit.check(efface.verify(target, clip.plan), "fidelity").outcome is CLEAN


def test_a_target_that_breaks_off(verified, clip, kit, tmp_path):
    target = kit.rendered(clip, tmp_path / "whole.mkv")
    broken = tmp_path / "broken.mkv"
    data = bytearray(target.read_bytes())
    data[len(data) * 2 // 3 : len(data) * 2 // 3 + 300] = bytes(300)
    broken.write_bytes(data)
    try:
        found = efface.verify(broken, clip.plan, clip.path)
    except efface.errors.InputError:
        return  # nobody could look, and that is said
    assert kit.check(found, "fidelity").outcome is NOT_CLEAN
    assert kit.check(found, "coverage").outcome is not CLEAN


def test_the_plan_beside_the_target_is_used(clip, kit, tmp_path, blind):
    from efface.planning import sidecar

    target = kit.rendered(clip, tmp_path / "a.redacted.mp4", leaving(1, 2))
    assert kit.check(efface.verify(target, source=clip.path), "coverage").outcome is SKIPPED
    plan = replace(clip.plan, checksums=(0,) * len(clip.plan.timeline))
    sidecar.save(plan, tmp_path / "a.redacted.plan.json")
    assert frames(kit.check(efface.verify(target, source=clip.path), "coverage")) == [2]
    shutil.move(tmp_path / "a.redacted.plan.json", tmp_path / "a.redacted.mp4.plan.json")
    assert frames(kit.check(efface.verify(target, source=clip.path), "coverage")) == [2]
