"""Strange films of ordinary people: joined, cropped, without a container, with clocks and
orientations said in odd places."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from efface.containers.admission import admit
from efface.containers.raw_streams import DEMUXERS, is_jpeg_stream, raw_format
from efface.containers.sniff import format_of, medium_of
from efface.errors import InputError, UndecodableFrame
from efface.media.cropping import Crop, crop_of
from efface.media.video.decode import BREAKS_OFF, RESIZED
from efface.media.video.demux import shifts_of
from efface.media.video.frame_access import FrameAccess
from efface.media.video.probe import open_video
from efface.media.video.spans import Indivisible, indexed
from efface.options import ReadOptions

FAIL = ReadOptions()
H264 = ("-c:v", "libx264", "-bf", 2, "-g", 10, "-crf", 12, "-pix_fmt", "yuv420p")


def far(a, b):
    return float(np.abs(a.astype(float) - b).mean())


def seconds(source):
    return [f.pts * float(source.time_base) for f in source.frames()]


# What encoders of ordinary devices do


@pytest.mark.parametrize("suffix", [".ts", ".mpg", ".mkv"])
@pytest.mark.parametrize("codec", ["mpeg1video", "mpeg2video"])
@pytest.mark.parametrize("bad_frames", ["fail", "cover"])
def test_slices_of_mpeg_that_end_in_zeros_are_whole(
    bad_frames, codec, suffix, clip, run_ffmpeg, tmp_path, picture_of
):
    stream = clip("a.m2v", "-c:v", codec, "-q:v", 2, "-bf", 0).read_bytes()
    padded, film = tmp_path / "padded.m2v", tmp_path / f"a{suffix}"
    padded.write_bytes(stream[:4] + stream[4:].replace(b"\0\0\1", bytes(42) + b"\1"))
    run_ffmpeg("-fflags", "+genpts", "-r", 25, "-i", padded, "-c", "copy", film)
    frames = list(open_video(admit(film), ReadOptions(bad_frames=bad_frames)).frames())
    assert len(frames) >= 28
    assert not any(f.is_bad for f in frames)
    assert all(far(f.look((160, 96)), picture_of(f.index)) < 8 for f in frames[::9])


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
def test_slices_of_mpeg_that_end_early_are_damage(suffix, clip, run_ffmpeg, tmp_path):
    stream = clip("a.m2v", "-c:v", "mpeg2video", "-q:v", 2, "-bf", 2).read_bytes()
    broken, film = tmp_path / "broken.m2v", tmp_path / f"a{suffix}"
    at = stream.index(b"\0\0\1\3", len(stream) // 2)
    broken.write_bytes(stream[: at + 20] + stream[stream.index(b"\0\0\1", at + 4) :])
    run_ffmpeg("-fflags", "+genpts", "-r", 25, "-i", broken, "-c", "copy", film)
    with pytest.raises(UndecodableFrame):
        list(open_video(admit(film), FAIL).frames())


@pytest.mark.parametrize("bad_frames", ["fail", "cover"])
def test_a_recording_of_hevc_that_was_cut_anywhere_begins_with_its_keyframe(
    bad_frames, clip, tmp_path, picture_of
):
    """Frames shown before the first keyframe refer to what was cut off, and the decoder complains
    of them after it."""
    params = (
        "open-gop=1:keyint=15:min-keyint=15:bframes=3:scenecut=0:repeat-headers=1:log-level=none"
    )
    whole = clip(
        "a.ts",
        "-c:v",
        "libx265",
        "-x265-params",
        params,
        "-crf",
        12,
        "-pix_fmt",
        "yuv420p",
        frames=60,
    ).read_bytes()
    cut = tmp_path / "a.ts"
    for share in (0.1, 0.2):
        cut.write_bytes(whole[int(len(whole) // 188 * share) * 188 :])
        frames = list(open_video(admit(cut), ReadOptions(bad_frames=bad_frames)).frames())
        assert len(frames) in (30, 45)
        assert not any(f.is_bad for f in frames)
        assert all(
            far(f.look((160, 96)), picture_of(60 - len(frames) + f.index)) < 8 for f in frames[:5]
        )


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.ts", H264), ("a.ts", ("-c:v", "mpeg2video", "-q:v", 2, "-bf", 2)), ("a.flv", H264)],
)
def test_a_recording_that_ends_within_a_frame_lacks_that_frame_and_says_so(
    name, codec, clip, tmp_path, picture_of
):
    whole, cut = clip(name, *codec).read_bytes(), tmp_path / name
    noted = 0
    for lost in (400, 900, 1600, 2500):
        cut.write_bytes(whole[: len(whole) - lost])
        source = open_video(admit(cut), FAIL)
        frames = list(source.frames())
        assert 20 <= len(frames) <= 30
        assert all(far(f.look((160, 96)), picture_of(f.index)) < 9 for f in frames[:-4])
        assert not any(f.is_bad for f in frames)
        noted += source.info.notes == [BREAKS_OFF]
    assert noted


def test_a_film_that_states_too_much_for_its_pictures_is_whole(clip, tmp_path):
    film = tmp_path / "a.mp4"
    data = bytearray(clip("a.mp4", *H264, "-movflags", "+faststart").read_bytes())
    at = data.index(b"mdat") - 4
    data[at : at + 4] = (int.from_bytes(data[at : at + 4]) + 5000).to_bytes(4)
    film.write_bytes(data)
    assert len(list(open_video(admit(film), FAIL).frames())) == 30
    film.write_bytes(data[:-9])
    source = open_video(admit(film), FAIL)
    assert len(list(source.frames())) == 29
    assert source.info.notes[0].startswith("it breaks off at 0:00:01.")


@pytest.mark.parametrize("size_wh", [(320, 192), (80, 48), (96, 160)])
@pytest.mark.parametrize("bad_frames", ["fail", "cover"])
def test_frames_of_another_size_are_fitted_into_that_of_the_first(
    bad_frames, size_wh, clip, tmp_path, picture_of
):
    film, first = tmp_path / "a.h264", clip("a.h264", *H264)
    film.write_bytes(first.read_bytes() + clip("b.h264", *H264, size=size_wh).read_bytes())
    source = open_video(admit(film), ReadOptions(bad_frames=bad_frames))
    frames = list(source.frames())
    assert len(frames) == 60
    assert not any(f.is_bad for f in frames)
    assert all(f.unpack().size_wh == (160, 96) for f in frames)
    share = min(160 / size_wh[0], 96 / size_wh[1])
    width, height = round(size_wh[0] * share), round(size_wh[1] * share)
    seen = frames[40].look((160, 96))
    shown = np.asarray(Image.fromarray(picture_of(10, *size_wh)).resize((width, height)))
    assert far(seen[:height, :width], shown) < 10
    assert (
        far(seen[:, width + 2 :], np.zeros_like(seen[:, width + 2 :])) < 3 if width < 150 else True
    )
    assert source.info.notes == [RESIZED]


def test_a_film_of_one_size_says_nothing_of_sizes(clip):
    source = open_video(admit(clip("a.mp4", *H264)), FAIL)
    assert len(list(source.frames())) == 30
    assert source.info.notes == []


@pytest.mark.parametrize("zeros", [1, 9, 200])
def test_zeros_before_a_stream_of_mpeg_do_not_hide_it(zeros, clip, tmp_path, picture_of):
    film = tmp_path / "a.m2v"
    film.write_bytes(bytes(zeros) + clip("a.m2v", "-c:v", "mpeg2video", "-q:v", 2).read_bytes())
    assert (format_of(film), medium_of(film)) == ("mpeg", "video")
    assert len(list(open_video(admit(film), FAIL).frames())) == 30


def test_a_recording_of_mpeg_that_was_cut_anywhere_is_a_film(clip, tmp_path):
    whole = clip("a.mpg", "-c:v", "mpeg2video", "-q:v", 2, "-g", 5, "-f", "vob").read_bytes()
    film = tmp_path / "a.mpg"
    film.write_bytes(whole[1000:])
    assert (format_of(film), medium_of(film)) == ("mpeg", "video")
    assert len(list(open_video(admit(film), ReadOptions(bad_frames="cover")).frames())) >= 20


@pytest.mark.parametrize("lost", [2200, 3000, 3800])
def test_the_frames_of_the_unit_in_which_a_program_stream_ends_are_left_out(
    lost, clip, tmp_path, picture_of
):
    how = ("-c:v", "mpeg2video", "-q:v", 30, "-g", 30, "-f", "vob", "-packetsize", 2048)
    whole, cut = clip("a.mpg", *how, frames=60).read_bytes(), tmp_path / "a.mpg"
    cut.write_bytes(whole[: len(whole) - lost])
    source = open_video(admit(cut), FAIL)
    frames = list(source.frames())
    assert 30 <= len(frames) < 60
    assert source.info.notes == [BREAKS_OFF]
    assert all(far(f.look((160, 96)), picture_of(f.index)) < 20 for f in frames)


def test_a_stream_that_begins_in_mid_file_changes_nothing(clip, tmp_path, run_ffmpeg):
    first = clip("a.ts", *H264).read_bytes()
    sound = tmp_path / "b.ts"
    tone = ("-f", "lavfi", "-i", "sine=d=1", "-c:a", "mp2", "-streamid", "0:999")
    run_ffmpeg(*tone, sound)
    film = tmp_path / "c.ts"
    film.write_bytes(first + sound.read_bytes())
    assert len(list(open_video(admit(film), FAIL).frames())) == 30


# Joined recordings


@pytest.mark.parametrize(("name", "how"),
[("a.ts", H264), ("b.ts", ("-c:v", "mpeg2video", "-q:v", 2, "-bf", 2)),
                                           ("c.mpg",
                                           ("-c:v", "mpeg2video", "-q:v", 2, "-bf", 2, "-f",
                                           "vob"))])  # fmt: skip
@pytest.mark.parametrize("bad_frames", ["fail", "cover"])
def test_joined_recordings_go_on_where_the_clock_starts_anew(
    name, how, bad_frames, clip, tmp_path, picture_of
):
    part = clip(name, *how).read_bytes()
    joined = tmp_path / name
    joined.write_bytes(part * 3)
    source = open_video(admit(joined), ReadOptions(bad_frames=bad_frames))
    frames = list(source.frames())
    assert len(frames) == 90
    assert not any(f.is_bad for f in frames)
    assert np.diff([f.pts for f in frames]) * float(source.time_base) == pytest.approx(
        0.04, abs=0.001
    )
    assert all(far(f.look((160, 96)), picture_of(f.index % 30)) < 8 for f in frames[::7])
    with pytest.raises(Indivisible, match="starts anew"):
        indexed(source)
    assert len(shifts_of(open_video(admit(joined), FAIL).info)) == 2
    reach = FrameAccess(
        source, np.array([f.pts for f in frames]), [f.unpack().checksum() for f in source.frames()]
    )
    assert all(far(reach.frame(i).look((160, 96)), picture_of(i % 30)) < 8 for i in (70, 5, 45))
    reach.close()


def test_a_part_that_begins_between_keyframes_is_unknown_up_to_the_next_one(clip, tmp_path):
    part = clip("a.ts", *H264).read_bytes()
    cut = part[len(part) // 188 // 4 * 188 :]
    joined = tmp_path / "a.ts"
    joined.write_bytes(part + cut)
    with pytest.raises(UndecodableFrame):
        list(open_video(admit(joined), FAIL).frames())
    frames = list(open_video(admit(joined), ReadOptions(bad_frames="cover")).frames())
    assert any(f.is_bad for f in frames[30:])
    assert not any(f.is_bad for f in frames[:29])


# Columns that nobody sees


@pytest.mark.parametrize(
    ("crop", "window"),
    [("crop_left=32:crop_top=0", (32, 0, 160, 96)), ("crop_top=8:crop_left=6", (6, 8, 160, 96)),
                         ("crop_right=10:crop_bottom=2:crop_left=2", (2, 0, 150, 94))],
)  # fmt: skip
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_what_the_bitstream_crops_is_not_published(
    crop, window, codec, clip, run_ffmpeg, tmp_path, picture_of
):
    how = (
        H264
        if codec == "h264"
        else (
            "-c:v",
            "libx265",
            "-x265-params",
            "log-level=none",
            "-crf",
            12,
            "-pix_fmt",
            "yuv420p",
        )
    )
    path = tmp_path / "a.mp4"
    run_ffmpeg(
        "-i", clip(f"{codec}.mp4", *how), "-c", "copy", "-bsf:v", f"{codec}_metadata={crop}", path
    )
    left, top, right, bottom = window
    source = open_video(admit(path), FAIL)
    assert source.info.size_wh == (right - left, bottom - top)
    for frame in source.frames():
        seen = frame.look((right - left, bottom - top))
        assert far(seen, picture_of(frame.index)[top:bottom, left:right]) < 8


def vint(size: int) -> bytes:
    return (size | 1 << 56).to_bytes(8)


def with_elements(data: bytes, path: tuple[bytes, ...], extra: bytes) -> bytes:
    """An EBML file with more at the end of the element of that path; sizes are written anew, in
    eight bytes."""
    at, out = 0, b""
    while at < len(data):
        wide = 9 - data[at].bit_length()
        name, at = data[at : at + wide], at + wide
        used = 9 - data[at].bit_length()
        size, at = int.from_bytes(data[at : at + used]) & (1 << 7 * used) - 1, at + used
        content, at = data[at : at + size], at + size
        if name == path[0]:
            content = with_elements(content, path[1:], extra) if len(path) > 1 else content + extra
        out += name + vint(len(content)) + content
    return out


VIDEO = (b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae", b"\xe0")


def with_boxes(data: bytes, path: tuple[bytes, ...], extra: bytes) -> bytes:
    """An MP4 file with another box at the end of that of the path.

    Its samples must come before `moov`.
    """
    at, out = 0, b""
    while at + 8 <= len(data):
        size, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        content, at = data[at + 8 : at + size], at + size
        if name == path[0]:
            head = {b"stsd": 8, b"avc1": 78}.get(name, 0)
            inner = (
                with_boxes(content[head:], path[1:], extra)
                if len(path) > 1
                else content[head:] + extra
            )
            content = content[:head] + inner
        out += struct.pack(">I", len(content) + 8) + name + content
    return out


ENTRY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")


def cropped(clip, tmp_path: Path, suffix: str, crop: Crop) -> Path:
    path, data = tmp_path / f"a.{suffix}", clip(f"plain.{suffix}", *H264).read_bytes()
    if suffix == "mkv":
        names = zip((b"\x54\xcc", b"\x54\xbb", b"\x54\xdd", b"\x54\xaa"), crop, strict=True)
        path.write_bytes(
            with_elements(data, VIDEO, b"".join(name + b"\x81" + bytes([n]) for name, n in names))
        )
    else:
        width, height = 160 - crop.columns, 96 - crop.rows
        fractions = (width, 1, height, 1, crop.left - crop.right, 2, crop.top - crop.bottom, 2)
        path.write_bytes(with_boxes(data, ENTRY, struct.pack(">I4s8i", 40, b"clap", *fractions)))
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize("crop", [Crop(16, 8, 24, 4), Crop(0, 0, 32, 0), Crop(3, 5, 0, 1)])
def test_what_the_container_crops_is_not_published(suffix, crop, clip, tmp_path, picture_of):
    path = cropped(clip, tmp_path, suffix, crop)
    source = open_video(admit(path), FAIL)
    width, height = size = 160 - crop.columns, 96 - crop.rows
    assert source.info.size_wh == size
    for frame in source.frames():
        truth = picture_of(frame.index)[crop.top : crop.top + height, crop.left : crop.left + width]
        assert frame.unpack().size_wh == size
        assert far(frame.look(size), truth) < 8
        assert (
            far(
                frame.look((width // 2, height // 2)),
                np.asarray(Image.fromarray(truth).resize((width // 2, height // 2))),
            )
            < 12
        )


def test_a_crop_that_leaves_nothing_is_not_believed(clip, tmp_path):
    path = cropped(clip, tmp_path, "mkv", Crop(100, 0, 100, 0))
    assert crop_of(path, "matroska,webm", 0, (160, 96)) == Crop()


# Orientation, and times that are those of decoding


def test_an_orientation_said_in_keyframes_holds_for_all_frames(
    clip, run_ffmpeg, tmp_path, picture_of
):
    path = tmp_path / "a.mp4"
    turn = "h264_metadata=display_orientation=insert:rotate=90"
    run_ffmpeg("-i", clip("plain.mp4", *H264), "-c", "copy", "-bsf:v", turn, path)
    source = open_video(admit(path), FAIL)
    frames = list(source.frames())
    assert len(frames) == 30
    assert source.info.size_wh == (96, 160)
    assert all(far(f.look((96, 160)), np.rot90(picture_of(f.index))) < 8 for f in frames)


def test_times_of_decoding_become_those_of_the_order_shown(clip, run_ffmpeg, tmp_path, picture_of):
    raw, path = tmp_path / "a.h264", tmp_path / "a.mkv"
    run_ffmpeg("-i", clip("plain.mp4", *H264), "-c", "copy", raw)
    times = "setts=pts=N*40:dts=N*40:time_base=1/1000"
    run_ffmpeg("-i", clip("plain.mp4", *H264), "-c", "copy", "-bsf:v", times, path)
    source = open_video(admit(path), FAIL)
    assert source.is_by_order
    frames = list(source.frames())
    assert len(frames) == 30
    assert all(far(f.look((160, 96)), picture_of(f.index)) < 8 for f in frames)
    with pytest.raises(Indivisible):
        indexed(source)
    assert not open_video(admit(clip("plain.mp4", *H264)), FAIL).is_by_order


@pytest.mark.parametrize("bad_frames", ["fail", "cover"])
def test_times_of_the_wrong_frames_become_those_of_the_order_shown(
    bad_frames, clip, run_ffmpeg, tmp_path, picture_of
):
    path = tmp_path / "a.mp4"
    own = [*H264, "-bf", 2, "-x264-params", "b-adapt=0:scenecut=0"]
    # The third and fourth frames of the file get each other's time.
    swap = "setts=pts=PTS+DURATION*(eq(N\\,2)-eq(N\\,3))"
    run_ffmpeg("-i", clip("swap.mp4", *own), "-c", "copy", "-bsf:v", swap, path)
    source = open_video(admit(path), ReadOptions(bad_frames=bad_frames))
    frames = list(source.frames())
    whole = open_video(admit(clip("swap.mp4", *own)), FAIL)
    assert source.is_by_order
    assert [f.pts for f in frames] == [f.pts for f in whole.frames()]
    assert all(far(f.look((160, 96)), picture_of(f.index)) < 8 for f in frames)


# Films without a container

X265 = ("-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p", "-crf", 14)
RAW = {
    "a.h264": ("h264", *H264), "a.bin": ("h264", *H264, "-f", "h264"), "a.hevc": ("hevc", *X265),
    "a.265": ("hevc", *X265, "-f", "hevc"),
    "b.m4v": ("mpeg4", "-c:v", "mpeg4", "-q:v", 2, "-bf", 2, "-f", "m4v"),
    "a.mjpeg": ("mjpeg", "-c:v", "mjpeg", "-q:v", 2),
    "a.ivf": ("ivf", "-c:v", "libvpx-vp9", "-crf", 12, "-b:v", 0, "-cpu-used", 5),
    "a.y4m": ("y4m", "-pix_fmt", "yuv420p"),
    "a.dv": ("dv", "-c:v", "dvvideo", "-s", "720x576", "-pix_fmt", "yuv420p"),
    "a.obu": ("av1", "-c:v", "libaom-av1", "-cpu-used", 8),
    "a.m2v": ("mpeg", "-c:v", "mpeg2video", "-q:v", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_a_bare_stream_is_a_film_at_a_constant_rate(name, clip, picture_of):
    kind, *how = RAW[name]
    path = clip(name, *how)
    assert (format_of(path), medium_of(path)) == (kind, "video")
    source = open_video(admit(path), FAIL)
    frames = list(source.frames())
    assert len(frames) == 30
    assert np.diff([f.pts for f in frames]) * float(source.time_base) == pytest.approx(
        0.04, abs=0.0001
    )
    assert all(far(f.look((160, 96)), picture_of(f.index)) < 10 for f in frames)


def test_the_rate_that_a_bare_stream_states_is_its_rate(clip):
    source = open_video(admit(clip("slow.h264", *H264, rate="10")), FAIL)
    assert np.diff(seconds(source)) == pytest.approx(0.1)


def dahua(units: list[bytes]) -> bytes:
    """A recording of Dahua's, with a frame of H.264 in each block."""
    out = b""
    for i, unit in enumerate(units):
        extra = (
            b"\x80\x00\x14\x0c" + b"\x81\x00\x02\x19"
        )  # size in blocks of eight, H.264 at 25 frames a second
        size = 24 + len(extra) + len(unit) + 8
        date = 1 << 26 | 1 << 22 | 1 << 17 | i * 40 // 1000
        head = struct.pack(
            "<4sBBBBIIIHBB", b"DHAV", 0xFD, 0, 0, 0, i, size, date, i * 40, len(extra), 0
        )
        out += head + extra + unit + struct.pack("<4sI", b"dhav", size)
    return out


def test_a_recording_of_dahuas_is_opened(clip, tmp_path):
    raw = clip(
        "a.h264", "-c:v", "libx264", "-bf", 0, "-aud", 1, "-g", 10, "-pix_fmt", "yuv420p"
    ).read_bytes()
    path = tmp_path / "a.dav"
    path.write_bytes(dahua([b"\0\0\0\1\x09" + u for u in raw.split(b"\0\0\0\1\x09")[1:]]))
    assert format_of(path) == "dav"
    assert len(list(open_video(admit(path), FAIL).frames())) == 30


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\1",
        b"\0\0\1" * 50,
        b"\0\0\1\xba",
        b"\0\0\1\x09",
        b"",
        b"\x1f\x07\x00",
        b"\0\0\1\x67",
    ],
)
def test_what_begins_like_a_stream_gives_no_surprise(head, tmp_path):
    for suffix in (".bin", ".h264", ".m4v"):
        name = raw_format(head, suffix)
        assert name is None or name in DEMUXERS
        path = tmp_path / f"a{suffix}"
        path.write_bytes(head + bytes(range(256)))
        with pytest.raises(InputError):
            list(open_video(admit(path), FAIL).frames())


# Streams of JPEGs, and photos with more behind them


def jpeg(size: tuple[int, int], shade: int, extra: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, 90, 90)).save(buffer, "JPEG")
    data = buffer.getvalue()
    return data[:2] + extra + data[2:]


MPF = b"\xff\xe2\x00\x10MPF\0II*\0\x08\0\0\0\0\0"
PHOTOS = {
    "one": jpeg((64, 48), 10),
    "with its list of others": jpeg((64, 48), 10, MPF) + jpeg((64, 48), 20),
    "with a smaller preview": jpeg((64, 48), 10) + jpeg((32, 24), 20),
    "with a tail": jpeg((64, 48), 10) + b"tail" + jpeg((64, 48), 20),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_stays_a_photo(name, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(PHOTOS[name])
    assert not is_jpeg_stream(path)
    assert format_of(path) == "jpeg"


@pytest.mark.parametrize("name", ["a.mjpg", "a.jpg", "a.bin"])
@pytest.mark.parametrize("between", [b"", b"\0\0", b"\r\n"])
def test_pictures_of_one_size_one_after_the_other_are_a_film(name, between, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"".join(jpeg((64, 48), 20 * i) + between for i in range(10)))
    assert (format_of(path), medium_of(path)) == ("mjpeg", "video")
    frames = list(open_video(admit(path), FAIL).frames())
    assert [round(f.look((1, 1))[0, 0, 0] / 20) for f in frames] == list(range(10))


# MPEG-2 with a picture to each field

_DC_SIZES = ("100", "00", "01", "101", "110", "1110", "11110", "111110")
"""Codes of MPEG-2 for the number of bits of a luma difference."""


def field_pictures(frames: int, lost_row: int | None = None) -> bytes:
    """MPEG-2 of 64x64 pixels, two field pictures to a frame, each row in one grey. lost_row: of the
    last field."""

    def packed(bits: str) -> bytes:
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8)

    def row(number: int, grey: int) -> bytes:
        blocks = (
            f"{_DC_SIZES[grey.bit_length()]}{grey:b}10" + "10010" * 3 + "0010" * 2
        )  # steps from a middle grey, no AC
        rest = "10010" * 4 + "0010" * 2
        return (
            b"\0\0\1" + bytes([number]) + packed("00001" + "0" + "11" + blocks + ("11" + rest) * 3)
        )

    head = b"\0\0\1\xb3" + packed(
        f"{64:012b}{64:012b}" + "0001" + "0011" + f"{400:018b}" + "1" + f"{20:010b}" + "000"
    )
    head += b"\0\0\1\xb5" + packed(
        "0001" + "01001000" + "0" + "01" + "0000" + "0" * 12 + "1" + "0" * 8 + "0" + "0" * 7
    )
    pictures = b""
    for i in range(frames):
        for parity in (1, 2):
            pictures += b"\0\0\1\0" + packed(f"{i:010b}" + "001" + "1" * 16 + "0")
            pictures += b"\0\0\1\xb5" + packed(
                "1000" + "1" * 16 + "00" + f"{parity:02b}" + "0000000000" + "00"
            )
            is_last = (i, parity) == (frames - 1, 2)
            pictures += b"".join(
                row(r, 10 * r + 40 * parity - 30 + i)
                for r in (1, 2)
                if not (is_last and r == lost_row)
            )
    return head + pictures + b"\0\0\1\xb7"


@pytest.mark.parametrize("suffix", [".ts", ".mpg", ".mkv"])
@pytest.mark.parametrize("bad_frames", ["fail", "cover"])
@pytest.mark.parametrize("lost_row", [None, 1, 2])
def test_single_fields_of_mpeg2_make_frames(lost_row, bad_frames, suffix, run_ffmpeg, tmp_path):
    stream, film = tmp_path / "a.m2v", tmp_path / f"a{suffix}"
    stream.write_bytes(field_pictures(40, lost_row))
    run_ffmpeg("-fflags", "+genpts", "-r", 25, "-i", stream, "-c", "copy", film)
    source = open_video(admit(film), ReadOptions(bad_frames=bad_frames))
    if lost_row and bad_frames == "fail":
        with pytest.raises(UndecodableFrame):
            list(source.frames())
        return
    frames = list(source.frames())
    assert [f.is_bad for f in frames] == [False] * 39 + [bool(lost_row)]
    assert all(np.ptp(f.unpack().planes[0]) > 20 for f in frames[:39])


# Damage that no decoder reports


@pytest.mark.parametrize("seed", range(4))
def test_what_a_decoder_makes_up_is_covered(seed, clip, tmp_path):
    film, rng = tmp_path / "a.webm", random.Random(seed)
    data = bytearray(
        clip("a.webm", "-c:v", "libvpx", "-b:v", "1M", "-g", 100, "-auto-alt-ref", 0).read_bytes()
    )
    for _ in range(8):
        data[rng.randrange(len(data) // 6, len(data))] ^= 1 << rng.randrange(8)
    film.write_bytes(data)
    source = open_video(admit(film), ReadOptions(bad_frames="cover"))
    held = list(source.frames())  # memory that is held cannot be used again by the decoder
    assert any(f.is_bad for f in held)
    assert [f.unpack().checksum() for f in source.frames()] == [f.unpack().checksum() for f in held]


def test_whole_films_lose_nothing_where_damage_is_covered(clip, picture_of):
    source = open_video(
        admit(clip("a.webm", "-c:v", "libvpx", "-b:v", "1M")), ReadOptions(bad_frames="cover")
    )
    frames = list(source.frames())
    assert len(frames) == 30
    assert all(not f.is_bad and far(f.look((160, 96)), picture_of(f.index)) < 12 for f in frames)
