"""When nobody can look, nothing is written: every way in which the looking can fail."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time

import numpy as np
import pytest

from efface.detect.detector import DetectorInfo
from efface.detect.registry import DETECTORS
from efface.detections import FACE, PLATE, Detections

# The model, in a copy of the package


@pytest.fixture(scope="session")
def copied_package(kit, tmp_path_factory):
    """A folder with a copy of the package that may be broken."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(
        kit.SOURCE_CODE / "efface", folder / "efface", ignore=shutil.ignore_patterns("*.pyc.*")
    )
    return folder


def missing(model, pinned):
    model.unlink()


def one_byte(model, pinned):
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)


def no_onnx_with_a_fitting_checksum(model, pinned):
    model.write_bytes(b"this is no model")
    pinned.write_text(hashlib.sha256(model.read_bytes()).hexdigest())


def no_checksum(model, pinned):
    pinned.write_text("")


CHECKS = ("centerface", "plates", "plate-context")
"""Networks that only the check of a photo looks with."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CHECKS, *(f"{name}-int8" for name in CHECKS)])
@pytest.mark.parametrize(
    "damage", [missing, one_byte, no_onnx_with_a_fitting_checksum, no_checksum]
)
def test_a_model_that_cannot_be_used(program, copied_package, kept, kit, tmp_path, damage, name):
    detect = copied_package / "efface" / "detect"
    model, pinned = detect / "models" / f"{name}.onnx", detect / f"{name}.sha256"
    good = model.read_bytes(), pinned.read_bytes()
    names = ("clip.mp4", "face.jpg") if name.endswith("int8") else ("face.jpg", "plain.png")
    kit.taken(kept, tmp_path / "sources", *names)
    commands = [("redact", "sources", "-o", "out")]
    if name not in CHECKS:  # a search can do without those of the check
        commands.append(("find", "sources/face.jpg", "-o", "plan.json", "--coco", "boxes.json"))
    damage(model, pinned)
    try:
        results = [program(*command, package=copied_package) for command in commands]
    finally:
        model.write_bytes(good[0])
        pinned.write_bytes(good[1])
    for result in results:
        assert result.code == 4
        assert result.out == ""
        assert result.err.startswith(f"efface: The model {name} cannot be used: ")
        assert "Nothing was written." in result.err
        assert result.err.count("\n") == 1
    assert kit.names_in(tmp_path) == [f"sources/{source}" for source in names]


def test_the_copy_works_when_it_is_whole(program, copied_package, kept, kit, tmp_path):
    kit.taken(kept, tmp_path, "face.jpg")
    assert program("redact", "face.jpg", package=copied_package).code == 0


def test_a_device_that_is_not_there(efface, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    done = efface("redact", photo, "--device", "cuda")
    assert done.code == 4
    assert "The device cuda is not available" in done.err
    assert kit.names_in(tmp_path) == ["face.jpg"]


def can_cut_the_network() -> bool:
    return (
        bool(shutil.which("unshare"))
        and subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not can_cut_the_network(), reason="needs unshare and the right to use it")
def test_without_a_network_everything_works(program, kept, kit, tmp_path):
    kit.taken(kept, tmp_path, "face.jpg", "clip.mp4")
    done = program("redact", ".", *kit.FAST, before=["unshare", "-rn"])
    assert (done.code, done.err) == (0, "")
    assert "2 of 2 files done." in done.out


# The detector


def nothing():
    return Detections.none()


def raises():
    raise RuntimeError("out of luck")


def exits():
    raise SystemExit(0)


def says_nan():
    return Detections(
        np.full((1, 4), np.nan, np.float32), np.ones(1, np.float32), np.zeros(1, np.uint8)
    )


def says_none():
    return None


def hangs():
    time.sleep(1.2)
    return Detections.none()


def runs_out_of_memory():
    raise MemoryError


@pytest.fixture
def saboteur(monkeypatch):
    """saboteur(sabotage, from_frame) puts a detector in place that works until then."""

    def install(sabotage, from_frame=0):
        class Saboteur:
            infos = (DetectorInfo("saboteur", "1", "0" * 64, "test"),)
            sure = {FACE: 0.5, PLATE: 0.5}  # noqa: RUF012

            def detect(self, frame, look):
                return sabotage() if frame.index >= from_frame else nothing()

        monkeypatch.setitem(DETECTORS, "pyramid", lambda *_, **__: Saboteur())

    return install


@pytest.mark.parametrize("from_frame", [0, 11], ids=["at once", "at the last frame"])
@pytest.mark.parametrize(
    "sabotage", [raises, exits, says_nan, says_none, hangs, runs_out_of_memory]
)
def test_a_detector_that_fails(efface, kept, kit, tmp_path, saboteur, sabotage, from_frame):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    saboteur(sabotage, from_frame)
    for command in (
        ("redact", clip),
        ("find", clip, "-o", tmp_path / "plan.json", "--mot", tmp_path / "boxes.txt"),
    ):
        done = efface(*command, "--detect-timeout", "0.5")
        assert (done.code, done.out) == (4, "")
        assert done.err.startswith(
            f"efface: The detector saboteur failed at frame {from_frame + 1}: "
        )
        assert "Nothing was written." in done.err
        assert kit.names_in(tmp_path) == ["clip.mp4"]


@pytest.mark.parametrize("name", ["heat", "sides"])
def test_a_plate_network_that_answers_nan(efface, kept, kit, tmp_path, monkeypatch, name):
    from efface.detect import map_network

    open_session = map_network.open_session  # type: ignore[attr-defined]

    def spoilt(*arguments):
        session, runtime = open_session(*arguments)

        class Spoilt:
            get_inputs = staticmethod(session.get_inputs)

            @staticmethod
            def run(names, feed):
                maps = dict(zip(names, session.run(names, feed), strict=True))
                maps[name][0, 0, 0, 0] = np.nan
                return [maps[n] for n in names]

        return Spoilt(), runtime

    monkeypatch.setattr(map_network, "open_session", spoilt)
    monkeypatch.setattr(
        map_network, "require_right", lambda *_: None
    )  # which would notice it as it is opened
    sources = kit.taken(kept, tmp_path, "clip.mp4", "face.jpg")
    named = "centerface-int8 with plates-int8 with plate-context-int8"
    for source in sources:
        done = efface("redact", source, *kit.FAST)
        assert (done.code, done.out) == (4, "")
        assert done.err.startswith(f"efface: The detector {named} failed at frame 1: ")
        assert "is not finite. Nothing was written." in done.err
    assert (
        efface("redact", *sources, "-o", tmp_path / "out", "--kinds", "face", *kit.FAST).code == 0
    )


def test_one_that_hangs_on_one_file_gets_to_see_the_next(efface, kept, kit, tmp_path, saboteur):
    kit.taken(kept, tmp_path, "clip.mp4", "plain.png")
    saboteur(hangs, 5)
    done = efface("redact", tmp_path, "--detect-timeout", "0.5", *kit.FAST)
    assert done.code == 4
    assert "1 of 2 files done" in done.out
    assert kit.names_in(tmp_path) == [
        "clip.mp4",
        "plain.png",
        "plain.redacted.png",
        "plain.redacted.png.plan.json",
    ]


# What comes after looking


def test_a_renderer_that_does_nothing_is_caught_by_the_check(
    efface, kept, kit, tmp_path, monkeypatch
):
    monkeypatch.setattr("efface.pipeline.rendering.paint", lambda *_: None)
    for source in kit.taken(kept, tmp_path, "face.jpg", "face.png", "clip.mp4"):
        done = efface("redact", source, *kit.FAST)
        assert (done.code, done.out) == (6, "")
        assert "did not pass its check (frame 1 still shows what the plan erases" in done.err
    assert kit.names_in(tmp_path) == ["clip.mp4", "face.jpg", "face.png"]


def test_a_source_that_changes_meanwhile(efface, kept, kit, tmp_path, monkeypatch):
    from efface.pipeline import one_source

    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    look = one_source.look

    def meddling(*arguments):
        plan = look(*arguments)
        shutil.copy(kept / "other.jpg", photo)
        return plan

    monkeypatch.setattr(one_source, "look", meddling)
    done = efface("redact", photo)
    assert done.code == 3
    assert "changed while efface worked on it" in done.err
    assert kit.names_in(tmp_path) == ["face.jpg"]
