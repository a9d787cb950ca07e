"""The manifest of a copy is that of its plan, it holds, and it shows nothing of the source."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import replace

import pytest

from efface.content_credentials import manifest_check
from efface.content_credentials.copy_signing import CopySigner
from efface.content_credentials.manifest_check import (
    check_manifest,
    read_here,
    read_walled,
    strangers,
)
from efface.content_credentials.signing_key import open_signing_key
from efface.content_credentials.statement import TRIAL
from efface.findings import Outcome
from efface.media import external_tools

PLAN = TRIAL.plan_sha256


@pytest.fixture
def signed(signer_files, photo):
    """A signed JPEG, and what is known of its manifest."""
    path = photo("a.jpg")
    return path, CopySigner(open_signing_key(*signer_files), TRIAL).sign(path)


def messages(check):
    return " ".join(f.message for f in check.findings)


def test_a_copy_is_checked_behind_walls(signed):
    path, made = signed
    check = check_manifest(path, "jpeg", made, PLAN, read_walled)
    assert (check.outcome, check.findings) == (Outcome.CLEAN, ())


def test_a_changed_picture_breaks_the_signature(signed):
    path, made = signed
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    check = check_manifest(path, "jpeg", made, PLAN, read_here)
    assert check.outcome is Outcome.NOT_CLEAN
    assert "signature does not hold (assertion.dataHash.mismatch" in messages(check)


def test_another_manifest_is_not_read_at_all(signed, photo, signer_files):
    def never(path, mime):
        raise AssertionError("a stranger's manifest")

    path, made = signed
    check = check_manifest(path, "jpeg", replace(made, sha256="0" * 64), PLAN, never)
    assert check.outcome is Outcome.NOT_CLEAN
    assert "not the one that efface wrote" in messages(check)
    bare = photo("b.jpg")
    check = check_manifest(bare, "jpeg", made, PLAN, never)
    assert (check.outcome, messages(check)) == (Outcome.REVIEW, manifest_check.LACKS)
    check = check_manifest(bare.with_name("gone.jpg"), "jpeg", made, PLAN, never)
    assert "cannot be walked" in messages(check)


def test_another_plan_or_another_claim_is_seen(signed):
    path, made = signed
    check = check_manifest(path, "jpeg", made, "1" * 64, read_here)
    assert "names another plan" in messages(check)
    check = check_manifest(path, "jpeg", replace(made, has_source_hash=True), PLAN, read_here)
    assert "source's hash" in messages(check)


def changed(told, change):
    told = copy.deepcopy(told)
    change(told, told["manifests"][told["active_manifest"]])
    return told


@pytest.mark.parametrize(
    ("change", "outcome", "message"),
    [
        (lambda t, m: m["ingredients"][0].update(title="a.jpg"), "not clean", "of the source"),
        (lambda t, m: m.update(thumbnail={}), "not clean", "thumbnail"),
        (lambda t, m: t["manifests"].update(other={}), "not clean", "of the source"),
        (lambda t, m: m.update(assertions=[]), "not clean", "other actions"),
        (lambda t, m: m.update(assertions=[{}]), "not clean", "makes no sense"),
        (lambda t, m: t.update(validation_state="Invalid"), "not clean", "no reason given"),
        (
            lambda t, m: t.update(
                validation_state="Invalid",
                validation_status=[{"code": "claimSignature.outsideValidity"}],
            ),
            "needs review",
            "has expired",
        ),
        (lambda t, m: t.update(error="it is odd"), "not clean", "cannot be read (it is odd)"),
        (lambda t, m: t.update(unread="it is absent"), "not looked", ""),
    ],
)
def test_what_the_library_tells_counts(signed, change, outcome, message):
    path, made = signed
    told = changed(read_here(path, "image/jpeg"), change)
    check = check_manifest(path, "jpeg", made, PLAN, lambda *a: told)
    assert check.outcome.value == outcome
    assert message in messages(check)


def test_boxes_of_strangers_are_named():
    def box(kind, content):
        return (8 + len(content)).to_bytes(4) + kind + content

    def described(label, content):
        return box(b"jumb", box(b"jumd", bytes(17) + label + b"\0") + content)

    def assertion(label, kind):
        return described(b"c2pa.assertions", described(label, box(kind, b"")))

    ours = described(b"urn:1", assertion(b"c2pa.actions.v2", b"cbor"))
    assert list(strangers(described(b"c2pa", ours))) == []
    thumbnail = described(b"urn:1", assertion(b"c2pa.thumbnail.claim", b"bidb"))
    assert "c2pa.thumbnail.claim (bidb)" in next(strangers(described(b"c2pa", thumbnail)))
    other = described(b"urn:2", assertion(b"c2pa.actions.v2", b"cbor"))
    assert list(strangers(described(b"c2pa", ours + other))) == ["it holds 2 manifests, not one"]
    assert list(strangers(described(b"c2pa", described(b"x", box(b"cbor", b""))))) != []


def test_a_library_that_is_absent_or_silent_did_not_look(photo, monkeypatch):
    path = photo("a.jpg")
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "c2pa", None)
        assert "needs the extra c2pa" in read_walled(path, "image/jpeg")["unread"]
    pytest.importorskip("c2pa", reason="comes with the extra test")

    def silent(*arguments):
        raise external_tools.NoAnswer("it took too long")

    monkeypatch.setattr(external_tools, "python_answer", silent)
    assert "it took too long" in read_walled(path, "image/jpeg")["unread"]


@pytest.mark.parametrize("answer", ["[]", "{", json.dumps("text")])
def test_an_answer_that_makes_no_sense_is_an_error(answer):
    assert "error" in manifest_check._parsed(answer)
