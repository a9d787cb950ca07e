"""Runs first in the bundle's programs: gives the programs that efface starts their own libraries.

PyInstaller's starter points LD_LIBRARY_PATH to the bundle. A browser or exiftool, started with it,
would load the bundle's libraries and fail. efface's own workers are the bundle's program again and
need it; Python starts them without `subprocess`.
"""

import os
import subprocess

NAME, BEFORE = "LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG"
start = subprocess.Popen.__init__


def start_with_own_libraries(self, *arguments, env=None, **more):
    """Start a program with the path that was set before the bundle's starter ran."""
    given = dict(os.environ if env is None else env)
    before = given.pop(BEFORE, None)
    given.pop(NAME, None)
    start(self, *arguments, env=given if before is None else {**given, NAME: before}, **more)


subprocess.Popen.__init__ = start_with_own_libraries
