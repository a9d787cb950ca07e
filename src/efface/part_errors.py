"""Errors about efface's own parts: something is absent or broken, as a model, a device or a
library.

`efface.errors` is the public module: import from there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from efface.error_base import NOTHING_WRITTEN, EffaceError, printable


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
                "Run the same command again, with fewer --jobs if memory is short."
            )
    ) -> None:  # fmt: skip
        super().__init__(name, why, hint)
        self.name, self.why, self.hint = name, why, hint

    def __str__(self) -> str:
        lead = (
            f"{self.name}{': ' if self.name else ''}the process that worked on it died: {self.why}."
        )
        return printable(f"{lead} {NOTHING_WRITTEN} {self.hint}")


class WallsMissing(PartMissing):
    """The system does not offer the walls that --walls require asks for. `missing` names them."""

    def __init__(self, missing: str) -> None:
        super().__init__(missing)
        self.missing = missing

    def __str__(self) -> str:
        return printable(
            f"This system does not put decoders behind walls: {self.missing} is missing. "
            f"{NOTHING_WRITTEN} Use Linux 5.13 or later, in a container that allows it, or leave "
            "out --walls require if you trust the file."
        )


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
    r"bad.alloc|insufficient memory|(failed|cannot|unable) to allocate|allocate memory|"
    r"failed to map segment|start new thread",
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
            f"Add them with: pip install {installed_from(self.extra)} {self.package}".rstrip()
        )


def installed_from(extra: str) -> str:
    """Return what pip has to install so that this installation of efface gets an extra: a clone
    cannot be had from an index, and efface may be in none."""
    clone = Path(__file__).resolve().parents[2]
    if (clone / "pyproject.toml").is_file() and (clone / "src" / "efface").is_dir():
        return f"-e '{clone}[{extra}]'"
    from importlib.metadata import PackageNotFoundError, distribution  # slow, and rarely needed

    try:
        said = json.loads(distribution("efface").read_text("direct_url.json") or "{}")
        url = str(said["url"])
    except (PackageNotFoundError, ValueError, KeyError, TypeError, OSError):
        return f"'efface[{extra}]'"
    vcs = said.get("vcs_info")
    return f"'efface[{extra}] @ {vcs['vcs'] + '+' if vcs else ''}{url}'"


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
