"""What a manifest says of a copy: that it was opened and edited, what was erased, and with what.

It names no file, no date and no person, and holds no picture. The certificate names the signer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from efface.version import VERSION

OPENED, EDITED = "c2pa.opened", "c2pa.edited"
"""`c2pa.redacted` would be wrong: there it says that an assertion of an older manifest was removed,
and names it. Without that name the library calls the manifest invalid."""

DETAILS = "org.efface.redaction"
"""Name under which the details stand, in the manner of C2PA: ours, and no other's."""

SOURCE = "source"
"""Name of the only ingredient while it is written. Nothing is told of the source."""


@dataclass(frozen=True, slots=True)
class ErasedKind:
    """How often one kind was erased: tracks, and areas in all frames together."""

    kind: str
    tracks: int
    areas: int


@dataclass(frozen=True, slots=True)
class Model:
    """A detector, and the SHA-256 of its weights."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What was done.

    frames       frames or pages of the copy.
    blacked_out  those of them that are black, as they could not be decoded.
    plan_sha256  of the plan that was followed, see `sidecar.seal`.
    source_sha256  of the source; empty unless that was asked for.
    """

    kinds: Sequence[ErasedKind]
    frames: int
    blacked_out: int
    models: Sequence[Model]
    plan_sha256: str
    source_sha256: str = ""

    def details(self) -> dict[str, Any]:
        """Return the details as they stand in the manifest."""
        found: dict[str, Any] = {
            "efface": VERSION,
            "erased": [asdict(k) for k in self.kinds],
            "frames": self.frames,
            "blacked_out": self.blacked_out,
            "models": [asdict(m) for m in self.models],
            "plan_sha256": self.plan_sha256,
        }
        return found | ({"source_sha256": self.source_sha256} if self.source_sha256 else {})

    def definition(self) -> dict[str, Any]:
        """Return the manifest as the library wants it."""
        edited = {
            "action": EDITED,
            "description": self.description(),
            "softwareAgent": {"name": "efface", "version": VERSION},
            "parameters": {DETAILS: self.details()},
        }
        opened = {"action": OPENED, "parameters": {"ingredientIds": [SOURCE]}}
        return {
            "claim_version": 2,
            "claim_generator_info": [{"name": "efface", "version": VERSION}],
            "ingredients": [{"relationship": "parentOf", "label": SOURCE}],
            "assertions": [
                {"label": "c2pa.actions.v2", "created": True, "data": {"actions": [opened, edited]}}
            ],
        }

    def description(self) -> str:
        """Return the same for people, as programs show it."""
        told = ", ".join(f"{k.kind} ({k.areas})" for k in self.kinds) or "nothing"
        return f"Erased so that nothing can bring it back: {told}; metadata was removed."


TRIAL = Statement((), 1, 0, (), "0" * 64)
"""A statement of the same form, to try a key with."""
