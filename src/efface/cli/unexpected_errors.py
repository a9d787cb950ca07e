"""Turns errors that efface does not expect into its own: each gets a sentence and an exit code."""

from __future__ import annotations

import os
import traceback

import click

from efface.errors import DetectorFailed, EffaceError, OutOfMemory, Unforeseen, is_about_memory

TRACEBACK = "EFFACE_TRACEBACK"
"""Environment variable that shows where an unexpected error came from.

Off by default: tracebacks quote paths and values.
"""


def as_efface_error(error: Exception, name: str = "") -> EffaceError:
    """Return the error as one of efface's own.

    Each library reports a lack of memory in its own way: all become OutOfMemory.

    name  the file in hand, if any.
    """
    kind, text = (
        (error.kind, error.text)
        if isinstance(error, Unforeseen)
        else (type(error).__name__, str(error))
    )
    is_own = isinstance(error, EffaceError)
    if (isinstance(error, MemoryError) or is_about_memory(kind, text)) and (
        not is_own or isinstance(error, DetectorFailed)
    ):
        return OutOfMemory(name)
    return error if isinstance(error, EffaceError) else _unexpected(error, name)


def _unexpected(error: Exception, name: str) -> EffaceError:
    kind, trace = type(error).__name__, "".join(traceback.format_exception(error))
    if isinstance(error, Unforeseen):  # in a worker
        kind, trace = error.kind, error.trace
    if os.environ.get(TRACEBACK):
        click.echo(trace, err=True, nl=False)
    return EffaceError(
        f"{name}{': ' if name else ''}unexpected error, {kind}: {error}. No target was "
        f"written for the file in hand. Please report it; {TRACEBACK}=1 shows where it came from."
    )
