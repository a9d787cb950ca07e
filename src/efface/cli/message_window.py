"""Show a sentence to a person who started efface without a terminal.

The platform's own way comes first. Where nothing is there, a text file is opened in the browser,
which the page needs as well.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import webbrowser
from contextlib import suppress
from pathlib import Path

from efface.cli.open_command import has_screen

TITLE = "efface"

WAIT_S = 600.0
"""Maximum time for which a window of another program is waited for."""

PROGRAMS = (
    ("zenity", "--error", "--no-markup", f"--title={TITLE}", "--text={}"),
    ("kdialog", "--title", TITLE, "--error", "{}"),
    ("xmessage", "-center", "-title", TITLE, "--", "{}"),
    ("notify-send", "--", TITLE, "{}"),
)
"""Programs of desktops that show a sentence, with their arguments; {} stands for it."""


def show_message(text: str) -> None:
    """Show a sentence, and return when the person has seen it. Without a screen nobody would."""
    if not has_screen():
        return
    shown = {"win32": _on_windows, "darwin": _on_mac}.get(sys.platform, _on_other_desktops)
    with suppress(Exception):  # a broken desktop; a file is left
        if shown(text):
            return
    with suppress(OSError):
        file = Path(tempfile.mkdtemp(prefix="efface-")) / "message.txt"
        file.write_text(text + "\n", encoding="utf-8")
        webbrowser.open(file.as_uri())


def _on_windows(text: str) -> bool:
    import ctypes

    windows: object = getattr(ctypes, "windll")  # noqa: B009  only there on Windows
    error_icon = 0x10
    windows.user32.MessageBoxW(None, text, TITLE, error_icon)  # type: ignore[attr-defined]
    return True


def _on_mac(text: str) -> bool:
    script = "on run argv\ndisplay alert item 1 of argv message item 2 of argv\nend run"
    return _ran(["osascript", "-e", script, TITLE, text])


def _on_other_desktops(text: str) -> bool:
    if _ran_first(text):
        return True
    import tkinter
    from tkinter import messagebox

    root = tkinter.Tk()
    root.withdraw()
    messagebox.showerror(TITLE, text)
    root.destroy()
    return True


def _ran_first(text: str) -> bool:
    """Show the sentence with the first program that is there and works."""
    return any(
        _ran(
            [word.format(text) if word == "{}" or word.endswith("={}") else word for word in words]
        )
        for words in PROGRAMS
        if shutil.which(words[0])
    )


def _ran(words: list[str]) -> bool:
    quiet = subprocess.DEVNULL
    done = subprocess.run(
        words, stdin=quiet, stdout=quiet, stderr=quiet, timeout=WAIT_S, check=False
    )
    return done.returncode in (0, 1)  # 1: the window was closed by its corner
