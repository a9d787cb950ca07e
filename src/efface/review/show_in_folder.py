"""Show a finished copy in the file manager of the platform.

Only paths that the server itself wrote come here. No shell reads them, and they are absolute, so
none is taken for an option.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

from efface.errors import EffaceError, UsageError


def command_for(path: Path, platform: str) -> list[str]:
    """Return the command that shows the file: selected in its folder, or else only the folder."""
    if platform == "darwin":
        return ["open", "-R", str(path)]
    if platform == "win32":
        return ["explorer", f"/select,{path}"]
    return ["xdg-open", str(path.parent)]


def show(path: Path) -> None:
    """Open the folder of a file. Raises EffaceError if no file manager can be started."""
    command = command_for(path.absolute(), sys.platform)
    if (program := shutil.which(command[0])) is None:
        raise _cannot(path)
    quiet = subprocess.DEVNULL
    try:
        started = subprocess.Popen(
            [program, *command[1:]], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )
    except OSError as e:
        raise _cannot(path) from e
    # It may run for as long as its window is open, and nobody waits for that.
    threading.Thread(target=started.wait, name="file-manager", daemon=True).start()


def _cannot(path: Path) -> EffaceError:
    return UsageError(f"No file manager can be started here. The copy is in {path.parent}.")
