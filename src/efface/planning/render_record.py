"""A record in the plan's file of the target made by the plan. A later run uses it to tell finished
work from foreign files.

It is written together with the target (`files.staged_pair`), so the two always match. `seal` shows
whether anybody changed the plan since; then it is a person's work, and efface replaces it only on
request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from efface.findings import Check, Finding, Outcome, Verification
from efface.sound_change import SoundChange, change_of


@dataclass(frozen=True, slots=True)
class SignedManifest:
    """The manifest that efface wrote into a target.

    sha256           of all bytes that signing added, see `c2pa_parts.digest`.
    certificate      SHA-256 of the signer's certificate.
    has_source_hash  whether the manifest holds the source's SHA-256.
    """

    sha256: str
    certificate: str
    has_source_hash: bool = False


@dataclass(frozen=True, slots=True)
class RenderRecord:
    """The target of a plan.

    target_sha256  of the target's bytes, in hexadecimal.
    efface         version that made the first target of the plan.
    audio          number of sound streams kept, and dropped.
    verification   what was checked before the target got its name.
    sound          how the kept sound was changed; None: it was copied, or dropped.
    seal           SHA-256 of the plan at that time: see `sidecar.seal`.
    manifest       the manifest in the target; None if it was not signed.
    """

    target_sha256: str
    efface: str
    audio: tuple[int, int]
    verification: Verification
    seal: str
    sound: SoundChange | None = None
    manifest: SignedManifest | None = None

    def plain(self) -> dict[str, Any]:
        """Return the record as JSON data."""
        return {
            "sha256": self.target_sha256,
            "efface": self.efface,
            "audio": list(self.audio),
            "checks": [_plain_check(c) for c in self.verification.checks],
            "seal": self.seal,
            **({"sound": self.sound.plain()} if self.sound is not None else {}),
            **({"manifest": asdict(self.manifest)} if self.manifest is not None else {}),
        }


def record_of(data: Mapping[str, Any]) -> RenderRecord:
    """Read the record from JSON data. Raises ValueError, KeyError, TypeError for malformed data."""
    for name in ("sha256", "seal"):
        _require_sha256(data[name], f"the {name} of its target")
    kept, dropped = (_count(n) for n in data["audio"])
    verification = Verification(tuple(_check(c) for c in data["checks"]))
    sound = change_of(data["sound"]) if "sound" in data else None
    version = str(data["efface"])
    manifest = _manifest(data["manifest"]) if "manifest" in data else None
    return RenderRecord(
        data["sha256"], version, (kept, dropped), verification, data["seal"], sound, manifest
    )


def _manifest(data: Mapping[str, Any]) -> SignedManifest:
    for name in ("sha256", "certificate"):
        _require_sha256(data[name], f"the {name} of its manifest")
    return SignedManifest(data["sha256"], data["certificate"], data["has_source_hash"] is True)


def _require_sha256(value: Any, what: str) -> None:
    if not re.fullmatch(r"[0-9a-f]{64}", value, re.ASCII):
        raise ValueError(f"{what} is not a SHA-256")


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("a number of sound streams is not a whole number")
    return value


def _plain_check(c: Check) -> dict[str, Any]:
    findings = [
        {
            "check": f.check,
            "message": f.message,
            "frame": f.frame,
            "box": f.box,
            "time_s": f.time_s,
            "score": f.score,
        }
        for f in c.findings
    ]
    return {
        "name": c.name,
        "outcome": c.outcome.value,
        "findings": findings,
        "facts": dict(c.facts),
        "why": c.why,
    }


def _check(data: Mapping[str, Any]) -> Check:
    facts = dict(data["facts"])
    if not all(isinstance(v, str | int | float) for v in facts.values()):
        raise TypeError("a check of its target states something that is neither text nor number")
    return Check(
        str(data["name"]),
        Outcome(data["outcome"]),
        tuple(_finding(f) for f in data["findings"]),
        facts,
        str(data["why"]),
    )


def _finding(data: Mapping[str, Any]) -> Finding:
    box, frame = data["box"], data["frame"]
    if frame is not None and type(frame) is not int:
        raise TypeError("the frame of a finding is not a whole number")
    x1, y1, x2, y2 = box if box is not None else (0, 0, 0, 0)
    seconds, score = (None if data[n] is None else float(data[n]) for n in ("time_s", "score"))
    place = None if box is None else (int(x1), int(y1), int(x2), int(y2))
    return Finding(str(data["check"]), str(data["message"]), frame, place, seconds, score)
