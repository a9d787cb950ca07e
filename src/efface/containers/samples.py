"""Read the streams of a video and their samples without a media library: MP4 and MOV, Matroska and
WebM, AVI, MPEG-TS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from efface.containers import boxes, ebml, mpegts
from efface.containers.parts import Broken, Part, Reader

LARGEST_SAMPLE = 64 << 20
"""Maximum number of bytes read of a sample. A raw frame in 4K has 50 million."""
LARGEST_CONFIG = 1 << 20

_MP4_CODECS = {
    "avc1": "h264", "avc3": "h264", "hvc1": "hevc", "hev1": "hevc", "dvh1": "hevc", "dvhe": "hevc",
    "av01": "av1",
    "vp09": "vp9",
}  # fmt: skip
_MKV_CODECS = {
    "V_MPEG4/ISO/AVC": "h264",
    "V_MPEGH/ISO/HEVC": "hevc",
    "V_AV1": "av1",
    "V_VP9": "vp9",
}
_AVI_CODECS = {
    "H264": "h264",
    "h264": "h264",
    "AVC1": "h264",
    "X264": "h264",
    "HEVC": "hevc",
    "H265": "hevc",
}
_TS_CODECS = {0x1B: "h264", 0x24: "hevc"}
_TS_SOUND = frozenset((0x03, 0x04, 0x0F, 0x11, 0x81, 0x87))
_HANDLERS = {
    "vide": "video",
    "soun": "sound",
    "sbtl": "subtitles",
    "subt": "subtitles",
    "text": "text",
    "clcp": "subtitles",
}
_MKV_KINDS = {1: "video", 2: "sound", 17: "subtitles"}
_AVI_KINDS = {"vids": "video", "auds": "sound", "txts": "subtitles"}

CONFIGS = {"avcC": "h264", "hvcC": "hevc", "av1C": "av1"}
"""MP4 boxes with a decoder configuration, and their codec."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of a video.

    number  from 1, in file order; for MPEG-TS its PID.
    kind    "video", "sound", "subtitles", "text", or "data" for all else.
    codec   "h264", "hevc", "av1" or "vp9" of video; otherwise as the container spells it.
    config  the decoder configuration.
    """

    number: int
    kind: str
    codec: str
    config: bytes = b""

    @property
    def length_size(self) -> int:
        """Bytes of the length before each NAL unit; 0 if the stream uses start codes."""
        if self.codec == "h264" and len(self.config) > 4 and self.config[0] == 1:
            return (self.config[4] & 3) + 1
        if self.codec == "hevc" and len(self.config) > 21 and self.config[0] == 1:
            return (self.config[21] & 3) + 1
        return 0


def streams(reader: Reader, name: str, parts: list[Part]) -> list[Stream]:
    """Return the streams of a video of that format. `parts` come from its walk."""
    find = _STREAMS.get(name)
    return find(reader, parts) if find else []


def samples(reader: Reader, name: str, parts: list[Part], stream: Stream) -> Iterator[bytes]:
    """Yield the samples of a stream, each cut to LARGEST_SAMPLE. Raises Broken if they cannot be
    found."""
    yield from _SAMPLES[name](reader, parts, stream)


def _of_mp4(reader: Reader, parts: list[Part]) -> list[Stream]:
    found = []
    for track in boxes.tracks(parts, reader):
        entry = next(iter(track.entries), "")
        codec = _MP4_CODECS.get(entry, entry)
        config = next((track.boxes[n] for n in CONFIGS if n in track.boxes), None)
        raw = boxes.at(reader, config, 0, LARGEST_CONFIG) if config else b""
        found.append(Stream(track.number, _HANDLERS.get(track.handler, "data"), codec, raw))
    return found


def _mp4_samples(reader: Reader, parts: list[Part], stream: Stream) -> Iterator[bytes]:
    track = boxes.tracks(parts, reader)[stream.number - 1]
    for place, size in boxes.samples(track, reader):
        yield reader.peek(place - reader.start, min(size, LARGEST_SAMPLE))
    for place, size in _fragments(reader, parts, stream.number):
        yield reader.peek(place - reader.start, min(size, LARGEST_SAMPLE))


def _fragments(reader: Reader, parts: list[Part], number: int) -> Iterator[tuple[int, int]]:
    """Yield samples of a fragmented video. Each `mdat` box counts as one sample, since NAL units
    follow one another there."""
    if any(p.path == ("moof",) for p in parts) and number == 1:
        for p in parts:
            if p.path == ("mdat",):
                yield p.at, p.size


def _of_matroska(reader: Reader, parts: list[Part]) -> list[Stream]:
    found: list[dict[str, bytes]] = []
    for p in parts:
        if p.path == ("Segment", "Tracks", "TrackEntry"):
            found.append({})
        elif p.path[:-1] == ("Segment", "Tracks", "TrackEntry") and found:
            found[-1][p.name] = boxes.at(reader, p, 0, LARGEST_CONFIG)
    made = []
    for track in found:
        codec = track.get("CodecID", b"").rstrip(b"\0").decode("latin-1")
        kind = _MKV_KINDS.get(int.from_bytes(track.get("TrackType", b"")[:8]), "data")
        number = int.from_bytes(track.get("TrackNumber", b"")[:8])
        made.append(
            Stream(number, kind, _MKV_CODECS.get(codec, codec), track.get("CodecPrivate", b""))
        )
    return made


def _matroska_samples(reader: Reader, parts: list[Part], stream: Stream) -> Iterator[bytes]:
    for p in ebml.walk(reader):
        if p.name in ("SimpleBlock", "Block"):
            raw = boxes.at(reader, p, 0, LARGEST_SAMPLE)
            number, used = ebml.vint(raw)
            if number == stream.number:
                yield raw[used + 3 :]


def _of_avi(reader: Reader, parts: list[Part]) -> list[Stream]:
    found: list[Stream] = []
    for p in parts:
        if p.path == ("AVI", "hdrl", "strl", "strh"):
            head = boxes.at(reader, p, 0, 8).decode("latin-1")
            found.append(
                Stream(
                    len(found) + 1,
                    _AVI_KINDS.get(head[:4], "data"),
                    _AVI_CODECS.get(head[4:], head[4:].strip("\0 ")),
                )
            )
        elif p.path == ("AVI", "hdrl", "strl", "strf") and found:
            config = boxes.at(reader, p, 40, LARGEST_CONFIG) if found[-1].kind == "video" else b""
            last = found.pop()
            found.append(Stream(last.number, last.kind, last.codec, config))
    return found


def _avi_samples(reader: Reader, parts: list[Part], stream: Stream) -> Iterator[bytes]:
    from efface.containers import riff

    for p in riff.walk(reader):
        if (
            p.path[1:2] == ("movi",)
            and p.name[:2] == f"{stream.number - 1:02d}"
            and p.name[2:] in ("dc", "db")
        ):
            yield boxes.at(reader, p, 0, LARGEST_SAMPLE)


def _of_ts(reader: Reader, parts: list[Part]) -> list[Stream]:
    try:
        return [
            Stream(
                pid,
                "video" if kind in _TS_CODECS else "sound" if kind in _TS_SOUND else "data",
                _TS_CODECS.get(kind, f"0x{kind:02x}"),
            )
            for program in mpegts.programs(reader)
            for kind, pid in mpegts.elementary(reader, program)
        ]
    except Broken:
        return []


def _ts_samples(reader: Reader, parts: list[Part], stream: Stream) -> Iterator[bytes]:
    for unit in mpegts.unit_stream(reader, stream.number, LARGEST_SAMPLE):
        if unit[:3] == b"\0\0\1" and len(unit) > 9:
            yield unit[9 + unit[8] :]


_STREAMS: dict[str, Callable[[Reader, list[Part]], list[Stream]]] = {
    "mp4": _of_mp4, "matroska": _of_matroska, "avi": _of_avi, "mpegts": _of_ts,
}  # fmt: skip
_SAMPLES: dict[str, Callable[[Reader, list[Part], Stream], Iterator[bytes]]] = {
    "mp4": _mp4_samples, "matroska": _matroska_samples, "avi": _avi_samples, "mpegts": _ts_samples,
}  # fmt: skip
