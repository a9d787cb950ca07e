"""Remember what was worked on, if a person wants that: the list names files.

It is off until it is switched on. A laptop may be searched, and a list of names says who filmed
what, and that it was redacted, also after the files themselves are gone. Without the list nothing
is written. Switching it off deletes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from efface.errors import printable
from efface.files import open_plain, writing
from efface.review.home_folders import HomeFolders, NotOffered

MOST_KEPT = 12
"""Maximum number of files and folders in the list."""

LARGEST = 1 << 20
"""Maximum size of the file that is read, in bytes."""


class RecentWork:
    """The list in the file at `path`. It is there exactly while a person wants it."""

    def __init__(self, path: Path, folders: HomeFolders) -> None:
        self.path, self._folders, self._lock = path, folders, threading.Lock()

    @property
    def is_on(self) -> bool:
        """Return whether the list is kept."""
        return self.path.is_file()

    def switch(self, *, is_on: bool) -> None:
        """Begin to keep a list, or delete it. Raises WriteFailed."""
        with self._lock:
            if is_on and not self.is_on:
                self._write([])
            elif not is_on:
                with writing(self.path), suppress(FileNotFoundError):
                    self.path.unlink()

    def clear(self) -> None:
        """Forget everything so far. Raises WriteFailed."""
        with self._lock:
            if self.is_on:
                self._write([])

    def note(self, paths: Sequence[Path]) -> None:
        """Add files and folders at the beginning. Raises WriteFailed."""
        with self._lock:
            if not self.is_on:
                return
            new = [{"path": str(p), "day": date.today().isoformat()} for p in paths[:MOST_KEPT]]
            names = {entry["path"] for entry in new}
            old = [entry for entry in self._read() if entry["path"] not in names]
            self._write([*new, *old][:MOST_KEPT])

    def listed(self) -> list[dict[str, Any]]:
        """Describe what is in the list and still offered."""
        with self._lock:
            return [self._described(e) for e in self._read() if self._is_offered(Path(e["path"]))]

    def _described(self, entry: dict[str, str]) -> dict[str, Any]:
        path = Path(entry["path"])
        return {
            "id": _id_of(path),
            "name": printable(path.name),
            "folder": printable(self._folders.shown(path.parent)),
            "is_folder": path.is_dir(),
            "day": entry["day"],
        }

    def find(self, identity: str) -> Path:
        """Return a path of the list. Raises NotOffered."""
        with self._lock:
            for entry in self._read():
                path = Path(entry["path"])
                if _id_of(path) == identity and self._is_offered(path):
                    return path
        raise NotOffered("it is not in the list, or no longer there")

    def _is_offered(self, path: Path) -> bool:
        return self._folders.is_offered(path)

    def _read(self) -> list[dict[str, str]]:
        """Return the entries; none of a file that is not a list of them."""
        try:
            with open_plain(self.path) as f:
                found = json.loads(f.read(LARGEST))
        except (OSError, ValueError, RecursionError):
            return []
        return [e for e in found if _is_entry(e)] if isinstance(found, list) else []

    def _write(self, entries: Sequence[dict[str, str]]) -> None:
        """Replace the file. Only its owner may read it."""
        draft = self.path.with_suffix(".new")
        with writing(self.path):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                draft.unlink()
            handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as f:
                json.dump(list(entries), f)
            os.replace(draft, self.path)


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(k), str) for k in ("path", "day"))


def _id_of(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
