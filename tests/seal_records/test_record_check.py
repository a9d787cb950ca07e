"""The check of a record says what changed, what is missing, and what it did not look at."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from hashlib import sha256

import pytest

from efface.errors import BadSeal
from efface.seal_records.minisign_keys import make_key
from efface.seal_records.record_check import Signature, State, check_record
from efface.seal_records.record_text import SealedFile, SealRecord

CONTENT = {"original": b"the original", "plan": b"{}", "copy": b"the copy"}
NAMES = {"original": "a.jpg", "plan": "a.plan.json", "copy": "a.redacted.jpg"}


def record_of(names=NAMES, key=""):
    files = tuple(
        SealedFile(role, len(c), sha256(c).hexdigest(), names.get(role, ""))
        for role, c in CONTENT.items()
    )
    return SealRecord(sealed_at="2026-11-29T09:40:12Z", efface="0.1.0", files=files, key=key)


@pytest.fixture
def sealed(tmp_path):
    """A folder with three files, and their record."""
    for role, content in CONTENT.items():
        (tmp_path / NAMES[role]).write_bytes(content)
    path = tmp_path / "a.seal.txt"
    path.write_text(record_of().text(), "utf-8", newline="\n")
    return path


def states(path, *folders):
    return {f.file.role: f.state for f in check_record(path, folders).files}


def test_what_is_unchanged_changed_and_missing(sealed):
    assert set(states(sealed).values()) == {State.UNCHANGED}
    sealed.with_name("a.jpg").write_bytes(b"The original")
    sealed.with_name("a.plan.json").unlink()
    assert states(sealed) == {
        "original": State.CHANGED,
        "plan": State.MISSING,
        "copy": State.UNCHANGED,
    }


def test_a_size_that_is_not_true_is_noticed(sealed):
    """The hash of a record that nobody signed may be right, and its size a lie."""
    text = sealed.read_text("utf-8").replace("original: 12 bytes", "original: 13 bytes")
    sealed.write_text(text, "utf-8", newline="\n")
    assert states(sealed)["original"] is State.CHANGED


def test_files_may_lie_in_other_folders(sealed, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    os.rename(sealed.with_name("a.redacted.jpg"), other / "a.redacted.jpg")
    assert states(sealed)["copy"] is State.MISSING
    assert states(sealed, other)["copy"] is State.UNCHANGED


def test_a_copy_with_the_name_of_its_original_is_missing_and_not_changed(sealed, tmp_path):
    sealed.write_text(record_of(NAMES | {"copy": "a.jpg"}).text(), "utf-8", newline="\n")
    assert states(sealed)["copy"] is State.MISSING
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.jpg").write_bytes(CONTENT["copy"])
    assert states(sealed, tmp_path / "out") == dict.fromkeys(CONTENT, State.UNCHANGED)


def test_files_without_names_are_found_by_their_bytes(sealed):
    sealed.write_text(record_of({}).text(), "utf-8", newline="\n")
    assert set(states(sealed).values()) == {State.UNCHANGED}
    sealed.with_name("a.jpg").write_bytes(b"The original")
    assert states(sealed)["original"] is State.MISSING
    assert states(sealed, sealed.parent / "none")["original"] is State.UNREADABLE


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_no_link_is_followed(sealed, tmp_path):
    secret = tmp_path / "secret"
    os.rename(sealed.with_name("a.jpg"), secret)
    sealed.with_name("a.jpg").symlink_to(secret)
    (found, *_) = check_record(sealed, ()).files
    assert found.state is State.UNREADABLE
    assert "link" in found.why
    os.remove(sealed.with_name("a.plan.json"))
    os.mkfifo(sealed.with_name("a.plan.json"))
    assert states(sealed)["plan"] is State.UNREADABLE
    (tmp_path / "linked.txt").symlink_to(sealed)
    with pytest.raises(BadSeal, match="link"):
        check_record(tmp_path / "linked.txt", ())
    (tmp_path / "a.seal.txt.minisig").symlink_to(secret)
    assert check_record(sealed, ()).signature.outcome is Signature.BROKEN


def test_a_link_without_a_name_in_the_record_is_not_followed_either(sealed, tmp_path):
    sealed.write_text(record_of({}).text(), "utf-8", newline="\n")
    (tmp_path / "far").mkdir()
    os.rename(sealed.with_name("a.jpg"), tmp_path / "far" / "b")
    sealed.with_name("a.jpg").symlink_to(tmp_path / "far" / "b")
    assert states(sealed)["original"] is State.MISSING


@pytest.mark.parametrize("name", ["missing.txt", ".", "a\x00b"])
def test_what_is_no_file_is_no_record(tmp_path, name):
    with pytest.raises(BadSeal):
        check_record(tmp_path / name, ())


class TestSignature:
    @pytest.fixture
    def signed(self, sealed):
        pytest.importorskip("minisign", reason="comes with the extra test")
        with make_key(sealed.with_name("me.key"), "") as signer:
            data = record_of(key=signer.public).text().encode()
            sealed.write_bytes(data)
            sealed.with_name("a.seal.txt.minisig").write_bytes(signer.signature(data, 1))
        return sealed, signer.public

    def outcome(self, path, key=""):
        return check_record(path, (), key).signature.outcome

    def test_it_holds(self, signed):
        path, key = signed
        assert self.outcome(path, key) is Signature.HOLDS
        assert self.outcome(path) is Signature.OF_UNKNOWN_KEY

    def test_any_change_breaks_it(self, signed):
        path, key = signed
        record = record_of(key=key)
        for changed in (replace(record, efface="0.1.1"), replace(record, key="")):
            path.write_bytes(changed.text().encode())
            assert self.outcome(path, key) is Signature.BROKEN

    def test_a_record_signed_again_by_another_does_not_pass_for_the_first(self, signed):
        path, key = signed
        with make_key(path.with_name("other.key"), "") as other:
            data = record_of(key=other.public).text().encode()
            path.write_bytes(data)
            path.with_name("a.seal.txt.minisig").write_bytes(other.signature(data, 1))
        found = check_record(path, (), key).signature
        assert found.outcome is Signature.BROKEN
        assert "another key" in found.why
        assert self.outcome(path) is Signature.OF_UNKNOWN_KEY

    def test_a_signature_that_is_gone_or_too_large_does_not_hold(self, signed):
        path, key = signed
        path.with_name("a.seal.txt.minisig").write_bytes(b"x" * 20_000)
        assert self.outcome(path) is Signature.BROKEN
        path.with_name("a.seal.txt.minisig").unlink()
        assert self.outcome(path) is Signature.BROKEN
        path.write_bytes(record_of().text().encode())
        assert self.outcome(path) is Signature.NONE
        assert self.outcome(path, key) is Signature.BROKEN

    def test_a_record_that_was_signed_by_hand_needs_the_key(self, signed):
        path, key = signed
        from efface.seal_records.minisign_keys import open_key

        data = record_of().text().encode()
        path.write_bytes(data)
        with open_key(path.with_name("me.key"), str) as signer:
            path.with_name("a.seal.txt.minisig").write_bytes(signer.signature(data, 1))
        assert self.outcome(path) is Signature.UNCHECKED
        assert self.outcome(path, key) is Signature.HOLDS

    def test_without_the_packages_it_is_said_that_nothing_was_checked(self, signed, monkeypatch):
        monkeypatch.setitem(sys.modules, "minisign", None)
        assert self.outcome(signed[0]) is Signature.UNCHECKED
