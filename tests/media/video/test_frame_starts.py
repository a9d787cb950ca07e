"""Two packets may be one frame: fields that are pictures of their own.

The films are written here, bit by bit.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from efface.containers.admission import admit
from efface.errors import UndecodableFrame
from efface.media.video.frame_starts import FrameStarts, Holds
from efface.media.video.probe import open_video
from efface.media.video.spans import indexed
from efface.options import ReadOptions

SIDE, FRAMES = 64, 8
BLOCKS = SIDE // 16
FIELD_ROWS = SIDE // 32


def ue(value: int) -> str:
    """Exponential Golomb code."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def unit(head: int, bits: str) -> bytes:
    """A NAL unit with a start code, and bytes that keep start codes apart."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    raw = int(bits, 2).to_bytes(len(bits) // 8)
    for byte in range(4):
        raw = raw.replace(b"\0\0" + bytes([byte]), b"\0\0\3" + bytes([byte]))
    return b"\0\0\0\1" + bytes([head]) + raw


def level(frame: int, bottom: int) -> int:
    """What every sample of a field is."""
    return 40 + 20 * frame + 10 * bottom


SETS = unit(
    0x67,
    f"{77:08b}{0:08b}{30:08b}"
    + ue(0)
    + ue(0)
    + ue(2)
    + ue(1)
    + "0"
    + ue(BLOCKS - 1)
    + ue(FIELD_ROWS - 1)
    + "0010"
    + "0",
) + unit(0x68, ue(0) + ue(0) + "00" + ue(0) + ue(0) + ue(0) + "000" + ue(0) * 3 + "000")
"""Main profile, order of output as decoded, fields allowed."""


def field(frame: int, bottom: int) -> bytes:
    """A field of raw samples (I_PCM), all of them alike."""
    is_first = frame == 0 and not bottom
    head = (
        ue(0)
        + ue(7)
        + ue(0)
        + f"{frame % 16:04b}"
        + "1"
        + str(bottom)
        + (ue(0) if is_first else "")
    )
    bits = head + ("00" if is_first else "0") + ue(0)
    for _ in range(BLOCKS * FIELD_ROWS):
        bits += ue(25)
        bits += "0" * (-len(bits) % 8) + f"{level(frame, bottom):08b}" * 256 + f"{128:08b}" * 128
    return unit(0x65 if is_first else 0x61, bits)


def written(path: Path, *, drop: int | None = None, together: bool = False) -> Path:
    """A film with a field to a packet, or both fields of a frame in one (`together`), and without
    packet `drop`."""
    fields = [(SETS if i == 0 else b"") + field(i // 2, i % 2) for i in range(2 * FRAMES)]
    raw = path.with_suffix(".h264")
    raw.write_bytes(b"".join(fields))
    packets = (
        [a + b for a, b in zip(fields[::2], fields[1::2], strict=True)] if together else fields
    )
    step = 3600 if together else 1800
    with av.open(str(raw)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        stream.time_base = Fraction(1, 90_000)
        for i, content in enumerate(packets):
            if i == drop:
                continue
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.is_keyframe = (
                stream,
                Fraction(1, 90_000),
                i == 0,
            )
            packet.pts = packet.dts = 90_000 + i * step
            packet.duration = step
            out.mux(packet)
    return path


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("name", ["a.ts", "a.m2ts", "a.mkv", "a.mp4"])
@pytest.mark.parametrize("bad_frames", ["fail", "cover"])
def test_two_fields_in_two_packets_are_one_frame(tmp_path, name, together, bad_frames):
    source = open_video(
        admit(written(tmp_path / name, together=together)), ReadOptions(bad_frames=bad_frames)
    )
    frames = list(source.frames())
    assert len(frames) == FRAMES
    assert np.diff([f.pts for f in frames]) * float(source.time_base) == pytest.approx(
        0.04, abs=0.0011
    )
    for i, frame in enumerate(frames):
        luma = frame.unpack().planes[0]
        assert not frame.is_bad
        assert (luma[::2] == level(i, 0)).all()
        assert (luma[1::2] == level(i, 1)).all()


def test_the_packets_alone_tell_the_same_frames(tmp_path):
    source = open_video(admit(written(tmp_path / "a.ts")), ReadOptions())
    assert indexed(source).pts.tolist() == [f.pts for f in source.frames()]


@pytest.mark.parametrize("drop", [2, 3, 8, 9])
def test_a_frame_that_lost_a_field_is_unknown_and_no_other(tmp_path, drop):
    path = written(tmp_path / "a.mkv", drop=drop)
    with pytest.raises(UndecodableFrame):
        list(open_video(admit(path), ReadOptions()).frames())
    frames = list(open_video(admit(path), ReadOptions(bad_frames="cover")).frames())
    assert len(frames) == FRAMES
    assert [
        i
        for i, f in enumerate(frames)
        if not f.is_bad and f.unpack().planes[0][0, 0] != level(i, 0)
    ] == []
    assert frames[drop // 2].is_bad


def packet(content: bytes) -> av.Packet:
    return av.Packet(content)


def test_fields_pair_by_parity_and_number():
    starts = FrameStarts("h264")
    parts = [
        SETS + field(0, 0),
        field(0, 1),
        field(1, 0),
        field(2, 0),
        field(2, 1),
        field(3, 1),
        field(3, 0),
        field(3, 1),
    ]
    told = [starts.holds(packet(p)) for p in parts]
    frame, second = Holds.FRAME, Holds.SECOND_FIELD
    assert told == [frame, second, frame, frame, second, frame, second, frame]


def test_what_cannot_be_read_is_a_frame_of_its_own():
    starts = FrameStarts("h264")
    for content in (
        field(0, 0),
        b"\0\0\1\x67",
        b"\0\0\1\x65\xff",
        b"",
        b"\x00" * 40,
        SETS[:9] + field(0, 1),
    ):
        assert starts.holds(packet(content)) is Holds.FRAME


@pytest.mark.parametrize("structures", [(1, 2), (2, 1)])
def test_fields_of_mpeg2_pair_too(structures):
    def picture(structure: int) -> bytes:
        return (
            b"\0\0\1\0\x00\x0f\xff\xf8"
            + b"\0\0\1\xb5"
            + bytes([0x8F, 0xFF, 0xF0 | structure, 0x80, 0x80])
            + b"\0\0\1\x01\xff"
        )

    starts = FrameStarts("mpeg2video")
    a, b = structures
    told = [
        starts.holds(packet(c))
        for c in (
            picture(a),
            picture(b),
            picture(3),
            picture(a) + picture(b),
            picture(a),
            picture(b),
        )
    ]
    frame, second = Holds.FRAME, Holds.SECOND_FIELD
    assert told == [frame, second, frame, frame, frame, second]
