"""Defines every error as one tree. Each class carries the exit code of the command line.

    EffaceError                     1  unexpected
    ├─ UsageError                   2  the request contradicts itself
    ├─ InputError                   3  a source, or a plan, cannot be used
    │  ├─ SourceUnreadable             missing, a folder, a dangling link, no permission, not a
       plain file
    │  ├─ NotMedia                     the content is not a photo or video that efface knows
    │  ├─ UnsupportedSource            known, but it holds something that efface cannot handle
    │  ├─ DamagedSource                the file breaks off, or its structure cannot be parsed
    │  ├─ UndecodableFrame             one frame cannot be decoded
    │  ├─ TooManyPixels                larger than --max-pixels
    │  ├─ SourceChanged                the source changed while efface worked on it
    │  ├─ BadPlan                      the file is not a plan, or the plan is damaged
    │  │  └─ TornPlan                  its last edits are incomplete; the rest is intact
    │  ├─ PlanMismatch                 the plan belongs to another source
    │  ├─ BadTruth                     the labels to measure against cannot be used
    │  └─ BadCameras                   the file that describes cameras cannot be used
    ├─ PartMissing                  4  something of efface itself is absent or broken
    │  ├─ ModelUnusable                weights missing, altered, refused by ONNX Runtime, or
       computed wrongly
    │  ├─ DeviceMissing                the requested device is not available
    │  ├─ DetectorFailed               the detector raised, hung, or returned nonsense
    │  ├─ WorkerDied                   a process that did the work ended in the middle of it
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

import re
from collections.abc import Iterable

from efface.findings import Verification
from efface.signals import EXIT_INTERRUPTED, INTERRUPTED

EXIT_OK = 0
EXIT_LOOK = 7
"""Done, and something may still be visible at moments that were listed."""

NOTHING_WRITTEN = "Nothing was written."


_ADDRESS = re.compile(r"(?<![\w/])((?:s3|gs|az|sftp):)/(?!/)")
"""A path that stands for an address. pathlib removes one of the slashes."""


def printable(text: object) -> str:
    """Return the text on one line.

    File names may hold line breaks, escape codes or undecodable bytes.
    """
    return _ADDRESS.sub(r"\1//", "".join(c if c.isprintable() else _escaped(c) for c in str(text)))


def _escaped(character: str) -> str:
    # Python keeps the undecodable byte 0xff of a name as U+DCFF. Other lone surrogates come from
    # plans and from Windows.
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


class EffaceError(Exception):
    """Base of every error that efface raises on purpose.

    `exit_code` is what the command line ends with.
    """

    exit_code = 1

    def __str__(self) -> str:
        return printable(" ".join(str(a) for a in self.args))


class _AboutFile(EffaceError):
    """An error about one file:

    `path` is the file, `why` a clause without full stop, `hint` what to try.
    """

    def __init__(self, path: object, why: str = "", hint: str = "") -> None:
        super().__init__(str(path), why, hint)
        self.path, self.why, self.hint = str(path), why, hint

    lead = "cannot be used"

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        parts = [f"{self.path}: {self.lead}{why}.", NOTHING_WRITTEN, self.hint]
        return printable(" ".join(p for p in parts if p))


class UsageError(EffaceError):
    """The request contradicts itself or names an option value that does not exist."""

    exit_code = 2


class InputError(_AboutFile):
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
            f"{NOTHING_WRITTEN} "
            "If you trust the file, raise --max-pixels."
        )


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


class BadTruth(InputError):
    """Labels, or an earlier result, cannot be used to measure against."""

    lead = "cannot be measured against"


class BadCameras(InputError):
    """The file that describes cameras cannot be used."""

    lead = "is not a usable description of cameras"


class PartMissing(EffaceError):
    """Something of efface itself is absent or broken."""

    exit_code = 4


class ModelUnusable(PartMissing):
    """Weights are missing, altered, refused by ONNX Runtime, or computed wrongly by it."""

    def __init__(self, name: str, why: str, hint: str = "") -> None:
        super().__init__(name, why, hint)
        self.name, self.why, self.hint = name, why, hint

    def __str__(self) -> str:
        hint = self.hint or (
            "efface can find nothing without it. Install efface again (pip install "
            "--force-reinstall)."
        )
        return printable(
            f"The model {self.name} cannot be used: {self.why}. {NOTHING_WRITTEN} {hint}"
        )


class DeviceMissing(PartMissing):
    """The requested device is not available. efface does not switch to another one by itself."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self.device = device

    def __str__(self) -> str:
        build = {"cuda": "onnxruntime-gpu"}.get(self.device, f"onnxruntime-{self.device}")
        return printable(
            f"The device {self.device} is not available to ONNX Runtime. {NOTHING_WRITTEN} "
            f"It needs a driver and the build {build}. Two builds cannot share one installation: "
            f"pip uninstall -y onnxruntime {build} && pip install {build}. Or use --device cpu."
        )


class DetectorFailed(PartMissing):
    """The detector raised, hung, or returned nonsense, so what the frame shows is unknown.

    `at` is its time or page.
    """

    def __init__(self, name: str, at: str, why: str) -> None:
        super().__init__(name, at, why)
        self.name, self.at, self.why = name, at, why

    def __str__(self) -> str:
        return printable(
            f"The detector {self.name} failed at {self.at}: {self.why}. {NOTHING_WRITTEN} "
            "Try again; if it happens again, please report it with the version and the "
            "size of the picture."
        )


class WorkerDied(PartMissing):
    """A worker process ended in the middle of its work.

    `name` is the file that it worked on; `hint` says what to try.
    """

    def __init__(
        self, name: str, why: str, hint: str = (
                "Run the same command again, with "
                "fewer --jobs if memory is short."
            )
    ) -> None:  # fmt: skip
        super().__init__(name, why, hint)
        self.name, self.why, self.hint = name, why, hint

    def __str__(self) -> str:
        lead = (
            f"{self.name}{': ' if self.name else ''}the process that worked on it died: {self.why}."
        )
        return printable(f"{lead} {NOTHING_WRITTEN} {self.hint}")


class OutOfMemory(PartMissing):
    """The system gives efface no more memory. `name` is the file in hand; empty if unknown."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return printable(
            f"{self.name}{': ' if self.name else ''}there is not enough memory for it. "
            f"{NOTHING_WRITTEN} "
            "Use fewer --jobs, close other programs, or raise the system's limit (ulimit "
            "-v, a container)."
        )


_NO_MEMORY = re.compile(
    r"bad.alloc|insufficient memory|(failed|cannot|unable) to allocate|allocate memory|failed to map segment|start new thread",
    re.IGNORECASE,
)
"""What libraries say that have no exception of their own for it."""


def is_about_memory(kind: str, text: str) -> bool:
    """Return whether an error of this class, with this text, reports a lack of memory."""
    return kind == "MemoryError" or _NO_MEMORY.search(text) is not None


class EncoderMissing(PartMissing):
    """This build of FFmpeg lacks the encoder."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return printable(
            f"The encoder {self.name} is not part of this installation of PyAV. "
            f"{NOTHING_WRITTEN} Choose another with --codec."
        )


class ExtraMissing(PartMissing):
    """The request needs optional packages that are not installed.

    extra    the extra of efface that brings them.
    package  a further package that is needed.
    """

    def __init__(self, extra: str, package: str = "") -> None:
        super().__init__(extra, package)
        self.extra, self.package = extra, package

    def __str__(self) -> str:
        return printable(
            f"This part of efface needs packages that are not installed. {NOTHING_WRITTEN} "
            f"Add them with: pip install 'efface[{self.extra}]' {self.package}".rstrip()
        )


class ClusterUnusable(PartMissing):
    """The cluster cannot be reached, or its machines cannot work for this one."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why, hint)
        self.why, self.hint = why, hint

    def __str__(self) -> str:
        return printable(
            " ".join(
                p
                for p in (f"The cluster cannot be used: {self.why}.", NOTHING_WRITTEN, self.hint)
                if p
            )
        )


class ProtocolMissing(PartMissing):
    """This kind of network address needs a library that is missing. `name` is the protocol."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why

    def __str__(self) -> str:
        return printable(
            f"{self.name} cannot be used: {self.why}. {NOTHING_WRITTEN} Install it, or use "
            "another address."
        )


class OutputError(_AboutFile):
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
            f"was deleted. {NOTHING_WRITTEN} "
            "Please report this: it is a bug in efface."
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


_SEVERITY = (EXIT_OK, EXIT_LOOK, 2, 5, 3, 4, 6, 1, 130)
"""From best to gravest.

After EXIT_LOOK the file exists; after an error it does not, so every error is graver.
"""


def worst(codes: Iterable[int]) -> int:
    """Return the exit code of a batch: the gravest of its files' codes."""
    return max(
        codes,
        key=lambda c: _SEVERITY.index(c) if c in _SEVERITY else _SEVERITY.index(1),
        default=EXIT_OK,
    )
