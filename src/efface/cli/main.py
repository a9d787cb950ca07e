"""The command line: lists the commands, and turns errors into exit codes.

Each command has its own file, `X_command.py`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import click

from efface.cli.batch import asked_to_stop
from efface.cli.bench_command import bench
from efface.cli.commands import Commands
from efface.cli.completion_command import completion
from efface.cli.find_command import find
from efface.cli.inspect_command import inspect
from efface.cli.live_command import live
from efface.cli.open_command import open_page
from efface.cli.parameters import CONTEXT
from efface.cli.presets_command import presets
from efface.cli.redact_command import redact
from efface.cli.render_command import render
from efface.cli.review_command import review
from efface.cli.seal_command import seal
from efface.cli.unexpected_errors import as_efface_error
from efface.cli.verify_command import verify
from efface.cli.version_option import VERBOSE, VERSION
from efface.errors import EffaceError, Interrupted
from efface.signals import SIGNALS, interruptible

PATIENCE_S = 3.0
"""A second signal within this time repeats the first one and does not count."""


@click.group(cls=Commands, context_settings=CONTEXT)
@VERSION
@VERBOSE
def cli() -> None:
    """Find every human face and licence plate in photos and videos and erase it, so that nothing
    can bring it back.

    Everything happens on this machine, offline, unless you name an address or a cluster. efface
    only reads sources. A target appears whole and checked, or not at all. efface can miss a face or
    a plate: look at the result before you publish it.

    Exit codes: 0 done; 1 unexpected; 2 usage; 3 a source cannot be used; 4 a part of efface is
    missing; 5 a target was refused; 6 a draft did not pass its check; 7 done, and a person should
    look; 130 interrupted.
    """


_COMMANDS = (
    bench,
    completion,
    find,
    inspect,
    live,
    open_page,
    presets,
    redact,
    render,
    review,
    seal,
    verify,
)
for _command in _COMMANDS:
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and end the process. Only this function turns errors into exit codes."""
    code = _run_command(arguments, ends_process=arguments is None)
    if arguments is None and (code == Interrupted.exit_code or threading.active_count() > 1):
        _leave_at_once(code)
    sys.exit(code)


def _leave_at_once(code: int) -> NoReturn:
    # sys.exit would not do. If Python notices the interrupt inside code that exec made (dataclasses
    # are), it ends with another code. And it may crash in its own shutdown while a detector hangs
    # in native code.
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):
            stream.flush()
    os._exit(code)


def _run_command(arguments: Sequence[str] | None, *, ends_process: bool) -> int:
    try:
        asked_to_stop.clear()
        # SIGTERM and a closed terminal end the work as Ctrl-C does.
        with interruptible(
            SIGNALS, asked_to_stop, patience_s=PATIENCE_S, ignored_after=ends_process
        ):
            cli.main(arguments, prog_name="efface", standalone_mode=False)
        code = 0
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else int(bool(e.code))
    except click.ClickException as e:
        e.show()
        code = e.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _print_error(Interrupted())
    except Exception as e:
        code = _print_error(Interrupted() if asked_to_stop.is_set() else as_efface_error(e))
    return code


def _print_error(error: EffaceError) -> int:
    click.echo(f"efface: {error}", err=True)
    return error.exit_code
