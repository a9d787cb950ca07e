"""Things that a hasty detector takes for plates: signs, banners, grilles, lamps, stickers,
displays, patterns.

Each must be told from a plate by a person: by its proportions, its long or mixed words, its lonely
big figure, its shape.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic import wear
from training.synthetic.lettering import Mask, fonts_for, pick_font, stamp_text

Rgb = NDArray[np.float32]
Drawing = tuple[Rgb, Mask]
"""Colours (h, w, 3), 0 to 255, and outline (h, w), 0 to 1."""

WORDS = {
    "latin": (
        "RESTAURANT",
        "Main Street",
        "OPEN",
        "Bakery & Café",
        "SUPERMARKET",
        "Happy Birthday",
        "Hotel Plaza",
        "EXIT",
        "SALE today",
        "Station Road",
        "Parking",
        "fresh juice",
        "University",
        "FOR RENT",
        "Welcome",
        "Pharmacy",
        "No entry",
        "BANK",
        "Coca",
        "Taxi",
        "Football Club",
        "Avenida Central",
        "Rue de la Paix",
        "Bahnhofstraße",
        "MOBILE SHOP",
        "insurance",
        "Tyres",
        "Photography by",
    ),
    "arabic": ("مطعم الشرق", "صيدلية", "شارع النيل", "أهلا وسهلا", "مكتبة المدينة"),
    "thai": ("ร้านอาหาร", "ยินดีต้อนรับ", "ถนนสุขุมวิท"),
    "hanzi": ("中国银行", "欢迎光临", "超级市场", "人民路", "火锅店"),
    "japanese": ("ラーメン", "駐車場", "営業中", "東京駅前"),
    "hangul": ("환영합니다", "부동산", "약국", "주차금지"),
    "devanagari": ("स्वागत है", "किराना दुकान", "विद्यालय"),
    "bengali": ("স্বাগতম", "মিষ্টান্ন ভান্ডার", "বিদ্যালয়"),
    "cyrillic": ("АПТЕКА", "Продукты", "ул. Ленина", "РЕСТОРАН"),
    "hebrew": ("ברוכים הבאים", "מסעדה"),
    "tamil": ("வரவேற்பு", "கடை"),
}


def draw_lookalike(rng: np.random.Generator) -> NDArray[np.uint8]:
    """One thing that is not a plate, (h, w, 4) uint8 RGBA."""
    kind = KINDS[int(rng.choice(len(KINDS), p=SHARES))]
    rgb, outline = kind(rng)
    if rng.random() < 0.5:
        rgb = wear.worn(rng, rgb)
    return np.dstack([np.clip(rgb, 0, 255), np.clip(outline, 0, 1) * 255]).astype(np.uint8)


def _colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """A sign painter's colour: strong more often than grey."""
    hue = np.array([[[rng.integers(180), rng.integers(20, 255), rng.integers(40, 255)]]], np.uint8)
    return cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)


def _contrasting(rng: np.random.Generator, ground: NDArray[np.float32]) -> NDArray[np.float32]:
    pale = ground.mean() < 128
    return (
        rng.uniform(200, 255, 3).astype(np.float32)
        if pale
        else rng.uniform(0, 80, 3).astype(np.float32)
    )


def _panel(
    rng: np.random.Generator, width: int, height: int, ground: NDArray[np.float32] | None = None
) -> Drawing:
    colour = _colour(rng) if ground is None else np.asarray(ground, np.float32)
    ramp = 1 + rng.uniform(-0.15, 0.15) * np.linspace(-1, 1, height, dtype=np.float32)
    rgb = np.ascontiguousarray(
        np.broadcast_to(colour * ramp[:, None, None], (height, width, 3)), np.float32
    )
    return rgb, np.ones((height, width), np.float32)


def _words(rng: np.random.Generator, script: str | None = None) -> tuple[str, str]:
    """A script that this system can write, and a word or two in it."""
    held = [s for s in WORDS if fonts_for(s)]
    chosen = script or ("latin" if rng.random() < 0.5 else str(rng.choice(held)))
    return chosen, str(rng.choice(WORDS[chosen]))


def _write(
    rng: np.random.Generator,
    rgb: Rgb,
    text: str,
    script: str,
    box_xywh: tuple[int, int, int, int],
    ink: NDArray[np.float32],
) -> None:
    mask = np.zeros(rgb.shape[:2], np.float32)
    stamp_text(mask, text, pick_font(rng, script), box_xywh, (0.8, 1.1))
    rgb += mask[..., None] * (ink - rgb)


def _sign(rng: np.random.Generator) -> Drawing:
    """A shop sign or banner: several lines of different size, or one long line."""
    width = int(rng.integers(220, 320))
    height = int(width / rng.choice([1.2, 1.8, 2.5, 6.0, 8.0, 10.0]))
    rgb, outline = _panel(rng, width, height)
    ink = _contrasting(rng, rgb[0, 0])
    shares = rng.dirichlet(np.ones(int(rng.integers(2, 5))) * 1.5) if height > 70 else np.ones(1)
    y = 0.0
    for share in shares:
        room = share * height
        if room > 8:
            lines = [_words(rng) for _ in range(1)]
            script, text = lines[0]
            more = (
                " "
                + _words(rng, script)[1]
                + (" " + _words(rng, script)[1] if width / room > 9 else "")
            )
            _write(
                rng,
                rgb,
                text + (more if width / room > 4 else ""),
                script,
                (8, round(y), width - 16, round(room)),
                ink,
            )
        y += room
    return rgb, outline


def _street_name(rng: np.random.Generator) -> Drawing:
    grounds = ((20, 60, 150), (15, 100, 60), (235, 235, 235), (120, 20, 30))
    width, height = int(rng.integers(240, 320)), int(rng.integers(36, 64))
    rgb, outline = _panel(rng, width, height, np.array(grounds[int(rng.integers(4))], np.float32))
    script, text = _words(rng)
    _write(
        rng,
        rgb,
        f"{text} {_words(rng, script)[1]}",
        script,
        (10, 2, width - 20, height - 4),
        _contrasting(rng, rgb[0, 0]),
    )
    return rgb, outline


def _road_sign(rng: np.random.Generator) -> Drawing:
    size = 160
    rgb, outline = _panel(rng, size, size, np.array([240, 240, 240], np.float32))
    outline[:] = 0
    shape = int(rng.integers(4))
    if shape == 0:
        cv2.circle(outline, (80, 80), 78, 1.0, -1, cv2.LINE_AA)
        cv2.circle(rgb, (80, 80), 70, (195, 20, 30), 16, cv2.LINE_AA)
        _write(
            rng,
            rgb,
            str(rng.choice(["30", "50", "60", "80", "100", "5"])),
            "latin",
            (35, 45, 90, 70),
            np.zeros(3, np.float32),
        )
    elif shape == 1:
        corners = np.array([[80, 4], [157, 150], [3, 150]], np.int32)
        cv2.fillPoly(outline, [corners], 1.0, cv2.LINE_AA)
        cv2.polylines(rgb, [corners], True, (200, 20, 30), 30, cv2.LINE_AA)
    elif shape == 2:
        angles = np.pi / 8 + np.arange(8) * np.pi / 4
        corners = np.stack([80 + 80 * np.cos(angles), 80 + 80 * np.sin(angles)], 1).astype(np.int32)
        cv2.fillPoly(outline, [corners], 1.0, cv2.LINE_AA)
        rgb[:] = (190, 20, 30)
        _write(rng, rgb, "STOP", "latin", (18, 55, 124, 50), np.full(3, 240, np.float32))
    else:
        outline[:] = 1
        rgb[:] = (20, 70, 160)
        _write(rng, rgb, "P", "latin", (45, 25, 70, 110), np.full(3, 240, np.float32))
    return rgb, outline


def _grille(rng: np.random.Generator) -> Drawing:
    """A vehicle's grille: bars or a mesh, dark, with bright edges."""
    width, height = int(rng.integers(200, 320)), int(rng.integers(60, 130))
    rgb, outline = _panel(rng, width, height, np.full(3, rng.uniform(8, 60), np.float32))
    bright, step = rng.uniform(70, 230), int(rng.integers(8, 24))
    kind = int(rng.integers(3))
    if kind == 0:
        for y in range(step // 2, height, step):
            cv2.line(rgb, (0, y), (width, y), (bright,) * 3, max(step // 4, 1), cv2.LINE_AA)
    elif kind == 1:
        for x in range(step // 2, width, step):
            cv2.line(rgb, (x, 0), (x, height), (bright,) * 3, max(step // 3, 1), cv2.LINE_AA)
    else:
        for x in range(-height, width, step):
            cv2.line(rgb, (x, 0), (x + height, height), (bright,) * 3, 2, cv2.LINE_AA)
            cv2.line(rgb, (x + height, 0), (x, height), (bright,) * 3, 2, cv2.LINE_AA)
    cv2.rectangle(rgb, (0, 0), (width - 1, height - 1), (bright,) * 3, int(rng.integers(2, 9)))
    if rng.random() < 0.5:
        cv2.ellipse(
            rgb,
            ((width / 2, height / 2), (height * 0.5, height * 0.4), 0),
            (220, 220, 225),
            -1,
            cv2.LINE_AA,
        )
    return rgb, outline


def _lamp(rng: np.random.Generator) -> Drawing:
    width, height = int(rng.integers(140, 300)), int(rng.integers(60, 120))
    colours = ((190, 15, 20), (235, 120, 20), (235, 238, 240), (120, 10, 20))
    rgb, outline = _panel(rng, width, height, np.array(colours[int(rng.integers(4))], np.float32))
    outline[:] = 0
    corners = np.array(
        [
            [0, rng.uniform(0, 0.4)],
            [rng.uniform(0.5, 1), 0],
            [1, rng.uniform(0.3, 0.9)],
            [rng.uniform(0.2, 0.9), 1],
        ]
    )
    cv2.fillConvexPoly(
        outline, (corners * [width - 1, height - 1]).astype(np.int32), 1.0, cv2.LINE_AA
    )
    for _ in range(int(rng.integers(1, 4))):
        at = (int(rng.uniform(0.2, 0.8) * width), int(rng.uniform(0.2, 0.8) * height))
        cv2.circle(
            rgb,
            at,
            int(height * rng.uniform(0.1, 0.3)),
            rng.uniform(120, 255, 3).tolist(),
            int(rng.choice([-1, 3])),
            cv2.LINE_AA,
        )
    return rgb, cv2.GaussianBlur(outline, (0, 0), 2)


def _sticker(rng: np.random.Generator) -> Drawing:
    """A bumper sticker, a book cover, a price tag: words and figures of mixed size."""
    width, height = int(rng.integers(120, 260)), int(rng.integers(80, 220))
    rgb, outline = _panel(rng, width, height)
    ink = _contrasting(rng, rgb[0, 0])
    script, text = _words(rng)
    top = round(height * rng.uniform(0.25, 0.5))
    _write(rng, rgb, text, script, (8, 4, width - 16, top), ink)
    if rng.random() < 0.5:
        price = f"{rng.integers(1, 99)}.{rng.integers(0, 99):02d}"
        _write(
            rng,
            rgb,
            rng.choice(["$", "€", "₹", ""]) + price,
            "latin",
            (10, top, width - 20, height - top - 24),
            _colour(rng),
        )
    else:
        cv2.circle(
            rgb,
            (width // 2, (top + height) // 2),
            (height - top) // 3,
            _colour(rng).tolist(),
            -1,
            cv2.LINE_AA,
        )
    _write(
        rng,
        rgb,
        f"{_words(rng, 'latin')[1]} {_words(rng, 'latin')[1]}",
        "latin",
        (20, height - 22, width - 40, 18),
        ink,
    )
    return rgb, outline


def _taxi_sign(rng: np.random.Generator) -> Drawing:
    width, height = 200, int(rng.integers(60, 90))
    rgb, outline = _panel(
        rng,
        width,
        height,
        np.array([[250, 210, 50], [245, 245, 240], [40, 40, 40]][int(rng.integers(3))], np.float32),
    )
    outline[:] = 0
    slope = int(rng.integers(15, 45))
    cv2.fillConvexPoly(
        outline,
        np.array(
            [[slope, 0], [width - slope, 0], [width - 1, height - 1], [0, height - 1]], np.int32
        ),
        1.0,
        cv2.LINE_AA,
    )
    _write(
        rng,
        rgb,
        str(rng.choice(["TAXI", "Taxi", "CAB", "TAXI 24h"])),
        "latin",
        (50, 8, width - 100, height - 16),
        _contrasting(rng, rgb[0, 0]),
    )
    return rgb, outline


def _watermark(rng: np.random.Generator) -> Drawing:
    """Letters without a ground: a watermark, a clock over the picture, writing on a shirt."""
    texts = (
        f"{rng.integers(2000, 2026)}/{rng.integers(1, 13):02d}/{rng.integers(1, 29):02d} "
        f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}",
        f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}",
        "© " + str(rng.choice(WORDS["latin"])),
        str(rng.integers(1, 100)),
    )
    which = int(rng.integers(4))
    width, height = (110, 130) if which == 3 else (300, 40)
    rgb, outline = _panel(
        rng,
        width,
        height,
        np.array(
            [[250, 250, 250], [250, 150, 40], [20, 20, 20], [240, 220, 40]][int(rng.integers(4))],
            np.float32,
        ),
    )
    mask = np.zeros((height, width), np.float32)
    stamp_text(
        mask, texts[which], pick_font(rng, "latin"), (2, 2, width - 4, height - 4), (0.7, 1.2)
    )
    return rgb, mask * outline * rng.uniform(0.5, 1.0)


def _led_display(rng: np.random.Generator) -> Drawing:
    """A bus's destination in dots."""
    width, height = 320, int(rng.integers(40, 70))
    mask = np.zeros((height // 4, width // 4), np.float32)
    text = f"{rng.integers(1, 400)} {_words(rng, 'latin')[1]}"
    stamp_text(mask, text, pick_font(rng, "latin"), (1, 0, width // 4 - 2, height // 4), (0.6, 1.3))
    dots = np.kron(
        mask > 0.4, np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]])
    ).astype(np.float32)
    rgb, outline = _panel(rng, dots.shape[1], dots.shape[0], np.full(3, 14, np.float32))
    rgb += dots[..., None] * np.array(
        [[255, 150, 20], [240, 245, 250], [250, 40, 20]][int(rng.integers(3))], np.float32
    )
    return rgb, outline


def _pattern(rng: np.random.Generator) -> Drawing:
    """Windows, bricks, stripes, keys: repeated edges without characters."""
    width, height = int(rng.integers(120, 320)), int(rng.integers(60, 200))
    rgb, outline = _panel(rng, width, height)
    ink, step_x, step_y = (
        _colour(rng).tolist(),
        int(rng.integers(12, 50)),
        int(rng.integers(12, 60)),
    )
    shift = rng.random() < 0.5
    for row, y in enumerate(range(0, height, step_y)):
        for x in range(-(row % 2) * (step_x // 2) * shift, width, step_x):
            cv2.rectangle(rgb, (x + 2, y + 2), (x + step_x - 3, y + step_y - 3), ink, -1)
    return rgb, outline


def _badge(rng: np.random.Generator) -> Drawing:
    """A round or oval emblem, or a lone large figure on a plain ground as races and houses have."""
    width, height = int(rng.integers(110, 200)), 120
    rgb, outline = _panel(rng, width, height)
    if rng.random() < 0.6:
        outline[:] = 0
        cv2.ellipse(
            outline, ((width / 2, height / 2), (width - 4, height - 4), 0), 1.0, -1, cv2.LINE_AA
        )
        cv2.ellipse(
            rgb,
            ((width / 2, height / 2), (width - 20, height - 20), 0),
            _colour(rng).tolist(),
            5,
            cv2.LINE_AA,
        )
    text = (
        str(rng.integers(1, 99))
        if rng.random() < 0.6
        else str(rng.choice(["A", "GB", "PUSH", "VIP", "CE", "No 1"]))
    )
    _write(
        rng,
        rgb,
        text,
        "latin",
        (width // 4, height // 4, width // 2, height // 2),
        _contrasting(rng, rgb[0, 0]),
    )
    return rgb, outline


def _blank_panel(rng: np.random.Generator) -> Drawing:
    """A bright rectangle with nothing on it, or a reflector: the commonest mistake of all."""
    width, height = int(rng.integers(120, 320)), int(rng.integers(30, 120))
    rgb, outline = _panel(
        rng, width, height, rng.uniform(150, 255, 3) if rng.random() < 0.6 else None
    )
    rgb += rng.normal(0, 3, rgb.shape).astype(np.float32)
    return rgb * (0.8 + 0.4 * wear.clouds(rng, rgb.shape[:2], 3))[..., None], outline


KINDS: tuple[Callable[[np.random.Generator], Drawing], ...] = (
    _sign,
    _street_name,
    _road_sign,
    _grille,
    _lamp,
    _sticker,
    _taxi_sign,
    _watermark,
    _led_display,
    _pattern,
    _badge,
    _blank_panel,
)
SHARES = np.array([5, 2, 2, 2, 2, 2.5, 1, 2, 1, 1.5, 2, 0.4]) / 23.4
"""How often each kind is drawn; signs lead, as pictures are full of them."""
