"""Convert #rrggbb colours, and black, to samples of each layout."""

from __future__ import annotations

from efface.frames import Layout

LUMA_WEIGHTS_601 = (0.299, 0.114)
LUMA_WEIGHTS_709 = (0.2126, 0.0722)
"""Weights of red and of blue in luma."""

HD_HEIGHT = 720
"""Planes do not state their matrix. By convention pictures of this height and above use BT.709,
smaller ones BT.601."""


def samples_of(colour: str, layout: Layout, height: int) -> tuple[int, ...]:
    """Return one opaque sample for each plane.

    `colour` is #rrggbb. Raises ValueError for palettes.
    """
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    samples = _samples(red, green, blue, layout, height)
    return samples + ((layout.peak,) if layout.has_alpha else ())


def _samples(red: float, green: float, blue: float, layout: Layout, height: int) -> tuple[int, ...]:
    if layout.model == "rgb":
        return tuple(round(c * layout.peak) for c in (red, green, blue))
    if layout.model == "cmyk":
        return _cmyk(red, green, blue, layout.peak)
    if layout.model not in ("gray", "yuv"):
        raise ValueError(
            f"colours of the model {layout.model!r} have no meaning without its palette"
        )
    of_red, of_blue = LUMA_WEIGHTS_709 if height >= HD_HEIGHT else LUMA_WEIGHTS_601
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    if layout.model == "gray":
        return (_luma(luma, layout),)
    chroma = (blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red)
    return _luma(luma, layout), _chroma(chroma[0], layout), _chroma(chroma[1], layout)


def _luma(share: float, layout: Layout) -> int:
    """Return a luma sample. `share` runs from 0, black, to 1, white."""
    if layout.full_range:
        return round(share * layout.peak)
    return round((16 + 219 * share) * 2.0 ** (layout.depth - 8))


def _chroma(share: float, layout: Layout) -> int:
    """Return a chroma sample. `share` runs from -0.5 to 0.5."""
    half = 1 << (layout.depth - 1)
    span = layout.peak if layout.full_range else 224 * 2.0 ** (layout.depth - 8)
    return min(max(round(half + share * span), 0), layout.peak)


def _cmyk(red: float, green: float, blue: float, peak: int) -> tuple[int, ...]:
    light = max(red, green, blue)
    if light == 0:
        return 0, 0, 0, peak
    inks = [round((1 - c / light) * peak) for c in (red, green, blue)]
    return (*inks, round((1 - light) * peak))
