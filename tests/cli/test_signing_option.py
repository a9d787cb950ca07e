"""`--c2pa-sign` on the command line: whom it warns, and where it refuses."""

from __future__ import annotations

import shutil

import pytest

from efface.containers.sniff import format_of
from efface.content_credentials import c2pa_signing
from tests.content_credentials.conftest import certify, signer_files

__all__ = ["certify", "signer_files"]


@pytest.fixture
def flag(signer_files):
    return ("--c2pa-sign", ",".join(map(str, signer_files)))


def test_a_folder_is_signed_with_a_warning_and_only_once(efface, kept, tmp_path, flag):
    (tmp_path / "in").mkdir()
    for name in ("plain.png", "face.jpg"):
        shutil.copy(kept / name, tmp_path / "in" / name)
    run = ("redact", tmp_path / "in", "-o", tmp_path / "out", *flag)
    done = efface(*run)
    assert done.code == 0, done.err
    assert "CN=Ada" in done.err
    assert "Nobody can take that back" in done.err
    signed = [p for p in (tmp_path / "out").iterdir() if p.suffix in (".png", ".jpg")]
    assert len(signed) == 2
    assert all(b"c2pa.signature" in p.read_bytes() for p in signed)
    assert format_of(signed[0]) in c2pa_signing.MIME
    before = [p.read_bytes() for p in signed]
    assert efface(*run, "-q").err == "", "an earlier run did it, and --quiet says nothing"
    assert [p.read_bytes() for p in signed] == before


@pytest.mark.parametrize(
    ("more", "code", "why"),
    [
        (["-o", "a.mkv"], 5, "writes no Content Credentials into .mkv"),
        (["--engine", "ray"], 2, "the key stays on this machine"),
        (["--dry-run", "-o", "a.webm"], 5, "into .webm"),
    ],
)
def test_what_cannot_be_signed_is_refused(
    efface, kept, tmp_path, flag, monkeypatch, more, code, why
):
    monkeypatch.chdir(tmp_path)
    source = shutil.copy(kept / "clip.mp4", tmp_path / "clip.mp4")
    done = efface("redact", source, *flag, *more)
    assert done.code == code
    assert why in done.err
    assert "Nothing was written" in done.err or "nothing was written" in done.out
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_bad_keys_end_the_run_before_it_begins(efface, kept, tmp_path, signer_files):
    source = shutil.copy(kept / "plain.png", tmp_path / "plain.png")
    done = efface("redact", source, "--c2pa-sign", f"{signer_files[0]},{tmp_path}/gone.pem")
    assert done.code == 3
    assert "gone.pem: is not a usable key" in done.err
    done = efface("redact", source, "--c2pa-sign", "cert.pem")
    assert done.code == 2
    assert "must name two files" in done.err
    done = efface("redact", source, "--c2pa-source-hash")
    assert done.code == 2
    assert "no effect without --c2pa-sign" in done.err


def test_render_with_a_plan_and_live_do_not_sign(efface, kept, tmp_path, flag):
    plan = tmp_path / "a.plan.json"
    plan.write_text("{}")
    done = efface("render", kept / "plain.png", "--plan", plan, *flag)
    assert done.code == 2
    assert "no plan would hold a record" in done.err
    for given in (flag, ("--c2pa-source-hash",)):
        done = efface("live", kept / "clip.mp4", "--to", "mjpeg", *given)
        assert done.code == 2
        assert "a stream cannot be signed" in done.err
