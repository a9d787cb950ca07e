"""`efface seal` as people meet it: records, exit codes, and what is said."""

from __future__ import annotations

import io
import sys
from hashlib import sha256

import pytest

NEEDLE = b"\xff\xd8\xff needle of the original"


@pytest.fixture
def photos(tmp_path):
    """A folder with two originals that were not redacted."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(NEEDLE)
    (folder / "sub" / "b.jpg").write_bytes(NEEDLE * 2)
    return folder


@pytest.fixture
def typed(monkeypatch):
    """typed("text") is what stands on standard input."""
    pytest.importorskip("minisign", reason="comes with the extra test")
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_record_without_a_key_says_so(efface, photos):
    done = efface("seal", photos / "a.jpg")
    assert done.code == 0
    assert "not signed" in done.out
    assert "holds the original alone" in done.out
    record = photos / "a.jpg.seal.txt"
    text = record.read_text("utf-8")
    assert f"SHA256 (a.jpg) = {sha256(NEEDLE).hexdigest()}" in text
    assert "signed by: nobody." in text
    done = efface("seal", "--check", record)
    assert done.code == 7
    assert "Nobody signed the record" in done.out


def test_a_new_key_signs_and_the_check_tells_what_changed(efface, photos, tmp_path, typed):
    typed("pw\n")
    done = efface("seal", photos / "a.jpg", "--new-key", tmp_path / "me.key")
    assert done.code == 0
    assert "stands for its owner" in done.err
    record, public = photos / "a.jpg.seal.txt", tmp_path / "me.pub"
    done = efface("seal", "--check", record, "--public-key", public)
    assert (done.code, done.err) == (0, "")
    assert "everything is as it was sealed" in done.out
    done = efface("seal", "--check", record)
    assert done.code == 7
    assert "Ask the owner for the key" in done.out
    (photos / "a.jpg").write_bytes(NEEDLE + b"!")
    done = efface("seal", "--check", record, "--public-key", public)
    assert done.code == 6
    assert "CHANGED" in done.out
    typed("wrong\n")
    done = efface("seal", photos / "a.jpg", "--key", tmp_path / "me.key", "--overwrite")
    assert done.code == 3
    assert "wrong password" in done.err


def test_many_originals_and_one_that_is_gone(efface, photos, tmp_path):
    done = efface("seal", photos, photos / "gone.jpg", "-o", f"{tmp_path}/records/")
    assert done.code == 3
    assert "gone.jpg" in done.err
    records = sorted((tmp_path / "records").rglob("*.seal.txt"))
    assert [r.name for r in records] == ["a.jpg.seal.txt", "b.jpg.seal.txt"]
    done = efface("seal", "--check", *records, "--in", photos)
    assert done.code == 6, "no file of the second record is there"
    done = efface("seal", "--check", *records, "--in", photos, "--in", photos / "sub", "-q")
    assert (done.code, done.out, done.err) == (7, "", "")
    done = efface("seal", "--check", tmp_path / "gone.txt", records[0], "--in", photos)
    assert done.code == 3
    assert "gone.txt: is not a usable seal record" in done.err


def test_one_record_by_a_name_of_its_own(efface, photos, tmp_path):
    done = efface("seal", photos / "a.jpg", "-o", tmp_path / "r.txt", "--no-names", "-q")
    assert (done.code, done.out) == (0, "")
    assert "a.jpg" not in (tmp_path / "r.txt").read_text("utf-8")
    done = efface("seal", "--check", tmp_path / "r.txt", "--in", photos)
    assert "unchanged: a.jpg" in done.out


def test_a_missing_file_asks_for_a_look(efface, photos, tmp_path):
    (tmp_path / "report.json").write_text("{}")
    assert efface("seal", photos / "a.jpg", "--report", tmp_path / "report.json").code == 0
    done = efface("seal", "--check", photos / "a.jpg.seal.txt")
    assert done.code == 7
    assert "missing: no file of that name is there (report.json)" in done.out
    assert "Not every file was looked at; see --in." in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--check", "--overwrite"), "--check takes only"),
        (("--check", "--key", "k"), "--check takes only"),
        (("--public-key", "k"), "no effect without --check"),
        (("--in", "k"), "no effect without --check"),
        (("--key", "a", "--new-key", "b"), "one at a time"),
        (("--plan", "p"), "name a single ORIGINAL"),
        (("-o", "{}/records/"), "the same record"),
        (("-o", "s3://films/records"), "not to an address"),
    ],
)
def test_contradictions_are_refused(efface, photos, tmp_path, arguments, said):
    (tmp_path / "a.jpg").write_bytes(NEEDLE)
    given = (a.format(tmp_path) for a in arguments)
    done = efface("seal", photos / "a.jpg", tmp_path / "a.jpg", *given)
    assert done.code == 2
    assert said in done.err
    assert not list(tmp_path.rglob("*.seal.txt"))


def test_a_password_is_asked_for_on_a_terminal(efface, photos, tmp_path, typed, monkeypatch):
    typed("")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    asked = []
    monkeypatch.setattr("click.prompt", lambda text, **how: asked.append((text, how)) or "pw")
    assert efface("seal", photos / "a.jpg", "--new-key", tmp_path / "me.key").code == 0
    assert efface("seal", photos, "--key", tmp_path / "me.key", "--overwrite").code == 0
    assert [how["confirmation_prompt"] for _, how in asked] == [True, False]
    assert all(how["hide_input"] for _, how in asked)


def test_a_stop_ends_it(efface, photos, monkeypatch):
    monkeypatch.setattr("efface.cli.seal_command.asked_to_stop.is_set", lambda: True)
    assert efface("seal", photos).code == 130
    assert not list(photos.rglob("*.seal.txt"))
