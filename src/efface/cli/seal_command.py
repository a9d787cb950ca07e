"""`efface seal`: writes records of which files belong together, and checks such records."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from efface.cli.batch import asked_to_stop
from efface.cli.commands import Command
from efface.cli.output_options import SILENT, is_quiet
from efface.cli.parameters import A_PATH, CONTEXT, names_folder, output_option
from efface.errors import (
    EXIT_LOOK,
    EXIT_OK,
    EffaceError,
    UsageError,
    VerificationFailed,
    printable,
    worst,
)

if TYPE_CHECKING:
    from efface.pipeline.naming import Job
    from efface.pipeline.sealing import Sealing
    from efface.seal_records.minisign_keys import Signer
    from efface.seal_records.record_check import SealCheck
    from efface.seal_records.record_text import SealRecord

OWNER = (
    "This key stands for its owner: whoever learns whose key it is knows who signed each record. "
    "Keep {secret} to yourself, and give {public} to those who check."
)
UNSIGNED = "not signed: anybody can change it. --key or --new-key signs it."
ALONE = "no plan and no copy are beside it, so the record holds the original alone."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of one command line. The help of each says what it means."""

    output: Path | None = None
    copies: Path | None = None
    plan: Path | None = None
    reports: tuple[Path, ...] = ()
    no_names: bool = False
    key: Path | None = None
    new_key: Path | None = None
    public_key: str | None = None
    folders: tuple[Path, ...] = ()
    overwrite: bool = False


@click.command(
    cls=Command,
    context_settings=CONTEXT,
    examples=(
        ("seal protest.mp4 --new-key me.key", "original, plan and copy; make a key and sign"),
        ("seal photos/ --copies out/ --key me.key", "a record for each photo and film"),
        ("seal --check protest.mp4.seal.txt --public-key me.pub", "is everything as it was?"),
    ),
)
@click.argument("paths", nargs=-1, required=True, metavar="ORIGINAL...", type=A_PATH)
@click.option(
    "--check", is_flag=True, show_default="off",
    help="Check records, which stand in place of ORIGINAL: which file changed, which is missing, "
    "and whether the signature holds. Writes nothing.",
)  # fmt: skip
@output_option("Record; for a folder or several originals, folder of the records.")
@click.option(
    "--copies", type=A_PATH,
    help="The copy, or the folder of the copies, that -o named when they were made. Default: "
    "beside the originals.",
)  # fmt: skip
@click.option(
    "--plan", type=A_PATH, help="The plan of a single ORIGINAL. Default: the plan of the copy."
)
@click.option(
    "--report", "reports", type=A_PATH, multiple=True,
    help="A report that also belongs to the originals. Repeatable.",
)  # fmt: skip
@click.option(
    "--no-names", is_flag=True, show_default="off",
    help="Leave the names of the files out. A check then finds them by their bytes.",
)  # fmt: skip
@click.option("--key", type=A_PATH, help="Sign with this secret key, of efface or of minisign.")
@click.option(
    "--new-key", type=A_PATH,
    help="Make a key, write it to this file (the public key beside it, as .pub), and sign with it.",
)  # fmt: skip
@click.option(
    "--public-key", metavar="KEY",
    help="With --check: the key that must have signed, as a .pub file or as the word in it.",
)  # fmt: skip
@click.option(
    "--in", "folders", type=A_PATH, multiple=True,
    help="With --check: also look for the files in this folder. Repeatable.",
)  # fmt: skip
@click.option(
    "--overwrite", is_flag=True, show_default="off", help="Replace records that exist already."
)
@SILENT
def seal(paths: tuple[Path, ...], check: bool, **values: Any) -> None:
    """Write a record of which original, plan, copy and report belong together.

    The record is text. It names each file with its size and SHA-256, and holds nothing of what they
    show: keep it with the original, and share the copy. A key, in minisign's format, signs it. A
    key names its owner. Anybody who has the original can recognise its hash.

    With --check, exit code 0 means that all files are there and unchanged, and that the key you
    named signed; 6 that a file changed, or the signature does not hold, or no file is there; 7
    that a file is missing, or nobody whom you named signed.
    """
    asked = Asked(**values)
    if check:
        if asked != Asked(folders=asked.folders, public_key=asked.public_key):
            raise click.UsageError(
                "--check takes only records, --public-key, --in and --quiet. Nothing was written."
            )
        sys.exit(_check(paths, asked.folders, asked.public_key))
    if asked.public_key is not None or asked.folders:
        raise click.UsageError("--public-key and --in have no effect without --check.")
    if asked.key is not None and asked.new_key is not None:
        raise click.UsageError("Give --key or --new-key, one at a time.")
    sys.exit(_seal(paths, asked))


def _seal(paths: Sequence[Path], asked: Asked) -> int:
    """Write the records, and return the exit code."""
    from efface.pipeline.naming import jobs_for
    from efface.pipeline.sealing import Sealing

    if not isinstance(asked.output, Path | None):
        raise click.UsageError("-o: records are written to this machine, and not to an address.")
    jobs = jobs_for(paths, asked.copies)
    if asked.plan is not None and len(jobs) != 1:
        raise click.UsageError("--plan is the plan of one file: name a single ORIGINAL.")
    records = _record_paths(jobs, paths, asked.output)
    with ExitStack() as closing:
        signer = _signer(asked.key, asked.new_key)
        if signer is not None:
            closing.enter_context(signer)
        task = Sealing(
            sealed_at=datetime.now(UTC),
            plan=asked.plan,
            reports=asked.reports,
            has_names=not asked.no_names,
            signer=signer,
            overwrite=asked.overwrite,
        )
        return worst([_write(task, j, p) for j, p in zip(jobs, records, strict=True)])


def _record_paths(jobs: Sequence[Job], paths: Sequence[Path], output: Path | None) -> list[Path]:
    """Return the path of each record. Raises UsageError if two would have the same."""
    from efface.pipeline.naming import is_single
    from efface.pipeline.sealing import record_path_of

    if output is None:
        found = [record_path_of(j.source) for j in jobs]
    elif is_single(paths, output, is_folder=names_folder()):
        found = [output]
    else:
        found = [record_path_of(output / j.name) for j in jobs]
    if len({str(p).casefold() for p in found}) < len(found):
        raise UsageError(
            "Two originals would have the same record. Nothing was written. Seal them one after "
            "the other, into different folders."
        )
    return found


def _signer(key: Path | None, new_key: Path | None) -> Signer | None:
    from efface.seal_records import minisign_keys

    if key is not None:
        return minisign_keys.open_key(key, lambda: _password(f"Password of {printable(key)}"))
    if new_key is None:
        return None
    minisign_keys.require_free(new_key)  # before anything is asked
    prompt = "Password for the new key (empty for none)"
    signer = minisign_keys.make_key(new_key, _password(prompt, is_new=True))
    public = printable(minisign_keys.public_path_of(new_key))
    click.echo(OWNER.format(secret=printable(new_key), public=public), err=True)
    return signer


def _password(prompt: str, *, is_new: bool = False) -> str:
    """Ask for a password; without a terminal, take the first line of standard input."""
    if sys.stdin is None or not sys.stdin.isatty():
        return "" if sys.stdin is None else sys.stdin.readline().rstrip("\r\n")
    found: str = click.prompt(
        prompt, default="", show_default=False, hide_input=True, confirmation_prompt=is_new,
        err=True,
    )  # fmt: skip
    return found


def _write(task: Sealing, job: Job, path: Path) -> int:
    """Write one record and say so. Return the exit code."""
    from efface.files import writing

    try:
        _require_going_on()
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        record = task.write(job, path)
    except EffaceError as e:
        click.echo(f"efface: {e}", err=True)
        return e.exit_code
    if not is_quiet():
        click.echo(_written(job, path, record))
    return EXIT_OK


def _require_going_on() -> None:
    if asked_to_stop.is_set():
        raise KeyboardInterrupt


def _written(job: Job, path: Path, record: SealRecord) -> str:
    named = ", ".join(f.role for f in record.files)
    lines = [f"{printable(job.name)} -> {printable(path)}: {named}."]
    if len(record.files) == 1:
        lines.append(f"  {ALONE}")
    lines.append(f"  {f'signed by {record.key}' if record.key else UNSIGNED}")
    return "\n".join(lines)


def _check(paths: Sequence[Path], folders: Sequence[Path], public_key: str | None) -> int:
    """Check the records, and return the exit code."""
    from efface.seal_records import minisign_keys
    from efface.seal_records.record_check import check_record

    key = minisign_keys.public_key(public_key) if public_key is not None else ""
    codes = []
    for path in paths:
        _require_going_on()
        try:
            found = check_record(path, folders, key)
        except EffaceError as e:
            click.echo(f"efface: {e}", err=True)
            codes.append(e.exit_code)
            continue
        codes.append(code_of(found))
        if not is_quiet():
            click.echo(said(path, found))
    return worst(codes)


def code_of(found: SealCheck) -> int:
    """Return the exit code for a record: 0, 6 or 7."""
    from efface.seal_records.record_check import Signature, State

    states = {f.state for f in found.files}
    is_refuted = State.CHANGED in states or found.signature.outcome is Signature.BROKEN
    if is_refuted or State.UNCHANGED not in states:
        return VerificationFailed.exit_code
    if states != {State.UNCHANGED} or found.signature.outcome is not Signature.HOLDS:
        return EXIT_LOOK
    return EXIT_OK


def said(path: Path, found: SealCheck) -> str:
    """Return what the check of a record found, one line for each file and one for the signature."""
    record, signature = found.record, found.signature
    lines = [
        f"{printable(path)}: sealed {record.sealed_at} by the clock of the machine, "
        f"with efface {record.efface}"
    ]
    for f in found.files:
        why = f": {printable(f.why)}" if f.why else ""
        lines.append(f"  {f.file.role:<9} {f.state.value}{why} {_named(f.file.name)}".rstrip())
    why = f": {printable(signature.why)}" if signature.why else ""
    by = f" ({signature.key})" if signature.key else ""
    lines.append(f"  {'signature':<9} {signature.outcome.value}{why}{by}")
    return "\n".join([*lines, f"  {_conclusion(found)}"])


def _named(name: str) -> str:
    return f"({name})" if name else ""


def _conclusion(found: SealCheck) -> str:
    from efface.seal_records.record_check import Signature, State

    code, states = code_of(found), {f.state for f in found.files}
    if code == EXIT_OK:
        return "Altogether: everything is as it was sealed."
    if code == VerificationFailed.exit_code:
        return "Altogether: this is not what was sealed, or none of it is here."
    advice = {
        Signature.NONE: "Nobody signed the record, so it proves only as much as its keeping does.",
        Signature.OF_UNKNOWN_KEY: "Ask the owner for the key, and name it with --public-key.",
        Signature.UNCHECKED: "The signature was not checked.",
        Signature.HOLDS: "",
    }[found.signature.outcome]
    missing = "" if states == {State.UNCHANGED} else "Not every file was looked at; see --in."
    said = " ".join(filter(None, (missing, advice)))
    return f"Altogether: what is here is unchanged. {said}"
