"""Copies are signed with what their plans say, and only where that is asked for."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import efface
from efface.containers import c2pa_parts
from efface.containers.allowlist import unlisted_parts
from efface.content_credentials import c2pa_reading
from efface.content_credentials.manifest_check import read_here
from efface.detections import FACE
from efface.errors import SigningFailed, TargetUnsuitable
from efface.findings import Outcome
from efface.options import Options, SignOptions, VerifyOptions
from efface.pipeline import one_source
from efface.pipeline.signing import as_rendered, is_signed_as_asked, signer_of, signing_key
from efface.planning import sidecar
from efface.tracks import Reason, Track
from tests.content_credentials.conftest import certify, signer_files

__all__ = ["certify", "signer_files"]

SIZE = (96, 64)
NO_DETECTOR = Options(verify=VerifyOptions(level="off"))


def noise(path: Path) -> Path:
    rng = np.random.default_rng(7)
    if path.suffix != ".mp4":
        Image.fromarray(rng.integers(0, 255, (*SIZE[::-1], 3), np.uint8)).save(path)
        return path
    raw = rng.integers(0, 255, (5, *SIZE[::-1], 3), np.uint8).tobytes()
    how = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "96x64", "-r", "25", "-i", "-"]
    command = ["ffmpeg", "-v", "error", *how, "-pix_fmt", "yuv420p", path]
    subprocess.run(command, input=raw, check=True)
    return path


def signing(files, level="off", **more) -> Options:
    sign = SignOptions(c2pa_sign=",".join(map(str, files)), **more)
    return Options(sign=sign, verify=VerifyOptions(level=level))


class OneFace:
    """The boxes of a program that sees one face in every frame."""

    format, sha256 = "centerface", "a" * 64

    def tracks(self, name, sizes, count, medium):
        box = np.tile(np.float32([8, 8, 40, 40]), (count, 1))
        why, score = np.full(count, Reason.SEEN, np.uint8), np.full(count, 0.9, np.float32)
        return [Track(1, FACE, np.arange(count, dtype=np.int32), box, why, score)]


@pytest.fixture
def planned(monkeypatch):
    """Every search finds one face, at once, without a network."""

    def find(session, source, listener):
        return one_source.given(session, source, OneFace(), listener)

    monkeypatch.setattr(one_source, "find", find)


def told(target: Path, mime: str) -> dict:
    said = read_here(target, mime)
    (manifest,) = said["manifests"].values()
    actions = next(a for a in manifest["assertions"] if "actions" in a["label"])
    return actions["data"]["actions"][1]["parameters"]["org.efface.redaction"]


def test_a_film_says_what_was_erased_and_verifies(planned, signer_files, tmp_path):
    source, options = noise(tmp_path / "a.mp4"), signing(signer_files)
    done = efface.redact(source, options=options)
    details = told(done.rendered.target, "video/mp4")
    assert details["erased"] == [{"kind": "face", "tracks": 1, "areas": 5}]
    assert details["frames"] == 5
    assert details["models"]
    assert all(len(m["sha256"]) == 64 for m in details["models"])
    plan = sidecar.load(done.plan_path)
    assert details["plan_sha256"] == sidecar.seal(plan) == plan.made.seal
    assert "source_sha256" not in details
    text = done.plan_path.read_text("utf-8")
    assert "key.pem" not in text, "a plan names no file of the signer"
    assert "cert.pem" not in text
    found = efface.verify(done.rendered.target, done.plan_path, source, options=NO_DETECTOR)
    by_name = {c.name: c for c in found.checks}
    assert by_name["credentials"].outcome is Outcome.CLEAN
    assert by_name["leftovers"].outcome is Outcome.CLEAN
    assert len(unlisted_parts(done.rendered.target, "mp4")) == 1, "without a plan it is a stranger"


@pytest.mark.parametrize("jpeg", ["recode", "exact"])
def test_the_manifest_of_a_jpeg_names_the_plan_whose_areas_grew(
    planned, signer_files, tmp_path, jpeg
):
    if jpeg == "exact":
        pytest.importorskip("jpegio")
    options = signing(signer_files)
    options = replace(options, write=replace(options.write, jpeg=jpeg))
    done = efface.redact(noise(tmp_path / "a.jpg"), options=options)
    plan = sidecar.load(done.plan_path)
    assert plan.grid is not None
    seal = told(done.rendered.target, "image/jpeg")["plan_sha256"]
    assert seal == sidecar.seal(plan) == plan.made.seal
    found = efface.verify(done.rendered.target, done.plan_path, options=NO_DETECTOR)
    assert {c.name: c.outcome for c in found.checks}["credentials"] is Outcome.CLEAN


def test_a_photo_is_signed_anew_for_another_key_or_claim(
    planned, certify, signer_files, tmp_path, monkeypatch
):
    source = noise(tmp_path / "a.png")
    options = signing(signer_files, "quick")
    done = efface.redact(source, options=options)
    checks = {c.name: c.outcome for c in done.rendered.verification.checks}
    assert checks["credentials"] is checks["leftovers"] is Outcome.CLEAN
    plan = sidecar.load(done.plan_path)
    assert is_signed_as_asked(plan, options.sign)
    assert not is_signed_as_asked(plan, SignOptions())
    assert not is_signed_as_asked(plan, signing(certify("Eve")).sign)
    hashed = signing(signer_files, c2pa_source_hash=True)  # and without a check
    assert not is_signed_as_asked(plan, hashed.sign)
    assert not is_signed_as_asked(replace(plan, made=None), options.sign)
    again = replace(hashed, write=replace(hashed.write, overwrite=True))
    done = efface.redact(source, options=again)
    assert told(done.rendered.target, "image/png")["source_sha256"] == plan.source_sha256
    assert is_signed_as_asked(sidecar.load(done.plan_path), hashed.sign)
    recorded = json.loads(json.dumps(sidecar.load(done.plan_path).made.plain()))["manifest"]
    assert recorded["has_source_hash"]


def test_a_thumbnail_of_the_library_never_reaches_a_target(
    planned, signer_files, tmp_path, monkeypatch
):
    monkeypatch.setitem(c2pa_reading.SETTINGS["builder"]["thumbnail"], "enabled", True)
    source = noise(tmp_path / "a.jpg")
    options = signing(signer_files)
    with pytest.raises(SigningFailed, match=r"a\.redacted\.jpg: cannot be signed.*thumbnail"):
        efface.redact(source, options=options)
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg"]


def test_the_manifest_of_a_source_does_not_survive(planned, signer_files, tmp_path):
    """A signed copy is a source, too: its manifest goes, and the new copy has its own or none."""
    first = efface.redact(noise(tmp_path / "a.jpg"), options=signing(signer_files))
    source = Path(shutil.copy(first.rendered.target, tmp_path / "b.jpg"))
    old = c2pa_parts.store(source, "jpeg")
    assert any(i.name == "C2PA manifest" for i in efface.inspect(source, look=False).items)
    bare = efface.redact(source, tmp_path / "bare.jpg", options=NO_DETECTOR).rendered
    assert bare.manifest is None
    assert b"jumb" not in bare.target.read_bytes()
    signed = efface.redact(source, tmp_path / "signed.jpg", options=signing(signer_files)).rendered
    label = c2pa_parts.boxes_of(old)[0].path[1].encode()
    assert label in old
    assert label not in signed.target.read_bytes()


def test_a_film_that_cannot_be_signed_is_refused_before_any_work(
    signer_files, tmp_path, monkeypatch
):
    monkeypatch.setattr(one_source, "find", None)
    source = noise(tmp_path / "a.mp4")
    with pytest.raises(TargetUnsuitable, match="no Content Credentials into"):
        efface.redact(source, tmp_path / "a.mkv", options=signing(signer_files))


def test_nothing_is_signed_unless_that_is_asked_for(planned, tmp_path):
    plan = efface.redact(noise(tmp_path / "a.png"), options=NO_DETECTOR).plan
    assert signing_key(SignOptions()) is None
    assert signer_of(plan, Options()) is None
    assert "sign" not in as_rendered(plan, Options()).options
