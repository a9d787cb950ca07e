"""Defines every error as one tree. Each class carries the exit code of the command line.

    EffaceError                     1  unexpected
    ├─ UsageError                   2  the request contradicts itself
    ├─ InputError                   3  a source, or a plan, cannot be used
    │  ├─ SourceUnreadable             missing, a folder, a dangling link, no permission
    │  ├─ NotMedia                     the content is not a photo or video that efface knows
    │  ├─ UnsupportedSource            known, but it holds something that efface cannot handle
    │  ├─ DamagedSource                the file breaks off, or its structure cannot be parsed
    │  ├─ UndecodableFrame             one frame cannot be decoded
    │  ├─ TooManyPixels                larger than --max-pixels
    │  ├─ OutsideSource                the command names an area or a time that the source lacks
    │  ├─ SourceChanged                the source changed while efface worked on it
    │  ├─ BadPlan                      the file is not a plan, or the plan is damaged
    │  │  └─ TornPlan                  its last edits are incomplete; the rest is intact
    │  ├─ PlanMismatch                 the plan belongs to another source
    │  ├─ BadBoxes                     a file with boxes of another program cannot be used
    │  ├─ BadTruth                     the labels to measure against cannot be used
    │  ├─ BadCameras                   the file that describes cameras cannot be used
    │  ├─ BadPresets                   the file of presets cannot be used
    │  ├─ BadSeal                      the file is not a seal record, or somebody changed it
    │  ├─ BadKey                       the file is not a key, or its password is wrong
    │  └─ BadCertificate               nothing can be signed with the certificate
    ├─ PartMissing                  4  something of efface itself is absent or broken
    │  ├─ ModelUnusable                weights missing, altered, or refused by ONNX Runtime
    │  ├─ DeviceMissing                the requested device is not available
    │  ├─ DetectorFailed               the detector raised, hung, or returned nonsense
    │  ├─ WorkerDied                   a process that did the work ended in the middle of it
    │  ├─ WallsMissing                 the system lacks the walls that --walls require asks for
    │  ├─ OutOfMemory                  the system gives efface no more memory
    │  ├─ EncoderMissing               this build of FFmpeg lacks the encoder
    │  ├─ ExtraMissing                 an optional part of efface is not installed
    │  ├─ ClusterUnusable              the cluster cannot be reached, or cannot do the work
    │  └─ ProtocolMissing              this kind of network address needs a library that is missing
    ├─ OutputError                  5  a target was refused, or could not be written
    │  ├─ TargetIsSource
    │  ├─ TargetExists
    │  ├─ TargetCollision              two sources would be written to one target
    │  ├─ TargetUnsuitable             the target's format cannot hold what was requested
    │  ├─ SigningFailed                Content Credentials could not be written into the target
    │  ├─ WriteFailed                  disk full, folder missing, no permission
    │  └─ TargetMissed                 a stream ended, and this target received nothing of it
    ├─ VerificationFailed           6  the draft is not clean; efface deleted it
    ├─ CameraGivenUp                1  the process of a camera failed too often
    └─ Interrupted                130  Ctrl-C or SIGTERM

7 is not an error: everything was done, and a person should look at the moments that were listed
(EXIT_LOOK).

Every message says what happened, where that leaves the user's files, and what to try.
`docs/errors.md` has a paragraph for each class.
"""

from __future__ import annotations

from collections.abc import Iterable

from efface.error_base import (
    EXIT_LOOK,
    EXIT_OK,
    NOTHING_WRITTEN,
    AboutFile,
    EffaceError,
    printable,
    worst,
)
from efface.findings import Verification
from efface.part_errors import (
    ClusterUnusable,
    DetectorFailed,
    DeviceMissing,
    EncoderMissing,
    ExtraMissing,
    ModelUnusable,
    OutOfMemory,
    PartMissing,
    ProtocolMissing,
    WallsMissing,
    WorkerDied,
    is_about_memory,
)
from efface.signals import EXIT_INTERRUPTED, INTERRUPTED

__all__ = [  # noqa: RUF022  the classes stand in the order of the tree
    "EXIT_OK",
    "EXIT_LOOK",
    "EffaceError",
    "UsageError",
    "InputError",
    "SourceUnreadable",
    "NotMedia",
    "UnsupportedSource",
    "DamagedSource",
    "UndecodableFrame",
    "TooManyPixels",
    "OutsideSource",
    "SourceChanged",
    "BadPlan",
    "TornPlan",
    "PlanMismatch",
    "BadBoxes",
    "BadTruth",
    "BadCameras",
    "BadPresets",
    "BadSeal",
    "BadKey",
    "BadCertificate",
    "PartMissing",
    "ModelUnusable",
    "DeviceMissing",
    "DetectorFailed",
    "WorkerDied",
    "WallsMissing",
    "OutOfMemory",
    "EncoderMissing",
    "ExtraMissing",
    "ClusterUnusable",
    "ProtocolMissing",
    "OutputError",
    "TargetIsSource",
    "TargetExists",
    "TargetCollision",
    "TargetUnsuitable",
    "SigningFailed",
    "WriteFailed",
    "TargetMissed",
    "VerificationFailed",
    "CameraGivenUp",
    "Interrupted",
    "Unforeseen",
    "NOTHING_WRITTEN",
    "is_about_memory",
    "printable",
    "worst",
]
"""What other modules import from here; the classes in the order of the tree."""


class UsageError(EffaceError):
    """The request contradicts itself or names an option value that does not exist."""

    exit_code = 2


class InputError(AboutFile):
    """A source or a plan cannot be used."""

    exit_code = 3


class SourceUnreadable(InputError):
    """The source is missing, a folder, a dangling link, not a plain file, or cannot be read."""

    lead = "cannot be read"


class NotMedia(InputError):
    """The content of the file is not a photo or video that efface knows."""

    lead = "is not a photo or video that efface knows"


class UnsupportedSource(InputError):
    """The file is known, but holds something that efface cannot handle."""

    lead = "cannot be handled"


class DamagedSource(InputError):
    """The file breaks off, or its structure cannot be parsed."""

    lead = "is damaged"


class UndecodableFrame(InputError):
    """A frame cannot be decoded, so what it shows is unknown.

    at  its time or page.
    is_unsteady  each decoding gives a different picture or time. The decoder does not report this
                 damage.
    """

    def __init__(self, path: object, at: str, is_unsteady: bool = False) -> None:
        super().__init__(path, at)
        self.at, self.is_unsteady = at, is_unsteady

    def __reduce__(self) -> tuple[type[UndecodableFrame], tuple[object, ...]]:
        return type(self), (self.path, self.at, self.is_unsteady)

    def __str__(self) -> str:
        if self.is_unsteady:
            return printable(
                f"{self.path}: the frame at {self.at} cannot be decoded: it is damaged, "
                "and each decoding gives a different "
                f"result. {NOTHING_WRITTEN} Add --bad-frames=cover to black out such "
                "frames and go on. If that does not help, "
                "make a file that decodes the same every time, and look at it: ffmpeg -i "
                "SOURCE -c:v libx264 -crf 12 NEW.mp4"
            )
        return printable(
            f"{self.path}: the frame at {self.at} cannot be decoded. {NOTHING_WRITTEN} "
            "Add --bad-frames=cover to black out such frames and go on."
        )


class TooManyPixels(InputError):
    """A picture, or all pages together, have more pixels than the limit.

    `pages` is 0 for a single picture.
    """

    def __init__(self, path: object, pixels: int, limit: int, pages: int = 0) -> None:
        super().__init__(path, str(pixels), str(limit))
        self.pixels, self.limit, self.pages = pixels, limit, pages

    def __reduce__(self) -> tuple[type[TooManyPixels], tuple[object, ...]]:
        return type(self), (self.path, self.pixels, self.limit, self.pages)

    def __str__(self) -> str:
        if self.pages:
            return printable(
                f"{self.path}: has {self.pages:,} pages or frames, which count as "
                f"{self.pixels:,} pixels in total. The limit "
                f"is {self.limit:,}. {NOTHING_WRITTEN} If you trust the file, raise "
                "--max-total-pixels."
            )
        return printable(
            f"{self.path}: has {self.pixels:,} pixels. The limit is {self.limit:,}. "
            f"{NOTHING_WRITTEN} If you trust the file, raise --max-pixels."
        )


class OutsideSource(InputError):
    """An area or a span of time that the command names is not in the source."""

    lead = "does not have what the command names"


class SourceChanged(InputError):
    """The source changed while efface worked on it."""

    lead = "changed while efface worked on it"


class BadPlan(InputError):
    """The file is not a plan, or the plan is damaged."""

    lead = "is not a usable plan"


class TornPlan(BadPlan):
    """The last edits of a plan are incomplete, as after a power failure.

    Everything before them is intact.
    """

    lead = "is a plan whose last edit is incomplete"

    def __init__(
        self,
        path: object,
        why: str = "",
        hint: str = "Open it with efface review, which repairs it and says so.",
    ) -> None:
        super().__init__(path, why, hint)


class PlanMismatch(InputError):
    """The plan was made for another source."""

    lead = "does not fit the plan"


class BadBoxes(InputError):
    """A file with boxes of another program cannot be used."""

    lead = "is not a usable file with boxes"


class BadTruth(InputError):
    """Labels, or an earlier result, cannot be used to measure against."""

    lead = "cannot be measured against"


class BadCameras(InputError):
    """The file that describes cameras cannot be used."""

    lead = "is not a usable description of cameras"


class BadPresets(InputError):
    """The file of presets cannot be used."""

    lead = "is not a usable file of presets"


class BadSeal(InputError):
    """The file is not a seal record, or somebody changed it."""

    lead = "is not a usable seal record"


class BadKey(InputError):
    """The file is not a key that signs or checks, or its password is wrong."""

    lead = "is not a usable key"


class BadCertificate(InputError):
    """Content Credentials cannot be signed with the certificate."""

    lead = "is not a usable certificate"


class OutputError(AboutFile):
    """A target was refused, or could not be written."""

    exit_code = 5
    lead = "cannot be written"


class TargetIsSource(OutputError):
    """Source and target are the same file, perhaps through links."""

    lead = "is the source itself, and efface never writes to a source"


class TargetExists(OutputError):
    """A file with the target's name exists already."""

    lead = "exists already and was left as it is"

    def __init__(
        self, path: object, why: str = "", hint: str = "Choose another name, or add --overwrite."
    ) -> None:
        super().__init__(path, why, hint)


class TargetCollision(OutputError):
    """Two sources would be written to one target."""

    lead = "would be written twice"


class TargetUnsuitable(OutputError):
    """The target's format cannot hold what was requested."""

    lead = "cannot hold what was requested"


class SigningFailed(OutputError):
    """Content Credentials could not be written into the target."""

    lead = "cannot be signed"


class WriteFailed(OutputError):
    """The disk is full, or the folder is missing or not writable."""


class TargetMissed(OutputError):
    """A stream ended, and this target received nothing of it."""

    lead = "received nothing of the stream, because every attempt failed"


class VerificationFailed(EffaceError):
    """The draft is not clean, so efface deleted it.

    `findings` are sentences; `verification` holds all checks.
    """

    exit_code = 6

    def __init__(
        self, path: object, findings: Iterable[str], verification: Verification | None = None
    ) -> None:
        found = tuple(findings)
        super().__init__(str(path), found, verification)
        self.path, self.findings, self.verification = str(path), found, verification

    def __str__(self) -> str:
        listed = "; ".join(self.findings[:5]) + (
            f"; and {len(self.findings) - 5} more" if len(self.findings) > 5 else ""
        )
        return printable(
            f"{self.path}: the finished draft did not pass its check ({listed}). The draft "
            f"was deleted. {NOTHING_WRITTEN} Please report this: it is a bug in efface."
        )


class CameraGivenUp(EffaceError):
    """The process of a live camera failed more often than --restarts allows.

    `name` is the camera's.
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why

    def __str__(self) -> str:
        return printable(
            f"efface gave up the camera {self.name}: {self.why}. Its targets have ended, "
            "and nothing unredacted left. "
            "Read the messages above, and start again. --restarts sets how often it may fail."
        )


class Interrupted(EffaceError):
    """Ctrl-C or SIGTERM."""

    exit_code = EXIT_INTERRUPTED

    def __str__(self) -> str:
        return INTERRUPTED


class Unforeseen(Exception):
    """An error from a worker that efface did not raise itself.

    `kind` is its class; `trace` says where it came from.
    """

    def __init__(self, kind: str, text: str, trace: str) -> None:
        super().__init__(kind, text, trace)
        self.kind, self.text, self.trace = kind, text, trace

    def __str__(self) -> str:
        return self.text
