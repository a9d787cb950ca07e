"""Video in: upright frames with exact times, and typed errors for everything that cannot be
trusted."""

from __future__ import annotations

import gc
import os
import random
import re
import shutil
import weakref
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from efface.containers.admission import admit
from efface.containers.truncation import is_cut
from efface.errors import (
    DamagedSource,
    InputError,
    NotMedia,
    SourceUnreadable,
    TooManyPixels,
    UndecodableFrame,
    UnsupportedSource,
)
from efface.media.pixel_formats import canonical
from efface.media.video.probe import open_video
from efface.media.video.spans import Indivisible, indexed
from efface.options import ReadOptions

FAIL, COVER = ReadOptions(), ReadOptions(bad_frames="cover")
H264 = ("-c:v", "libx264", "-bf", 2, "-g", 10, "-crf", 12, "-pix_fmt", "yuv420p")

CODECS = {
    "h264.mp4": H264,
    "h264.mkv": H264,
    "h264.ts": H264,
    "h264.avi": H264,
    "hevc.mov": (
        "-c:v",
        "libx265",
        "-x265-params",
        "log-level=none",
        "-crf",
        14,
        "-pix_fmt",
        "yuv420p",
    ),
    "vp8.webm": ("-c:v", "libvpx", "-b:v", "2M", "-auto-alt-ref", 1, "-lag-in-frames", 16),
    "vp9.webm": (
        "-c:v",
        "libvpx-vp9",
        "-crf",
        12,
        "-b:v",
        0,
        "-cpu-used",
        5,
        "-pix_fmt",
        "yuv420p",
    ),
    "av1.mkv": ("-c:v", "libaom-av1", "-crf", 12, "-cpu-used", 8, "-pix_fmt", "yuv420p"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-q:v", 2, "-bf", 2),
    "mjpeg.avi": ("-c:v", "mjpeg", "-q:v", 2, "-pix_fmt", "yuvj420p"),
    "mpeg2.ts": ("-c:v", "mpeg2video", "-q:v", 2, "-bf", 2),
    "prores.mov": ("-c:v", "prores_ks"),
    "interlaced.ts": (*H264, "-flags", "+ildct+ilme"),
    "packed.avi": ("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
}


def far(a, b):
    """Mean difference of two pictures, in levels."""
    return float(np.abs(a.astype(float) - b).mean())


@pytest.mark.parametrize("name", CODECS)
def test_every_frame_of_every_codec_comes_once_and_in_order(name, clip, picture_of):
    source = open_video(admit(clip(name, *CODECS[name])), FAIL)
    frames = list(source.frames())
    assert [f.index for f in frames] == list(range(30))
    steps = np.diff([f.pts for f in frames]) * float(source.time_base)
    assert steps == pytest.approx(0.04, abs=0.0011)  # Matroska counts milliseconds
    for frame in frames:
        assert not frame.is_bad
        seen = frame.look((160, 96))
        assert far(seen, picture_of(frame.index)) < 6
        assert far(seen, picture_of(frame.index)) < far(seen, picture_of(frame.index + 1))


def test_reading_again_starts_at_the_first_frame(clip):
    source = open_video(admit(clip("h264.mp4", *H264)), FAIL)
    halfway = source.frames()
    next(halfway)
    halfway.close()  # type: ignore[attr-defined]
    assert [f.pts for f in source.frames()] == [f.pts for f in source.frames()]


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ("gray", "gray"), ("gray10le", "gray10le"), ("yuvj420p", "yuv420p"), ("nv12", "yuv420p"),
        ("yuv411p", "yuv422p"),
        ("yuv410p", "yuv420p"), ("yuv440p", "yuv444p"), ("yuyv422", "yuv422p"), ("rgb24", "gbrp"),
        ("bgra", "gbrp"),
        ("pal8", "gbrp"), ("p010le", "yuv420p10le"),
        ("yuv420p9le", "yuv420p10le"), ("yuv444p14le", "yuv444p12le"), ("yuva420p", "yuv420p"),
        ("gbrap12le", "gbrp12le"), ("yuv422p16le", "yuv422p12le"), ("ya8", "gray"),
        ("monow", "gray"), ("rgb48le", "gbrp12le"),
    ],
)  # fmt: skip
def test_formats_become_the_one_that_loses_least(stored, wanted):
    assert canonical(stored) == wanted


@pytest.mark.parametrize(
    "stored",
    [
        "gray",
        "yuv420p",
        "yuva420p",
        "yuv411p",
        "yuv422p10le",
        "yuv444p12le",
        "gbrp",
        "bgra",
        "gbrp12le",
    ],
)
def test_lossless_samples_arrive_unchanged(stored, clip):
    path = clip("ffv1.mkv", "-c:v", "ffv1", "-pix_fmt", stored, frames=3, size=(66, 35))
    with av.open(str(path)) as container:
        raw = [f.reformat(format=canonical(f.format.name)) for f in container.decode(video=0)]
    frames = list(open_video(admit(path), FAIL).frames())
    assert len(frames) == len(raw) == 3
    for frame, truth in zip(frames, raw, strict=True):
        picture = frame.unpack()
        order = (2, 0, 1) if picture.layout.model == "rgb" else range(len(picture.planes))
        for plane, index in zip(picture.planes, order, strict=True):
            stride = truth.planes[index].line_size // plane.itemsize
            want = np.frombuffer(truth.planes[index], plane.dtype).reshape(-1, stride)[
                :, : plane.shape[1]
            ]
            if stored != "yuv411p" or index == 0:  # widened chroma depends on the filter
                assert np.array_equal(plane, want)


def test_frames_are_let_go(clip):
    """Without waiting for the garbage collector, which counts objects and not megabytes."""
    gc.disable()
    try:
        source = open_video(admit(clip("h264.mp4", *H264)), FAIL)
        for options in (FAIL, COVER):
            alive = [
                weakref.ref(f.look.__self__)  # type: ignore[attr-defined]
                for f in open_video(admit(source.info.path), options).frames()
            ]
            assert sum(r() is not None for r in alive) <= 1
        before = sum(type(o) is av.VideoFrame for o in gc.get_objects())
        for frame in source.frames():
            frame.unpack()
            frame.look((80, 48))
        del frame
        assert sum(type(o) is av.VideoFrame for o in gc.get_objects()) <= before
    finally:
        gc.enable()


def test_unpacked_planes_are_the_callers_own(clip):
    """Painting in a decoder's reference picture would smear into later frames."""
    source = open_video(admit(clip("h264.mp4", *H264)), FAIL)
    clean = [f.unpack() for f in source.frames()]
    for frame, truth in zip(source.frames(), clean, strict=True):
        picture = frame.unpack()
        assert all(np.array_equal(a, b) for a, b in zip(picture.planes, truth.planes, strict=True))
        for plane in picture.planes:
            assert plane.flags.writeable
            plane[:] = 0


def test_full_and_limited_range_look_the_same(clip, picture_of):
    for pixel_format, full in (("yuvj444p", True), ("yuv444p", False)):
        source = open_video(
            admit(
                clip("range.mp4", "-c:v", "libx264", "-crf", 8, "-pix_fmt", pixel_format, frames=2)
            ),
            FAIL,
        )
        first = next(source.frames())
        assert first.unpack().layout.full_range is full
        assert far(first.look((160, 96)), picture_of(0)) < 3


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True)])
def test_display_matrix_is_baked_in(angle, flips, paced, picture_of):
    name = f"turn{angle}{flips[0]:d}{flips[1]:d}.mp4"
    source = open_video(admit(paced(name, [0, 512], Fraction(1, 12800), (angle, *flips))), FAIL)
    first = next(source.frames())
    # FFmpeg's matrix first mirrors the stored picture, then turns it, counter-clockwise as PyAV has
    # it.
    stored = picture_of(0)[:: -1 if flips[1] else 1, :: -1 if flips[0] else 1]
    upright = [
        np.rot90(stored, angle // 90),
        np.rot90(picture_of(0), angle // 90)[:: -1 if flips[1] else 1, :: -1 if flips[0] else 1],
    ]
    assert first.size_wh == source.info.size_wh == (upright[0].shape[1], upright[0].shape[0])
    seen = first.look(first.size_wh)
    assert min(far(seen, u) for u in upright) < 6
    luma = first.unpack().planes[0].astype(float)
    assert far(luma, seen.mean(2)) < 25


def test_turned_422_keeps_its_chroma(clip, run_ffmpeg, tmp_path, picture_of):
    turned = tmp_path / "turned.mp4"
    run_ffmpeg(
        "-i",
        clip("wide.mp4", *H264[:-1], "yuv422p"),
        "-c",
        "copy",
        "-metadata:s:v",
        "rotate=90",
        turned,
    )
    source = open_video(admit(turned), FAIL)
    first = next(source.frames())
    assert source.info.private.spec.name == "yuv444p"
    assert [p.shape for p in first.unpack().planes] == [(160, 96)] * 3
    seen = first.look((96, 160))
    assert min(far(seen, np.rot90(picture_of(0), k)) for k in (1, 3)) < 6


def test_pixel_aspect_turns_with_the_picture(clip, run_ffmpeg, tmp_path):
    path = clip("sar.mp4", *H264, "-vf", "setsar=4/3")
    turned = tmp_path / "turned.mp4"
    run_ffmpeg("-i", path, "-c", "copy", "-metadata:s:v", "rotate=90", turned)
    assert open_video(admit(path), FAIL).info.private.aspect == Fraction(4, 3)
    assert open_video(admit(turned), FAIL).info.private.aspect == Fraction(3, 4)


def test_irregular_times_are_exact(paced):
    pts = [0, 7, 1000, 1001, 5000, 90001, 90002, 123456]
    source = open_video(admit(paced("vfr.mp4", pts, Fraction(1, 90000))), FAIL)
    assert [f.pts * source.time_base for f in source.frames()] == [Fraction(p, 90000) for p in pts]


def test_ntsc_avi_counts_in_its_own_clock(clip):
    source = open_video(admit(clip("ntsc.avi", "-c:v", "mpeg4", "-bf", 2, rate="30000/1001")), FAIL)
    assert source.time_base == Fraction(1001, 30000)
    assert [f.pts for f in source.frames()] == list(range(30))


def test_frames_hidden_by_an_edit_list_stay_hidden(clip, run_ffmpeg, tmp_path, picture_of):
    path = tmp_path / "edited.mp4"
    run_ffmpeg("-ss", 0.6, "-i", clip("h264.mp4", *H264), "-c", "copy", path)
    frames = list(open_video(admit(path), FAIL).frames())
    assert len(frames) == 15
    assert far(frames[0].look((160, 96)), picture_of(15)) < 6


def test_cover_art_is_no_video(clip, run_ffmpeg, tmp_path):
    art = clip("art.png", "-frames:v", 1, "-update", 1)
    both, alone = tmp_path / "both.mp4", tmp_path / "alone.m4a"
    tone = ["-f", "lavfi", "-i", "sine=d=1"]
    how = ["-map", 0, "-map", 1, "-c:v:0", "png", "-disposition:v:0", "attached_pic"]
    run_ffmpeg("-i", art, "-i", clip("h264.mp4", *H264), *how, "-c:v:1", "copy", both)
    run_ffmpeg("-i", art, *tone, *how, alone)
    assert len(list(open_video(admit(both), FAIL).frames())) == 30
    with pytest.raises(UnsupportedSource, match="sound but no picture"):
        open_video(admit(alone), FAIL)


def test_vp8_frames_that_are_never_shown_are_no_loss(clip, run_ffmpeg, tmp_path):
    log, path = tmp_path / "log", tmp_path / "hidden.webm"
    how = [
        "-c:v",
        "libvpx",
        "-b:v",
        "150k",
        "-auto-alt-ref",
        1,
        "-lag-in-frames",
        16,
        "-passlogfile",
        log,
    ]
    for step, into in (
        (1, tmp_path / "none.webm"),
        (2, path),
    ):  # only a second pass plans frames that are never shown
        run_ffmpeg("-i", clip("long.mp4", *H264, frames=120), *how, "-pass", step, into)
    with av.open(str(path)) as container:
        packets = [bytes(p) for p in container.demux(video=0) if p.size]
    assert any(not p[0] & 0x10 for p in packets)
    assert len(list(open_video(admit(path), FAIL).frames())) == 120


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("text.mp4", b"This is no video.\n" * 50, NotMedia),
        ("list.mp4", b"ffconcat version 1.0\nfile 'other.mp4'\n", InputError),
        (
            "play.mp4",
            b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n",
            InputError,
        ),
        (
            "session.mp4",
            b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 "
            b"RTP/AVP 96\n",
            InputError,
        ),
        ("half.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2\0\1\0\0mdat" + bytes(500), DamagedSource),
    ],
)
def test_what_is_no_video_says_so(name, content, error, tmp_path, clip):
    shutil.copy(clip("h264.ts", *H264), tmp_path / "other.ts")
    shutil.copy(clip("h264.mp4", *H264), tmp_path / "other.mp4")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error):
        open_video(admit(tmp_path / name), FAIL)


def test_missing_file_is_unreadable(tmp_path):
    with pytest.raises(SourceUnreadable):
        open_video(admit(tmp_path / "none.mp4"), FAIL)


def test_a_name_that_looks_like_an_address_is_a_name(clip, tmp_path):
    path = tmp_path / "concat:a|b\n%03d.mp4"
    shutil.copy(clip("h264.mp4", *H264), path)
    assert len(list(open_video(admit(path), FAIL).frames())) == 30


def test_encrypted_video_is_refused(clip, run_ffmpeg, tmp_path):
    path, key = tmp_path / "locked.mp4", "0123456789abcdef0123456789abcdef"
    scheme = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key]
    run_ffmpeg("-i", clip("h264.mp4", *H264), "-c", "copy", *scheme, path)
    for options in (FAIL, COVER):
        with pytest.raises(UnsupportedSource, match="encrypted"):
            open_video(admit(path), options)


def test_pixel_limit(clip):
    with pytest.raises(TooManyPixels):
        open_video(admit(clip("h264.mp4", *H264)), ReadOptions(max_pixels=160 * 96 - 1))


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "vp9.webm", "mjpeg.avi"])
def test_a_file_cut_in_the_middle(name, clip, run_ffmpeg, tmp_path):
    whole, cut = tmp_path / f"whole-{name}", tmp_path / name
    fast = ["-movflags", "+faststart"] if name.endswith("mp4") else []
    run_ffmpeg("-i", clip(name, *CODECS[name]), "-c", "copy", *fast, whole)
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) * 6 // 10])
    assert (is_cut(whole), is_cut(cut)) == (False, True)
    for options in (FAIL, COVER):
        source = open_video(admit(cut), options)
        frames = list(source.frames())
        assert 5 < sum(not f.is_bad for f in frames) < 28
        assert re.match(r"it breaks off at 0:00:0[01]\.\d+, before its", source.info.notes[0])
        assert options is COVER or not any(f.is_bad for f in frames)
        originals = {f.pts: f for f in open_video(admit(whole), FAIL).frames()}
        for frame in frames:
            if not frame.is_bad:
                truth = originals[frame.pts]
                assert np.array_equal(frame.unpack().planes[0], truth.unpack().planes[0])
    with pytest.raises(Indivisible):
        indexed(source)


def test_moov_missing_is_damage(clip, tmp_path):
    content = clip("h264.mp4", *H264).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: content.index(b"moov") - 4])
    for options in (FAIL, COVER):
        with pytest.raises(DamagedSource, match="index or header"):
            open_video(admit(cut), options)


def broken(path: Path, into: Path, which: int) -> Path:
    """A copy in which the packet of that number is nonsense."""
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packet = [bytes(p) for p in container.demux(video=0) if p.size][which]
    at = content.index(packet)
    content[at + len(packet) // 8 : at + len(packet)] = random.Random(1).randbytes(
        len(packet) - len(packet) // 8
    )
    into.write_bytes(content)
    return into


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "mpeg4.avi"])
def test_a_broken_packet_is_noticed_and_covered(name, clip, tmp_path):
    path = clip(name, *CODECS[name])
    bad = broken(path, tmp_path / name, 14)
    with pytest.raises(UndecodableFrame, match=r"0:00:0\d\.\d+"):
        list(open_video(admit(bad), FAIL).frames())
    clean, covered = (
        list(open_video(admit(path), FAIL).frames()),
        list(open_video(admit(bad), COVER).frames()),
    )
    assert [f.pts for f in covered] == [f.pts for f in clean]
    assert any(f.is_bad for f in covered)
    assert not covered[0].is_bad
    for frame, truth in zip(covered, clean, strict=True):
        if frame.is_bad:
            assert not frame.look((8, 8)).any()
            assert np.ptp(frame.unpack().planes[0]) == 0
        else:
            assert np.array_equal(frame.unpack().planes[0], truth.unpack().planes[0])


def test_covering_finds_the_same_frames_bad_every_time(clip, tmp_path):
    bad = broken(clip("h264.mp4", *H264), tmp_path / "bad.mp4", 13)
    runs = [
        [
            (f.pts, f.is_bad, f.unpack().planes[0].tobytes())
            for f in open_video(admit(bad), COVER).frames()
        ]
        for _ in range(3)
    ]
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize(
    "name", ["h264.mp4", "hevc.mov", "vp9.webm", "av1.mkv", "mpeg4.avi", "mjpeg.avi", "mpeg2.ts"]
)
def test_bit_flips_raise_nothing_but_typed_errors(name, clip, tmp_path):
    content, flipped = clip(name, *CODECS[name]).read_bytes(), tmp_path / name
    noticed = 0
    for seed in range(12):
        chance, changed = random.Random(seed), bytearray(content)
        for _ in range(20):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        flipped.write_bytes(changed)
        for options in (FAIL, COVER):
            try:
                for frame in open_video(admit(flipped), options).frames():
                    frame.unpack()
            except InputError:
                noticed += 1
    assert (
        noticed or name == "vp9.webm"
    )  # VP9 carries nothing that could tell a wrong bit from a right one


def test_a_recording_that_starts_between_keyframes(tmp_path, run_ffmpeg):
    whole = tmp_path / "whole.ts"
    source = "testsrc2=s=160x120:d=4:r=25"
    run_ffmpeg(
        "-f",
        "lavfi",
        "-i",
        source,
        "-c:v",
        "libx264",
        "-g",
        60,
        "-x264-params",
        "scenecut=0",
        whole,
    )
    cut = tmp_path / "cut.ts"
    data = whole.read_bytes()
    cut.write_bytes(data[188 * 40 :])
    for bad_frames in ("fail", "cover"):
        source = open_video(admit(cut), ReadOptions(bad_frames=bad_frames))
        frames = list(source.frames())  # type: ignore[attr-defined]
        assert (
            len(frames) == 40
        )  # from the second keyframe on; nothing before it can be decoded by anybody
        assert not any(f.is_bad for f in frames)


def test_what_is_hidden_by_transparency_stays_hidden(tmp_path, run_ffmpeg):
    clip = tmp_path / "a.mov"
    half = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,33),0,255)'"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:d=0.2", "-vf", half, "-c:v", "png", clip)
    for name, codec in (
        ("packed", ["-c:v", "png"]),
        ("planar", ["-c:v", "ffv1", "-pix_fmt", "yuva420p"]),
    ):
        path = tmp_path / (name + (".mov" if name == "packed" else ".mkv"))
        run_ffmpeg("-i", clip, *codec, path)
        for frame in open_video(admit(path), ReadOptions()).frames():
            picture = frame.unpack()
            for plane, (sx, _) in zip(picture.planes, picture.layout.shifts, strict=True):
                assert len(np.unique(plane[:, : 32 >> sx])) == 1
                assert len(np.unique(plane[:, 34 >> sx :])) > 1


def test_a_mirrored_odd_picture_has_chroma_of_its_own_for_every_pixel(tmp_path, run_ffmpeg):
    clip, turned = tmp_path / "a.mp4", tmp_path / "turned.mp4"
    run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc=s=33x31:d=0.2", "-c:v", "mpeg4", "-pix_fmt", "yuv420p", clip
    )
    with av.open(str(clip)) as old, av.open(str(turned), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        stream.set_display_rotation(180)
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    straight, mirrored = (
        next(iter(open_video(admit(p), ReadOptions()).frames())).unpack() for p in (clip, turned)
    )
    assert straight.layout.shifts[1] == (1, 1)
    assert mirrored.layout.shifts == ((0, 0),) * 3
    assert np.array_equal(mirrored.planes[0], straight.planes[0][::-1, ::-1])


def test_pixels_that_are_not_square_are_told(tmp_path, run_ffmpeg):
    clip = tmp_path / "a.mp4"
    run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc=s=64x48:d=0.2", "-vf", "setsar=3/2", "-c:v", "libx264", clip
    )
    assert {f.aspect for f in open_video(admit(clip), ReadOptions()).frames()} == {1.5}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_that_takes_the_place_of_an_open_film_is_refused(clip, tmp_path):
    path = Path(shutil.copy(clip("h264.mp4", *H264), tmp_path / "a.mp4"))
    source = open_video(admit(path), FAIL)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SourceUnreadable, match="not a plain file"):
        next(source.frames())
    path.unlink()
    with pytest.raises(SourceUnreadable, match="no such file"):
        next(source.frames())
