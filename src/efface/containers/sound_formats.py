"""Sound formats that each container holds, and their names there.

One table serves the writer, the refusals and the check. If a muxer wrote a sound format that the
check did not know, efface would refuse the result only after all the work.
"""

from __future__ import annotations


def _plain(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "")


SOUND_CODECS: dict[str, dict[str, str]] = {
    "mp4": {
        "aac": "mp4a", "mp3": "mp4a", "mp2": "mp4a", "vorbis": "mp4a", "dts": "mp4a", "ac3": "ac-3",
        "eac3": "ec-3",
        "opus": "Opus", "flac": "fLaC", "alac": "alac",
    },
    "mov": {
        "aac": "mp4a", "mp3": ".mp3", "mp2": ".mp2", "dts": "dtsc", "ac3": "ac-3", "eac3": "ec-3",
        "alac": "alac",
        "pcm_alaw": "alaw", "pcm_mulaw": "ulaw", "pcm_u8": "raw ", "pcm_s8": "sowt",
        "pcm_s16le": "sowt", "pcm_s16be": "twos",
        "pcm_s24le": "in24", "pcm_s24be": "in24", "pcm_s32le": "in32", "pcm_s32be": "in32",
        "pcm_f32le": "fl32",
        "pcm_f32be": "fl32", "pcm_f64le": "fl64", "pcm_f64be": "fl64",
    },
    "matroska": _plain(
        "aac mp3 mp2 ac3 eac3 dts opus vorbis flac alac truehd tta wavpack pcm_u8 "
        "pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f64le"
    ),
    "webm": _plain("opus vorbis"),
    "mpegts": _plain("aac mp3 mp2 ac3 eac3 dts opus"),
    "avi": _plain(
            "aac mp3 mp2 ac3 dts flac pcm_u8 pcm_s16le pcm_s24le pcm_s32le pcm_f32le pcm_alaw "
            "pcm_mulaw"
        ),
}  # fmt: skip
"""By FFmpeg's names of muxer and codec: the name of the sample entry in MP4 and MOV, empty
elsewhere.

PCM in MP4 is left out: FFmpeg refuses it if the source states no channel layout, as in Matroska,
and few players support it.
"""

ENTRIES = frozenset(
    entry.encode() for held in SOUND_CODECS.values() for entry in held.values() if entry
)
"""Sample entries that a finished file may hold."""

_MUXERS = {".mkv": "matroska", ".mov": "mov", ".mp4": "mp4", ".ts": "mpegts", ".avi": "avi"}
"""File name endings that a message may suggest, with their muxers."""


def advice(codec: str) -> str:
    """Suggest what to do if a container cannot hold sound of that codec."""
    endings = [suffix for suffix, muxer in _MUXERS.items() if codec in SOUND_CODECS[muxer]]
    if endings:
        return f"Choose a target that ends in {' or '.join(endings)}, or leave out --audio=keep."
    return (
        "No target can: leave out --audio=keep, or convert the sound of the source first: "
        "ffmpeg -i SOURCE -map 0:v -map 0:a -c copy -c:a flac NEW.mkv"
    )
