"""Signing adds a manifest and nothing else, and fails where a library would add more."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from efface.containers import c2pa_parts
from efface.containers.allowlist import unlisted_parts
from efface.containers.sniff import format_of
from efface.content_credentials import c2pa_reading, copy_signing
from efface.content_credentials.copy_signing import CopySigner, require_signable_film
from efface.content_credentials.manifest_check import check_manifest, read_here
from efface.content_credentials.signing_key import SigningKey, open_signing_key
from efface.content_credentials.statement import TRIAL, ErasedKind
from efface.errors import SigningFailed, TargetUnsuitable, WriteFailed
from efface.findings import Outcome

STATEMENT = replace(TRIAL, kinds=(ErasedKind("face", 2, 31),))


@pytest.fixture
def signer(signer_files) -> CopySigner:
    return CopySigner(open_signing_key(*signer_files), STATEMENT)


def film(path):
    how = ["-f", "lavfi", "-i", "testsrc=s=64x48:d=0.2:r=10", "-bitexact"]
    subprocess.run(["ffmpeg", "-v", "error", *how, path], check=True, capture_output=True)
    return path


NAMES = (
    "a.jpg",
    "a.png",
    "a.webp",
    "a.tif",
    "a.gif",
    "a.heic",
    "a.avif",
    "a.mp4",
    "a.mov",
    "a.avi",
)


@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_signed_and_the_signature_holds(signer, photo, tmp_path, name):
    is_film = name.endswith(("mp4", "mov", "avi"))
    path = film(tmp_path / name) if is_film else photo(name)
    form, before = format_of(path), unlisted_parts(path, format_of(path))
    made = signer.sign(path)
    assert [p.name for p in path.parent.iterdir()] == [name], "no other file is left"
    assert len(unlisted_parts(path, form)) > len(before)
    assert unlisted_parts(path, form, made.sha256) == before
    check = check_manifest(path, form, made, STATEMENT.plan_sha256, read_here)
    assert (check.outcome, check.findings) == (Outcome.CLEAN, ())
    assert check.facts["certificate"] == signer.key.fingerprint


def test_a_signed_copy_holds_no_thumbnail_no_path_and_no_other_manifest(signer, photo):
    path = photo("a.jpg")
    signer.sign(path)
    store = c2pa_parts.store(path, "jpeg")
    labels = {b.path[-1] for b in c2pa_parts.boxes_of(store)}
    assert labels == {
        "c2pa.actions.v2", "c2pa.ingredient.v3", "c2pa.hash.data", "c2pa.claim.v2",
        "c2pa.signature",
    }  # fmt: skip
    assert not any(word in store for word in (b"thumbnail", b"a.jpg", str(path.parent).encode()))


def test_a_thumbnail_stops_it(signer, photo, monkeypatch):
    """By default the library makes a thumbnail."""
    monkeypatch.setitem(c2pa_reading.SETTINGS["builder"]["thumbnail"], "enabled", True)
    path = photo("a.jpg")
    before = path.read_bytes()
    with pytest.raises(SigningFailed, match="thumbnail"):
        signer.sign(path)
    assert path.read_bytes() == before


def test_other_bytes_than_the_library_told_of_stop_it(signer, photo, monkeypatch):
    sign_file = SigningKey.sign_file
    monkeypatch.setattr(SigningKey, "sign_file", lambda *a: sign_file(*a) + b"x")
    with pytest.raises(SigningFailed, match="not the one that the library returned"):
        signer.sign(photo("a.png"))


def test_bytes_between_the_parts_of_a_tiff_stop_it(signer, photo, monkeypatch):
    path, sign_file = photo("a.tif"), SigningKey.sign_file

    def spoiled(key, definition, draft, signed, mime):
        found = sign_file(key, definition, draft, signed, mime)
        data = bytearray(signed.read_bytes())
        (at, _), *_ = c2pa_parts.gaps(signed, "tiff")
        data[at + 5] ^= 1
        signed.write_bytes(data)
        return found

    monkeypatch.setattr(SigningKey, "sign_file", spoiled)
    with pytest.raises(SigningFailed, match="between the parts"):
        signer.sign(path)


def test_what_the_library_refuses_is_an_error_of_efface(signer, photo):
    path = photo("a.jpg")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SigningFailed, match="Nothing was written"):
        signer.sign(path)


def test_a_disk_that_is_full_is_said(signer, photo, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SigningKey, "sign_file", full)
    with pytest.raises(WriteFailed, match="no space left"):
        signer.sign(photo("a.jpg"))


def test_what_cannot_hold_a_manifest_is_refused(signer, photo, tmp_path):
    pages = replace(signer, statement=replace(STATEMENT, frames=2))
    with pytest.raises(TargetUnsuitable, match="several pages"):
        pages.sign(photo("a.tif", pages=2))
    with pytest.raises(TargetUnsuitable, match="into matroska"):
        signer.sign(film(tmp_path / "a.mkv"))
    with pytest.raises(TargetUnsuitable, match=r"into \.webm films"):
        require_signable_film(tmp_path / "a.webm")
    require_signable_film(tmp_path / "a.MOV")
    assert copy_signing.SIGNED_FILMS
