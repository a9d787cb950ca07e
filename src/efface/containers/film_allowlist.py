"""The allow-list of a finished video: the names of the boxes, elements, chunks and bitstream units
that may remain.

The walk continues into the video bitstream, where encoders and cameras leave messages, and checks
that every byte of `mdat` belongs to a sample. Sound that the user asked for is copied unchanged.
This module does not look for metadata inside sound packets.
"""

from __future__ import annotations

from collections.abc import Iterator

from efface.containers import boxes, ebml, mpegts, nal, samples, tiff
from efface.containers.parts import BROKEN, Part, Reader, names
from efface.containers.walk import is_sample, walk

FILM_BOXES = names(
    "ftyp wide free mdat moov mvhd trak tkhd edts elst mdia mdhd hdlr minf vmhd smhd dinf "
    "dref stbl stsd stts ctts "
    "stss stsc stsz stco co64 sgpd sbgp sdtp avcC hvcC av1C vpcC colr pasp btrt mdcv clli "
    "esds wave frma enda chan chnl dOps dac3 dec3 dfLa alac pcmC ddts udta meta ilst SmDm CoLL fiel"
) | {"url "}

_FILM_HANDLERS = {
    "vide": (b"VideoHandler",), "soun": (b"SoundHandler",), "mdir": (b"",),
    "url ": (b"DataHandler",),
}  # fmt: skip

_FILM_ENTRIES = {"vide": boxes.VIDEO_ENTRIES, "soun": boxes.SOUND_ENTRIES}

_BRANDS = frozenset(
    (
        b"isom",
        b"iso2",
        b"iso4",
        b"iso5",
        b"iso6",
        b"mp41",
        b"mp42",
        b"avc1",
        b"av01",
        b"dby1",
        b"qt  ",
    )
)

_LANGUAGES = (0x55C4, 0x7FFF, 0)
""" "und", and two values that QuickTime uses for an unspecified language."""

_VENDORS = (bytes(4), b"FFMP")
"""FFmpeg writes its name into every QuickTime file. Millions of files carry it, so it identifies
nobody."""

ELEMENTS = names(
    "EBML EBMLVersion EBMLReadVersion EBMLMaxIDLength EBMLMaxSizeLength DocType "
    "DocTypeVersion DocTypeReadVersion "
    "Void CRC-32 Segment SeekHead Seek SeekID SeekPosition Info TimestampScale Duration "
    "MuxingApp WritingApp Tracks "
    "TrackEntry TrackNumber TrackUID TrackType FlagDefault FlagLacing DefaultDuration "
    "Language CodecID CodecPrivate "
    "CodecDelay SeekPreRoll MaxBlockAdditionID Video PixelWidth PixelHeight DisplayWidth "
    "DisplayHeight DisplayUnit FlagInterlaced FieldOrder Colour MatrixCoefficients BitsPerChannel "
    "ChromaSubsamplingHorz ChromaSubsamplingVert "
    "ChromaSitingHorz ChromaSitingVert Range TransferCharacteristics Primaries MaxCLL "
    "MaxFALL MasteringMetadata PrimaryRChromaticityX PrimaryRChromaticityY PrimaryGChromaticityX "
    "PrimaryGChromaticityY PrimaryBChromaticityX "
    "PrimaryBChromaticityY WhitePointChromaticityX WhitePointChromaticityY LuminanceMax "
    "LuminanceMin Audio "
    "SamplingFrequency OutputSamplingFrequency Channels BitDepth Cluster Timestamp "
    "Position PrevSize SimpleBlock "
    "BlockGroup Block BlockDuration ReferenceBlock DiscardPadding Cues CuePoint CueTime "
    "CueTrackPositions CueTrack "
    "CueClusterPosition CueRelativePosition CueDuration Tags Tag Targets TagTrackUID "
    "SimpleTag TagName TagString TagLanguage TagDefault"
)

AVI_CHUNKS = names("AVI hdrl avih strl strh strf vprp odml dmlh indx JUNK movi idx1 AVIX")

TS_TABLES = frozenset((0, 17, 8191))
"""PIDs of the program association table, the service description table and null packets."""

SEI = {"h264": frozenset[int](), "hevc": frozenset((137, 144, 147)), "av1": frozenset((1, 2))}
"""SEI and metadata messages that may remain, as HDR needs them: brightness of the mastering display
and of the content, and the transfer curve."""

_UNITS = {
    "h264": frozenset((1, 5, 7, 8, 9, 12)),
    "hevc": frozenset((*range(22), 32, 33, 34, 35, 38, 39)),
    "av1": frozenset((1, 2, 3, 4, 5, 6, 7)),
}
"""Types of bitstream units that may remain: pictures, parameter sets, delimiters, filler, and
messages. Each message is then checked by its own type."""


def is_undated(content: bytes) -> bool:
    return not any(content[4 : 20 if content[:1] == b"\1" else 12])


def is_blank(reader: Reader, p: Part) -> bool:
    return not any(any(boxes.at(reader, p, at, 1 << 16)) for at in range(0, p.size, 1 << 16))


def in_mp4(reader: Reader, name: str) -> Iterator[str]:
    """Check boxes by name and place, then samples: every byte of `mdat` must belong to one."""
    parts = list(walk(reader, name))
    for p in parts:
        if p.name == BROKEN:
            yield f"a structure that cannot be walked ({p.note})"
        elif not _is_allowed_film_box(reader, p):
            yield f"box {p.where}"
    yield from _of_tracks(reader, parts)
    yield from _of_pictures(reader, name, parts)


def _is_allowed_film_box(reader: Reader, p: Part) -> bool:
    above = p.path[-2] if len(p.path) > 1 else ""
    if above == "ilst" or (p.name in ("udta", "meta", "ilst") and p.path not in _EMPTY_LISTS):
        return False
    if above in ("stsd", "wave") and p.name not in FILM_BOXES:
        return _is_allowed_entry(reader, p)
    if p.name not in FILM_BOXES:
        return False
    content = boxes.at(reader, p, 0, 1 << 12) if p.name != "mdat" else b""
    match p.name:
        case "ftyp":
            return {content[i : i + 4] for i in (0, *range(8, len(content), 4))} <= _BRANDS
        case "mvhd" | "tkhd":
            return is_undated(content)
        case "mdhd":
            at = 32 if content[:1] == b"\1" else 20
            return is_undated(content) and int.from_bytes(content[at : at + 2]) in _LANGUAGES
        case "hdlr":
            return _is_allowed_handler(content)
        case "dref":
            return content[4:] == b"\0\0\0\1\0\0\0\x0curl \0\0\0\1"
        case "colr":
            return content[:4] in (b"nclx", b"nclc") and len(content) in (10, 11)
        case "free" | "wide":
            return is_blank(reader, p)
    return True


_EMPTY_LISTS = (("moov", "udta"), ("moov", "udta", "meta"), ("moov", "udta", "meta", "ilst"))
"""FFmpeg writes a list of tags into some MP4 files even without any tag. The list must be empty."""


def _is_allowed_handler(content: bytes) -> bool:
    name = content[24:].strip(b"\0")
    if name[:1] == bytes([len(name) - 1 & 0xFF]):  # QuickTime stores the length of the name first
        name = name[1:]
    return name in _FILM_HANDLERS.get(content[8:12].decode("latin-1"), ())


def _is_allowed_entry(reader: Reader, p: Part) -> bool:
    raw = p.name.encode("latin-1")
    if p.path[-2] == "wave":
        return raw in boxes.SOUND_ENTRIES or p.size == 0
    if raw in boxes.VIDEO_ENTRIES:  # the encoder's vendor, and its name
        return boxes.at(reader, p, 12, 4) in _VENDORS and not any(boxes.at(reader, p, 42, 32))
    return raw in boxes.SOUND_ENTRIES


def _of_tracks(reader: Reader, parts: list[Part]) -> Iterator[str]:
    found = boxes.tracks(parts, reader)
    spans = []
    for track in found:
        if track.handler not in _FILM_ENTRIES:
            yield f"a track of {track.handler or 'no kind'}"
        spans += [
            (at - reader.start, at + size - reader.start)
            for at, size in boxes.samples(track, reader)
        ]
    if sum(t.handler == "vide" for t in found) != 1:
        yield "more pictures than one track, or none"
    room = [
        (p.at - reader.start, p.at + p.size - reader.start) for p in parts if p.path == ("mdat",)
    ]
    loose = sum(
        end - start
        for start, end in tiff.gaps([*spans, *_outside(room, reader.size)], reader.size, least=1)
    )
    if loose:
        yield f"{loose} bytes that belong to no sample"


def _outside(room: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    yield from tiff.gaps(room, size, least=1)


def in_matroska(reader: Reader, name: str) -> Iterator[str]:
    parts: list[Part] = []
    for p in walk(reader, name):
        if p.name == BROKEN:
            yield f"a structure that cannot be walked ({p.note})"
        elif not _is_allowed_element(reader, p):
            yield f"element {p.where}"
        if not is_sample(p):
            parts.append(p)
    found = samples.streams(reader, name, parts)
    for stream in found:
        if stream.kind not in ("video", "sound"):
            yield f"a track of {stream.kind}"
    yield from _of_pictures(reader, name, parts)


def _is_allowed_element(reader: Reader, p: Part) -> bool:
    if p.name not in ELEMENTS:
        return False
    match p.name:
        case "MuxingApp" | "WritingApp":
            return boxes.at(reader, p, 0, 64) == ebml.NO_PROGRAM
        case "Language" | "TagLanguage":
            return boxes.at(reader, p, 0, 64).strip(b"\0") in (b"und", b"eng")
        case "TagName":
            return boxes.at(reader, p, 0, 64) == b"DURATION"
        case "TagString":
            return (
                not boxes.at(reader, p, 0, 64).rstrip(b"\0").strip(b"0123456789:.") and p.size < 64
            )
        case (
            "TrackUID" | "TagTrackUID"
        ):  # FFmpeg numbers tracks in bitexact mode; otherwise it picks random numbers
            return int.from_bytes(boxes.at(reader, p, 0, 8)) < boxes.MOST_TRACKS
        case "Void":
            return is_blank(reader, p)
    return True


def in_avi(reader: Reader, name: str) -> Iterator[str]:
    parts = []
    for p in walk(reader, name):
        if p.name == BROKEN:
            yield f"a structure that cannot be walked ({p.note})"
        elif p.name.startswith("("):
            yield f"{p.size} bytes {p.name[1:-1]}"
        elif (
            (not is_sample(p) and p.name not in AVI_CHUNKS)
            or (
                p.path[1:2] == ("movi",)
                and len(p.path) == 3
                and p.name[2:] not in ("dc", "wb")
                and not p.name.startswith("ix")
            )
            or (p.name == "JUNK" and not _is_room_for_index(reader, p))
        ):
            yield f"chunk {p.where}"
        if not is_sample(p):
            parts.append(p)
    for stream in samples.streams(reader, name, parts):
        if stream.kind not in ("video", "sound"):
            yield f"a stream of {stream.kind}"
    yield from _of_pictures(reader, name, parts)


def _is_room_for_index(reader: Reader, p: Part) -> bool:
    """Return whether a JUNK chunk is the room that FFmpeg reserves for the index of a large file.

    Such room holds the number of index fields, a stream's name, and the list's name.
    """
    raw = boxes.at(reader, p, 0, 1 << 16)
    known = raw.replace(b"odmldmlh", b"").translate(None, b"\0")
    return is_blank(reader, p) or (
        p.path[1:2] == ("hdrl",) and len(known) <= 8 and p.size <= 1 << 14
    )


def in_mpegts(reader: Reader, name: str) -> Iterator[str]:
    """Check streams by PID: tables, picture and sound. The program must have FFmpeg's shortest
    name."""
    parts = list(walk(reader, name))
    found = samples.streams(reader, name, parts)
    tables = TS_TABLES | set(mpegts.programs(reader))
    listed = {s.number for s in found}
    for p in parts:
        if p.name == BROKEN:
            yield f"a structure that cannot be walked ({p.note})"
        elif int(p.name.split()[1]) not in tables | listed:
            yield f"packets of {p.name}, which no table names"
    table = mpegts.section(reader, 17)
    for tag, content in mpegts.descriptors(table, 16, len(table) - 4):
        if tag != 0x48 or content[1:] != b"\1-\1-":
            yield "a name of the service"
    if sum(s.kind == "video" for s in found) != 1:
        yield "more pictures than one stream, or none"
    yield from _of_pictures(reader, name, parts)


def _of_pictures(reader: Reader, name: str, parts: list[Part]) -> Iterator[str]:
    """Report unlisted messages within the video bitstream, each kind once."""
    said: set[str] = set()
    for stream in samples.streams(reader, name, parts):
        if stream.kind != "video" or stream.codec not in SEI:
            continue
        pieces = [(_head_units(stream), 0)] if stream.codec != "av1" else [(stream.config[4:], 0)]
        for piece, size in pieces:
            said |= set(_in_sample(piece, stream.codec, size))
        for sample in samples.samples(reader, name, parts, stream):
            said |= set(_in_sample(sample, stream.codec, stream.length_size))
    yield from sorted(said)


def _in_sample(sample: bytes, codec: str, length_size: int) -> Iterator[str]:
    kinds = (
        (k for k, _ in nal.obus(sample))
        if codec == "av1"
        else (nal.type_of(u, codec) for u in nal.units(sample, length_size))
    )
    for kind in kinds:
        if kind not in _UNITS[codec] and not (codec == "h264" and kind == 6):
            yield f"a unit of type {kind} in the {codec} stream"
    for message in nal.messages(sample, codec, length_size):
        if message.kind not in SEI[codec]:
            yield f"{nal.name_of(message)} in the {codec} stream"


def _head_units(stream: samples.Stream) -> bytes:
    """Return the units of the decoder configuration, with start codes between them."""
    return b"".join(b"\0\0\1" + u for u in nal.config_units(stream.config, stream.codec))
