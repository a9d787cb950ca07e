"""`efface live`: passes a camera's stream on, with faces and plates erased."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from efface.cli.commands import Command
from efface.cli.flags_from_options import (
    option_of,
    options_from,
    options_of,
    preset_in_use,
    preset_options,
)
from efface.cli.output_options import JSON, QUIET, is_json, is_quiet
from efface.cli.parameters import A_PATH
from efface.cli.signing_option import refuses_signing
from efface.errors import EXIT_OK, EffaceError, TargetMissed, UnsupportedSource, printable

if TYPE_CHECKING:
    from efface.live.address import Address
    from efface.live.pipeline_state import Wanted
    from efface.live.supervisor import Supervisor
    from efface.options import Options

UNKNOWN_BY_CONTENT = (".dv", ".ivf", ".nut")
"""Suffixes of films that live plays although `sniff` does not know their first bytes."""

ONE = "camera"
"""Name of the camera if the command line names only one."""

Credentials = tuple[str | None, Path | None]
"""Name of an environment variable, and a file, either of which may hold credentials."""


@click.command(
    cls=Command,
    examples=(
        ("live rtsp://10.0.0.5/stream --to srt://hub:9000", "pass a camera on, erased"),
        ("live /dev/video0 --to mjpeg", "look at it in a browser"),
    ),
)
@click.argument("source", required=False, metavar="[SOURCE]")
@click.option(
    "--to",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="Where the redacted stream goes. Repeatable.",
)
@click.option(
    "--config",
    type=A_PATH,
    metavar="CAMERAS.toml",
    help="File that names many cameras. Each gets its own process.",
)
@click.option(
    "--credentials-env",
    metavar="NAME",
    help="Environment variable whose value replaces {secret} in SOURCE.",
)
@click.option(
    "--credentials-file", type=A_PATH, help="The same, from a file that only its owner may read."
)
@click.option(
    "--target-credentials-env",
    metavar="NAME",
    help="Environment variable whose value replaces {secret} in targets.",
)
@click.option("--target-credentials-file", type=A_PATH, help="The same, from a file.")
@click.option(
    "--health", type=click.IntRange(0, 65535), metavar="PORT",
    help=(
            "Serve /health and /metrics on 127.0.0.1 at this port; 0 picks a free port. Default: "
            "no server."
        ),
)  # fmt: skip
@preset_options
@QUIET
@JSON
@refuses_signing
@options_of("detect", "track", "cover", "paint", "live", without=("--detail", "--rim"))
@option_of("--walls")
def live(
    source: str | None, targets: tuple[str, ...], config: Path | None, health: int | None,
    credentials_env: str | None, credentials_file: Path | None,
    target_credentials_env: str | None, target_credentials_file: Path | None, **values: Any,
) -> None:  # fmt: skip
    """Pass a camera's stream on, with faces and plates erased, about a second later.

    SOURCE is rtsp://, rtmp://, srt://, udp:// (MPEG-TS), http(s)://.../x.m3u8, /dev/video0, or a
    file, played at its own speed. Targets are rtsp://, rtmp://, srt:// and udp:// addresses, a
    recording (PATH.mkv or PATH.mp4, in segments), an HLS folder (FOLDER/NAME.m3u8), or
    mjpeg (or mjpeg://127.0.0.1:PORT) for a quick look in a browser. Sound is dropped.

    A frame leaves only after efface has looked at it. If that takes too long, efface lowers the
    frame rate, and then shows a placeholder. Nothing is stored unless a target is a recording.
    Credentials are never part of an address: write {secret} in their place. Ctrl-C and SIGTERM
    complete what is being written, and end with code 0.
    """
    chosen = [
        p.opts[0]
        for p in click.get_current_context().command.params
        if _is_chosen(p) and p.name in values
    ]
    if preset_in_use() is not None:
        chosen.insert(0, "--use")
    options = options_from(values)

    credentials = (
        (credentials_env, credentials_file),
        (target_credentials_env, target_credentials_file),
    )
    if config is None:
        wanted = [_camera_of_command_line(source, targets, credentials, options)]
    else:
        wanted = _cameras_of_file(
            config, (source, *targets, *credentials[0], *credentials[1]), chosen
        )
    for camera in wanted:
        _require_film(camera.source)
        _require_walls(camera.options)
    _run(wanted, health)


def _run(wanted: Sequence[Wanted], health: int | None) -> None:
    """Run the cameras until they end. Raises CameraGivenUp, TargetMissed, UsageError."""
    from efface.live.supervisor import Supervisor
    from efface.live.supervisor import health as serving

    supervisor = Supervisor(wanted, _say)
    code = EXIT_OK
    try:
        with serving(supervisor, health) as port:
            if port is not None:
                click.echo(f"http://127.0.0.1:{port}/health", err=is_json())
            supervisor.run()
        _require_sent(supervisor)
        _say("The source has ended. What was being written is complete.")
    except KeyboardInterrupt:  # the usual end of a stream: what was being written is complete
        _say("Ended. What was being written is complete.")
    except EffaceError as e:
        code = e.exit_code
        raise
    finally:
        if is_json():
            click.echo(_document(supervisor, code))


def _say(line: str) -> None:
    if not is_quiet():
        click.echo(printable(line), err=True)


def _require_sent(supervisor: Supervisor) -> None:
    """Raise TargetMissed for a target that never took anything."""
    for member in supervisor.members:
        for target, counts in member.facts.targets.items():
            if counts["failures"] and not counts["sent"]:
                raise TargetMissed(target)


def _document(supervisor: Supervisor, code: int) -> str:
    """Return what --json prints at the end: the facts of `/health`, and the exit code."""
    from efface.live.supervisor import told

    said = {"format": "efface-live", "version": 1, "exit_code": code, "cameras": told(supervisor)}
    return json.dumps(said, indent=1)


def _camera_of_command_line(
    source: str | None,
    targets: tuple[str, ...],
    credentials: tuple[Credentials, Credentials],
    options: Options,
) -> Wanted:
    """Return the camera that the command line names.

    Raises click.UsageError, UsageError, ProtocolMissing.
    """
    from efface.live import cameras
    from efface.live.address import secret_from

    if source is None or not targets:
        raise click.UsageError("Name a SOURCE and at least one --to TARGET, or a --config.")
    secrets = secret_from(*credentials[0]), secret_from(*credentials[1])
    return cameras.wanted(ONE, source, list(targets), *secrets, options)


def _cameras_of_file(config: Path, named: Sequence[object], chosen: Sequence[str]) -> list[Wanted]:
    """Return the cameras that the file describes. Raises click.UsageError, BadCameras, UsageError.

    named   source, targets and credentials of the command line; there must be none.
    chosen  options of the command line; there must be none.
    """
    from efface.live import cameras

    if any(named):
        raise click.UsageError(
            "--config names all cameras: write sources, targets and credentials into the file."
        )
    if chosen:
        raise click.UsageError(
            f"{chosen[0]} has no effect beside --config: write options into the file."
        )
    return cameras.load(config)


def _require_film(source: Address) -> None:
    """Refuse a file that is not a video.

    A camera that is gone may come back; a text file stays one. Raises InputError.
    """
    from efface.containers.sniff import medium_of

    path = Path(source.url)
    is_pipe = (
        path.exists() and not path.is_file() and not path.is_dir()
    )  # reading a pipe consumes its content
    if source.scheme != "file" or is_pipe or path.suffix.lower() in UNKNOWN_BY_CONTENT:
        return
    if medium_of(path) == "photo":
        raise UnsupportedSource(path, "it is a photo, and only a video can be played")


def _require_walls(options: Options) -> None:
    """Raise WallsMissing if the system lacks walls that are required, before anything connects."""
    from efface.media.decoder.source_opening import require_walls, standing_walls

    if options.read.walls == "require":
        require_walls(standing_walls(), options.read)


def _is_chosen(parameter: click.Parameter) -> bool:
    return click.get_current_context().get_parameter_source(parameter.name or "") not in (
        None,
        ParameterSource.DEFAULT,
    )
