"""What efface makes of damaged and hostile files: mutants of small photos and films, with a
detector that names a known area.

    PYTHONPATH=src python benchmarks/mutants.py [--count 2000] [--first 0] [--seconds 60]
        [--gigabytes 4] [--json OUT] [--keep DIR] [--blind]

Mutant n is made from seed file n modulo their number, by a generator seeded with n. Every seed file
shows a mark in its middle, and the detector names the middle of every frame. Every second mutant is
redacted with `--bad-frames=cover`. A mutant fails when efface crashes, shows a traceback, does not
end, ends with an exit code that its errors do not have, or publishes a target in which Pillow,
pillow-heif or FFmpeg show the mark. Decoders work behind walls; one that crashes, hangs, wants more
memory than its bound or tells nonsense costs efface only a sentence, and is a failure here.

OUT gets a line for each mutant as soon as it is done; those that it names already are not tried
again. DIR gets mutants that failed. Linux only.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from field_pictures import field_pictures
from forks import Forks

SIZE_WH = 160, 120
MARK = 32
"""Pixels of the sides of the mark, in the middle of the picture."""

AREA = 0.25, 0.2, 0.75, 0.8
"""What the detector names, as shares of the frame: the middle, whichever way it is turned or
mirrored."""

SHOWS = 0.75
"""Correlation with the mark from which it is seen.

Untouched seeds reach 0.9 and more, noise and fills below 0.6.
"""

OF_DECODERS = {
    "its decoder crashed": "decoder crashes",
    "its decoder ended": "decoder crashes",
    "its decoder failed": "decoder crashes",
    "it gave no answer": "decoder hangs",
    "more memory than efface allows": "decoder takes memory",
    "its walls forbid": "decoder breaks out",
    "it said something": "decoder tells nonsense",
}
"""What efface says of a decoder that failed, and how that is counted."""

LATEST_CODE = 7
FRAMES = 16
SHOWN = 4
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

FILMS = {
    "h264.mp4": ("libx264", "yuv420p", {"bf": "2", "g": "8"}),
    "h264.ts": ("libx264", "yuv420p", {"g": "8"}),
    "hevc.mkv": ("libx265", "yuv420p", {"x265-params": "log-level=none:keyint=8"}),
    "vp9.webm": ("libvpx-vp9", "yuv420p", {}),
    "vp8.webm": ("libvpx", "yuv420p", {}), "av1.mkv": ("libsvtav1", "yuv420p", {"preset": "12"}),
    "mpeg4.avi": ("mpeg4", "yuv420p", {"bf": "2"}),
    "mpeg2.mpg": ("mpeg2video", "yuv420p", {"bf": "2"}),
    "mpeg2.ts": ("mpeg2video", "yuv420p", {}), "prores.mov": ("prores_ks", "yuv422p10le", {}),
    "mjpeg.avi": ("mjpeg", "yuvj420p", {}), "flv1.flv": ("flv1", "yuv420p", {}),
    "ffv1.mkv": ("ffv1", "yuv420p", {}),
    "h263.3gp": ("h263", "yuv420p", {}), "raw.h264": ("libx264", "yuv420p", {}),
    "wmv2.wmv": ("wmv2", "yuv420p", {}), "mpeg1.mpg": ("mpeg1video", "yuv420p", {"bf": "2"}),
    "interlaced.ts": ("mpeg2video", "yuv420p", {"flags": "+ilme+ildct"}),
    "raw.m2v": ("mpeg2video", "yuv420p", {}),
    "mbaff.mkv": ("libx264", "yuv420p", {"flags": "+ilme+ildct", "x264-params": "tff=1"}),
    "raw.hevc": ("libx265", "yuv420p", {"x265-params": "log-level=none:keyint=8"}),
    "raw.m4v": ("mpeg4", "yuv420p", {}),
    "vp8.ivf": ("libvpx", "yuv420p", {}), "vp9.ivf": ("libvpx-vp9", "yuv420p", {}),
    "av1.ivf": ("libsvtav1", "yuv420p", {"preset": "12"}),
    "stream.mjpg": ("mjpeg", "yuvj420p", {}), "raw.dv": ("dvvideo", "yuv420p", {}),
    "av1.mp4": ("libsvtav1", "yuv420p", {"preset": "12"}),
}  # fmt: skip

OTHER_SIZES = {"h263": (176, 144), "dvvideo": (720, 576)}
"""Codecs that know a few sizes only."""

FILMS_BY_HAND = "fields.h264", "fields.mts", "raw.y4m"
BECOME_PNG = ".bmp", ".ico", ".ppm", ".jp2"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one mutant ended. kind: empty where nothing is wrong. code: None where it did not end."""

    number: int
    seed: str
    code: int | None
    kind: str = ""
    said: str = ""


def main() -> None:
    """Read the command line, try every mutant, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60, help="for one mutant")
    parser.add_argument("--gigabytes", type=float, default=4, help="for one mutant")
    parser.add_argument(
        "--json", type=Path, help="write the outcome of every mutant there, a line each"
    )
    parser.add_argument("--keep", type=Path, help="copy mutants that failed there")
    parser.add_argument(
        "--blind",
        action="store_true",
        help="a detector that names nothing: to see that marks are found",
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        Forks.serve(_redact_here)
        return
    lines = asked.json.read_text().splitlines() if asked.json and asked.json.exists() else []
    outcomes = [Outcome(**json.loads(line)) for line in lines]
    known = {o.number for o in outcomes}
    with ExitStack() as closing:
        folder, bench = (
            Path(closing.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)
        )
        # The forks start before the seeds are made. As root, a process that encodes with SVT-AV1
        # becomes a real-time process, and so do those that it starts.
        forks = closing.enter_context(Forks(__file__, asked.seconds, asked.gigabytes))
        seeds = sorted(_seeds(folder))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        _require_marks(seeds)
        log = closing.enter_context(open(asked.json or os.devnull, "a"))
        for number in range(asked.first, asked.first + asked.count):
            if number in known:
                continue
            outcomes.append(_tried(number, seeds, bench, forks, asked))
            print(json.dumps(asdict(outcomes[-1])), file=log, flush=True)
    print("\n".join(_table(outcomes)))


def _picture(turn: float = 0.0) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: soft noise, and the mark in its middle. turn: moves the noise."""
    noise = (
        np.random.default_rng(5)
        .integers(60, 200, (SIZE_WH[1] // 8, SIZE_WH[0] // 8, 3))
        .astype(np.float32)
    )
    picture = (
        cv2.resize(np.roll(noise, round(turn), 1), SIZE_WH, interpolation=cv2.INTER_CUBIC)
        .clip(0, 255)
        .astype(np.uint8)
    )
    left, top = (n // 2 - MARK // 2 for n in SIZE_WH)
    picture[top : top + MARK, left : left + MARK] = _mark()[..., None]
    return picture


def _mark() -> NDArray[np.uint8]:
    """(MARK, MARK) uint8: tiles of black and white that resemble nothing else, the same after turns
    and mirrors."""
    quarter = np.random.default_rng(11).integers(0, 2, (4, 4))
    quarter = np.triu(quarter) + np.triu(quarter, 1).T
    whole = np.block([[quarter, quarter[:, ::-1]], [quarter[::-1], quarter[::-1, ::-1]]])
    return np.kron(whole * 215 + 20, np.ones((MARK // 8, MARK // 8))).astype(np.uint8)


def _seeds(folder: Path) -> Iterator[Path]:
    """Writes the files that mutants are made of."""
    pillow_heif.register_heif_opener()
    picture = Image.fromarray(_picture())
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    pages = [Image.fromarray(_picture(i)) for i in range(3)]
    moving: dict[str, Any] = {"save_all": True, "append_images": pages[1:]}
    ways: dict[str, dict[str, Any]] = {
        "base.jpg": {"quality": 90, "exif": exif},
        "progressive.jpg": {"quality": 90, "progressive": True},
        "a.png": {"exif": exif},
        "lossy.webp": {"quality": 90, "exif": exif},
        "lossless.webp": {"lossless": True},
        "moving.webp": moving,
        "moving.gif": moving,
        "moving.png": moving,
        "raw.tif": {},
        "lzw.tif": moving | {"compression": "tiff_lzw"},
        "a.bmp": {},
        "a.heic": {"quality": 90, "exif": exif.tobytes()},
        "a.avif": {"quality": 90},
        "two.heic": moving,
        "moving.avif": moving,
        "two.mpo": moving,
        "a.ico": {"sizes": [SIZE_WH]},
        "a.jp2": {},
        "a.ppm": {},
    }
    for name, how in ways.items():
        picture.save(folder / name, **how)
        yield folder / name
    yield from _rarer_photos(folder, picture, pages)
    yield from _films_by_hand(folder)
    for name, (codec, pixels, options) in FILMS.items():
        try:
            _write_film(folder / name, codec, pixels, options)
        except (av.error.FFmpegError, ValueError) as e:
            print(f"{name} is left out: {e}", file=sys.stderr)
            continue
        yield folder / name


def _rarer_photos(
    folder: Path, picture: Image.Image, pages: Sequence[Image.Image]
) -> Iterator[Path]:
    """Other modes and depths."""
    modes = {
        "grey.jpg": "L",
        "cmyk.jpg": "CMYK",
        "cmyk.tif": "CMYK",
        "palette.bmp": "P",
        "palette.gif": "P",
        "clear.webp": "RGBA",
    }
    for name, mode in modes.items():
        (picture.quantize(256) if mode == "P" else picture.convert(mode)).save(folder / name)
        yield folder / name
    deep = np.asarray(picture)[..., ::-1].astype(np.uint16) * 257
    for name in ("deep.png", "deep.tif"):
        cv2.imwrite(str(folder / name), deep)
        yield folder / name
    encoded = pillow_heif.from_pillow(pages[0])
    for page in pages[1:]:
        encoded.add_from_pillow(page)
    encoded.save(folder / "three.heic", quality=90)
    yield folder / "three.heic"


def _films_by_hand(folder: Path) -> Iterator[Path]:
    """Films that no encoder here writes."""
    frames = [_grown(_picture(i / 2), (160, 128)) for i in range(FRAMES)]
    planes = [
        av.VideoFrame.from_ndarray(frame, "rgb24").to_ndarray(format="yuv420p") for frame in frames
    ]
    raw, wrapped = folder / "fields.h264", folder / "fields.mts"
    raw.write_bytes(b"".join(field_pictures(planes)))
    yield raw
    with av.open(str(raw)) as source, av.open(str(wrapped), "w", format="mpegts") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(p for p in source.demux() if p.size):
            packet.stream, packet.pts, packet.dts = stream, number * 1800, number * 1800
            target.mux(packet)
    yield wrapped
    header = b"YUV4MPEG2 W160 H128 F25:1 Ip A1:1 C420jpeg\n"
    (folder / "raw.y4m").write_bytes(header + b"".join(b"FRAME\n" + p.tobytes() for p in planes))
    yield folder / "raw.y4m"


def _grown(picture: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture in the middle of a larger one."""
    x, y = ((large - small) // 2 for large, small in zip(size_wh, SIZE_WH, strict=True))
    return cv2.copyMakeBorder(picture, y, y, x, x, cv2.BORDER_REPLICATE)


def _write_film(path: Path, codec: str, pixels: str, options: dict[str, str]) -> None:
    size = OTHER_SIZES.get(codec, SIZE_WH)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, 25, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *size, pixels, 2_000_000
        for i in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(_grown(_picture(i / 2), size), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _require_marks(seeds: Sequence[Path]) -> None:
    for seed in seeds:
        if (found := _most_of_mark(seed)) < SHOWS:
            raise SystemExit(
                f"{seed.name}: its mark is not seen ({found:.2f}), so nothing could be told"
            )


def _mutant(number: int, seeds: Sequence[Path]) -> bytes:
    """The bytes of that mutant."""
    rng = random.Random(number)
    data = bytearray(seeds[number % len(seeds)].read_bytes())
    for _ in range(rng.choice((1, 1, 2, 4))):
        ends_at = min(len(data), 600) if rng.random() < 0.5 else len(data)
        at, length = rng.randrange(max(1, ends_at)), rng.choice((1, 2, 4, 16, 64, 400))
        match rng.choice(
            ("flip", "flip", "number", "number", "zero", "cut", "drop", "twice", "swap")
        ):
            case "flip":
                for _ in range(rng.choice((1, 3, 12))):
                    data[rng.randrange(at, max(at + 1, min(at + 200, len(data))))] ^= (
                        1 << rng.randrange(8)
                    )
            case "number":
                size, order = rng.choice((1, 2, 4)), rng.choice(("little", "big"))
                data[at : at + size] = (rng.choice(INTERESTING) & (256**size - 1)).to_bytes(
                    size, order
                )
            case "zero":
                data[at : at + length] = bytes(len(data[at : at + length]))
            case "cut":
                del data[max(16, rng.randrange(len(data))) :]
            case "drop":
                del data[at : at + length]
            case "twice":
                data[at:at] = data[at : at + length]
            case "swap":
                other = rng.randrange(len(data))
                data[at : at + length], data[other : other + length] = (
                    data[other : other + length],
                    data[at : at + length],
                )
        if len(data) < 16:
            data += bytes(16)
    return bytes(data)


def _redact_here(source: str, target: str, covers: bool, is_blind: bool) -> None:
    """Run in a fork: redact with a detector that names the middle of every frame."""
    import efface.cli.engines
    from efface.cli.main import main as run
    from efface.detect.detector import DetectorInfo
    from efface.detect.registry import DETECTORS
    from efface.detections import KINDS, Detections

    class Middle:
        infos = (DetectorInfo("middle", "1", "00", "none"),)

        def __init__(self, options: Any, **_: object) -> None:
            self.wanted = options.wanted
            self.sure = {KINDS.index(k): 0.5 for k in self.wanted}

        def detect(self, frame: Any, look: Any) -> Detections:
            if is_blind:
                return Detections.none()
            box = np.array([AREA], np.float32) * np.tile(np.array(frame.size_wh, np.float32), 2)
            return Detections(
                box, np.array([0.99], np.float32), np.array([KINDS.index("face")], np.uint8)
            )

    DETECTORS["pyramid"] = Middle
    efface.cli.engines.APART = False  # this is a process of its own already
    run(
        [
            "redact",
            source,
            "-o",
            target,
            "--preset",
            "ultrafast",
            *(["--bad-frames", "cover"] if covers else []),
        ]
    )


def _tried(
    number: int, seeds: Sequence[Path], folder: Path, forks: Forks, asked: argparse.Namespace
) -> Outcome:
    seed = seeds[number % len(seeds)]
    source, target = (
        folder / f"mutant{number}{seed.suffix}",
        folder / f"target{number}{_suffix_for(seed)}",
    )
    source.write_bytes(_mutant(number, seeds))
    code, said = forks.run(str(source), str(target), bool(number // len(seeds) % 2), asked.blind)
    kind, why = _judged(code, said, target)
    if kind and asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
        (asked.keep / source.name).write_bytes(source.read_bytes())
    for path in folder.iterdir():
        path.unlink()
    line = next((line for line in said.splitlines() if line.startswith("efface:")), "")
    return Outcome(number, seed.name, code, kind, why or _without_numbers(line, source))


def _suffix_for(seed: Path) -> str:
    if seed.name in FILMS or seed.name in FILMS_BY_HAND:
        return ".mp4"
    return ".png" if seed.suffix in BECOME_PNG else ".jpg" if seed.suffix == ".mpo" else seed.suffix


def _judged(code: int | None, said: str, target: Path) -> tuple[str, str]:
    """What is wrong, and more about it."""
    if code is None:
        return "does not end", ""
    if code < 0:
        return "crash", f"signal {-code}"
    if "Traceback" in said or "unexpected error" in said:
        return "traceback", _without_numbers(said.strip().splitlines()[-1], target)
    if code > LATEST_CODE:
        return "exit code", str(code)
    for sentence, kind in OF_DECODERS.items():
        if sentence in said:
            return kind, _without_numbers(said.strip().splitlines()[-1], target)
    if not target.exists():
        return ("nothing published", str(code)) if code in (0, LATEST_CODE) else ("", "")
    if (found := _most_of_mark(target)) >= SHOWS:
        return "shows the mark", f"{found:.2f}"
    return "", ""


def _without_numbers(line: str, path: Path) -> str:
    return re.sub(r"\d[\d,.:]*", "#", line.replace(str(path), "FILE"))[:200]


def _most_of_mark(path: Path) -> float:
    """Highest correlation of any place in any frame with the mark; -1 where nothing can be
    opened."""
    return max((_correlation(frame) for frame in _shown(path)), default=-1.0)


def _correlation(grey: NDArray[np.uint8]) -> float:
    if min(grey.shape) < MARK:
        return -1.0
    return float(
        np.nan_to_num(
            cv2.matchTemplate(grey, _mark(), cv2.TM_CCOEFF_NORMED), nan=-1, posinf=-1, neginf=-1
        ).max()
    )


def _shown(path: Path) -> Iterator[NDArray[np.uint8]]:
    """The frames or pages of a file, in grey."""
    data = path.read_bytes()
    try:
        with Image.open(io.BytesIO(data)) as image:
            for page in range(getattr(image, "n_frames", 1)):
                image.seek(page)
                yield np.asarray(image.convert("L"))
            return
    except (OSError, ValueError, SyntaxError):
        pass
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="gray")
    except (av.error.FFmpegError, IndexError):
        return


def _table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Counts, and one line for each kind of failure."""
    codes = Counter(o.code for o in outcomes)
    published = codes[0] + codes[LATEST_CODE]
    failed: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for o in outcomes:
        if o.kind:
            failed[o.kind, o.said].append(o)
    yield (
        f"{len(outcomes)} mutants, {published} published, {sum(map(len, failed.values()))} "
        "failures."
    )
    yield "Exit codes: " + ", ".join(
        f"{code}: {n}" for code, n in sorted(codes.items(), key=lambda c: str(c[0]))
    )
    for (kind, said), members in sorted(failed.items(), key=lambda f: -len(f[1])):
        shown = ", ".join(f"{o.number} ({o.seed})" for o in members[:SHOWN])
        yield f"{len(members):5}  {kind}: {said}  [{shown}]"


if __name__ == "__main__":
    main()
