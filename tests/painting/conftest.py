"""Pictures of every layout, and regions to erase in them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from efface.frames import Layout, Picture

PLAIN = (0, 0)
DEPTHS = (8, 10, 12, 16)
CHROMA = {"420": (1, 1), "422": (1, 0), "444": PLAIN}
LAYOUTS = {
    **{f"gray{d}": Layout("gray", d) for d in DEPTHS},
    **{f"rgb{d}": Layout("rgb", d, (PLAIN,) * 3) for d in DEPTHS},
    **{f"rgba{d}": Layout("rgb", d, (PLAIN,) * 4, has_alpha=True) for d in (8, 16)},
    **{f"ga{d}": Layout("gray", d, (PLAIN,) * 2, has_alpha=True) for d in (8, 16)},
    **{f"cmyk{d}": Layout("cmyk", d, (PLAIN,) * 4) for d in (8, 16)},
    **{
        f"yuv{c}p{d}": Layout("yuv", d, (PLAIN, s, s), full_range=False)
        for c, s in CHROMA.items()
        for d in DEPTHS
    },
    "yuv410p8": Layout("yuv", 8, (PLAIN, (2, 2), (2, 2)), full_range=False),
    "yuvj420p8": Layout("yuv", 8, (PLAIN, (1, 1), (1, 1))),
    "yuva420p8": Layout("yuv", 8, (PLAIN, (1, 1), (1, 1), PLAIN), full_range=False, has_alpha=True),
}

Drawing = Callable[..., Picture]


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS.keys(), scope="session")
def layout(request: pytest.FixtureRequest) -> Layout:
    """Each layout that a source can have."""
    found: Layout = request.param
    return found


@pytest.fixture(scope="session")
def noise() -> Drawing:
    """noise(layout, (width, height), seed): every sample on its own; interleaved=True gives views
    of one (h, w, c) array."""

    def draw(
        layout: Layout, size_wh: tuple[int, int], seed: int = 0, *, interleaved: bool = False
    ) -> Picture:
        random, (width, height) = np.random.default_rng(seed), size_wh
        kind = np.uint8 if layout.depth <= 8 else np.uint16
        if interleaved:
            whole = random.integers(0, layout.peak + 1, (height, width, len(layout.shifts))).astype(
                kind
            )
            return Picture(tuple(whole[..., i] for i in range(whole.shape[2])), layout)
        shapes = [(-(-height >> sy), -(-width >> sx)) for sx, sy in layout.shifts]
        return Picture(
            tuple(random.integers(0, layout.peak + 1, shape).astype(kind) for shape in shapes),
            layout,
        )

    return draw
