"""EBML: the elements of Matroska and WebM."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from efface.containers.parts import BROKEN, DEEPEST, Broken, Part, Reader, part

NAMES = {
    0x1A45DFA3: "EBML", 0x4286: "EBMLVersion", 0x42F7: "EBMLReadVersion", 0x42F2: "EBMLMaxIDLength",
    0x42F3: "EBMLMaxSizeLength",
    0x4282: "DocType", 0x4287: "DocTypeVersion", 0x4285: "DocTypeReadVersion", 0xEC: "Void",
    0xBF: "CRC-32",
    0x18538067: "Segment", 0x114D9B74: "SeekHead", 0x4DBB: "Seek", 0x53AB: "SeekID",
    0x53AC: "SeekPosition",
    0x1549A966: "Info", 0x2AD7B1: "TimestampScale", 0x4489: "Duration", 0x4D80: "MuxingApp",
    0x5741: "WritingApp",
    0x7BA9: "Title",
    0x4461: "DateUTC", 0x73A4: "SegmentUUID", 0x7384: "SegmentFilename", 0x3CB923: "PrevUUID",
    0x3C83AB: "PrevFilename",
    0x3EB923: "NextUUID", 0x3E83BB: "NextFilename", 0x4444: "SegmentFamily",
    0x1654AE6B: "Tracks", 0xAE: "TrackEntry", 0xD7: "TrackNumber", 0x73C5: "TrackUID",
    0x83: "TrackType", 0xB9: "FlagEnabled",
    0x88: "FlagDefault", 0x55AA: "FlagForced", 0x9C: "FlagLacing", 0x23E383: "DefaultDuration",
    0x536E: "Name",
    0x22B59C: "Language",
    0x22B59D: "LanguageBCP47", 0x86: "CodecID", 0x63A2: "CodecPrivate", 0x258688: "CodecName",
    0x56AA: "CodecDelay",
    0x56BB: "SeekPreRoll", 0x6DE7: "MinCache", 0x7446: "AttachmentLink",
    0x41E4: "BlockAdditionMapping",
    0x55EE: "MaxBlockAdditionID",
    0xE0: "Video", 0xB0: "PixelWidth", 0xBA: "PixelHeight", 0x54B0: "DisplayWidth",
    0x54BA: "DisplayHeight",
    0x54B2: "DisplayUnit", 0x54AA: "PixelCropBottom", 0x54BB: "PixelCropTop",
    0x54CC: "PixelCropLeft", 0x54DD: "PixelCropRight",
    0x9A: "FlagInterlaced", 0x9D: "FieldOrder", 0x53B8: "StereoMode", 0x53C0: "AlphaMode",
    0x55B0: "Colour",
    0x55B1: "MatrixCoefficients", 0x55B2: "BitsPerChannel", 0x55B3: "ChromaSubsamplingHorz",
    0x55B4: "ChromaSubsamplingVert",
    0x55B7: "ChromaSitingHorz", 0x55B8: "ChromaSitingVert", 0x55B9: "Range",
    0x55BA: "TransferCharacteristics",
    0x55BB: "Primaries",
    0x55BC: "MaxCLL", 0x55BD: "MaxFALL", 0x55D0: "MasteringMetadata",
    0x55D1: "PrimaryRChromaticityX",
    0x55D2: "PrimaryRChromaticityY",
    0x55D3: "PrimaryGChromaticityX", 0x55D4: "PrimaryGChromaticityY",
    0x55D5: "PrimaryBChromaticityX",
    0x55D6: "PrimaryBChromaticityY",
    0x55D7: "WhitePointChromaticityX", 0x55D8: "WhitePointChromaticityY", 0x55D9: "LuminanceMax",
    0x55DA: "LuminanceMin",
    0x7670: "Projection", 0x7671: "ProjectionType",
    0xE1: "Audio", 0xB5: "SamplingFrequency", 0x78B5: "OutputSamplingFrequency", 0x9F: "Channels",
    0x6264: "BitDepth",
    0x6D80: "ContentEncodings", 0x1F43B675: "Cluster", 0xE7: "Timestamp", 0xA7: "Position",
    0xAB: "PrevSize",
    0xA3: "SimpleBlock",
    0xA0: "BlockGroup", 0xA1: "Block", 0x9B: "BlockDuration", 0xFB: "ReferenceBlock",
    0x75A2: "DiscardPadding",
    0x75A1: "BlockAdditions", 0xA6: "BlockMore", 0xA5: "BlockAdditional", 0xEE: "BlockAddID",
    0xA4: "CodecState",
    0x1C53BB6B: "Cues", 0xBB: "CuePoint", 0xB3: "CueTime", 0xB7: "CueTrackPositions",
    0xF7: "CueTrack",
    0xF1: "CueClusterPosition",
    0xF0: "CueRelativePosition", 0xB2: "CueDuration",
    0x1941A469: "Attachments", 0x61A7: "AttachedFile", 0x467E: "FileDescription",
    0x466E: "FileName", 0x4660: "FileMediaType",
    0x465C: "FileData", 0x46AE: "FileUID",
    0x45DB: "EditionFlagDefault", 0x45BD: "EditionFlagHidden", 0x45BC: "EditionUID",
    0x98: "ChapterFlagHidden",
    0x4598: "ChapterFlagEnabled",
    0x5654: "ChapterStringUID", 0x1043A770: "Chapters", 0x45B9: "EditionEntry", 0xB6: "ChapterAtom",
    0x73C4: "ChapterUID",
    0x91: "ChapterTimeStart",
    0x92: "ChapterTimeEnd", 0x80: "ChapterDisplay", 0x85: "ChapString", 0x437C: "ChapLanguage",
    0x1254C367: "Tags", 0x7373: "Tag", 0x63C0: "Targets", 0x67C8: "SimpleTag", 0x45A3: "TagName",
    0x4487: "TagString",
    0x4485: "TagBinary", 0x447A: "TagLanguage", 0x4484: "TagDefault", 0x63C5: "TagTrackUID",
    0x68CA: "TargetTypeValue",
}  # fmt: skip

NO_PROGRAM = b"none"
"""The muxer name that efface writes, since Matroska requires one. It has four letters, as FFmpeg's
has."""

MASTERS = frozenset((
    "EBML", "Segment", "SeekHead", "Seek", "Info", "Tracks", "TrackEntry", "Video", "Colour",
    "MasteringMetadata",
    "Projection", "Audio",
    "Cluster", "BlockGroup", "BlockAdditions", "BlockMore", "Cues", "CuePoint", "CueTrackPositions",
    "Attachments",
    "AttachedFile",
    "Chapters", "EditionEntry", "ChapterAtom", "ChapterDisplay", "Tags", "Tag", "Targets",
    "SimpleTag",
))  # fmt: skip
"""Elements that contain elements."""

_TOP = frozenset(
    ("SeekHead", "Info", "Tracks", "Cluster", "Cues", "Attachments", "Chapters", "Tags")
)
_OPEN = {
    "Segment": frozenset(("EBML", "Segment")),
    "Cluster": frozenset(("EBML", "Segment")) | _TOP,
}
"""Elements whose size may be unknown, as in live recordings, and the elements that end them."""


def walk(reader: Reader) -> Iterator[Part]:
    """Yield every element with its path. Unknown elements are named by their number."""
    at = 0
    while at < reader.size:
        end = yield from _element(reader, at, reader.size, (), 0)
        if end is None:
            return
        at = end


def _element(
    reader: Reader, at: int, end: int, above: tuple[str, ...], depth: int
) -> Generator[Part, None, int | None]:
    """Yield the element's parts and return the place after it, or None if reading cannot continue
    from there."""
    try:
        name, size, start = lead(reader, at, end)
        if size is None and name not in _OPEN:
            raise Broken(f"{name} leaves its size open")
        if size is not None and start + size > end:
            raise Broken(f"{name} reaches beyond what holds it")
        if depth > DEEPEST:
            raise Broken("it is nested too deeply")
    except Broken as e:
        yield part(reader, (*above, BROKEN), at, end - at, str(e))
        return None
    stop = end if size is None else start + size
    path = (*above, name)
    yield part(reader, path, start, stop - start)
    if name not in MASTERS:
        return stop
    inner = start
    while inner < stop:
        if size is None and _name_at(reader, inner, stop) in _OPEN[name]:
            return inner
        following = yield from _element(reader, inner, stop, path, depth + 1)
        if following is None:
            return None
        inner = following
    return stop


def _name_at(reader: Reader, at: int, end: int) -> str:
    try:
        return lead(reader, at, end)[0]
    except Broken:
        return ""


def lead(reader: Reader, at: int, end: int) -> tuple[str, int | None, int]:
    """Return name, size (None if unknown) and content start of the element at `at`.

    Raises Broken.
    """
    raw = reader.peek(at, min(16, end - at))
    number, used = vint(raw, keep_marker=True)
    size, more = vint(raw[used:])
    if not used or not more or used > 4 or number is None:
        raise Broken("no element begins here")
    return NAMES.get(number, f"0x{number:x}"), size, at + used + more


def vint(raw: bytes, *, keep_marker: bool = False) -> tuple[int | None, int]:
    """Return an EBML number and its length in bytes.

    The number is None if all its bits are set (size unknown). The length is 0 if there is no
    number.
    """
    if not raw or not raw[0]:
        return 0, 0
    length = 9 - raw[0].bit_length()
    if len(raw) < length:
        return 0, 0
    value = int.from_bytes(raw[:length])
    if keep_marker:
        return value, length
    value &= (1 << 7 * length) - 1
    return (None if value == (1 << 7 * length) - 1 else value), length
