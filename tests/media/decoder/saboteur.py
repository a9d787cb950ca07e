"""Loaded into the process from which decoders are forked: there a file does what its name says, as
if it had taken the decoder over."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from efface.errors import UnsupportedSource
from efface.media.decoder import decoder_messages, decoder_process
from efface.media.decoder.decoder_messages import write_all

process: Any = decoder_process
opens_still, opens_film, sends = process.open_still, process.open_video, process.send_answer


def attempted(name: str, folder: Path) -> object:
    secret, (name, *more) = folder / "secret.txt", name.split("-")
    match name:
        case "reads":
            return secret.read_text()
        case "writes":
            return (folder / "written").write_text("x")
        case "connects":
            return socket.create_connection(("127.0.0.1", int(*more)))
        case "forks":
            return os.fork() or os._exit(0)
        case "executes":
            return os.execv("/bin/true", ["true"])
        case "reads_memory":
            return Path(f"/proc/{os.getppid()}/mem").open("rb")
        case "crashes":
            return ctypes.string_at(0)
        case "ends":
            return os._exit(3)
        case "hangs":
            return time.sleep(10_000)
        case "swallows_memory":
            return bytearray(1 << 34)
        case "fails":
            return {}["nothing"]
    return None


def opened(opens: Any) -> Any:
    def open_source(source: Any, options: Any) -> Any:
        try:
            attempted(source.path.stem, source.path.parent)
        except OSError as e:
            raise UnsupportedSource(source.path, f"{type(e).__name__} {e.errno}") from e
        return opens(source, options)

    return open_source


def lying(pipe: int, answer: Any) -> None:
    """Send an answer, changed as the file's name says."""
    lie = lies.get((decoder.get("name", ""), type(answer).__name__))
    if lie is not None:
        answer = lie(answer)
    if isinstance(answer, bytes):
        write_all(pipe, answer)
    else:
        sends(pipe, answer)


def changed_first(answer: Any, many: str, **more: Any) -> Any:
    """The same answer, with something else said of the first of many."""
    first, *others = getattr(answer, many)
    return replace(answer, **{many: (replace(first, **more), *others)})


def changed_part(answer: Any, **more: Any) -> Any:
    """The same sound, with something else said of the last part with samples."""
    at = max(i for i, part in enumerate(answer.parts) if part.heard)
    changed = replace(answer.parts[at], **more)
    return replace(answer, parts=(*answer.parts[:at], changed, *answer.parts[at + 1 :]))


def changed_heard(answer: Any, **more: Any) -> Any:
    """The same sound, with something else said of the last samples."""
    *others, last = [part.heard for part in answer.parts if part.heard][-1]
    return changed_part(answer, heard=(*others, replace(last, **more)))


def not_a_number(answer: Any) -> Any:
    """The same answer. Its first sample is not a number."""
    rooms[-1][:4] = memoryview(b"\0\0\xc0\x7f")
    return answer


def roomy(self: Any, count: int) -> Any:
    rooms[:] = [waits(self, count)]
    return rooms[-1]


rooms: list[Any] = []
waits, process._Decoder._room = process._Decoder._room, roomy


def changed_blocks(answer: Any, **more: Any) -> Any:
    """The same blocks, with something else said of the first component."""
    first, *others = answer.components
    return replace(answer, components=(replace(first, **more), *others))


lies: dict[tuple[str, str], Any] = {
    ("huge", "StillInfoSaid"): lambda a: replace(a, size_wh=(1 << 20, 1 << 20)),
    ("negative", "StillInfoSaid"): lambda a: replace(a, size_wh=(-4, -4)),
    ("other_format", "StillInfoSaid"): lambda a: replace(a, format="heif"),
    ("tables", "StillInfoSaid"): lambda a: replace(
        a, traits=replace(a.traits, qtables=[[-1] * 64])
    ),
    ("notes", "StillInfoSaid"): lambda a: replace(a, notes=("x" * 1000,)),
    ("many_pages", "PageSaid"): lambda a: replace(a, index=7),
    ("shape", "PageSaid"): lambda a: replace(a, shape=(a.shape[0] * 1000, *a.shape[1:])),
    ("channels", "PageSaid"): lambda a: replace(a, has_alpha=not a.has_alpha),
    ("deep", "PageSaid"): lambda a: replace(a, depth=40),
    ("endless", "PageSaid"): lambda a: decoder_messages.Larger(1 << 60),
    ("again", "PageSaid"): lambda a: decoder_messages.Larger(1),
    ("many_blocks", "BlocksSaid"): lambda a: changed_blocks(a, blocks=(1 << 20, 1 << 20)),
    ("no_blocks", "BlocksSaid"): lambda a: replace(a, components=()),
    ("steps", "BlocksSaid"): lambda a: changed_blocks(a, table=(-1,) * 64),
    ("garbage", "StillInfoSaid"): lambda a: b"\1\4\0\0\0spam",
    ("long", "StillInfoSaid"): lambda a: b"\1\xff\xff\xff\xff",
    ("pickle", "StillInfoSaid"): lambda a: b"\1\4\0\0\0\x80\x04N.",
    ("none", "PageSaid"): lambda a: decoder_messages.Finished(),
    ("back", "FrameSaid"): lambda a: replace(a, pts=-a.pts),
    ("small", "FrameSaid"): lambda a: replace(a, bytes=10),
    ("unknown", "FrameSaid"): lambda a: replace(a, format="no_such"),
    ("resized", "FrameSaid"): lambda a: replace(a, size_wh=(a.size_wh[1], a.size_wh[0])),
    ("rate", "SoundStreamsSaid"): lambda a: changed_first(a, "streams", rate=-1),
    ("base", "SoundStreamsSaid"): lambda a: changed_first(a, "streams", time_base=0),
    ("name", "SoundStreamsSaid"): lambda a: changed_first(a, "streams", codec="\x1b[2J"),
    ("no_streams", "SoundStreamsSaid"): lambda a: replace(a, streams=()),
    ("stream", "PacketsSaid"): lambda a: changed_first(a, "packets", stream=1),
    ("empty", "PacketsSaid"): lambda a: changed_first(a, "packets", bytes=0),
    ("giant", "PacketsSaid"): lambda a: changed_first(a, "packets", bytes=1 << 40),
    ("timeless", "PacketsSaid"): lambda a: changed_first(a, "packets", pts=None, dts=None),
    ("backward", "PacketsSaid"): lambda a: changed_first(a, "packets", duration=-1),
    ("content", "ContentsSaid"): lambda a: changed_first(a, "contents", bytes=-1),
    ("elsewhere", "ContentsSaid"): lambda a: changed_first(a, "contents", stream=-1),
    ("unasked", "PartsSaid"): lambda a: changed_first(a, "parts", stream=3),
    ("channels", "PartsSaid"): lambda a: changed_part(a, channels=2),
    ("jump", "PartsSaid"): lambda a: changed_heard(a, first=1 << 50),
    ("silence", "PartsSaid"): lambda a: changed_heard(a, count=1 << 40, is_silence=True),
    ("nan", "PartsSaid"): not_a_number,
    ("layout", "FilmInfoSaid"): lambda a: replace(
        a, video=replace(a.video, spec=replace(a.video.spec, name="gbrp"))
    ),
    ("clock", "FilmInfoSaid"): lambda a: replace(a, video=replace(a.video, rate=10**9)),
}
decoder: dict[str, str] = {}


def named(opens: Any) -> Any:
    def open_source(source: Any, options: Any) -> Any:
        decoder["name"] = source.path.stem
        return opens(source, options)

    return open_source


def goes_on(self: Any, info: Any, options: Any) -> Any:
    decoder["name"] = name = info.path.stem
    if name.startswith("later_"):
        attempted(name.removeprefix("later_"), info.path.parent)
    return continues(self, info, options)


continues = process._Decoder.go_on
process._Decoder.go_on = goes_on
process.open_still = named(opened(opens_still))
process.open_video = named(opened(opens_film))
process.send_answer = lying
