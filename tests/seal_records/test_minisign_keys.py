"""Keys and signatures of efface are minisign's, and the other way round."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from efface.errors import BadKey, ExtraMissing, TargetExists, WriteFailed
from efface.seal_records import minisign_keys
from efface.seal_records.minisign_keys import holds, make_key, open_key, public_key

pytest.importorskip("minisign", reason="comes with the extra test")


def never() -> str:
    raise AssertionError("no password is needed")


def minisign(*arguments, stdin=""):
    """Run the program minisign as a stranger does."""
    if shutil.which("minisign") is None:
        pytest.skip("the program minisign is not installed")
    return subprocess.run(
        ["minisign", *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def signed(tmp_path):
    """A key without a password, and a file that it signed."""
    path = tmp_path / "record.txt"
    path.write_bytes(b"what is signed\n")
    with make_key(tmp_path / "me.key", "") as signer:
        signature = signer.signature(path.read_bytes(), 1_795_944_226)
    (tmp_path / "record.txt.minisig").write_bytes(signature)
    return path, signature, signer.public


def test_minisign_checks_what_efface_signed(signed, tmp_path):
    path, _, public = signed
    assert minisign("-V", "-m", path, "-p", tmp_path / "me.pub").returncode == 0
    done = minisign("-V", "-m", path, "-P", public)
    assert "Trusted comment: timestamp:1795944226" in done.stdout
    path.write_bytes(b"what is signed!\n")
    assert minisign("-V", "-m", path, "-P", public).returncode != 0


def test_efface_signs_with_a_key_of_minisign(tmp_path):
    secret, public = tmp_path / "m.key", tmp_path / "m.pub"
    assert minisign("-G", "-W", "-p", public, "-s", secret).returncode == 0
    path = tmp_path / "a"
    path.write_bytes(b"bytes")
    with open_key(secret, never) as signer:
        path.with_name("a.minisig").write_bytes(signer.signature(b"bytes", 1))
    assert signer.public == public_key(str(public))
    assert minisign("-V", "-m", path, "-p", public).returncode == 0


def test_efface_checks_what_minisign_signed(signed, tmp_path):
    path, _, public = signed
    done = minisign("-S", "-s", tmp_path / "me.key", "-m", path, "-x", tmp_path / "theirs")
    assert done.returncode == 0
    assert holds(path.read_bytes(), (tmp_path / "theirs").read_bytes(), public)


def test_a_key_with_a_password_opens_with_it_only(tmp_path):
    make_key(tmp_path / "me.key", "secret")
    assert b"encrypted" in (tmp_path / "me.key").read_bytes()
    with pytest.raises(BadKey, match="wrong password"):
        open_key(tmp_path / "me.key", lambda: "other")
    with open_key(tmp_path / "me.key", lambda: "secret") as signer:
        assert holds(b"a", signer.signature(b"a", 1), public_key(str(tmp_path / "me.pub")))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_reads_a_key(signed, tmp_path):
    assert (tmp_path / "me.key").stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_replaced(tmp_path):
    make_key(tmp_path / "me.key", "")
    before = (tmp_path / "me.key").read_bytes()
    with pytest.raises(TargetExists, match="never replaced"):
        make_key(tmp_path / "me.key", "")
    (tmp_path / "you.pub").write_text("mine")
    with pytest.raises(TargetExists, match="never replaced"):
        make_key(tmp_path / "you.key", "")
    assert (tmp_path / "me.key").read_bytes() == before
    assert not (tmp_path / "you.key").exists()
    with pytest.raises(WriteFailed, match="no such file"):
        make_key(tmp_path / "missing" / "me.key", "")


def test_nothing_but_the_signed_bytes_passes(signed):
    path, signature, public = signed
    data = path.read_bytes()
    assert holds(data, signature, public)
    other = make_key(path.with_name("other.key"), "").public
    assert not holds(data + b" ", signature, public)
    assert not holds(data, signature, other)
    assert not holds(data, signature.replace(b"timestamp:1", b"timestamp:2"), public)
    assert not holds(data, signature[:-2], public)
    for hostile in (b"", b"\n" * 4, b"\xff" * 100, signature * 2, b"untrusted comment: \nAA==\n"):
        assert not holds(data, hostile, public)
    assert not holds(data, signature, "RW")


def test_what_is_no_key_is_refused(tmp_path):
    path = tmp_path / "a.key"
    for content in (b"", b"a letter\n", b"x" * 20_000, b"untrusted comment: a\nRWRT\n"):
        path.write_bytes(content)
        with pytest.raises(BadKey, match=r"a\.key: is not a usable key"):
            open_key(path, never)
        with pytest.raises(BadKey, match=r"\.pub"):
            public_key(str(path))
    for missing in (tmp_path / "none", tmp_path):
        with pytest.raises(BadKey):
            open_key(missing, never)
    with pytest.raises(BadKey, match="base64"):
        public_key("RW!")


def test_without_the_packages_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "minisign", None)
    assert not minisign_keys.has_library()
    with pytest.raises(ExtraMissing, match="seal"):
        make_key(tmp_path / "me.key", "")
    assert not any(tmp_path.iterdir())
