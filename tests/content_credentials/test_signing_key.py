"""A key that cannot sign is refused before any work, with a sentence that says why."""

from __future__ import annotations

import sys

import pytest

from efface.content_credentials.signing_key import LARGEST_BYTES, open_signing_key
from efface.errors import BadCertificate, BadKey, ExtraMissing


def test_a_key_is_opened_and_shown_nowhere(signer_files):
    found = open_signing_key(*signer_files)
    assert found.algorithm == "es256"
    assert "Ada" in found.subject
    assert len(found.fingerprint) == 64
    assert "PRIVATE" not in repr(found)


def keys():
    """Keys of other kinds, with the algorithm that they sign by; none where C2PA has none."""
    pytest.importorskip("c2pa", reason="comes with the extra test")
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    return [
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
        (rsa.generate_private_key(65537, 2048), "ps256"),
        (ec.generate_private_key(ec.SECP256K1()), ""),
        (rsa.generate_private_key(65537, 1024), ""),
    ]


def test_keys_of_other_kinds(certify):
    for key, algorithm in keys():
        files = certify(key=key)
        if algorithm:
            assert open_signing_key(*files).algorithm == algorithm
        else:
            with pytest.raises(BadKey, match="C2PA signs with"):
                open_signing_key(*files)


@pytest.mark.parametrize(
    ("how", "kind", "why"),
    [
        ({"password": b"pw"}, BadKey, "has a password"),
        ({"days": (-9, -1)}, BadCertificate, "expired on"),
        ({"days": (1, 9)}, BadCertificate, "holds from"),
        ({"usages": ()}, BadCertificate, "the C2PA library says"),
    ],
)
def test_what_cannot_sign_is_refused(certify, how, kind, why):
    with pytest.raises(kind, match=why) as caught:
        open_signing_key(*certify(**how))
    assert "Nothing was written." in str(caught.value)


def test_files_that_are_no_certificate_or_no_key(certify, signer_files, tmp_path):
    certificate, key = signer_files
    other = tmp_path / "other"
    with pytest.raises(BadCertificate, match="other"):
        open_signing_key(other, key)
    with pytest.raises(BadKey, match="other"):
        open_signing_key(certificate, other)
    with pytest.raises(BadCertificate):
        open_signing_key(tmp_path, key)
    other.write_bytes(b"-----BEGIN nonsense")
    with pytest.raises(BadCertificate, match="no certificate as PEM"):
        open_signing_key(other, key)
    with pytest.raises(BadKey, match="no private key as PEM"):
        open_signing_key(certificate, other)
    other.write_bytes(b"x" * (LARGEST_BYTES + 1))
    with pytest.raises(BadKey, match="more than"):
        open_signing_key(certificate, other)
    with pytest.raises(BadKey, match="certificate of another key"):
        open_signing_key(certificate, certify()[1])


def test_without_the_extra_nothing_can_be_signed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(ExtraMissing, match="c2pa"):
        open_signing_key(tmp_path, tmp_path)
