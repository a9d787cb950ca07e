"""What the commands say and require when copies are to be signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from efface.cli.output_options import is_quiet
from efface.errors import UsageError, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from efface.options import Options

F = TypeVar("F", bound="Callable[..., Any]")

NAMES_YOU = (
    "efface: every copy will hold the certificate of {subject}. Whoever gets a copy learns that "
    "its owner made it, and can tell all copies that this key signed. Nobody can take that back."
)
FLAGS = ("--c2pa-sign", "--c2pa-source-hash")


def prepare_signing(options: Options, engine: str = "local") -> None:
    """Open and try the key before any work, and warn whom it names.

    Raises UsageError, ExtraMissing, BadCertificate, BadKey.
    """
    if options.sign.c2pa_sign is None:
        return
    if engine != "local":
        raise UsageError(
            f"--c2pa-sign does not work with --engine {engine}: the key stays on this machine. "
            "Nothing was written. Sign with --engine local."
        )
    from efface.pipeline.signing import signing_key

    key = signing_key(options.sign)
    if key is not None and not is_quiet():
        click.echo(printable(NAMES_YOU.format(subject=key.subject)), err=True)


def require_unsigned(options: Options) -> None:
    """Refuse to sign a copy of which no plan will hold a record. Raises UsageError."""
    if options.sign.c2pa_sign is not None:
        raise UsageError(
            "--c2pa-sign does not work with efface render --plan: no plan would hold a record of "
            "the signature, and efface verify could not tell it from a stranger's. Nothing was "
            "written. Use efface redact, or efface render without --plan."
        )


def refuses_signing(command: F) -> F:
    """Decorate a command that cannot sign, so that it says why."""

    def refuse(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value:
            raise UsageError(
                f"{parameter.opts[0]}: a stream cannot be signed, as its signature covers the "
                "whole file. Nothing was written. Record it, and use efface redact on the "
                "recording."
            )

    for flag, is_flag in zip(FLAGS, (False, True), strict=True):
        command = click.option(
            flag, is_flag=is_flag, hidden=True, expose_value=False, callback=refuse
        )(command)
    return command
