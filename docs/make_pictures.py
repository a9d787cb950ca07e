"""Makes the pictures of the documentation with the real page and the examples of the repository.

    python docs/make_pictures.py    writes docs/pictures/; it needs chromium and the extra `test`

Each picture is a JPEG of 900 pixels in width. The two example files are dropped into the page and
redacted there, so this takes half a minute.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "pictures"
SOURCES = [ROOT / "examples" / name for name in ("astronaut.jpg", "astronaut.mp4")]
PAGE_WH = (1200, 760)
FILES_SHOWN = 450
"""Rows of the page with the files; below them it is empty."""

WIDTH, QUALITY = 900, 70
PATIENCE_MS = 300_000
SETTLES_MS = 2000
"""Small pictures on the page come a moment later."""


def main() -> None:
    """Make all pictures."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_CACHE_HOME"] = str(Path(home, "cache"))
        photograph(Path(home))


def photograph(home: Path) -> None:
    """Use the page as a person does, and take its picture on the way."""
    from playwright.sync_api import sync_playwright

    from efface.options import Options
    from efface.review.serve import serving

    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with serving([], Options(), home) as running, sync_playwright() as playwright:
        running.start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=arguments
        )
        width, height = PAGE_WH
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
        page.set_default_timeout(PATIENCE_MS)
        page.goto(running.url)
        page.wait_for_selector("html[data-ready]")
        walk(
            page, lambda name, shown=height: keep(page.screenshot(), TARGET / f"{name}.jpg", shown)
        )
        browser.close()


def walk(page: Any, take: Callable[..., None]) -> None:
    """Start, files, review. `take` keeps a picture under a name, or its upper rows."""
    take("start")
    page.set_input_files("#input-files", SOURCES)
    page.wait_for_selector("#cards li:nth-child(2)")
    page.click("#redact-all")
    for number in (1, 2):
        page.wait_for_selector(f"#cards li:nth-child({number}) .chip[data-state=rendered]")
    page.wait_for_timeout(SETTLES_MS)
    page.locator("#results").evaluate("e => { e.hidden = true; }")  # a folder of this machine
    take("files", FILES_SHOWN)
    page.click("#cards li:nth-child(2) button[data-id]")
    page.wait_for_selector("#still:not([hidden])")
    page.keyboard.press("n")
    page.keyboard.press("End")
    page.wait_for_timeout(SETTLES_MS)
    take("review")


def keep(png: bytes, target: Path, shown: int) -> None:
    """Save the upper part of a picture, smaller than the screen's."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, shown))
    size = (WIDTH, round(picture.height * WIDTH / picture.width))
    picture.resize(size, Image.Resampling.LANCZOS).save(target, quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
