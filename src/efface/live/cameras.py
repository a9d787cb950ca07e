"""Many cameras from one file, in TOML.

[live]                                   # options for all, a table for each branch, named as in the
                                         library
delay_s = 1.0

[detect]
sensitivity = "high"

[camera.gate]
source = "rtsp://{secret}@10.0.0.5/stream1"
credentials_env = "GATE"                 # or credentials_file
to = ["srt://hub:9000", "recordings/gate.mkv"]
target_credentials_env = "HUB"           # or target_credentials_file
live.delay_s = 2.0                       # options for this one
cover.erase = ["0,40%,15%,100%"]         # a door: always erased
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from efface.errors import BadCameras, UsageError
from efface.files import open_plain
from efface.kinds import BY_DEFAULT
from efface.live import srt
from efface.live.address import SECRET, secret_from, source_address, target_address
from efface.live.pipeline_state import Wanted
from efface.option_fields import Setting
from efface.option_values import given_area
from efface.options import Options, settings

BRANCHES = ("detect", "track", "cover", "paint", "live", "read")
"""Options that apply to a stream ..."""


def _applies(setting: Setting) -> bool:
    """... except --detail, which efface chooses by the time available. Of reading, --walls alone
    does."""
    if setting.branch == "read":
        return setting.flag == "--walls"
    return setting.branch in BRANCHES and setting.flag != "--detail"


LARGEST = 1_000_000
"""Maximum size of the file, in bytes."""

KEYS = (
    "source", "to", "credentials_env", "credentials_file", "target_credentials_env",
    "target_credentials_file", *BRANCHES,
)  # fmt: skip


def load(path: Path) -> list[Wanted]:
    """Return the cameras that the file describes. Raises BadCameras, UsageError."""
    try:
        with open_plain(path) as f:  # reading a pipe would block
            raw = f.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise BadCameras(path, "it is too large")
        said = tomllib.loads(raw.decode())
    except OSError as e:
        raise BadCameras(path, (e.strerror or "error").lower()) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise BadCameras(path, f"it is not valid TOML: {e}") from e
    unknown = set(said) - {"camera", *BRANCHES}
    cameras = said.get("camera")
    if unknown:
        raise BadCameras(
            path, f"it says {min(unknown)!r}, which means nothing here", _hint(min(unknown))
        )
    if not isinstance(cameras, dict) or not cameras:
        raise BadCameras(path, "it describes no camera", "Write [camera.NAME], with source and to.")
    shared = _values(path, "for all", {b: said[b] for b in BRANCHES if b in said})
    wanted = [_camera(path, name, table, shared) for name, table in cameras.items()]
    _require_apart(path, wanted)
    return wanted


def _camera(path: Path, name: str, table: Any, shared: Mapping[tuple[str, str], Any]) -> Wanted:
    if not isinstance(table, dict):
        raise BadCameras(path, f"camera {name} must be a table")
    if unknown := set(table) - set(KEYS):
        raise BadCameras(
            path,
            f"camera {name} says {min(unknown)!r}, which means nothing here",
            _hint(min(unknown)),
        )
    source, targets = table.get("source"), table.get("to")
    targets = [targets] if isinstance(targets, str) else targets
    if (
        not isinstance(source, str)
        or not isinstance(targets, list)
        or not targets
        or not all(isinstance(t, str) for t in targets)
    ):
        raise BadCameras(path, f"camera {name} needs a source, and to, a target or a list of them")
    own = _values(path, f"camera {name}", {b: table[b] for b in BRANCHES if b in table})
    secrets = [
        secret_from(_text(path, table, f"{what}_env"), _path(_text(path, table, f"{what}_file")))
        for what in ("credentials", "target_credentials")
    ]
    try:
        options = Options.from_values({**shared, **own})
    except UsageError as e:
        raise BadCameras(path, f"camera {name}: {str(e).rstrip('.')}") from e
    return wanted(name, source, targets, secrets[0], secrets[1], options)


def wanted(
    name: str, source: str, targets: list[str], secret: str, target_secret: str, options: Options
) -> Wanted:
    """Return the description of one camera. Raises UsageError, ProtocolMissing."""
    if not set(options.detect.wanted) & set(BY_DEFAULT):
        raise UsageError(f"{name}: the kinds of a live stream include face or plate.")
    if options.detect.text == "captions" and "text" in options.detect.wanted:
        raise UsageError(
            f"{name}: a stream cannot tell captions from other text, as a film can. Choose all or "
            "small, or name the area with erase if it stays in its place."
        )
    for text in (*options.cover.erase, *options.cover.keep):
        if given_area(text).span is not None:
            raise UsageError(f"{text!r} names a time, and a stream has no start to count from.")
    if target_secret and not any(SECRET in t for t in targets):
        raise UsageError(f"Credentials for targets were named, and no target says {SECRET}.")
    ends = tuple(target_address(t, target_secret if SECRET in t else "") for t in targets)
    come = source_address(source, secret)
    if len({come.place, *(t.place for t in ends)}) <= len(ends):
        raise UsageError(f"{name}: two of its addresses are one.")
    for address in (come, *ends):
        if address.scheme == "srt":
            srt.require(address)
    return Wanted(name, come, ends, options)


def _require_apart(path: Path, wanted: list[Wanted]) -> None:
    seen: dict[str, str] = {}
    for camera in wanted:
        ends = [("target", t) for t in camera.targets]
        if (
            camera.source.scheme == "udp"
        ):  # one of them would receive everything, and the other nothing
            ends.append(("source", camera.source))
        for what, address in ends:
            other = seen.setdefault(address.place, camera.name)
            if other != camera.name:
                raise BadCameras(path, f"{other} and {camera.name} have one {what}, {address}")


def _text(path: Path, table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise BadCameras(path, f"{key} is a text")
    return value


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _values(path: Path, whose: str, branches: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    known = {(s.branch, s.name): s for s in settings() if _applies(s)}
    found: dict[tuple[str, str], Any] = {}
    for branch, table in branches.items():
        if not isinstance(table, dict):
            raise BadCameras(path, f"{whose}: {branch} must be a table")
        for name, value in table.items():
            setting = known.get((branch, name))
            if setting is None:
                raise BadCameras(path, f"{whose}: there is no option {branch}.{name}", _hint(name))
            found[branch, name] = _typed(path, setting, value)
    return found


def _hint(name: str) -> str:
    """Return where an option of that name belongs."""
    if name in ("write", "audio", "mute"):
        return "A live stream carries no sound: voices identify people, and it is dropped."
    if name in BRANCHES:
        return f"For all cameras, write [{name}] at the left, outside of other tables."
    places = [f"{s.branch}.{s.name}" for s in settings() if _applies(s) and name == s.name]
    return f"For one camera, write {places[0]} in its table." if places else ""


def _typed(path: Path, setting: Setting, value: Any) -> Any:
    if setting.type is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if setting.is_repeatable:
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise BadCameras(path, f"{setting.branch}.{setting.name} is a list of texts")
        return tuple(value)
    if type(value) is not setting.type:
        wants = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}[
            setting.type
        ]
        raise BadCameras(path, f"{setting.branch}.{setting.name} is {wants}")
    return value
