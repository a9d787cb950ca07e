"""Everything that can go wrong, as one tree; each class carries the exit code of the command line.

    EffaceError                     1  unexpected
    ├─ UsageError                   2  the request contradicts itself
    ├─ InputError                   3  a source, or a plan, cannot be used
    │  ├─ SourceUnreadable             missing, a folder, a dangling link, no permission, not a plain file
    │  ├─ NotMedia                     the content is no photo or video that efface knows
    │  ├─ UnsupportedSource            known, but it holds something efface cannot handle
    │  ├─ DamagedSource                the file breaks off, or its structure cannot be parsed
    │  ├─ UndecodableFrame             one frame cannot be decoded
    │  ├─ TooManyPixels                larger than --max-pixels
    │  ├─ SourceChanged                the source is not what it was when it was looked at
    │  ├─ BadPlan                      the file is no plan, or a damaged one
    │  │  └─ TornPlan                  its last edits are incomplete; the rest of it is whole
    │  ├─ PlanMismatch                 the plan belongs to another source
    │  ├─ BadTruth                     labels to measure against cannot be used
    │  └─ BadCameras                   the file that describes cameras cannot be used
    ├─ PartMissing                  4  something of efface itself is absent or broken
    │  ├─ ModelUnusable                weights missing, altered, refused by the run-time, or computed wrongly
    │  ├─ DeviceMissing                the device that was asked for is not to be had
    │  ├─ DetectorFailed               the detector raised, hung, or answered nonsense
    │  ├─ WorkerDied                   a process that did the work ended in the middle of it
    │  ├─ OutOfMemory                  the system gives no more memory
    │  ├─ EncoderMissing               this build of FFmpeg lacks the encoder
    │  ├─ ExtraMissing                 a part of efface that is installed on request
    │  ├─ ClusterUnusable              several machines were asked for, and are not to be had
    │  └─ ProtocolMissing              a library that a kind of network address needs
    ├─ OutputError                  5  a target was refused, or could not be written
    │  ├─ TargetIsSource
    │  ├─ TargetExists
    │  ├─ TargetCollision              two sources would be written to one target
    │  ├─ TargetUnsuitable             the target's format cannot hold what was asked for
    │  ├─ WriteFailed                  disk full, folder missing, no permission
    │  └─ TargetMissed                 a stream ended, and this target got nothing of it
    ├─ VerificationFailed           6  the draft is not clean; it was thrown away
    ├─ CameraGivenUp                1  the process of a camera failed too often
    └─ Interrupted                130  Ctrl-C or SIGTERM

7 is no error: everything was done, and a person should look at the moments that were said (EXIT_LOOK).

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
"""Done, and something may still be visible at moments that were said."""

NOTHING_WRITTEN = "Nothing was written."


_ADDRESS = re.compile(r"(?<![\w/])((?:s3|gs|az|sftp):)/(?!/)")
"""A path that stands for an address: pathlib leaves out one of its slashes."""


def printable(text: object) -> str:
    """The text on one line: names of files may hold line breaks, escape codes or undecodable bytes."""
    return _ADDRESS.sub(r"\1//", "".join(c if c.isprintable() else _escaped(c) for c in str(text)))


def _escaped(character: str) -> str:
    # Python keeps the undecodable byte 0xff of a name as U+DCFF. Other lone surrogates come from plans and from Windows.
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


class EffaceError(Exception):
    """Base of everything efface raises on purpose. `exit_code` is what the command line ends with."""

    exit_code = 1

    def __str__(self) -> str:
        return printable(" ".join(str(a) for a in self.args))


class _AboutFile(EffaceError):
    """An error about one file: `path` is the file, `why` a clause without full stop, `hint` what to try."""

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
    """The source is missing, a folder, a dangling link, not a plain file, or may not be read."""

    lead = "cannot be read"


class NotMedia(InputError):
    """The content of the file is no photo or video that efface knows."""

    lead = "is no photo or video that efface knows"


class UnsupportedSource(InputError):
    """The file is known, but holds something that efface cannot handle."""

    lead = "cannot be handled"


class DamagedSource(InputError):
    """The file breaks off, or its structure cannot be parsed."""

    lead = "is damaged"


class UndecodableFrame(InputError):
    """A frame cannot be decoded, so what it shows is unknown.

    at  its time or page.
    is_unsteady  each reading gives another picture, or another time. The decoder does not report that damage.
    """

    def __init__(self, path: object, at: str, is_unsteady: bool = False) -> None:
        super().__init__(path, at)
        self.at, self.is_unsteady = at, is_unsteady

    def __reduce__(self) -> tuple[type[UndecodableFrame], tuple[object, ...]]:
        return type(self), (self.path, self.at, self.is_unsteady)

    def __str__(self) -> str:
        if self.is_unsteady:
            return printable(
                f"{self.path}: the frame at {self.at} cannot be decoded: it is damaged, and each reading of it gives something "
                f"else. {NOTHING_WRITTEN} Add --bad-frames=cover to black out such frames and go on. Where that does not help, "
                "make a file that decodes the same every time, and look at it: ffmpeg -i SOURCE -c:v libx264 -crf 12 NEW.mp4"
            )
        return printable(
            f"{self.path}: the frame at {self.at} cannot be decoded. {NOTHING_WRITTEN} "
            "Add --bad-frames=cover to black out such frames and go on."
        )


class TooManyPixels(InputError):
    """A picture is larger than the limit; or all `pages` together are, where that is not 0."""

    def __init__(self, path: object, pixels: int, limit: int, pages: int = 0) -> None:
        super().__init__(path, str(pixels), str(limit))
        self.pixels, self.limit, self.pages = pixels, limit, pages

    def __reduce__(self) -> tuple[type[TooManyPixels], tuple[object, ...]]:
        return type(self), (self.path, self.pixels, self.limit, self.pages)

    def __str__(self) -> str:
        if self.pages:
            return printable(
                f"{self.path}: has {self.pages:,} pages or frames, which count as {self.pixels:,} pixels together, and the "
                f"limit is {self.limit:,}. {NOTHING_WRITTEN} If you trust the file, raise --max-total-pixels."
            )
        return printable(
            f"{self.path}: has {self.pixels:,} pixels, and the limit is {self.limit:,}. {NOTHING_WRITTEN} "
            "If you trust the file, raise --max-pixels."
        )


class SourceChanged(InputError):
    """The source is not what it was when it was looked at."""

    lead = "changed while efface worked on it"


class BadPlan(InputError):
    """The file is no plan, or a damaged one."""

    lead = "is no usable plan"


class TornPlan(BadPlan):
    """The last edits of a plan are incomplete, as after a power failure. What stands before them is whole."""

    lead = "is a plan whose last edit is torn off"

    def __init__(
        self, path: object, why: str = "", hint: str = "Open it with efface review, which mends it and says so."
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

    lead = "is no usable description of cameras"


class PartMissing(EffaceError):
    """Something of efface itself is absent or broken."""

    exit_code = 4


class ModelUnusable(PartMissing):
    """Weights are missing, altered, refused by the run-time, or computed wrongly by it."""

    def __init__(self, name: str, why: str, hint: str = "") -> None:
        super().__init__(name, why, hint)
        self.name, self.why, self.hint = name, why, hint

    def __str__(self) -> str:
        hint = self.hint or "Without it nothing can be found; install efface again (pip install --force-reinstall)."
        return printable(f"The model {self.name} cannot be used: {self.why}. {NOTHING_WRITTEN} {hint}")


class DeviceMissing(PartMissing):
    """The device that was asked for is not to be had; efface does not step down to another one by itself."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self.device = device

    def __str__(self) -> str:
        build = {"cuda": "onnxruntime-gpu"}.get(self.device, f"onnxruntime-{self.device}")
        return printable(
            f"The device {self.device} is not available to the run-time. {NOTHING_WRITTEN} "
            f"It needs a driver and the run-time's build {build}, and two builds cannot share one installation: "
            f"pip uninstall -y onnxruntime {build} && pip install {build}. Or use --device cpu."
        )


class DetectorFailed(PartMissing):
    """The detector raised, hung, or answered nonsense: what the frame shows is unknown. `at` is its time or page."""

    def __init__(self, name: str, at: str, why: str) -> None:
        super().__init__(name, at, why)
        self.name, self.at, self.why = name, at, why

    def __str__(self) -> str:
        return printable(
            f"The detector {self.name} failed at {self.at}: {self.why}. {NOTHING_WRITTEN} "
            "Try again; if it happens again, please report it with the version and the size of the picture."
        )


class WorkerDied(PartMissing):
    """A process that did the work ended in the middle of it. `name` is the file in its hands; `hint` says what to try."""

    def __init__(
        self, name: str, why: str, hint: str = "Run the same command again, with fewer --jobs where memory is short."
    ) -> None:  # fmt: skip
        super().__init__(name, why, hint)
        self.name, self.why, self.hint = name, why, hint

    def __str__(self) -> str:
        lead = f"{self.name}{': ' if self.name else ''}the process that worked on it died: {self.why}."
        return printable(f"{lead} {NOTHING_WRITTEN} {self.hint}")


class OutOfMemory(PartMissing):
    """The system gives no more memory. `name` is the file in hand, or nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return printable(
            f"{self.name}{': ' if self.name else ''}there is not enough memory for it. {NOTHING_WRITTEN} "
            "Use fewer --jobs, close other programs, or raise the limit that the system sets (ulimit -v, a container)."
        )


_NO_MEMORY = re.compile(
    r"bad.alloc|insufficient memory|(failed|cannot|unable) to allocate|allocate memory|failed to map segment|start new thread",
    re.IGNORECASE,
)
"""How libraries say it that have no exception of their own for it."""


def is_about_memory(kind: str, text: str) -> bool:
    """Whether an error of that class, with that text, says that there is no more memory."""
    return kind == "MemoryError" or _NO_MEMORY.search(text) is not None


class EncoderMissing(PartMissing):
    """This build of FFmpeg lacks the encoder."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return printable(
            f"The encoder {self.name} is not part of this installation of PyAV. {NOTHING_WRITTEN} Choose another with --codec."
        )


class ExtraMissing(PartMissing):
    """What was asked for needs packages that are installed on request.

    extra    the name to ask for.
    package  one that is needed besides, of several that could be.
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
        return printable(" ".join(p for p in (f"The cluster cannot be used: {self.why}.", NOTHING_WRITTEN, self.hint) if p))


class ProtocolMissing(PartMissing):
    """A kind of network address needs a library that is not there. `name` is the protocol."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why

    def __str__(self) -> str:
        return printable(f"{self.name} cannot be used: {self.why}. {NOTHING_WRITTEN} Install it, or use another address.")


class OutputError(_AboutFile):
    """A target was refused, or could not be written."""

    exit_code = 5
    lead = "cannot be written"


class TargetIsSource(OutputError):
    """Source and target are the same file, perhaps through links."""

    lead = "is the source itself, and efface never writes to a source"


class TargetExists(OutputError):
    """There is a file under the target's name already."""

    lead = "exists already and was left as it is"

    def __init__(self, path: object, why: str = "", hint: str = "Choose another name, or add --overwrite.") -> None:
        super().__init__(path, why, hint)


class TargetCollision(OutputError):
    """Two sources would be written to one target."""

    lead = "would be written twice"


class TargetUnsuitable(OutputError):
    """The target's format cannot hold what was asked for."""

    lead = "cannot hold what was asked for"


class WriteFailed(OutputError):
    """The disk is full, the folder is missing, or may not be written to."""


class TargetMissed(OutputError):
    """A stream ended, and this target got nothing of it."""

    lead = "got nothing of the stream, as every attempt failed"


class VerificationFailed(EffaceError):
    """The draft is not clean, and was thrown away. `findings` are sentences, `verification` is all that was checked."""

    exit_code = 6

    def __init__(self, path: object, findings: Iterable[str], verification: Verification | None = None) -> None:
        found = tuple(findings)
        super().__init__(str(path), found, verification)
        self.path, self.findings, self.verification = str(path), found, verification

    def __str__(self) -> str:
        listed = "; ".join(self.findings[:5]) + (f"; and {len(self.findings) - 5} more" if len(self.findings) > 5 else "")
        return printable(
            f"{self.path}: the finished draft did not pass its check ({listed}). The draft was deleted. {NOTHING_WRITTEN} "
            "Please report this: it is a fault of efface."
        )


class CameraGivenUp(EffaceError):
    """The process of a live camera failed more often than --restarts allows. `name` is that of the camera."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why

    def __str__(self) -> str:
        return printable(
            f"The camera {self.name} was given up: {self.why}. Its targets have ended, and nothing unredacted left. "
            "Look at what was said before, and start again; --restarts sets how often it may fail."
        )


class Interrupted(EffaceError):
    """Ctrl-C or SIGTERM."""

    exit_code = EXIT_INTERRUPTED

    def __str__(self) -> str:
        return INTERRUPTED


class Unforeseen(Exception):
    """An error that is none of efface's, brought home from a worker. `kind` is its class; `trace` says where it came from."""

    def __init__(self, kind: str, text: str, trace: str) -> None:
        super().__init__(kind, text, trace)
        self.kind, self.text, self.trace = kind, text, trace

    def __str__(self) -> str:
        return self.text


_SEVERITY = (EXIT_OK, EXIT_LOOK, 2, 5, 3, 4, 6, 1, 130)
"""From best to gravest. What a person should look at exists; every error means that a file does not, and so hides it."""


def worst(codes: Iterable[int]) -> int:
    """The exit code that a batch ends with: the gravest of its files'."""
    return max(codes, key=lambda c: _SEVERITY.index(c) if c in _SEVERITY else _SEVERITY.index(1), default=EXIT_OK)
