"""What strangers name as a photo or a video.

Each gets an exit code and one line, and leaves nothing behind.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from pathlib import Path

import av
import numpy as np
import pytest

SCRAMBLE = ("-c", "copy", "-encryption_scheme", "cenc-aes-ctr", "-encryption_key",
"76a6c65c5ea762046bd749a2e632ccbb",
            "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")  # fmt: skip


def png(width: int, height: int) -> bytes:
    """A PNG that claims this size."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(64))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def patched(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


def broken_frames(path: Path) -> bytes:
    """The clip with one packet of rubbish in each group of pictures but the first."""
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        groups = [i for i, p in enumerate(packets) if p.is_keyframe]
        for i in groups[1:]:
            packet = packets[i + 1]
            start, size = packet.pos, packet.size
            assert start is not None
            content[start + 5 : start + size] = (
                np.random.default_rng(i).integers(0, 256, size - 5, np.uint8).tobytes()
            )
    return bytes(content)


class Makers:
    """Each method makes one bad source in a folder and gives its path."""

    def __init__(self, kept: Path, folder: Path, ffmpeg: object) -> None:
        self.kept, self.folder, self.ffmpeg = kept, folder, ffmpeg
        self.clip, self.photo = (kept / "clip.mp4").read_bytes(), (kept / "face.jpg").read_bytes()

    def write(self, name: str | bytes, content: bytes) -> Path:
        path = Path(os.fsdecode(self.folder / os.fsdecode(name)))
        path.write_bytes(content)
        return path

    def sound(self, name: str) -> Path:
        self.ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", "-c:a", "aac", self.folder / name)  # type: ignore[operator]
        return self.folder / name

    def encrypted(self) -> Path:
        self.ffmpeg("-i", self.kept / "clip.mp4", *SCRAMBLE, self.folder / "locked.mp4")  # type: ignore[operator]
        return self.folder / "locked.mp4"

    def link(self, name: str, to: str) -> Path:
        (self.folder / name).symlink_to(to)
        return self.folder / name

    def fifo(self) -> Path:
        os.mkfifo(self.folder / "pipe.mp4")
        return self.folder / "pipe.mp4"

    def folder_named(self, name: str) -> Path:
        (self.folder / name).mkdir()
        return self.folder / name


def half_of_the_pictures(m: Makers) -> Path:
    """The index whole and in front, the pictures cut."""
    m.ffmpeg(
        "-i", m.kept / "clip.mp4", "-c", "copy", "-movflags", "+faststart", m.folder / "cut.mp4"
    )  # type: ignore[operator]
    path = m.folder / "cut.mp4"
    return m.write("cut.mp4", path.read_bytes()[: path.stat().st_size * 3 // 4])


CASES = {
    "missing": (lambda m: m.folder / "none.jpg", "cannot be read: no such file"),
    "0 bytes": (lambda m: m.write("empty.jpg", b""), "cannot be read: it is empty, 0 bytes"),
    "0 bytes of video": (
        lambda m: m.write("empty.mp4", b""),
        "cannot be read: it is empty, 0 bytes",
    ),
    "text as mp4": (
        lambda m: m.write("text.mp4", b"Dear reader,\n"),
        "is not a photo or video that efface knows: it looks like text",
    ),
    "text as jpg": (
        lambda m: m.write("text.jpg", b"Dear reader,\n"),
        "is not a photo or video that efface knows: it looks like text",
    ),
    "noise": (
        lambda m: m.write("noise.mp4", np.random.default_rng(1).bytes(5000)),
        "is not a photo or video that efface knows",
    ),
    "zip": (
        lambda m: m.write("zip.jpg", b"PK\x03\x04" + bytes(99)),
        "is not a photo or video that efface knows: it looks like a zip",
    ),
    "playlist": (
        lambda m: m.write("list.mp4", b"#EXTM3U\n#EXTINF:1,\nclip.mp4\n"),
        "is not a photo or video that efface knows",
    ),
    "moov missing": (
        lambda m: m.write("cut.mp4", m.clip[: m.clip.index(b"moov") - 4]),
        "is damaged",
    ),
    "half a jpeg": (lambda m: half_a_jpeg(m), ""),
    "half a png": (lambda m: half_a_png(m), ""),
    "only a head": (lambda m: m.write("head.mp4", m.clip[:40]), "is damaged"),
    "broken frames": (
        lambda m: m.write("flip.mp4", broken_frames(m.kept / "clip.mp4")),
        "the frame at 0:00:00.200 cannot be",
    ),
    "jpeg header": (lambda m: m.write("head.jpg", m.photo[:30] + bytes(40) + m.photo[70:]), ""),
    "jpeg magic only": (lambda m: m.write("magic.jpg", m.photo[:3]), "is damaged"),
    "bomb": (
        lambda m: m.write("bomb.png", png(60_000, 60_000)),
        "has 3,600,000,000 pixels. The limit is 200,000,000",
    ),
    "too many pixels": (lambda m: m.write("wide.png", png(2**31 - 1, 2**31 - 1)), "pixels"),
    "sound as mp4": (
        lambda m: m.sound("song.mp4"),
        "cannot be handled: it holds sound but no picture",
    ),
    "sound": (lambda m: m.sound("song.m4a"), "cannot be handled: it holds sound but no picture"),
    "unknown codec": (
        lambda m: m.write("odd.mp4", patched(m.clip, b"avc1", b"zzz1")),
        "cannot be handled: its video codec is",
    ),
    "encrypted": (Makers.encrypted, "cannot be handled: it is encrypted"),
    "dangling link": (
        lambda m: m.link("gone.jpg", "nowhere.jpg"),
        "cannot be read: the link points to nothing",
    ),
    "loop of links": (
        lambda m: m.link("loop.jpg", "loop.jpg"),
        "cannot be read: too many levels of symbolic links",
    ),
    "fifo": (Makers.fifo, "cannot be read: it is not a plain file"),
    "device": (lambda m: m.link("null.jpg", "/dev/null"), "cannot be read: it is not a plain file"),
    "below a file": (
        lambda m: m.write("a.jpg", m.photo) / "b.jpg",
        "cannot be read: not a directory",
    ),
    "name of 300 letters": (
        lambda m: m.folder / ("n" * 300 + ".jpg"),
        "cannot be read: file name too long",
    ),
    "line break in a name": (
        lambda m: m.write("two\nlines\x1b[31m.jpg", b"text"),
        r"two\nlines\x1b[31m.jpg: is not a photo",
    ),
    "bytes in a name": (
        lambda m: m.write(b"caf\xe9\xff.jpg", b"text"),
        r"caf\xe9\xff.jpg: is not a photo",
    ),
}


def one_line(result: object, path: Path) -> str:
    """The error, after what holds for every error."""
    err: str = result.err  # type: ignore[attr-defined]
    assert result.out == ""  # type: ignore[attr-defined]
    assert err.startswith("efface: "), err
    assert err.endswith("\n")
    assert len(err.splitlines()) == 1, err
    assert all(c.isprintable() for c in err[:-1])
    assert "Nothing was written." in err
    assert "Traceback" not in err
    assert path.suffix in err
    return err


@pytest.mark.parametrize("case", CASES)
def test_one_line_and_an_exit_code(efface, kept, kit, tmp_path, case):
    make, why = CASES[case]
    path = make(Makers(kept, tmp_path, kit.ffmpeg))
    before = kit.names_in(tmp_path)
    for command in (("redact", path, *kit.FAST), ("find", path, "-o", tmp_path / "plan.json")):
        done = efface(*command)
        assert done.code == 3, done.err
        assert why in one_line(done, path)
        assert kit.names_in(tmp_path) == before


def test_a_folder_where_a_file_is_wanted(efface, kept, kit, tmp_path):
    folder = Makers(kept, tmp_path, kit.ffmpeg).folder_named("folder.mp4")
    assert efface("find", kept / "plain.png", "-o", tmp_path / "plan.json").code == 0
    refused = efface("render", folder, "--plan", tmp_path / "plan.json", "-o", tmp_path / "out.mp4")
    assert refused.code == 3
    assert "folder.mp4: cannot be read: it is a folder." in one_line(refused, folder)


@pytest.mark.slow
def test_the_rest_of_a_folder_is_done(program, kept, kit, tmp_path):
    """As a process of its own, to see real exit codes and whatever C libraries print."""
    makers = Makers(kept, tmp_path / "in" / "deep", kit.ffmpeg)
    makers.folder.mkdir(parents=True)
    expected = set()
    for make, _ in CASES.values():
        path = make(makers)
        if os.path.lexists(path):
            expected.add(path.name)
    kit.taken(kept, tmp_path / "in", "face.jpg", "clip.mp4")
    kit.taken(kept, makers.folder, "plain.png")
    good_names = [b"good\nname.png", b"caf\xe9.png"]
    for name in good_names:
        makers.write(name, (kept / "plain.png").read_bytes())
    (tmp_path / "in" / "folder.jpg").mkdir()
    (tmp_path / "in" / "around").symlink_to(tmp_path / "in")
    bad = expected - {
        "a.jpg",
        "song.m4a",
    }  # the one is whole, and the other's name does not say video
    done = program("redact", "in", "-o", "out", *kit.FAST)
    assert done.code == 3
    lines = done.err.splitlines()
    assert len(lines) == len(bad), done.err
    assert all(re.match(r"efface: in/deep/\S.*?: .*Nothing was written\.", line) for line in lines)
    assert f"6 of {6 + len(bad)} files done, {len(bad)} not: see above." in done.out
    targets = {os.fsencode(n) for n in kit.names_in(tmp_path / "out") if not n.endswith(".json")}
    wanted = {b"deep/" + n for n in (b"a.jpg", b"plain.png", *good_names)} | {
        b"clip.mp4",
        b"face.jpg",
    }
    assert targets == wanted
    assert r"good\nname.png" in done.out
    assert r"caf\xe9.png" in done.out


def test_bombs_are_let_in_when_the_limit_says_so(efface, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "plain.png")
    refused = efface("redact", photo, "--max-pixels", 48 * 40 - 1)
    assert refused.code == 3
    assert "has 1,920 pixels. The limit is 1,919." in refused.err
    assert "raise --max-pixels" in one_line(refused, photo)
    assert efface("redact", photo, "--max-pixels", 48 * 40).code == 0
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    assert efface("redact", clip, "--max-pixels", 128 * 96 - 1).code == 3


def half_a_jpeg(makers: Makers) -> Path:
    return makers.write("half.jpg", makers.photo[: len(makers.photo) // 2])


def half_a_png(makers: Makers) -> Path:
    return makers.write("half.png", (makers.kept / "face.png").read_bytes()[:9000])


@pytest.mark.parametrize(
    ("make", "more"),
    [
        (half_a_jpeg, ["--bad-frames", "cover"]),
        (half_a_png, ["--bad-frames", "cover"]),
        (half_of_the_pictures, []),
    ],
)
def test_what_breaks_off_is_done_as_far_as_it_goes_and_says_so(
    efface, kept, kit, tmp_path, make, more
):
    path = make(Makers(kept, tmp_path, kit.ffmpeg))
    report = tmp_path / "report.json"
    done = efface("redact", path, "--report", report, *more, *kit.FAST)
    assert (done.code, done.err) == (7, "")
    assert "the source: it breaks off" in done.out
    assert "breaks off" in report.read_text()
    assert (tmp_path / f"{path.stem}.redacted{path.suffix}").exists()


def test_bad_frames_are_covered_when_asked(efface, kept, kit, tmp_path):
    clip = tmp_path / "flip.mp4"
    clip.write_bytes(broken_frames(kept / "clip.mp4"))
    refused = efface("redact", clip, *kit.FAST)
    assert refused.code == 3
    assert "Add --bad-frames=cover to black out such frames and go on." in refused.err
    done = efface("redact", clip, "--bad-frames", "cover", *kit.FAST)
    assert (done.code, done.err) == (0, "")
    first, step, count = kit.plan_of(tmp_path / "flip.redacted.mp4.plan.json")["bad"][0]
    assert (first, step) == (5, 1)
    bad = [first + i for i in range(count)]
    bad += [
        i
        for run in kit.plan_of(tmp_path / "flip.redacted.mp4.plan.json")["bad"][1:]
        for i in range(run[0], run[0] + run[2])
    ]
    assert set(range(kit.CLIP_FRAMES)) - set(bad) >= {0, 1, 2, 3}
    assert f"{len(bad)} frames could not be decoded and are black." in done.out
    frames = kit.rgb_frames(tmp_path / "flip.redacted.mp4")
    assert len(frames) == kit.CLIP_FRAMES
    for i, frame in enumerate(frames):
        assert (frame.max() < 16) == (i in bad), i
    # A plan that knows of bad frames does not make rendering read on where it may not.
    plan = tmp_path / "flip.redacted.mp4.plan.json"
    assert efface("render", clip, "--plan", plan, "-o", tmp_path / "again.mp4", *kit.FAST).code == 3
    again = efface(
        "render",
        clip,
        "--plan",
        plan,
        "-o",
        tmp_path / "again.mp4",
        "--bad-frames",
        "cover",
        *kit.FAST,
    )
    assert again.code == 0
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "flip.redacted.mp4").read_bytes()
