"""Makes the example photo and clip, and the README's picture, from a public-domain portrait.

The portrait is NASA's of Eileen Collins, as scikit-image ships it (`skimage.data.astronaut()`).
Both files are loaded with what efface must remove: the photo with a place, a serial number, a
thumbnail that shows the face and an XMP packet; the clip with a place, a title, a date and sound.
All of it is invented. The clip has a camera that pans, zooms and shakes, a fast swing that blurs,
and a bar that passes before the face: moments in which a detector that looks at single frames loses
people.

    pip install -e '.[test]' scikit-image && python examples/make.py
    python examples/make.py --overview      makes only the README's picture; it needs chromium and
                                            no scikit-image
"""

from __future__ import annotations

import io
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent

SERIAL = "EFFACE-SERIAL-4711"
OWNER = "EFFACE-OWNER-Jane-Example"
PLACE = "EFFACE-PLACE-Example-Square"
TITLE = "EFFACE-TITLE-Interview-with-a-witness"
PLANTED = (SERIAL, OWNER, PLACE, TITLE)
"""Words that stand in the examples and must not stand in what efface makes of them."""

LATITUDE, LONGITUDE = (38.0, 53.0, 17.4), (77.0, 1.0, 11.6)
"""Degrees, minutes and seconds, north and west: the National Air and Space Museum."""

ISO_6709 = "+38.8882-077.0199/"
"""The same place as video files write it."""

CLIP_WH = (480, 360)
FRAMES, RATE = 100, 25
SOUND_RATE, TONE_HZ = 48_000, 440

KEYS = (
    # frame, centre of the view in the portrait (x, y), width of the view, all in pixels of the
    # portrait
    (0, 395, 345, 210),
    (14, 385, 335, 210),
    (22, 235, 160, 230),
    (50, 225, 150, 160),
    (70, 250, 175, 250),
    (80, 215, 150, 250),
    (99, 256, 192, 500),
)
"""Where the camera looks.

Between two of these it speeds up and slows down; a large step in few frames is a swing.
"""

SHUTTER = 0.6
"""Share of a frame's time in which it gathers light: what moves meanwhile is blurred."""

SAMPLES = 6
"""Views averaged for one frame."""

BAR = (52, 72, 46)
"""First and last frame of the bar, and its width in pixels of the clip."""

PHOTO_CROP = (40, 0, 472, 340)
"""The part of the photo that the README's picture shows: left, top, right, bottom, in pixels."""

PAGE_WH, PAGE_SHOWN = (1060, 700), 620
"""Size of the browser's window, and how many of its rows the picture shows."""

PHOTO_HEIGHT, CAPTION_HEIGHT, GAP = 414, 32, 8
"""In pixels of the README's picture."""

Rgb = NDArray[np.uint8]


def portrait() -> Image.Image:
    """The portrait, 512x512 RGB."""
    from skimage import data

    return Image.fromarray(data.astronaut())


def make_photo(picture: Image.Image, target: Path) -> None:
    """A JPEG with the metadata of a telephone."""
    picture.save(
        target, quality=84, exif=_exif(picture), xmp=_xmp(), comment=TITLE.encode(), optimize=True
    )


def _exif(picture: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Example Telephones", "Model One"
    exif[0x0132], exif[0x013B] = "2021:06:01 10:20:30", OWNER
    exif.get_ifd(0x8769).update({0x9003: "2021:06:01 10:20:30", 0xA430: OWNER, 0xA431: SERIAL})
    exif.get_ifd(0x8825).update(
        {1: "N", 2: LATITUDE, 3: "W", 4: LONGITUDE, 0x1C: b"ASCII\0\0\0" + PLACE.encode()}
    )
    return _with_thumbnail(exif.tobytes(), picture)


def _with_thumbnail(exif: bytes, picture: Image.Image) -> bytes:
    """EXIF with a second directory, which Pillow does not write, that points to a small JPEG of the
    picture."""
    small = io.BytesIO()
    picture.resize((128, 128), Image.Resampling.LANCZOS).save(small, "JPEG", quality=70)
    tiff = bytearray(exif.removeprefix(b"Exif\0\0"))
    order = "<" if tiff[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack_from(order + "H", tiff, first)
    tiff += bytes(len(tiff) % 2)
    start = len(tiff)
    struct.pack_into(order + "I", tiff, first + 2 + 12 * entries, start)
    data = start + 2 + 3 * 12 + 4
    tiff += struct.pack(order + "H", 3)
    tiff += struct.pack(order + "HHIHH", 0x0103, 3, 1, 6, 0)
    tiff += struct.pack(order + "HHII", 0x0201, 4, 1, data) + struct.pack(
        order + "HHII", 0x0202, 4, 1, small.tell()
    )
    return b"Exif\0\0" + bytes(tiff) + bytes(4) + small.getvalue()


def _xmp() -> bytes:
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'rdf:about="" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        f'xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" photoshop:City="{PLACE}" '
        f'aux:SerialNumber="{SERIAL}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def make_clip(picture: Image.Image, target: Path) -> None:
    """An MP4 of four seconds with sound."""
    with av.open(
        str(target),
        "w",
        format="mp4",
        container_options={"fflags": "+bitexact", "movflags": "+faststart"},
    ) as container:
        container.metadata.update(title=TITLE, location=ISO_6709, comment=PLACE, artist=OWNER)
        container.metadata["creation_time"] = "2021-06-01T10:20:30Z"
        video = container.add_stream("libx264", rate=RATE)
        video.width, video.height = CLIP_WH
        video.pix_fmt = "yuv420p"
        # One thread, so that what is shown does not depend on the machine. x264's bits still differ
        # a little from run to run.
        video.options = {"crf": "25", "preset": "slow", "threads": "1"}
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        sound.bit_rate = 32_000
        for index in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(_frame(picture, index), "rgb24").reformat(
                format="yuv420p"
            )
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for packets in _tone(sound):
            container.mux(packets)


def _frame(picture: Image.Image, index: int) -> Rgb:
    """What the camera sees: several moments averaged, then the bar, which stands nearer and out of
    focus."""
    moments = [_view(picture, index + SHUTTER * i / SAMPLES) for i in range(SAMPLES)]
    frame = Image.fromarray(np.mean(moments, axis=0).round().astype(np.uint8))
    first, last, width = BAR
    if first <= index <= last:
        left = -width + (index - first) / (last - first) * (CLIP_WH[0] + width)
        ImageDraw.Draw(frame).rectangle((left, 0, left + width, CLIP_WH[1]), fill=(52, 48, 44))
    return np.asarray(frame)


def _view(picture: Image.Image, moment: float) -> Rgb:
    x, y, width = _camera(moment)
    scale, height = width / CLIP_WH[0], width * CLIP_WH[1] / CLIP_WH[0]
    x, y = np.clip(x, width / 2, 512 - width / 2), np.clip(y, height / 2, 512 - height / 2)
    window = (scale, 0, x - width / 2, 0, scale, y - height / 2)
    return np.asarray(
        picture.transform(CLIP_WH, Image.Transform.AFFINE, window, Image.Resampling.BICUBIC)
    )


def _camera(moment: float) -> tuple[float, float, float]:
    """Centre and width of the view, with the tremble of a hand."""
    keys = np.array(KEYS, float)
    i = int(np.clip(np.searchsorted(keys[:, 0], moment, side="right") - 1, 0, len(keys) - 2))
    share = min((moment - keys[i, 0]) / (keys[i + 1, 0] - keys[i, 0]), 1)
    eased = share * share * (3 - 2 * share)
    x, y, width = keys[i, 1:] + eased * (keys[i + 1, 1:] - keys[i, 1:])
    return x + 1.2 * np.sin(moment * 1.9), y + 1.2 * np.sin(moment * 2.7 + 1), width


def _tone(stream: av.AudioStream) -> list[list[av.Packet]]:
    times = np.arange(FRAMES * SOUND_RATE // RATE) / SOUND_RATE
    wave = (0.2 * np.sin(2 * np.pi * TONE_HZ * times)).astype(np.float32)
    packets, size = [], 1024
    for start in range(0, len(wave), size):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + size], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
        packets.append(stream.encode(frame))
    return [*packets, stream.encode(None)]


def make_overview(photo: Path, clip: Path, target: Path) -> None:
    """The README's picture: the photo before and after, and below it the page on which a person
    reviews the clip."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = _before_and_after(photo, Path(folder))
        page = _review_page(clip, Path(folder))
    half = ((PAGE_WH[0] - GAP) // 2, PHOTO_HEIGHT)
    top, below = CAPTION_HEIGHT, 2 * CAPTION_HEIGHT + PHOTO_HEIGHT + GAP
    canvas = Image.new("RGB", (PAGE_WH[0], below + page.height), "white")
    draw = ImageDraw.Draw(canvas)
    placed = (
        ("Before", before.resize(half), 0, top),
        ("After", after.resize(half), half[0] + GAP, top),
    )
    for words, picture, x, y in (
        *placed,
        ("The review page: a person checks and corrects every box", page, 0, below),
    ):
        draw.text((x, y - CAPTION_HEIGHT + 4), words, fill="black", font=ImageFont.load_default(20))
        canvas.paste(picture, (x, y))
    canvas.save(target, quality=85, optimize=True)


def _before_and_after(photo: Path, folder: Path) -> tuple[Image.Image, Image.Image]:
    import efface

    redacted = folder / photo.name
    efface.redact(photo, redacted)
    before, after = (Image.open(p).convert("RGB").crop(PHOTO_CROP) for p in (photo, redacted))
    return before, after


def _review_page(clip: Path, folder: Path) -> Image.Image:
    """What the browser shows of the clip's last frame."""
    shutil.copy(clip, folder / clip.name)
    command = [sys.executable, "-m", "efface", "review", clip.name, "--no-browser"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            return _photographed(_address(server), folder / "page.png")
        finally:
            server.terminate()


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return next(found[0] for line in server.stdout if (found := re.search(r"http://\S+", line)))


def _photographed(address: str, target: Path) -> Image.Image:
    from playwright.sync_api import sync_playwright

    is_shown = "(e => e && !e.hidden && e.naturalWidth > 0)(document.getElementById('still'))"
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=arguments
        )
        page = browser.new_page(
            viewport={"width": PAGE_WH[0], "height": PAGE_WH[1]}, color_scheme="light"
        )
        page.goto(address)
        while not page.evaluate(is_shown):
            page.wait_for_timeout(100)
        page.keyboard.press("End")
        page.wait_for_timeout(1500)
        page.screenshot(path=target)
        browser.close()
    return Image.open(target).convert("RGB").crop((0, 0, PAGE_WH[0], PAGE_SHOWN))


def main(arguments: list[str]) -> None:
    """Makes all three, beside this script."""
    if "--overview" not in arguments:
        picture = portrait()
        make_photo(picture, HERE / "astronaut.jpg")
        make_clip(picture, HERE / "astronaut.mp4")
    make_overview(HERE / "astronaut.jpg", HERE / "astronaut.mp4", HERE / "overview.jpg")


if __name__ == "__main__":
    main(sys.argv[1:])
