"""Addresses of files on other machines: `s3://`, `gs://`, `az://` and `sftp://`.

An address has the parts of a name that a path has. It is no path: nothing on this machine is opened
by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath

from efface.errors import NOTHING_WRITTEN, UsageError, printable

PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "sftp": "paramiko"}
"""The package that each protocol needs besides fsspec."""


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """The address of a file or a folder on another machine.

    protocol  one of PACKAGES.
    path      bucket or host, and the path in it.
    """

    protocol: str
    path: PurePosixPath

    def __str__(self) -> str:
        return f"{self.protocol}://{'/'.join(self.path.parts)}"

    @property
    def name(self) -> str:
        """Return the last part."""
        return self.path.name

    @property
    def stem(self) -> str:
        """Return the last part without its suffix."""
        return self.path.stem

    @property
    def suffix(self) -> str:
        """Return the suffix of the last part, with its dot."""
        return self.path.suffix

    @property
    def parts(self) -> tuple[str, ...]:
        """Return bucket or host, folders and name."""
        return self.path.parts

    @property
    def parent(self) -> RemoteAddress:
        """Return the address of the folder."""
        return replace(self, path=self.path.parent)

    def with_name(self, name: str) -> RemoteAddress:
        """Return the address of another file in the same folder."""
        return self.parent / name

    def __truediv__(self, below: PurePath | str) -> RemoteAddress:
        return replace(self, path=self.path / PurePosixPath(below))

    def is_relative_to(self, folder: RemoteAddress) -> bool:
        """Return whether this is below the folder, or is the folder."""
        return self.protocol == folder.protocol and self.path.is_relative_to(folder.path)


Location = Path | RemoteAddress
"""Where a file is: on this machine or on another one."""


def local_paths(locations: Iterable[Location]) -> tuple[Path, ...]:
    """Return those of the locations that are on this machine."""
    return tuple(location for location in locations if isinstance(location, Path))


def location_of(text: str) -> Location:
    """Return what an address or a path that the user wrote stands for.

    Raises UsageError for an address that efface cannot use.
    """
    protocol, mark, rest = text.partition("://")
    if not mark or not protocol.isalnum():
        return Path(text)
    if protocol == "file":
        return Path(rest)
    if protocol not in PACKAGES:
        known = ", ".join(f"{p}://" for p in PACKAGES)
        raise UsageError(
            f"{printable(protocol)}:// is not supported. Supported are {known}. {NOTHING_WRITTEN}"
        )
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if at and ":" in user:
        raise UsageError(
            "A password in an address is seen by others: leave it to the configuration. "
            f"{NOTHING_WRITTEN}"
        )
    if "::" in rest:
        raise UsageError(f"An address inside of another cannot be used. {NOTHING_WRITTEN}")
    return RemoteAddress(protocol, PurePosixPath(rest.lstrip("/")))
