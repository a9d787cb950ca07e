"""Inspect a video: its boxes, elements and chunks, its streams, and the messages within its
bitstream."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from efface.containers import boxes, nal, samples
from efface.containers.parts import BROKEN, TAIL, Broken, Part, Reader, names
from efface.containers.walk import is_sample, walk
from efface.inspection.items import (
    DATA,
    DEVICE,
    PICTURES,
    PLACE,
    SOFTWARE,
    SOUND,
    TIME,
    WORDS,
    Item,
    shown,
)
from efface.inspection.matroska_tags import of_matroska
from efface.inspection.mp4_tags import of_mp4
from efface.inspection.still import broken, of_tail
from efface.inspection.tags import Found
from efface.inspection.text_and_dates import decoded_words

_TELLING = {
    "gpmd": (PLACE, "GoPro telemetry (GPS, motion)"), "camm": (PLACE, (
            "camera motion (GPS, gyroscope)"
        )),
    "mebx": (DATA, (
            "timed metadata (Apple)"
        )), "tmcd": (TIME, "time code"), "rtmd": (DEVICE, "Sony telemetry"),
    "djmd": (PLACE, (
            "DJI telemetry (GPS, flight)"
        )), "dbgi": (DEVICE, "DJI debugging data"), "fdsc": (DEVICE,
    "GoPro file description"),
    "gps0": (PLACE, "GPS"), "CTMD": (DEVICE, (
            "Canon telemetry"
        )), "nmea": (PLACE, "GPS sentences"), "sawp": (DATA,
    "Samsung data"),
}  # fmt: skip
"""Sample entries of tracks that are neither picture nor sound."""

MOST_KINDS = 64
"""Maximum number of message kinds that are kept apart in one stream."""

MOST_MESSAGES_READ = 4_000_000
"""Maximum number of samples of one stream that are examined."""


def of_video(reader: Reader, name: str) -> Found:
    """Yield items and embedded pictures of a video in a format that efface can walk."""
    parts = []
    for p in walk(reader, name):
        if not is_sample(p) or p.name == BROKEN:
            parts.append(p)
    yield from WALKS[name](reader, parts)
    yield from _of_streams(reader, name, parts)


def _of_streams(reader: Reader, name: str, parts: list[Part]) -> Found:
    found = samples.streams(reader, name, parts)
    for stream in found:
        where = f"stream {stream.number} ({stream.codec or 'unknown'})"
        if stream.kind == "sound":
            yield Item(
                SOUND,
                "sound",
                where,
                "voices identify people; whether there are any was not listened for",
            )
        elif stream.kind in ("subtitles", "text"):
            yield Item(WORDS, stream.kind, where)
        elif stream.kind == "data":
            group, what = _TELLING.get(
                stream.codec, (DATA, "a stream that is neither picture nor sound")
            )
            yield Item(group, what, where)
    films = [s for s in found if s.kind == "video"]
    for stream in films[1:]:
        yield Item(
            PICTURES,
            "a further stream of pictures",
            f"stream {stream.number} ({stream.codec})",
            "not looked at",
        )
    for stream in films:
        yield from _of_messages(reader, name, parts, stream)


def _of_messages(reader: Reader, name: str, parts: list[Part], stream: samples.Stream) -> Found:
    where = f"stream {stream.number} ({stream.codec})"
    counts: Counter[str] = Counter()
    said: dict[tuple[str, bytes], bytes] = {}
    try:
        for i, sample in enumerate(samples.samples(reader, name, parts, stream)):
            if i == MOST_MESSAGES_READ:
                yield Item(
                    DATA,
                    "messages within the pictures",
                    where,
                    f"only {i} pictures were looked into",
                )
                break
            for message in nal.messages(sample, stream.codec, stream.length_size):
                what = nal.name_of(message)
                counts[what] += 1
                if len(said) < MOST_KINDS:  # user data begins with the number of its kind, 16 bytes
                    said.setdefault((what, message.content[:16]), message.content)
    except Broken as e:
        yield Item(DATA, "pictures", where, f"cannot be found: {e}")
    for what, n in counts.items():
        contents = [content for (name, _), content in said.items() if name == what]
        yield from _of_message(what, n, contents, f"{where}, within the pictures")


def _of_message(what: str, n: int, contents: list[bytes], where: str) -> Found:
    times = f"{n} time{'s' * (n != 1)}"
    if what == "user data":
        for content in contents:
            text = re.sub(rb"[^\x20-\x7e]+", b" ", content[16:]).decode("ascii").strip()
            yield Item(
                SOFTWARE if "x26" in text else DATA,
                what,
                where,
                f"{times} in all; {shown(text) or f'{len(content)} bytes'}",
            )
    elif what == "registered user data":
        is_captions = any(b"GA94" in content for content in contents)
        yield Item(
            WORDS if is_captions else DATA, "closed captions" if is_captions else what, where, times
        )
    elif what == "time code" or what.startswith("message of type"):
        yield Item(TIME if what == "time code" else DATA, what, where, times)


_AVI_PLAIN = names("AVI hdrl avih strl strh strf vprp odml dmlh indx JUNK movi idx1 AVIX INFO")


def _of_avi(reader: Reader, parts: list[Part]) -> Found:
    for p in parts:
        raw = boxes.at(reader, p, 0, 4096)
        text = shown(raw.split(b"\0")[0].decode("utf-8", "replace"))
        if p.name == TAIL:
            yield from of_tail(reader, p)
        elif p.name == BROKEN:
            yield broken(p)
        elif len(p.path) > 2 and p.path[-2] == "INFO":
            group = {
                "ISFT": SOFTWARE,
                "ICRD": TIME,
                "IART": "author",
                "ICOP": "author",
                "IDIT": TIME,
                "IENG": "author",
            }.get(p.name, WORDS)
            yield Item(group, p.name, p.where, text, p.at)
        elif p.name == "IDIT":
            yield Item(TIME, p.name, p.where, text, p.at)
        elif p.name == "JUNK" and len(decoded_words(raw)) > 12:
            yield Item(DATA, "padding with content", p.where, shown(decoded_words(raw)), p.at)
        elif p.name not in _AVI_PLAIN:
            yield Item(
                DATA,
                f"chunk {p.name}",
                p.where,
                shown(decoded_words(raw)) or f"{p.size} bytes",
                p.at,
            )


def _of_ts(reader: Reader, parts: list[Part]) -> Found:
    from efface.containers import mpegts

    for p in parts:
        if p.name == BROKEN:
            yield broken(p)
    try:
        table = mpegts.section(reader, 17)
        for tag, content in mpegts.descriptors(table, 16, len(table) - 4):
            if tag == 0x48:
                yield Item(SOFTWARE, "name of the service", "PID 17", shown(decoded_words(content)))
        listed = {0, 17, 8191, *mpegts.programs(reader)} | {
            s.number for s in samples.streams(reader, "mpegts", parts)
        }
    except Broken as e:
        yield Item(DATA, "tables", "", f"cannot be read: {e}")
        return
    for p in parts:
        if p.name.startswith("PID") and int(p.name.split()[1]) not in listed:
            yield Item(DATA, f"packets of {p.name}", "", f"{p.size} bytes", p.at)


WALKS: dict[str, Callable[[Reader, list[Part]], Found]] = {
    "mp4": of_mp4,
    "matroska": of_matroska,
    "avi": _of_avi,
    "mpegts": _of_ts,
}
"""Video formats that efface walks itself. For others it only knows what FFmpeg reports."""
