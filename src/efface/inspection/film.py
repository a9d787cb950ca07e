"""Inspect a video: its boxes, elements and chunks, its streams, and the messages within its
bitstream."""

from __future__ import annotations

import datetime
import re
import struct
from collections import Counter
from collections.abc import Callable

from efface.containers import boxes, nal, samples
from efface.containers.parts import BROKEN, TAIL, Broken, Part, Reader, names
from efface.containers.walk import is_sample, walk
from efface.inspection import tags
from efface.inspection.items import (
    DATA,
    DEVICE,
    PICTURES,
    PLACE,
    SOFTWARE,
    SOUND,
    TIME,
    WORDS,
    Embedded,
    Item,
    group_of,
    shown,
)
from efface.inspection.still import broken, of_boxes, of_tail
from efface.inspection.tags import LARGEST_BLOCK, Found
from efface.media.still.embedded import jpegs

_EPOCHS = {"mp4": datetime.datetime(1904, 1, 1), "matroska": datetime.datetime(2001, 1, 1)}

_TELLING = {
    "gpmd": (PLACE, "GoPro telemetry (GPS, motion)"), "camm": (PLACE, (
            "camera motion "
            "(GPS, gyroscope)"
        )),
    "mebx": (DATA, (
            "timed metadata "
            "(Apple)"
        )), "tmcd": (TIME, "time code"), "rtmd": (DEVICE, "Sony telemetry"),
    "djmd": (PLACE, (
            "DJI telemetry "
            "(GPS, flight)"
        )), "dbgi": (DEVICE, "DJI debugging data"), "fdsc": (DEVICE,
    "GoPro file description"),
    "gps0": (PLACE, "GPS"), "CTMD": (DEVICE, (
            "Canon "
            "telemetry"
        )), "nmea": (PLACE, "GPS sentences"), "sawp": (DATA,
    "Samsung data"),
}  # fmt: skip
"""Sample entries of tracks that are neither picture nor sound."""

_PLAIN_NAMES = {
    "©nam": "title", "©ART": "artist", "©aut": "author", "©cmt": "comment", "©des": "description", "©day": "date",
    "©too": "encoder",
    "©swr": "software", "©mak": "make", "©mod": "model", "©xyz": "location", "©cpy": "copyright", "©alb": "album",
    "©gen": "genre",
    "©enc": "encoder", "©inf": "information", "©wrt": "writer",
}  # fmt: skip

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


# MP4 and MOV


def _of_mp4(reader: Reader, parts: list[Part]) -> Found:
    yield from of_boxes(reader, parts)
    keys = _keys(reader, parts)
    for p in parts:
        above = p.path[-2] if len(p.path) > 1 else ""
        if p.name in ("mvhd", "tkhd", "mdhd"):
            yield from _of_date(boxes.at(reader, p, 0, 24), p)
        elif p.name == "data" and len(p.path) > 2 and p.path[-3] == "ilst":
            yield from _of_tag(reader, p, keys)
        elif above == "udta" and p.name not in ("meta", "trak"):
            yield from _of_user_data(reader, p)
        elif above == "stsd" and p.name.encode("latin-1") in boxes.VIDEO_ENTRIES:
            raw = boxes.at(reader, p, 42, 32)
            if raw[1 : 1 + raw[0]].strip(b"\0 ") if raw else b"":
                yield Item(
                    SOFTWARE,
                    "compressor name",
                    p.where,
                    shown(raw[1 : 1 + raw[0]].decode("latin-1")),
                    p.at + 42,
                )
        elif p.name == "hdlr" and p.path[:2] == ("moov", "trak"):
            text = boxes.at(reader, p, 24, 200).strip(b"\0").decode("utf-8", "replace")
            plain = re.sub(r"^[^ -~]", "", text)
            if plain and not re.search(
                r"(?i)^.?(video|sound|audio|data|alias data) ?(media )?handler", plain
            ):
                yield Item(DEVICE, "name of a track's handler", p.where, shown(plain), p.at + 24)
        elif p.path == ("moov", "gps "):
            yield Item(
                PLACE,
                "dashcam GPS",
                p.where,
                f"{max(0, (p.size - 8) // 8)} blocks of places in the film",
                p.at,
            )
        elif p.name == "chap":
            yield Item(WORDS, "chapters", p.where, "", p.at)
    yield from _of_raw_places(reader, parts)
    yield from _of_trailer(reader)


def _of_date(raw: bytes, p: Part) -> Found:
    wide = 8 if raw[:1] == b"\1" else 4
    seconds = int.from_bytes(raw[4 : 4 + wide])
    if seconds:
        yield Item(TIME, "time of making", p.where, _date(_EPOCHS["mp4"], seconds), p.at + 4)


def _date(epoch: datetime.datetime, seconds: float) -> str:
    try:
        return f"{epoch + datetime.timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError):
        return f"{seconds:g} s after {epoch:%Y}"


def _keys(reader: Reader, parts: list[Part]) -> dict[int, str]:
    """Return the names of QuickTime's metadata keys by their number."""
    found: dict[int, str] = {}
    for p in parts:
        if p.name == "keys" and not found:
            raw, at = boxes.at(reader, p, 0, 1 << 16), 8
            while at + 8 <= len(raw) and len(found) < tags.MOST_ITEMS:
                size = int.from_bytes(raw[at : at + 4])
                if size < 8:
                    break
                found[len(found) + 1] = raw[at + 8 : at + size].decode("utf-8", "replace")
                at += size
    return found


def _of_tag(reader: Reader, p: Part, keys: dict[int, str]) -> Found:
    parent = p.path[-2]
    number = int(parent[2:], 16) if re.fullmatch(r"0x[0-9a-f]{8}", parent) else 0
    name = keys.get(number, parent)
    raw = boxes.at(reader, p, 8, LARGEST_BLOCK)
    kind = int.from_bytes(boxes.at(reader, p, 0, 4))
    where = "/".join(p.path[:-1])
    if parent == "covr" or kind in (13, 14, 27):
        yield Embedded("cover art", where, raw, p.at + 8)
        return
    if kind == 1:
        value = raw[:4096].decode("utf-8", "replace")
    elif kind in (23, 24) and len(raw) in (4, 8):
        value = f"{struct.unpack('>f' if len(raw) == 4 else '>d', raw)[0]:g}"
    else:
        value = str(int.from_bytes(raw)) if len(raw) <= 8 else f"{len(raw)} bytes"
    name = _PLAIN_NAMES.get(name, name)
    group = group_of(name.removeprefix("com.apple.quicktime."))
    yield Item(WORDS if group == DATA and kind == 1 else group, name, where, shown(value), p.at + 8)


def _of_user_data(reader: Reader, p: Part) -> Found:
    raw = boxes.at(reader, p, 0, 4096)
    name = p.name
    if name.startswith("©"):
        name = _PLAIN_NAMES.get(name, name)
        yield Item(
            group_of(name) if group_of(name) != DATA else WORDS,
            name,
            p.where,
            shown(raw[4:].decode("utf-8", "replace")),
            p.at,
        )
    elif name == "loci":
        yield from _of_loci(raw, p)
    elif name == "GPMF":
        yield Item(DEVICE, "GoPro settings", p.where, shown(_words(raw)), p.at)
    elif name in (
        "auth",
        "titl",
        "dscp",
        "cprt",
        "perf",
        "gnre",
        "albm",
        "yrrc",
    ):  # 3GPP: version, language, text
        text = raw[6:].decode(
            "utf-16" if raw[6:8] in (b"\xfe\xff", b"\xff\xfe") else "utf-8", "replace"
        )
        group = {"auth": "author", "perf": "author", "cprt": "author", "yrrc": TIME}.get(
            name, WORDS
        )
        yield Item(group, name, p.where, shown(text), p.at)
    elif name == "XMP_":
        yield from tags.of_xmp(boxes.at(reader, p, 0, LARGEST_BLOCK), p.where, p.at)
    elif name in ("thmb", "PICT"):
        for offset, picture in jpegs(boxes.at(reader, p, 0, LARGEST_BLOCK)):
            yield Embedded("thumbnail", p.where, picture, p.at + offset)
    elif any(raw) and name not in ("WLOC", "AllF", "SelO", "LOOP"):
        group = group_of(name)
        yield Item(
            group, f"user data {name}", p.where, shown(_words(raw)) or f"{p.size} bytes", p.at
        )


def _words(raw: bytes) -> str:
    """Return the readable text in bytes of unknown kind: words of at least four letters."""
    wide = re.findall(rb"(?:[\x20-\x7e]\0){4,}", raw)
    plain = [w.decode("utf-16-le") for w in wide] or [
        w.decode("ascii") for w in re.findall(rb"[\x20-\x7e]{4,}", raw)
    ]
    return ", ".join(plain[:12])


def _of_loci(raw: bytes, p: Part) -> Found:
    end = raw.find(b"\0", 6)
    if end >= 0 and len(raw) >= end + 14:
        longitude, latitude = (v / 65536 for v in struct.unpack_from(">ii", raw, end + 2))
        yield Item(
            PLACE,
            "location",
            p.where,
            f"{latitude:.5f}, {longitude:.5f} "
            f"{shown(raw[6:end].decode('utf-8', 'replace'))}".strip(),
            p.at,
        )
    else:
        yield Item(PLACE, "location", p.where, f"{p.size} bytes", p.at)


_IN_FILM = (
    (b"freeGPS ", PLACE, "dashcam GPS block"),
    (b"$GPRMC", PLACE, "GPS sentence"),
    (b"$GNRMC", PLACE, "GPS sentence"),
)


def _of_raw_places(reader: Reader, parts: list[Part]) -> Found:
    """Search every byte for the marks of dashcam positions.

    Dashcams store positions between the samples, in padding, or in boxes of their own.
    """
    for mark, group, what in _IN_FILM:
        at = reader.find(mark, 0)
        if at >= 0:
            inside = next(
                (p.where for p in reversed(parts) if p.at <= reader.place(at) < p.at + p.size), ""
            )
            yield Item(group, what, inside, "the first of them", reader.place(at))


_INSTA360 = b"8db42d694ccc418790edff439fe026bf"


def _of_trailer(reader: Reader) -> Found:
    if reader.peek(reader.size - 32, 32) == _INSTA360:
        yield Item(DEVICE, "Insta360 trailer", TAIL, "serial number, GPS, motion of the camera")


# Matroska

_ELEMENTS = {
    "Title": WORDS, "MuxingApp": SOFTWARE, "WritingApp": SOFTWARE, "SegmentFilename": WORDS, "SegmentUUID": DATA,
    "PrevFilename": WORDS,
    "NextFilename": WORDS, "Name": WORDS, "CodecName": SOFTWARE, "ChapString": WORDS, "FileName": WORDS,
    "FileDescription": WORDS,
}  # fmt: skip


def _of_matroska(reader: Reader, parts: list[Part]) -> Found:
    tag = media = ""
    for p in parts:
        raw = (
            boxes.at(reader, p, 0, 4096)
            if p.name not in ("Segment", "Cluster", "FileData")
            else b""
        )
        text = shown(raw.split(b"\0")[0].decode("utf-8", "replace"))
        if p.name == BROKEN:
            yield broken(p)
        elif p.name == "DateUTC" and len(raw) == 8:
            yield Item(
                TIME,
                "DateUTC",
                p.where,
                _date(_EPOCHS["matroska"], int.from_bytes(raw, signed=True) / 1e9),
                p.at,
            )
        elif p.name == "TagName":
            tag = text
        elif p.name == "TagString" and tag not in (
            "DURATION",
            "BPS",
            "NUMBER_OF_FRAMES",
            "NUMBER_OF_BYTES",
        ):
            group = group_of(tag)
            yield Item(WORDS if group == DATA else group, tag, p.where, text, p.at)
        elif p.name == "TagBinary":
            yield Item(DATA, tag, p.where, f"{p.size} bytes", p.at)
        elif p.name == "FileMediaType":
            media = text
        elif p.name == "FileData":
            if media.startswith("image/"):
                yield Embedded(
                    "attached picture", p.where, boxes.at(reader, p, 0, LARGEST_BLOCK), p.at
                )
            else:
                yield Item(DATA, f"attached file {media}".strip(), p.where, f"{p.size} bytes", p.at)
            media = ""
        elif p.name == "SegmentUUID":
            yield Item(DATA, "number of this file", p.where, raw.hex(), p.at)
        elif p.name in ("Language", "LanguageBCP47") and text not in ("und", "", "eng", "en"):
            yield Item(WORDS, "language", p.where, text, p.at)
        elif p.name in _ELEMENTS and text:
            yield Item(_ELEMENTS[p.name], p.name, p.where, text, p.at)
        elif p.name.startswith("0x"):
            yield Item(DATA, f"element {p.name}", p.where, f"{p.size} bytes", p.at)
        elif p.name == "Void" and any(raw):
            yield Item(DATA, "padding with content", p.where, f"{p.size} bytes", p.at)


# AVI and MPEG-TS

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
        elif p.name == "JUNK" and len(_words(raw)) > 12:
            yield Item(DATA, "padding with content", p.where, shown(_words(raw)), p.at)
        elif p.name not in _AVI_PLAIN:
            yield Item(
                DATA, f"chunk {p.name}", p.where, shown(_words(raw)) or f"{p.size} bytes", p.at
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
                yield Item(SOFTWARE, "name of the service", "PID 17", shown(_words(content)))
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
    "mp4": _of_mp4,
    "matroska": _of_matroska,
    "avi": _of_avi,
    "mpegts": _of_ts,
}
"""Video formats that efface walks itself. For others it only knows what FFmpeg reports."""
