"""Find the user's folders for caches and for state, by each platform's own rule."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder for what may be deleted at any time.

    It is on the disk. The system's temporary folder may be in memory, where a film would fill it.
    """
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "efface"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "efface"
    named = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (named if named.is_absolute() else home / ".cache") / "efface"


def state_folder() -> Path:
    """Return the folder for what a program remembers between its runs."""
    home = Path.home()
    if sys.platform == "win32":
        return cache_folder()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "efface"
    named = Path(os.environ.get("XDG_STATE_HOME") or "")
    return (named if named.is_absolute() else home / ".local" / "state") / "efface"
