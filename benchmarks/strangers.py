"""What efface makes of files that strangers made: any folder of photos and films, worked on with a
detector that sees nothing.

    python benchmarks/strangers.py FOLDER... [--seconds 120] [--gigabytes 4] [--json OUT]
    [--chromium /usr/bin/chromium]

Each file is redacted in a process of its own, a fork, with bounds on time and memory. Of files with
the same bytes only one is tried. What a real viewer shows of source and target is compared: ffprobe
and ffmpeg for films (number, times and pixels of frames), Chromium for photos (size and colours),
and exiftool reads the metadata of the target. Prints one line for each kind of failure, with the
names of some files. OUT gets a line for each file as soon as it is done; files that it names
already are not tried again. Linux only; exiftool, ffmpeg and playwright with a Chromium are used
where they are installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.checks.external_findings import exiftool
from efface.containers.sniff import PHOTOS, WRITTEN_AS

sys.path.insert(0, str(Path(__file__).parent))
from forks import Forks

Viewer = Callable[[Path], "Seen | None"]

THUMB = 32
"""Pixels of the sides of the pictures that are compared."""

FAR = 8.0
"""Mean difference of two such pictures, in levels of 255, above which they are not the same.

Lossy codecs stay below 3.
"""

LATE_S = 0.002
"""Difference of two times above which they are not the same. Matroska counts milliseconds."""

SHOWN = 4
"""Names that are said for each kind of failure."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a viewer shows.

    times    of the frames, in seconds from the first one on.
    thumbs   (n, 32, 32, 3) RGB.
    size_wh  as shown, in pixels.
    pixel    its width over its height.
    """

    times: list[float]
    thumbs: NDArray[np.uint8]
    size_wh: tuple[int, int]
    pixel: float = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one file ended. kind: empty where nothing is wrong. said: by efface, or what differs."""

    path: str
    opens: bool
    kind: str = ""
    said: str = ""


def main() -> None:
    """Read the command line, work on every file, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--seconds", type=float, default=120, help="for one file")
    parser.add_argument("--gigabytes", type=float, default=4, help="for one file")
    parser.add_argument(
        "--json", type=Path, help="write the outcome of every file there, a line each"
    )
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="a viewer for photos")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        Forks.serve(_redact_here)
        return
    outcomes = _earlier(asked.json)
    known = {o.path for o in outcomes}
    paths = sorted(
        {p for f in asked.folders for p in (f.rglob("*") if f.is_dir() else [f]) if p.is_file()}
    )
    with ExitStack() as closing:
        photos = closing.enter_context(_Chromium(asked.chromium)) if asked.chromium else None
        efface = closing.enter_context(Forks(__file__, asked.seconds, asked.gigabytes))
        log = closing.enter_context(open(asked.json or os.devnull, "a"))
        for path in _unlike(paths):
            if str(path) in known:
                continue
            outcome = _tried(path, efface, photos)
            print(f"{outcome.kind or 'good':12} {path.name}", file=sys.stderr, flush=True)
            outcomes.append(outcome)
            print(json.dumps(asdict(outcome)), file=log, flush=True)
    print("\n".join(_table(outcomes)))


def _earlier(path: Path | None) -> list[Outcome]:
    """The outcomes that an earlier run wrote."""
    if path is None or not path.exists():
        return []
    return [Outcome(**json.loads(line)) for line in path.read_text().splitlines()]


def _unlike(paths: Sequence[Path]) -> Iterator[Path]:
    """The paths without those whose bytes are those of an earlier one."""
    met = set()
    for path in paths:
        with open(path, "rb") as f:
            digest = hashlib.file_digest(f, "sha256").digest()
        if digest not in met:
            met.add(digest)
            yield path


def _redact_here(source: str, target: str) -> None:
    """Run in a fork: redact with a detector that sees nothing."""
    import efface.cli.engines
    from efface.cli.main import main
    from efface.detect.detector import DetectorInfo
    from efface.detect.registry import DETECTORS
    from efface.detections import KINDS, Detections

    class Blind:
        infos = (DetectorInfo("blind", "1", "00", "none"),)

        def __init__(self, options: Any, **_: object) -> None:
            self.wanted = options.wanted
            self.sure = {KINDS.index(k): 0.5 for k in self.wanted}

        def detect(self, frame: object, look: object) -> Detections:
            return Detections.none()

    DETECTORS["pyramid"] = Blind
    efface.cli.engines.APART = False  # this is a process of its own already
    main(["redact", source, "-o", target, "--preset", "ultrafast"])


def _tried(path: Path, efface: Forks, photos: _Chromium | None) -> Outcome:
    """Redact one file and compare what a viewer shows before and after."""
    medium = _medium(path)
    look: Viewer = photos.seen if medium == "photo" and photos else film_seen
    before = look(path)
    opens = before is not None
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"out{_suffix_for(path, medium)}"
        code, said = efface.run(str(path), str(target))
        if code is None:
            return Outcome(str(path), opens, "too slow")
        if code not in (0, 7) or not target.exists():
            return Outcome(
                str(path), opens, "refused" if code == 3 else f"exit {code}", _kind_of(said, path)
            )
        if different := _difference(before, look(target)):
            return Outcome(str(path), opens, "different", different)
        told = exiftool(target).unlisted
        return Outcome(str(path), opens, "metadata" if told else "", ", ".join(told))


def _suffix_for(path: Path, medium: str) -> str:
    """What the target's name ends in: some formats of photos become another."""
    from efface.containers.sniff import format_of
    from efface.errors import EffaceError

    try:
        becomes = WRITTEN_AS.get(format_of(path))
    except EffaceError:
        becomes = None
    return ".mp4" if medium == "film" else f".{becomes}" if becomes else path.suffix


def _medium(path: Path) -> str:
    """Whether efface takes the file for a photo or for a film.

    What it does not know is taken for what its name says.
    """
    from efface.containers.sniff import format_of
    from efface.errors import EffaceError

    try:
        return "photo" if format_of(path) in PHOTOS else "film"
    except EffaceError:
        return (
            "photo"
            if path.suffix.lower()
            in (".jpg", ".png", ".heic", ".heif", ".avif", ".webp", ".jxl", ".bmp")
            else "film"
        )


def _kind_of(said: str, path: Path) -> str:
    """The message without what differs from file to file."""
    lines = (
        [line for line in said.splitlines() if line.startswith("efface:")]
        or said.splitlines()[-1:]
        or [""]
    )
    return re.sub(r"\d[\d,.:]*", "#", lines[-1].replace(str(path), "FILE"))[:200]


def _difference(before: Seen | None, after: Seen | None) -> str:
    """What a viewer shows otherwise than before, in words; empty where nothing."""
    if before is None:
        return ""
    if after is None:
        return "the viewer does not open the target"
    if len(before.times) != len(after.times):
        return f"{len(after.times)} frames, not {len(before.times)}"
    if any(0 < abs(a - b) < 2 for a, b in zip(before.size_wh, after.size_wh, strict=True)):
        pass  # an odd size gains a column or a row
    elif before.size_wh != after.size_wh:
        return f"size {after.size_wh}, not {before.size_wh}"
    if abs(before.pixel / after.pixel - 1) > 0.01:
        return f"pixels of {after.pixel:.3f} in width over height, not {before.pixel:.3f}"
    late = [abs(a - b) for a, b in zip(before.times, after.times, strict=True)]
    if max(late, default=0) > LATE_S:
        return f"times differ by up to {max(late):.3f} s"
    pairs = zip(before.thumbs.astype(float), after.thumbs, strict=False)
    far = max((float(np.abs(a - b).mean()) for a, b in pairs), default=0.0)
    return f"pictures differ by up to {far:.0f} levels" if far > FAR else ""


def film_seen(path: Path) -> Seen | None:
    """What ffprobe and ffmpeg show of a film; None where they show no frame."""
    entries = (
        "frame=best_effort_timestamp_time,width,height,sample_aspect_ratio"
        ":frame_side_data=rotation:stream_side_data=rotation"
    )
    probe = [
        "ffprobe",
        "-v",
        "error",
        "-flags",
        "unaligned",
        "-select_streams",
        "V:0",
        "-show_entries",
        entries,
        "-of",
        "json",
        str(path),
    ]
    shape = [
        "-fps_mode",
        "passthrough",
        "-vf",
        f"scale={THUMB}:{THUMB}",
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        "-",
    ]
    decode = [
        "ffmpeg",
        "-v",
        "error",
        "-flags",
        "unaligned",
        "-i",
        str(path),
        "-map",
        "0:V:0",
        *shape,
    ]
    try:
        said = json.loads(
            subprocess.run(probe, capture_output=True, timeout=300, check=False).stdout or b"{}"
        )
        raw = subprocess.run(decode, capture_output=True, timeout=300, check=False).stdout
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    frames = said.get("frames", ())
    if not frames:
        return None
    times = [
        float(f.get("best_effort_timestamp_time", "nan")) for f in frames
    ]  # raw streams know none
    across, down = (int(n) for n in frames[0].get("sample_aspect_ratio", "1:1").split(":"))
    size = frames[0]["width"], frames[0]["height"]
    said_aside = [
        *frames[0].get("side_data_list", ()),
        *(said.get("streams") or [{}])[0].get("side_data_list", ()),
    ]
    turned = any(abs(float(d.get("rotation", 0))) % 180 == 90 for d in said_aside)
    thumbs = np.frombuffer(
        raw[: len(raw) // (THUMB * THUMB * 3) * THUMB * THUMB * 3], np.uint8
    ).reshape(-1, THUMB, THUMB, 3)
    pixel = across / down if across and down else 1.0
    return Seen(
        [t - times[0] for t in times],
        thumbs,
        size[::-1] if turned else size,
        1 / pixel if turned else pixel,
    )


class _Chromium:
    """A browser that shows photos."""

    def __init__(self, program: str) -> None:
        self._program, self._closing = program, ExitStack()

    def __enter__(self) -> _Chromium:
        from playwright.sync_api import sync_playwright

        play = self._closing.enter_context(sync_playwright())
        flags = ["--allow-file-access-from-files", "--no-sandbox"]
        browser = play.chromium.launch(executable_path=self._program, args=flags)
        self._closing.callback(browser.close)
        folder = self._closing.enter_context(tempfile.TemporaryDirectory())
        blank = Path(folder) / "blank.html"
        blank.write_text("<!doctype html><title>viewer</title>")
        self._page = browser.new_page()
        self._page.goto(blank.as_uri())
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def seen(self, path: Path) -> Seen | None:
        """What the browser shows; None where it draws not one pixel: it also "opens" files of which
        it reads the size only."""
        script = """async ([url, side]) => {
            const image = new Image(); image.src = url;
            try { await image.decode() } catch { return null }
            const canvas = Object.assign(document.createElement("canvas"), {width: side, height: \
side});
            const context = canvas.getContext("2d"); context.drawImage(image, 0, 0, side, side);
            const data = Array.from(context.getImageData(0, 0, side, side).data);
            return [image.naturalWidth, image.naturalHeight, data]
        }"""
        said = self._page.evaluate(script, [path.absolute().as_uri(), THUMB])
        if said is None:
            return None
        width, height, data = said
        rgba = np.array(data, np.uint8).reshape(1, THUMB, THUMB, 4)
        return Seen([0.0], rgba[..., :3], (width, height)) if rgba[..., 3].any() else None


def _table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """One line for each kind of failure; first those of files that a viewer opens."""
    kinds: dict[tuple[bool, str, str], list[str]] = defaultdict(list)
    for o in outcomes:
        if o.kind:
            kinds[not o.opens, o.kind, o.said].append(Path(o.path).name)
    shown = sum(o.opens for o in outcomes)
    lost = sum(o.opens and o.kind not in ("", "different", "metadata") for o in outcomes)
    yield (
        f"{len(outcomes)} files, {shown} of which the viewer opens; of these efface refuses {lost}."
    )
    for (closed, kind, said), names in sorted(
        kinds.items(), key=lambda item: (item[0][0], -len(item[1]))
    ):
        more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        viewer = "the viewer refuses it too; " if closed else ""
        yield f"{len(names):5}  {kind}: {viewer}{said}  [{', '.join(names[:SHOWN])}{more}]"


if __name__ == "__main__":
    main()
