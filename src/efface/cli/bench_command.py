"""`efface bench`: measures how well efface finds, on labelled pictures and videos."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from efface.cli.flags_from_options import options_from, options_of
from efface.cli.output_options import NO_PROGRESS, hides_progress
from efface.cli.parameters import A_PATH
from efface.errors import printable

if TYPE_CHECKING:
    from efface.bench.runner import Result
    from efface.bench.truth import StillTruth
    from efface.options import Options

F = TypeVar("F", bound=Callable[..., Any])

SETTINGS = ("detect", "track", "cover", "read")
"""Branches of options that decide what would be erased."""

DROPPED = 7
"""Exit code: everything was measured, and a person should look."""

STDOUT = Path("-")

folders = click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=A_PATH)


def _about_results(command: F) -> F:
    """Decorate a command with the options that all benches share."""
    for option in (
        click.option(
            "--plain",
            is_flag=True,
            help="Look at each frame by itself, without tracks, to measure what tracking gains.",
        ),
        click.option(
            "--against",
            type=A_PATH,
            help="Earlier result, written by --json. If a number dropped, the exit code is 7.",
        ),
        click.option(
            "--json",
            "json_path",
            type=click.Path(path_type=Path, readable=False, allow_dash=True),
            help="Also write everything as JSON. Replaces an earlier file. With - the JSON is "
            "printed in place of the table.",
        ),
        NO_PROGRESS,
    ):
        command = option(command)
    return options_of(*SETTINGS, without=("--erase", "--keep"))(command)


def _about_clips(count: int, of: str) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in (
            click.option(
                "--keep",
                type=A_PATH,
                help=(
                    "Folder for the clips and their labels. Clips that exist already are not "
                    "made again."
                ),
            ),
            click.option(
                "--only",
                metavar="KIND,...",
                default="",
                help="Only these kinds, separated by commas. Default: all.",
            ),
            click.option(
                "--seed",
                metavar="N",
                type=click.IntRange(min=0),
                default=1,
                show_default=True,
                help="Number that selects the clips.",
            ),
            click.option(
                "--clips",
                metavar="N",
                type=click.IntRange(min=1),
                default=count,
                show_default=True,
                help=of,
            ),
        ):
            command = option(command)
        return command

    return decorate


@click.group()
def bench() -> None:
    """Measure how well faces, plates, text and codes are found, on labelled pictures and videos.

    Prints a table, and writes JSON on request. Labels are read from files beside the pictures;
    docs/bench.md describes their format, and what each number means. Clips with known boxes are
    made from still pictures.
    """


@bench.command()
@folders
@click.option(
    "--light",
    type=click.Choice(["as-is", "dark", "back-lit"]),
    default="as-is",
    show_default=True,
    help="Show copies of the pictures with less light, or with light from behind the faces.",
)
@_about_results
def stills(
    folders: tuple[Path, ...],
    light: str,
    json_path: Path | None,
    against: Path | None,
    plain: bool,
    **values: Any,
) -> None:
    """Measure recall and false alarms on folders of pictures with annotations.json."""
    from efface.bench import runner

    options = _options(values, plain)
    _finish(
        lambda: runner.run_stills(_loaded(folders), options, _say, light=light),
        json_path,
        against,
        plain,
    )


@bench.command()
@click.argument("truths", nargs=-1, required=True, metavar="TRUTH.json...", type=A_PATH)
@_about_results
def video(
    truths: tuple[Path, ...],
    json_path: Path | None,
    against: Path | None,
    plain: bool,
    **values: Any,
) -> None:
    """Measure leaks and false alarms in videos. A file beside each video lists its boxes in every
    frame.
    """
    from efface.bench import runner
    from efface.bench.truth import load_video

    options = _options(values, plain)
    _finish(
        lambda: runner.run_videos([load_video(t) for t in truths], options, _say),
        json_path,
        against,
        plain,
    )


@bench.command()
@folders
@_about_clips(60, "How many clips of 4 s to make.")
@_about_results
def moving(
    folders: tuple[Path, ...], json_path: Path | None, against: Path | None, plain: bool,
    clips: int, seed: int, only: str, keep: Path | None, **values: Any,
) -> None:  # fmt: skip
    """Measure leaks in clips that are made from labelled pictures, so that every box is known
    exactly.

    The camera pans, zooms, turns, shakes, and loses sight of faces. Clips have motion blur, a
    change of exposure, strong compression, a person who walks past in front, a hand, or a hard cut.
    """
    from efface.bench import runner

    options = _options(values, plain)
    wanted = runner.ClipsWanted(count=clips, seed=seed, kinds=_kinds(only), keep=keep)
    _finish(
        lambda: runner.run_moving(_loaded(folders), options, _say, wanted),
        json_path, against, plain,
    )  # fmt: skip


@bench.command()
@folders
@_about_clips(6, "How many clips of each kind to make.")
@_about_results
def stress(
    folders: tuple[Path, ...], json_path: Path | None, against: Path | None, plain: bool,
    clips: int, seed: int, only: str, keep: Path | None, **values: Any,
) -> None:  # fmt: skip
    """Measure legible faces in clips on which detectors fail at times, made from labelled pictures.

    The clips show a bar that passes over the face, motion blur, a head that rolls from 0 to 180
    degrees, darkness, a drawn mask and dark glasses, small faces, a face that leaves the picture,
    and the same faces undisturbed.
    """
    from efface.bench import runner

    options = _options(values, plain)
    wanted = runner.ClipsWanted(count=clips, seed=seed, kinds=_kinds(only), keep=keep)
    _finish(
        lambda: runner.run_stress(_loaded(folders), options, _say, wanted),
        json_path, against, plain,
    )  # fmt: skip


@bench.command()
@_about_clips(3, "How many pictures of each object in each way to make.")
@_about_results
def drawn(
    json_path: Path | None, against: Path | None, plain: bool,
    clips: int, seed: int, only: str, keep: Path | None, **values: Any,
) -> None:  # fmt: skip
    """Measure recall and false alarms on text and codes that are drawn for it. This needs no data.

    Lines, captions, QR and bar codes are drawn into drawn pictures: of several sizes, turned,
    tilted, blurred, with noise. The kinds of --only are text and code.
    """
    from efface.bench import runner

    options = _options(values, plain)
    wanted = runner.ClipsWanted(count=clips, seed=seed, kinds=_kinds(only), keep=keep)
    _finish(lambda: runner.run_drawn(options, _say, wanted), json_path, against, plain)


def _options(values: dict[str, Any], plain: bool) -> Options:
    from efface.bench import runner

    options = options_from(values)
    return runner.plain(options) if plain else options


def _kinds(only: str) -> list[str]:
    return [k.strip() for k in only.split(",") if k.strip()]


def _loaded(folders: Sequence[Path]) -> list[tuple[str, list[StillTruth]]]:
    from efface.bench.truth import load_stills

    return [(folder.resolve().name, load_stills(folder)) for folder in folders]


def _say(line: str) -> None:
    if not hides_progress():
        click.echo(printable(line), err=True)


def _finish(
    measure: Callable[[], Result], json_path: Path | None, against: Path | None, plain: bool
) -> None:
    """Measure, print the table, write the file, and compare.

    The earlier result is read before the work begins.
    """
    from efface.bench import results
    from efface.files import require_target
    from efface.pipeline.storage import write_text

    before = results.load(against) if against else None
    is_printed = json_path == STDOUT
    if json_path and not is_printed:
        require_target(json_path, (against,) if against else (), overwrite=True)
    said = results.as_json(measure(), plain=plain)
    click.echo(results.text(said).rstrip("\n") if is_printed else results.table(said))
    if json_path and not is_printed:
        write_text(json_path, (), iter([results.text(said)]), overwrite=True)
    dropped = results.drops(said, before) if before else []
    if before and (sentence := results.change(said, before)):
        click.echo(f"efface: {sentence}.", err=True)
    for sentence in dropped:
        click.echo(f"efface: worse than before: {sentence}.", err=True)
    if dropped:
        sys.exit(DROPPED)
