"""List folders below the user's home, so that the page can offer files that lie there.

A request names the parts of a path. Nothing outside of the home is listed or taken, whatever a
symbolic link says, and nothing in a hidden folder, where programs keep keys and settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from efface.containers.sniff import is_media_name, looks_like_media
from efface.private_folders import DRAFTS

MOST_LISTED = 2000
"""Maximum number of entries that are sent of one folder."""

MOST_EXAMINED = 100_000
"""Maximum number of files and folders that are looked at below a chosen folder."""


class NotOffered(ValueError):
    """A path is not one that the page may choose."""


class HomeFolders:
    """The folders below `home`."""

    def __init__(self, home: Path) -> None:
        self._home = Path(os.path.realpath(home))

    def path(self, parts: Sequence[Any]) -> Path:
        """Return the path with these parts. Raises NotOffered if it is hidden, leads outside, or
        does not exist."""
        if not all(isinstance(p, str) and _is_plain(p) for p in parts):
            raise NotOffered("that is not a name in a folder")
        path = self._home.joinpath(*parts)
        if not self.is_offered(path):
            raise NotOffered("there is no such file or folder below your home folder")
        return path

    def is_offered(self, path: Path) -> bool:
        """Return whether the path exists and, with all links followed, is in the home and not
        hidden."""
        try:
            real = Path(os.path.realpath(path, strict=True))
        except (OSError, ValueError):
            return False
        if not real.is_relative_to(self._home):
            return False
        return not any(part.startswith(".") for part in real.relative_to(self._home).parts)

    def shown(self, path: Path) -> str:
        """Return a path as a person knows it: ~ is the home."""
        if path.is_relative_to(self._home):
            return str(Path("~") / path.relative_to(self._home))
        return str(path)

    def listed(self, parts: Sequence[Any]) -> dict[str, Any]:
        """Return the folders and the media files in a folder, each by name.

        Raises NotOffered, and OSError if the folder cannot be listed.
        """
        folders, media = [], []
        with os.scandir(self.path(parts)) as found:
            for entry in found:
                if not _is_plain(entry.name) or not self.is_offered(Path(entry.path)):
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                elif entry.is_file() and is_media_name(Path(entry.name)):
                    media.append({"name": entry.name, "bytes": entry.stat().st_size})
        folders.sort(key=str.casefold)
        media.sort(key=lambda m: str(m["name"]).casefold())
        room = max(0, MOST_LISTED - len(folders))
        return {
            "path": list(parts),
            "folders": folders[:MOST_LISTED],
            "media": media[:room],
            "left_out": max(0, len(folders) - MOST_LISTED) + max(0, len(media) - room),
        }

    def media_in(self, chosen: Path) -> Iterator[Path]:
        """Yield the file itself, or every photo and film below the folder.

        Raises NotOffered if the folder holds too much.
        """
        if not chosen.is_dir():
            yield chosen
            return
        examined = 0
        for folder, subfolders, names in os.walk(chosen):
            subfolders[:] = sorted(s for s in subfolders if not s.startswith((".", DRAFTS)))
            examined += len(subfolders) + len(names)
            if examined > MOST_EXAMINED:
                raise NotOffered("the folder holds too many files; choose one of its folders")
            for path in (Path(folder, name) for name in sorted(names)):
                if _is_plain(path.name) and self.is_offered(path) and looks_like_media(path):
                    yield path


def _is_plain(name: str) -> bool:
    """Return whether this is the name of a file or folder that is not hidden, and can be sent."""
    if not name or name.startswith(".") or any(c in name for c in "/\0") or not name.isprintable():
        return False
    return os.sep == "/" or not any(c in name for c in "\\:")
