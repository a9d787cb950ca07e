"""Signs a draft, and shows that signing added a manifest and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from efface.containers import c2pa_parts
from efface.containers.parts import Broken
from efface.containers.sniff import format_of
from efface.content_credentials.c2pa_signing import MIME, SigningRefused
from efface.content_credentials.manifest_check import strangers
from efface.content_credentials.signing_key import SigningKey
from efface.content_credentials.statement import Statement
from efface.errors import SigningFailed, TargetUnsuitable
from efface.files import writing
from efface.planning.render_record import SignedManifest

SIGNED_FILMS = (".mp4", ".m4v", ".mov", ".avi")
PAGES = "in a TIFF of several pages it would stand on a page of its own, without a picture"
CHOOSE_PHOTO = "Save the pages one by one, or leave out --c2pa-sign."
CHOOSE = "Choose a target that ends in .mp4 or .mov, or leave out --c2pa-sign."


def require_signable_film(target: Path) -> None:
    """Raise TargetUnsuitable if no film of that name can be signed."""
    if target.suffix.lower() not in SIGNED_FILMS:
        why = (
            f"the C2PA library writes no Content Credentials into {target.suffix or 'such a'} films"
        )
        raise TargetUnsuitable(target, why, CHOOSE)


@dataclass(frozen=True, slots=True)
class CopySigner:
    """Signs one copy.

    statement  what the manifest says.
    """

    key: SigningKey
    statement: Statement

    def sign(self, draft: Path) -> SignedManifest:
        """Replace the draft by its signed copy. Raises TargetUnsuitable, SigningFailed,
        WriteFailed."""
        name, signed = format_of(draft), draft.with_name("signed" + draft.suffix)
        if name not in MIME:
            raise TargetUnsuitable(
                draft, f"the C2PA library writes no Content Credentials into {name}", CHOOSE
            )
        if name == "tiff" and self.statement.frames > 1:
            raise TargetUnsuitable(draft, f"it cannot hold a manifest: {PAGES}", CHOOSE_PHOTO)
        try:
            with writing(draft):
                written = self.key.sign_file(self.statement.definition(), draft, signed, MIME[name])
            _require_as_written(draft, signed, name, written)
        except (SigningRefused, Broken) as e:
            raise SigningFailed(draft, str(e), "Leave out --c2pa-sign.") from e
        made = SignedManifest(
            c2pa_parts.digest(signed, name),
            self.key.fingerprint,
            bool(self.statement.source_sha256),
        )
        with writing(draft):
            os.replace(signed, draft)
        return made


def _require_as_written(draft: Path, signed: Path, name: str, written: bytes) -> None:
    """Raise SigningRefused if signing added anything but the manifest that the library returned,
    or if that holds more than efface asked for.

    A TIFF's old directory stays, and up to three zeros fill the file to a whole word.
    """
    if c2pa_parts.store(signed, name) != written or not written:
        raise SigningRefused("the manifest in the file is not the one that the library returned")
    for strange in strangers(written):
        raise SigningRefused(strange)
    with open(draft, "rb") as f:
        for at, content in c2pa_parts.gaps(signed, name):
            f.seek(at)
            if f.read(len(content)).ljust(len(content), b"\0") != content:
                raise SigningRefused("signing left bytes between the parts of the file")
