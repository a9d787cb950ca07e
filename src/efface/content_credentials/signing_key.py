"""The certificate and the key that sign: read from PEM files, and tried before any work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efface.content_credentials import c2pa_signing
from efface.content_credentials.c2pa_signing import SigningRefused
from efface.content_credentials.statement import TRIAL
from efface.errors import BadCertificate, BadKey, InputError, printable
from efface.files import open_plain, reason

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LARGEST_BYTES = 1 << 17
"""Bytes of a PEM file. A chain of certificates has some thousand."""

CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
SHORTEST_RSA_BITS = 2048

NAME_KEY = "Name the private key of the certificate, as PEM, after the comma."
NAME_CERTIFICATE = (
    "Name a file with the certificate first, as PEM; docs/c2pa.md says how to make one."
)
DECRYPT = "Write it without one for the time of signing: openssl pkey -in KEY.pem -out PLAIN.pem."

BLACK = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)
"""A PNG of one black pixel, to try a signature on."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that was tried.

    algorithm    in the words of C2PA.
    subject      whom the certificate names.
    fingerprint  SHA-256 of the certificate, in hexadecimal.
    """

    algorithm: str
    subject: str
    fingerprint: str
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)

    def sign_file(self, definition: dict[str, Any], path: Path, target: Path, mime: str) -> bytes:
        """Sign a file into a new one, and return the manifest store. Raises SigningRefused."""
        return c2pa_signing.sign_file(
            definition, self.algorithm, self.chain, self.key, path, target, mime
        )


def open_signing_key(certificate: Path, key: Path) -> SigningKey:
    """Open certificate and key, and try them. Raises ExtraMissing, BadCertificate, BadKey."""
    c2pa_signing.require_library()
    chain = _chain(certificate)
    private, public = _private(key)
    if _public_bytes(chain[0].public_key()) != public:
        raise BadKey(key, f"{certificate} is the certificate of another key", NAME_KEY)
    _require_valid_now(certificate, chain[0])
    return _tried(certificate, key, chain, private)


def _tried(certificate: Path, path: Path, chain: list[Certificate], private: Any) -> SigningKey:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    found = SigningKey(
        _algorithm(path, private),
        printable(chain[0].subject.rfc4514_string()),
        chain[0].fingerprint(hashes.SHA256()).hex(),
        b"".join(c.public_bytes(Encoding.PEM) for c in chain),
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    try:
        c2pa_signing.signed_bytes(
            TRIAL.definition(), found.algorithm, found.chain, found.key, BLACK,
            c2pa_signing.MIME["png"],
        )  # fmt: skip
    except SigningRefused as e:
        raise BadCertificate(certificate, f"the C2PA library says: {e}", NAME_CERTIFICATE) from e
    return found


def _chain(path: Path) -> list[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates

    data = _content(path, lambda why: BadCertificate(path, why, NAME_CERTIFICATE))
    try:
        return load_pem_x509_certificates(data)
    except ValueError as e:
        raise BadCertificate(path, "it holds no certificate as PEM", NAME_CERTIFICATE) from e


def _private(path: Path) -> tuple[Any, bytes]:
    """Return the key, and its public part."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _content(path, lambda why: BadKey(path, why, NAME_KEY))
    try:
        found = load_pem_private_key(data, password=None)
    except TypeError as e:
        raise BadKey(path, "it has a password, and efface asks for none here", DECRYPT) from e
    except (ValueError, UnsupportedAlgorithm) as e:
        raise BadKey(path, "it holds no private key as PEM", NAME_KEY) from e
    return found, _public_bytes(found.public_key())


def _public_bytes(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    found: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def _algorithm(path: Path, key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= SHORTEST_RSA_BITS:
        return "ps256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    why = "C2PA signs with ECDSA (P-256, P-384, P-521), Ed25519, or RSA from 2048 bits on"
    raise BadKey(path, why, NAME_KEY)


def _require_valid_now(path: Path, certificate: Certificate) -> None:
    now = datetime.now(UTC)
    if now > certificate.not_valid_after_utc:
        day = certificate.not_valid_after_utc.date()
        raise BadCertificate(path, f"it expired on {day}", "Have it renewed.")
    if now < certificate.not_valid_before_utc:
        day = certificate.not_valid_before_utc.date()
        raise BadCertificate(path, f"it holds from {day} on", "Is the clock of this machine right?")


def _content(path: Path, error: Callable[[str], InputError]) -> bytes:
    try:
        with open_plain(path) as f:
            data = f.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as e:
        raise error(reason(e) if isinstance(e, OSError) else str(e)) from e
    if len(data) > LARGEST_BYTES:
        raise error(f"it has more than {LARGEST_BYTES >> 10} kB")
    return data
