"""Video out: what was shown comes back at the same times and in the same colours, and nothing else
does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from efface.containers.admission import admit
from efface.errors import EncoderMissing, TargetUnsuitable, WriteFailed
from efface.frames import Picture
from efface.media.video import encoder_options, output_format
from efface.media.video.encode import create_video
from efface.media.video.probe import open_video
from efface.media.video.sound_source import FilmSound
from efface.media.video.stream_digests import sound_kept
from efface.media.video.video_info import start_shift
from efface.options import ReadOptions, WriteOptions

FAIL = ReadOptions()
H264 = ("-c:v", "libx264", "-bf", 2, "-g", 10, "-crf", 12, "-pix_fmt", "yuv420p")
VP9 = ("-c:v", "libvpx-vp9", "-crf", 10, "-b:v", 0, "-pix_fmt", "yuv420p")
X265 = "log-level=none"
HEVC = ("-c:v", "libx265", "-x265-params", X265)
HDR10 = (
    "hdr-opt=1:repeat-headers=1:master-display="
    "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
)
BT2020 = ("-color_primaries", "bt2020", "-colorspace", "bt2020nc")


def copied(source, target, **options):
    """Every frame of the source into a new file. The result, open."""
    sink = create_video(target, source.info, WriteOptions(**options), target=target)
    for frame in source.frames():
        sink.write(frame.unpack(), frame.pts)
    sink.close()
    return open_video(admit(target), FAIL)


def seconds(source):
    pts = [f.pts for f in source.frames()]
    shift = start_shift(pts[0], source.time_base)
    return [(p - shift) * source.time_base for p in pts]


def psnr(a: Picture, b: Picture) -> float:
    """Of the worst plane, over what both share; a padded target is larger."""
    worst = 99.0
    for p, q in zip(a.planes, b.planes, strict=True):
        height, width = min(p.shape[0], q.shape[0]), min(p.shape[1], q.shape[1])
        error = np.mean((p[:height, :width].astype(float) - q[:height, :width]) ** 2)
        worst = min(worst, 10 * np.log10(a.layout.peak**2 / max(error, 1e-9)))
    return worst


def assert_same(source, result, at_least=35.0):
    assert seconds(result) == seconds(source)
    for frame, again in zip(source.frames(), result.frames(), strict=True):
        assert not again.is_bad
        assert psnr(frame.unpack(), again.unpack()) > at_least


def probed(path: Path, *what: str) -> dict:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-of",
        "json",
        "-show_streams",
        "-show_format",
        "-show_chapters",
        *what,
        str(path),
    ]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


WAYS = {
    "mp4": ("a.mp4", H264, "b.mp4", {}, ("h264", "yuv420p")),
    "mov": ("a.mp4", H264, "b.mov", {}, ("h264", "yuv420p")),
    "m4v": ("a.mkv", H264, "b.m4v", {}, ("h264", "yuv420p")),
    "ts": ("a.ts", H264, "b.ts", {}, ("h264", "yuv420p")),
    "m2ts": ("a.ts", H264, "b.m2ts", {}, ("h264", "yuv420p")),
    "ts to mp4": ("a.ts", H264, "b.mp4", {}, ("h264", "yuv420p")),
    "mp4 to ts": ("a.mp4", H264, "b.ts", {}, ("h264", "yuv420p")),
    "mp4 to mkv": ("a.mp4", H264, "b.mkv", {}, ("h264", "yuv420p")),
    "avi": ("a.avi", ("-c:v", "mpeg4", "-q:v", 2, "-bf", 2), "b.avi", {}, ("h264", "yuv420p")),
    "avi to mp4": ("a.avi", ("-c:v", "mjpeg", "-q:v", 2, "-pix_fmt", "yuvj420p"), "b.mp4", {},
    ("h264", "yuvj420p")),
    "hevc": ("a.mp4", H264, "b.mp4", {"codec": "hevc"}, ("hevc", "yuv420p")),
    "vp9": ("a.webm", VP9, "b.webm", {"preset": "fast"}, ("vp9", "yuv420p")),
    "av1": ("a.mp4", H264, "b.mp4", {"codec": "av1", "preset": "fast"}, ("av1", "yuv420p")),
    "av1 "
    "in webm": ("a.mkv", H264, "b.webm", {"codec": "av1", "preset": "fast"}, ("av1", "yuv420p")),
    "4:2:2": ("a.mp4", (*H264[:-1], "yuv422p"), "b.mp4", {}, ("h264", "yuv422p")),
    "4:4:4": ("a.mp4", (*H264[:-1], "yuv444p"), "b.mp4", {}, ("h264", "yuv444p")),
    "10-bit": ("a.mov", ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"), "b.mp4", {},
    ("hevc", "yuv422p10le")),
    "12-bit": ("a.mp4", (*HEVC, "-pix_fmt", "yuv420p12le"), "b.mp4", {}, ("hevc", "yuv420p12le")),
    "10-bit av1": ("a.mkv", (*H264[:-1], "yuv420p10le"), "b.mkv",
    {"codec": "av1", "preset": "fast"}, ("av1", "yuv420p10le")),
    "10-bit h264": ("a.mkv", (*H264[:-1], "yuv420p10le"), "b.mkv", {"codec": "h264"},
    ("h264", "yuv420p10le")),
    "rgb": ("a.mkv", ("-c:v", "ffv1", "-pix_fmt", "gbrp"), "b.mp4", {"codec": "hevc"},
    ("hevc", "gbrp")),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_what_goes_in_comes_out(way, clip, tmp_path):
    name, how, target, options, stored = WAYS[way]
    source = open_video(admit(clip(name, *how)), FAIL)
    assert_same(source, copied(source, tmp_path / target, **options))
    stream = probed(tmp_path / target)["streams"][0]
    assert (stream["codec_name"], stream["pix_fmt"]) == stored
    raw = (tmp_path / target).read_bytes()
    assert [n for n in (b"x264", b"x265", b"Lavf", b"Lavc", b"FFmpeg", b"SVT") if n in raw] == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may have real-time priority"
)
def test_av1_leaves_the_priority_of_threads_alone(clip, tmp_path):
    before = os.sched_getscheduler(0)
    info = open_video(admit(clip("a.mp4", *H264)), FAIL).info
    sink = create_video(
        tmp_path / "b.mp4",
        info,
        WriteOptions(codec="av1", preset="fast"),
        target=tmp_path / "b.mp4",
    )
    try:
        policies = {os.sched_getscheduler(int(t.name)) for t in Path("/proc/self/task").iterdir()}
    finally:
        sink.abort()
    assert (os.sched_getscheduler(0), policies) == (before, {before})


def test_hevc_is_tagged_for_apples_players(clip, tmp_path):
    copied(open_video(admit(clip("a.mp4", *H264)), FAIL), tmp_path / "b.mp4", codec="hevc")
    assert probed(tmp_path / "b.mp4")["streams"][0]["codec_tag_string"] == "hvc1"


@pytest.mark.parametrize("target", ["b.mp4", "b.mov", "b.mkv"])
@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_the_shortest_films(frames, target, clip, tmp_path):
    becomes_hevc = clip("a.mov", "-c:v", "prores_ks", "-pix_fmt", "yuv422p10le", frames=frames)
    source = open_video(admit(becomes_hevc), FAIL)
    assert_same(source, copied(source, tmp_path / target))


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
@pytest.mark.parametrize("size", [(65, 67), (66, 67), (65, 66)])
def test_odd_sizes(codec, size, clip, tmp_path):
    source = open_video(admit(clip("odd.webm", *VP9, size=size, frames=4)), FAIL)
    assert source.info.size_wh == size
    result = copied(source, tmp_path / "b.mkv", codec=codec)
    even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert result.info.size_wh == (even if codec in ("h264", "hevc") else size)
    assert_same(source, result, 33)


def test_gray_stays_gray_to_the_eye(clip, tmp_path):
    source = open_video(admit(clip("gray.mkv", "-c:v", "ffv1", "-pix_fmt", "gray", frames=4)), FAIL)
    for target in ("b.mp4", "b.webm"):
        result = copied(source, tmp_path / target)
        for frame, again in zip(source.frames(), result.frames(), strict=True):
            assert np.abs(frame.look((160, 96)).astype(int) - again.look((160, 96))).mean() < 3


@pytest.mark.parametrize(
    "turned", [(90, False, False), (180, False, False), (270, False, False), (0, True, False)]
)
def test_rotation_is_baked_in(turned, paced, tmp_path):
    name = f"turned{turned[0]}{turned[1]:d}.mp4"
    source = open_video(
        admit(paced(name, [i * 512 for i in range(12)], Fraction(1, 12800), turned)), FAIL
    )
    assert_same(source, copied(source, tmp_path / "b.mp4"))
    assert "side_data_list" not in probed(tmp_path / "b.mp4")["streams"][0]


TIMES = {
    "irregular": ([0, 7, 1000, 1001, 5000, 90001, 90002, 123456], Fraction(1, 90000)),
    "late start": ([n * 512 + 12800 for n in range(12)], Fraction(1, 12800)),
    "odd start": ([n * 1001 + 7 for n in range(12)], Fraction(1, 30000)),
    "camera clock": ([n * 1001 + 30000 * 5000 for n in range(12)], Fraction(1, 30000)),
    "fine clock": ([n * 333_333 + n % 3 for n in range(12)], Fraction(1, 10_000_000)),
}


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("target", ["b.mp4", "b.mov"])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_times_are_exact(times, target, codec, paced, tmp_path):
    pts, base = TIMES[times]
    source = open_video(admit(paced("a.mp4", pts, base)), FAIL)
    result = copied(source, tmp_path / target, codec=codec)
    assert [f.pts * result.time_base for f in result.frames()] == seconds(source)
    assert len(seconds(source)) == len(pts)


def test_ntsc_times_from_avi_are_exact(clip, tmp_path):
    source = open_video(admit(clip("a.avi", "-c:v", "mpeg4", "-q:v", 2, rate="30000/1001")), FAIL)
    assert seconds(copied(source, tmp_path / "b.mp4")) == [
        n * Fraction(1001, 30000) for n in range(30)
    ]


def test_matroska_rounds_to_a_millisecond(clip, tmp_path):
    source = open_video(admit(clip("a.avi", "-c:v", "mpeg4", "-q:v", 2, rate="30000/1001")), FAIL)
    result = copied(source, tmp_path / "b.mkv")
    assert all(
        abs(a - b) <= Fraction(1, 2000)
        for a, b in zip(seconds(source), seconds(result), strict=True)
    )


def test_avi_refuses_a_variable_rate(paced, tmp_path):
    source = open_video(admit(paced("a.mp4", *TIMES["irregular"])), FAIL)
    with pytest.raises(TargetUnsuitable, match="constant frame rate"):
        copied(source, tmp_path / "b.avi")


def test_start_shift():
    assert [start_shift(p, Fraction(1, 10)) for p in (-1, 0, 100, 101)] == [-1, 0, 0, 101]


def test_colour_signalling_is_kept(clip, tmp_path):
    said = (
        "-color_primaries",
        "smpte170m",
        "-color_trc",
        "smpte170m",
        "-colorspace",
        "smpte170m",
        "-color_range",
        "tv",
    )
    source = open_video(admit(clip("a.mp4", *H264, *said, "-vf", "setsar=10/11", frames=4)), FAIL)
    for target, codec in (
        ("b.mp4", "h264"),
        ("b.mov", "hevc"),
        ("b.mkv", "h264"),
        ("d.mp4", "vp9"),
        ("c.mp4", "av1"),
        ("b.ts", "h264"),
    ):
        copied(source, tmp_path / target, codec=codec)
        stream = probed(tmp_path / target)["streams"][0]
        assert {stream["color_primaries"], stream["color_transfer"], stream["color_space"]} == {
            "smpte170m"
        }
        assert stream["color_range"] == "tv"
        assert stream.get("sample_aspect_ratio", target) == "10:11", target


def test_pixel_shapes_that_would_be_lost_are_refused(clip, tmp_path):
    source = open_video(admit(clip("a.mp4", *H264, "-vf", "setsar=10/11", frames=4)), FAIL)
    with pytest.raises(TargetUnsuitable, match="not square"):
        copied(source, tmp_path / "b.webm")


def test_full_range_is_kept(clip, tmp_path):
    source = open_video(admit(clip("a.mp4", *H264[:-1], "yuvj420p", frames=4)), FAIL)
    for target, codec in (
        ("b.mp4", "h264"),
        ("c.mp4", "hevc"),
        ("b.webm", "vp9"),
        ("d.mp4", "av1"),
    ):
        result = copied(source, tmp_path / target, codec=codec)
        assert result.info.private.spec.layout.full_range
        assert_same(source, result)


@pytest.mark.parametrize("codec", ["auto", "av1"])
def test_hdr10_is_kept(codec, clip, tmp_path):
    params = f"{X265}:{HDR10}:max-cll=1000,400"
    how = (
        "-c:v",
        "libx265",
        "-x265-params",
        params,
        "-pix_fmt",
        "yuv420p10le",
        "-color_trc",
        "smpte2084",
        *BT2020,
    )
    copied(
        open_video(admit(clip("hdr.mp4", *how, frames=6)), FAIL), tmp_path / "b.mp4", codec=codec
    )
    found = probed(tmp_path / "b.mp4", "-show_frames", "-read_intervals", "%+#1")
    stream, sides = (
        found["streams"][0],
        {s["side_data_type"]: s for s in found["frames"][0]["side_data_list"]},
    )
    assert (stream["pix_fmt"], stream["color_transfer"], stream["color_primaries"]) == (
        "yuv420p10le",
        "smpte2084",
        "bt2020",
    )
    display, light = sides["Mastering display metadata"], sides["Content light level metadata"]
    wanted = {
        "red_x": 0.68,
        "green_y": 0.69,
        "blue_x": 0.15,
        "white_point_y": 0.329,
        "min_luminance": 0.005,
        "max_luminance": 1000,
    }
    for name, value in wanted.items():
        assert float(Fraction(display[name])) == pytest.approx(value, rel=0.02)
    assert (light["max_content"], light["max_average"]) == (1000, 400)


def test_hlg_is_kept(clip, tmp_path):
    how = (
        "-c:v",
        "libx265",
        "-x265-params",
        X265,
        "-pix_fmt",
        "yuv420p10le",
        "-color_trc",
        "arib-std-b67",
        *BT2020,
    )
    copied(open_video(admit(clip("hlg.mp4", *how, frames=4)), FAIL), tmp_path / "b.mp4")
    stream = probed(tmp_path / "b.mp4")["streams"][0]
    assert (stream["color_transfer"], stream["color_space"]) == ("arib-std-b67", "bt2020nc")


def test_hidden_frames_of_an_edit_list_are_not_written(clip, run_ffmpeg, tmp_path):
    path = tmp_path / "edited.mp4"
    run_ffmpeg("-ss", 0.6, "-i", clip("a.mp4", *H264), "-c", "copy", path)
    source = open_video(admit(path), FAIL)
    assert_same(source, copied(source, tmp_path / "b.mp4"))
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert sum(p.size > 0 for p in container.demux(video=0)) == 15


NEEDLE = b"NEEDLE5309"


@pytest.fixture(scope="module")
def laden(clip, run_ffmpeg, tmp_path_factory):
    """A file with everything in it that must not travel, as MP4 and as MKV."""
    folder, text = tmp_path_factory.mktemp("laden"), NEEDLE.decode()
    subtitles, chapters, art = (
        folder / "s.srt",
        folder / "c.txt",
        clip("art.png", "-frames:v", 1, "-update", 1),
    )
    subtitles.write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{text}sub\n")
    chapters.write_text(
        f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle={text}chapter\n"
    )
    sei = f"h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+{text}sei"
    tags = [
        a
        for k in ("title", "comment", "artist", "location", "make")
        for a in ("-metadata", f"{k}={text}{k}")
    ]
    tags += ["-metadata", f"com.apple.quicktime.location.ISO6709=+12.3456-012.3456/{text}"]
    tags += [
        "-metadata:s:v:0",
        f"handler_name={text}handler",
        "-metadata:s:a:0",
        f"title={text}track",
    ]
    tags += ["-metadata:s:a:0", "language=swa", "-metadata", "creation_time=2021-02-03T04:05:06Z"]
    tones = ["-f", "lavfi", "-i", "sine=d=1.2", "-f", "lavfi", "-i", "sine=300:d=1.2"]
    inputs = ["-i", clip("a.mp4", *H264), *tones, "-i", subtitles, "-i", chapters]
    maps = [
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-map",
        "2:a",
        "-map",
        3,
        "-map_chapters",
        4,
        "-c:v",
        "copy",
        "-bsf:v:0",
        sei,
    ]
    plain, mov, mkv = folder / "laden.mp4", folder / "laden.mov", folder / "laden.mkv"
    flags = ["-movflags", "use_metadata_tags"]
    with_art = ["-i", art, "-map", 5, "-c:v:1", "png", "-disposition:v:1", "attached_pic"]
    run_ffmpeg(
        *inputs,
        *with_art[:2],
        *maps,
        *with_art[2:],
        "-c:s",
        "mov_text",
        "-c:a",
        "aac",
        *tags,
        plain,
    )
    run_ffmpeg(
        *inputs,
        *maps,
        "-c:s",
        "mov_text",
        "-c:a",
        "aac",
        *tags,
        *flags,
        "-timecode",
        "10:11:12:13",
        mov,
    )
    run_ffmpeg(*inputs, *maps, "-c:s", "srt", "-c:a", "libvorbis", *tags, "-attach", subtitles,
               "-metadata:s:t", "mimetype=text/plain", mkv)  # fmt: skip
    return {".mp4": plain, ".mov": mov, ".mkv": mkv}


def strangers(path: Path) -> list[str]:
    """Everything in a file that is neither picture nor sound, nor on the list of what may be
    said."""
    found, allowed = (
        probed(path),
        {
            "handler_name",
            "vendor_id",
            "major_brand",
            "minor_version",
            "compatible_brands",
            "language",
        },
    )
    said = [found["format"].get("tags", {})] + [s.get("tags", {}) for s in found["streams"]]
    names = [
        f"{k}={v}"
        for tags in said
        for k, v in tags.items()
        if k.lower() not in allowed | {"duration"}
    ]
    names = [n for n in names if n != "encoder=none"]  # Matroska demands the name of a program
    names += [
        f"language={t['language']}" for t in said if t.get("language", "und") not in ("und", "eng")
    ]
    names += [
        t["handler_name"]
        for t in said
        if t.get("handler_name", "VideoHandler") not in ("VideoHandler", "SoundHandler")
    ]
    return (
        names
        + [s["codec_type"] for s in found["streams"] if s["codec_type"] not in ("video", "audio")]
        + found["chapters"]
    )


@pytest.mark.parametrize("kind", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("audio", ["drop", "keep"])
def test_nothing_else_travels(kind, suffix, audio, laden, tmp_path):
    path, target = laden[kind], tmp_path / ("b" + suffix)
    assert path.read_bytes().count(NEEDLE) >= 8
    assert strangers(path)
    if kind == ".mkv" and suffix == ".mov" and audio == "keep":
        with pytest.raises(TargetUnsuitable, match="sound"):
            copied(open_video(admit(path), FAIL), target, audio=audio)
        return
    copied(open_video(admit(path), FAIL), target, audio=audio)
    raw = target.read_bytes()
    assert NEEDLE not in raw
    for leftover in (
        b"10:11:12:13",
        b"tmcd",
        b"x264",
        b"Lavf",
        b"swa",
        b"PNG",
        b"12.3456",
        b"2021",
    ):
        assert leftover not in raw
    assert strangers(target) == []
    assert len([s for s in probed(target)["streams"] if s["codec_type"] == "audio"]) == (
        2 if audio == "keep" else 0
    )
    tags = subprocess.run(
        ["exiftool", "-G1", "-a", "-u", str(target)], check=True, capture_output=True
    ).stdout
    assert not re.search(rb"GPS|Location|Title|Comment|2021|NEEDLE", tags)


def test_captions_and_user_data_do_not_travel(clip, run_ffmpeg, tmp_path):
    """Closed captions ride in SEI messages, which FFmpeg hands on with each frame."""
    path = tmp_path / "captions.ts"
    caption = (
        "h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+GA94" + NEEDLE.decode()
    )
    run_ffmpeg("-i", clip("a.ts", *H264), "-c", "copy", "-bsf:v", caption, path)
    assert NEEDLE in path.read_bytes()
    for target in ("b.ts", "b.mp4", "b.mkv", "b.avi"):
        copied(open_video(admit(path), FAIL), tmp_path / target)
        raw = (tmp_path / target).read_bytes()
        assert not [n for n in (NEEDLE, b"GA94", b"x264") if n in raw]


def sound_times(path: Path) -> list[tuple[int, float, int]]:
    """Of each sound stream: packets, time of the first sample to be heard, samples."""
    found = []
    with av.open(str(path)) as container:
        for stream in container.streams.audio:
            container.seek(0)
            frames = list(container.decode(stream))
            found.append((len(frames), float(frames[0].time), sum(f.samples for f in frames)))
    return found


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts"])
def test_kept_sound_is_complete_and_in_step(suffix, laden, tmp_path):
    target = tmp_path / ("b" + suffix)
    source = open_video(admit(laden[".mp4"]), FAIL)
    assert source.info.audio == 2
    assert_same(source, copied(source, target, audio="keep"))
    for before, after in zip(sound_times(laden[".mp4"]), sound_times(target), strict=True):
        assert after[1] == pytest.approx(before[1], abs=0.025)
        assert after[2] == pytest.approx(before[2], abs=2048)  # silence before the start may go


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_sound_whose_packets_state_no_duration_is_complete(suffix, clip, tmp_path):
    sine = ("-f", "lavfi", "-i", "sine=duration=1.3", "-c:a", "alac")
    source, target = open_video(admit(clip("a.mkv", *sine, *H264)), FAIL), tmp_path / f"b{suffix}"
    copied(source, target, audio="keep")
    assert [
        (s.missing, s.is_same)
        for s in sound_kept(FilmSound(source.info), FilmSound(open_video(admit(target), FAIL).info))
    ] == [(0, True)]


def test_sound_moves_with_a_shifted_picture(clip, run_ffmpeg, tmp_path):
    path = tmp_path / "late.ts"
    tone = ["-f", "lavfi", "-i", "sine=d=1.2"]
    run_ffmpeg(
        "-i",
        clip("a.mp4", *H264),
        *tone,
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        "-output_ts_offset",
        5000,
        path,
    )
    before = sound_times(path)[0][1] - float(next(av.open(str(path)).decode(video=0)).time)
    copied(open_video(admit(path), FAIL), tmp_path / "b.mp4", audio="keep")
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert float(next(container.decode(video=0)).time) == 0
    assert sound_times(tmp_path / "b.mp4")[0][1] == pytest.approx(before, abs=0.03)


def test_sound_that_does_not_fit_is_refused(laden, tmp_path):
    with pytest.raises(TargetUnsuitable, match=r"\.webm cannot hold sound in aac.*\.mkv"):
        copied(open_video(admit(laden[".mp4"]), FAIL), tmp_path / "b.webm", audio="keep")


@pytest.mark.parametrize(
    ("target", "options", "why"),
    [
        ("b.xyz", {}, "names no video format"),
        ("b", {}, "names no video format"),
        ("b.webm", {"codec": "h264"}, "takes vp9 or av1"),
        ("b.avi", {"codec": "av1"}, "takes h264"),
        ("b.webm", {}, "down to 8 bits"),
        ("b.mp4", {"codec": "vp9"}, "down to 8 bits"),
        ("b.mp4", {"codec": "h264"}, "down to 10 bits"),
        ("b.mp4", {"codec": "av1"}, "down to 10 bits"),
    ],
)
def test_unsuitable_targets(target, options, why, clip, tmp_path):
    source = open_video(
        admit(
            clip(
                "d.mp4",
                "-c:v",
                "libx265",
                "-x265-params",
                X265,
                "-pix_fmt",
                "yuv444p12le",
                frames=3,
            )
        ),
        FAIL,
    )
    with pytest.raises(TargetUnsuitable, match=why):
        create_video(
            tmp_path / target, source.info, WriteOptions(**options), target=tmp_path / target
        )
    assert not (tmp_path / target).exists()


def test_missing_encoder(clip, tmp_path, monkeypatch):
    monkeypatch.setitem(output_format.ENCODERS, "h264", "libnone")
    with pytest.raises(EncoderMissing, match="libnone"):
        copied(open_video(admit(clip("a.mp4", *H264)), FAIL), tmp_path / "b.mp4")


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
def test_the_same_pictures_give_the_same_file(codec, clip, tmp_path):
    """Whatever lies around in memory, such as the pixels that were erased: nothing but the pictures
    decides what is written."""
    source, results = open_video(admit(clip("a.mp4", *H264)), FAIL), set()
    for run in range(8):
        chance = np.random.default_rng(run)
        litter = [chance.integers(0, 255, n, np.uint8) for n in chance.integers(100, 300_000, 40)]
        del litter
        copied(
            source,
            tmp_path / f"{run}.mkv",
            codec=codec,
            preset="medium" if codec == "h264" else "veryfast",
        )
        results.add((tmp_path / f"{run}.mkv").read_bytes())
    assert len(results) == 1


@pytest.mark.parametrize(("size", "is_whole"), [("320x240", True), ("2560x1440", False)])
def test_x264_cuts_only_large_frames_into_slices(size, is_whole, clip, tmp_path, monkeypatch):
    """Slices of a frame wait for each other; frames at the same time take more memory."""
    monkeypatch.setattr(encoder_options, "granted", lambda: 4)
    if (os.cpu_count() or 1) < 2:
        pytest.skip("with one core nothing is done at the same time")
    source = open_video(admit(clip("a.mp4", *H264, "-s", size, "-frames:v", 4)), FAIL)
    copied(source, tmp_path / "b.mkv", preset="ultrafast")
    with av.open(str(tmp_path / "b.mkv")) as made:
        slices = {slices_of(bytes(p)) for p in made.demux(video=0) if p.size}
    assert (slices == {1}) == is_whole


def slices_of(packet):
    """Number of coded slices in a packet of H.264, each behind its length (ISO/IEC 14496-15)."""
    count = at = 0
    while at < len(packet):
        count += packet[at + 4] & 31 in (1, 5)
        at += 4 + int.from_bytes(packet[at : at + 4])
    return count


def test_aborting_leaves_nothing_open_and_may_be_repeated(clip, tmp_path):
    source = open_video(admit(clip("a.mp4", *H264)), FAIL)
    sink = create_video(tmp_path / "b.mp4", source.info, WriteOptions(), target=tmp_path / "b.mp4")
    frame = next(source.frames())
    sink.write(frame.unpack(), frame.pts)
    sink.abort()
    sink.abort()
    assert not (tmp_path / "b.mp4").exists()


def test_missing_folder_is_a_write_error(clip, tmp_path):
    with pytest.raises(WriteFailed):
        copied(open_video(admit(clip("a.mp4", *H264)), FAIL), tmp_path / "none" / "b.mp4")


@pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_full_disk_is_a_write_error(suffix, clip, tmp_path):
    """A limit on the size of files stands in for the disk: the kernel refuses the same way."""
    code = f"""
        import resource, signal
        from pathlib import Path
        from efface.containers.admission import admit
        from efface.errors import WriteFailed
        from efface.media.video.probe import open_video
        from efface.media.video.encode import create_video
        from efface.options import ReadOptions, WriteOptions
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        source = open_video(admit(Path({str(clip("a.mp4", *H264))!r})), ReadOptions())
        target = Path({str(tmp_path / ("b" + suffix))!r})
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        sink = create_video(target, source.info, WriteOptions(crf=1), target=target)
        try:
            for frame in source.frames():
                sink.write(frame.unpack(), frame.pts)
            sink.close()
        except WriteFailed:
            sink.abort()
            print("refused")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("refused\n", "")
