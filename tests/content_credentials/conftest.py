"""Certificates and keys, made on the spot, and small files to sign."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Certify = Callable[..., tuple[Path, Path]]

REASON = "comes with the extra test"


def _extensions(authority: Any, public: Any, usages: Any, ocsp: str) -> list[tuple[Any, bool]]:
    """Extensions of a certificate. usages: what its key may be used for; None for an authority."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    signs = usages is None
    flags = [True, False, False, False, False, signs, signs, False, False]
    found = [
        (x509.BasicConstraints(signs, None), True),
        (x509.KeyUsage(*flags), True),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), False),
    ]
    if usages:
        found.append((x509.ExtendedKeyUsage(usages), False))
    if ocsp:
        where = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp)
        )
        found.append((x509.AuthorityInformationAccess([where]), False))
    return found


def _certificate(name: str, public: Any, authority: Any, days: tuple[int, int], *more: Any) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    def named(text: str) -> Any:
        parts = (NameOID.COMMON_NAME, text), (NameOID.ORGANIZATION_NAME, "Tests")
        return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])

    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        named("The root"), named(name), public, x509.random_serial_number(),
        now + timedelta(days=days[0]), now + timedelta(days=days[1]),
    )  # fmt: skip
    for extension, is_critical in _extensions(authority.public_key(), public, *more):
        builder = builder.add_extension(extension, is_critical)
    return builder.sign(authority, hashes.SHA256())


@pytest.fixture(scope="session")
def certify(tmp_path_factory: pytest.TempPathFactory) -> Certify:
    """certify("Ada") makes a chain and a key, and returns both paths.

    key    of the person; default: a new one on the curve P-256.
    days   from when to when it holds, from now on.
    usages extended key usages. password: of the key's file.
    """
    pytest.importorskip("c2pa", reason=REASON)
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

    authority = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("The root", authority.public_key(), authority, (-2, 99), None, "")

    def make(
        name: str = "Ada", *, key: Any = None, days: tuple[int, int] = (-1, 30),
        usages: Any = (Usage.EMAIL_PROTECTION,), password: bytes = b"", ocsp: str = "",
    ) -> tuple[Path, Path]:  # fmt: skip
        folder = tmp_path_factory.mktemp("key")
        key = key or ec.generate_private_key(ec.SECP256R1())
        leaf = _certificate(name, key.public_key(), authority, days, list(usages), ocsp)
        lock = BestAvailableEncryption(password) if password else NoEncryption()
        (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
        pem = [c.public_bytes(Encoding.PEM) for c in (leaf, root)]
        (folder / "cert.pem").write_bytes(b"".join(pem))
        return folder / "cert.pem", folder / "key.pem"

    return make


@pytest.fixture(scope="session")
def signer_files(certify: Certify) -> tuple[Path, Path]:
    """A certificate and its key."""
    return certify()


@pytest.fixture
def photo(tmp_path: Path) -> Callable[..., Path]:
    """photo("a.jpg") is a small photo; pages: how many of them."""

    def make(name: str, pages: int = 1) -> Path:
        if name.endswith(".heic"):
            import pillow_heif

            pillow_heif.register_heif_opener()
        path = tmp_path / name
        first, *rest = [Image.new("RGB", (64, 48), (40 * i, 90, 140)) for i in range(pages)]
        first.save(path, **({"save_all": True, "append_images": rest} if rest else {}))
        return path

    return make
