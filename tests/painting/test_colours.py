"""One colour, many layouts."""

from __future__ import annotations

import pytest

from efface.frames import Layout
from efface.painting.colours import samples_of

PLAIN = ((0, 0),) * 3


@pytest.mark.parametrize(
    ("layout", "colour", "height", "want"),
    [
        (Layout("rgb", 8, PLAIN), "#3060a0", 100, (0x30, 0x60, 0xA0)),
        (Layout("rgb", 16, PLAIN), "#ff0000", 100, (65535, 0, 0)),
        (Layout("rgb", 8, ((0, 0),) * 4, has_alpha=True), "#010203", 9, (1, 2, 3, 255)),
        (Layout("gray", 8), "#ffffff", 100, (255,)),
        (Layout("gray", 8, full_range=False), "#ffffff", 100, (235,)),
        (Layout("cmyk", 8, ((0, 0),) * 4), "#000000", 100, (0, 0, 0, 255)),
        (Layout("cmyk", 8, ((0, 0),) * 4), "#ff0000", 100, (0, 255, 255, 0)),
        (Layout("yuv", 8, PLAIN, full_range=False), "#000000", 100, (16, 128, 128)),
        (Layout("yuv", 10, PLAIN, full_range=False), "#ffffff", 100, (940, 512, 512)),
        (Layout("yuv", 8, PLAIN), "#000000", 100, (0, 128, 128)),
        # The published values of the colour bars: red in BT.601 and in BT.709.
        (Layout("yuv", 8, PLAIN, full_range=False), "#ff0000", 576, (81, 90, 240)),
        (Layout("yuv", 8, PLAIN, full_range=False), "#ff0000", 1080, (63, 102, 240)),
        (Layout("yuv", 8, PLAIN), "#0000ff", 576, (29, 255, 107)),
    ],
)
def test_samples(layout, colour, height, want):
    assert samples_of(colour, layout, height) == want


def test_a_palette_has_no_colours():
    with pytest.raises(ValueError, match="palette"):
        samples_of("#000000", Layout("index"), 100)
