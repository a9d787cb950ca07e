"""What an attacker can tell of what was erased: who, by a face, and which vehicle, by its plate;
for blur and mosaic as well.

    pip install dlib-bin face_recognition_models "setuptools<80"      # into an environment of its
                                                                      own that has efface, too
    python -m benchmarks.attacker FOLDER... --font DejaVuSans-Bold.ttf [--json OUT] [--kept
    FILE.npz] [--quick]

FOLDER holds pictures with `annotations.json` (see docs/bench.md). docs/attacks.md says what the
rows mean. Recognising faces and reading plates is the attacker's work: nothing of it is in efface,
and efface imports nothing from here.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import efface
from benchmarks.attack import faces, filters, plates
from benchmarks.attack.filters import STYLES, Filter, Publisher, Rgb
from benchmarks.attack.recognise import Memory, is_known_ground
from benchmarks.attack.stats import Outcome, judged

SEED = 7
FRAMES = 10
MOST_FILMS = 40
PLATES = 200

OTHERS: dict[str, Filter] = {
    "nothing erased": filters.untouched,
    "blur, sigma 1/16": filters.blur(1 / 16),
    "blur, sigma 1/8": filters.blur(1 / 8),
    "blur, sigma 1/4": filters.blur(1 / 4),
    "box blur, 1/2": filters.box_blur(1 / 2),
    "mosaic, 16 tiles": filters.mosaic(16),
    "mosaic, 8 tiles": filters.mosaic(8),
    "mosaic, 4 tiles": filters.mosaic(4),
}
"""Strengths are shares of the covered box's shorter side, and tiles along it."""

PIXELS_ONLY = ("blur, sigma 1/4", "mosaic, 4 tiles")
"""The network takes long, and what it cannot tell from less blur it cannot tell from more."""

Row = tuple[str, str, str, Outcome]
"""Task, attacker, what was done to the picture, and what came of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """The people of one run.

    scene   (n) each in the drawn scene: what is erased and published.
    again   (n) the attacker's other photograph of each.
    gallery (n) the same, in the drawn scene.
    """

    persons: Sequence[faces.Person]
    scene: Sequence[Rgb]
    again: Sequence[Rgb]
    gallery: Sequence[Rgb]


def main() -> None:
    """Runs all attacks, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--font", type=Path, required=True, help="A TrueType font for the plates.")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--kept", type=Path, help="Keeps what the network said of each picture, to go on from."
    )
    parser.add_argument(
        "--sheet", type=Path, help="A folder for pictures of what the attacker was given."
    )
    parser.add_argument("--faces", type=int, default=80)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="30 faces and 300 plates: whether it runs, not what it says.",
    )
    chosen = parser.parse_args()
    began, count = time.monotonic(), 30 if chosen.quick else chosen.faces
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        publisher = Publisher(Path(scratch))
        attacks = [
            plate_attacks(publisher, chosen.font, 300 if chosen.quick else 3000, chosen.sheet),
            face_attacks(
                publisher, crowd(chosen.folders, count), Memory(chosen.kept), chosen.sheet
            ),
        ]
        for task, attacker, what, outcome in (row for attack in attacks for row in attack):
            rows.append((task, attacker, what, outcome))
            print(
                f"{time.monotonic() - began:5.0f} s  {said(rows[-1])}", file=sys.stderr, flush=True
            )
    print(table(rows))
    if chosen.json:
        chosen.json.write_text(text(numbers(rows, chosen)))


def crowd(folders: Sequence[Path], count: int) -> Crowd:
    """The people, and another photograph of each."""
    random, scene = np.random.default_rng(SEED), faces.Scene()
    persons = faces.persons(folders, count, is_known_ground)
    again = [faces.again(p, random) for p in persons]
    return Crowd(persons, [scene.of(p.own) for p in persons], again, [scene.of(g) for g in again])


def face_attacks(
    publisher: Publisher, people: Crowd, memory: Memory, sheet: Path | None
) -> Iterator[Row]:
    """Cheap attacks first."""
    yield from own_photograph(publisher, people, memory, sheet)
    yield from compressed(publisher, people)
    yield from films(publisher, people)
    yield from one_scene(publisher, people, memory, sheet)


def one_scene(
    publisher: Publisher, people: Crowd, memory: Memory, sheet: Path | None
) -> Iterator[Row]:
    """Everything around the mask is the same for everybody, and without loss."""
    task, right = "face, one scene", np.arange(len(people.scene))
    plain = memory.of(people.gallery)
    for what, filtered in all_filters(publisher, faces.COVER, "face").items():
        probes, candidates = (
            [filtered(p) for p in pictures] for pictures in (people.scene, people.gallery)
        )
        show(sheet, f"scene {what}", probes)
        yield task, "pixels, same filter", what, judged(inside(probes), inside(candidates), right)
        if what in PIXELS_ONLY:
            continue
        described = memory.of(probes)
        yield task, "network", what, judged(described, plain, right)
        if what != "nothing erased":
            yield (
                task,
                "network, same filter",
                what,
                judged(described, memory.of(candidates), right),
            )


def own_photograph(
    publisher: Publisher, people: Crowd, memory: Memory, sheet: Path | None
) -> Iterator[Row]:
    """Everybody in the photograph they were taken in.

    What lies around the mask differs, and efface fills from it.
    """
    task, right = "face, own photograph", np.arange(len(people.persons))
    mine = [(p.own, [faces.COVER, *p.others]) for p in people.persons]
    again = [
        (rgb, [faces.COVER, *p.others]) for rgb, p in zip(people.again, people.persons, strict=True)
    ]
    plain = memory.of(people.gallery)
    for style in STYLES:
        probes, candidates = (
            [publisher.photo(rgb, boxes, style) for rgb, boxes in of] for of in (mine, again)
        )
        show(sheet, f"own {style}", probes)
        yield task, "network, face alone", style, judged(memory.of(probes), plain, right)
        yield (
            task,
            "pixels of the fill, has the photograph",
            style,
            judged(inside(probes), inside(candidates), right),
        )
        yield (
            task,
            "pixels around the mask, has the photograph",
            style,
            judged(around(probes), around(candidates), right),
        )


def compressed(publisher: Publisher, people: Crowd) -> Iterator[Row]:
    """One scene again, but the source was a JPEG: blocks across the mask's rim mix what is inside
    with what is outside."""
    blocks = filters.whole_blocks(faces.COVER, (faces.SIDE, faces.SIDE))
    for name, rim, how, mask in (
        ("JPEG source", "shape", "recode", None),
        ("JPEG source, whole blocks", "blocks", "recode", blocks),
        ("JPEG source, exact", "blocks", "exact", blocks),
    ):
        for style in ("smooth", "solid"):

            def publish(
                rgb: Rgb, style: str = style, rim: str = rim, how: str = how
            ) -> NDArray[np.uint8]:
                made = publisher.photo(rgb, [faces.COVER], style, jpeg=True, rim=rim, how=how)
                return near(made, 32)

            yield from traces(name, style, publish, people, len(people.persons), mask)


def films(publisher: Publisher, people: Crowd) -> Iterator[Row]:
    """One scene as a short H.264 film, from a source without loss, and from one that a camera has
    compressed."""

    def publish(rgb: Rgb, style: str, camera: bool) -> NDArray[np.uint8]:
        return near(publisher.video(*faces.panned(rgb, FRAMES), style, camera=camera), 16 + FRAMES)

    for style in ("smooth", "solid"):
        made = [
            np.stack([publish(p, style, False) for p in pictures[:MOST_FILMS]])
            for pictures in (people.scene, people.gallery)
        ]
        right = np.arange(len(made[0]))
        yield (
            "face, one scene, lossless H.264 source",
            "pixels, same steps",
            style,
            judged(made[0], made[1], right),
        )
    yield from traces(
        "H.264 source", "smooth", lambda rgb: publish(rgb, "smooth", True), people, MOST_FILMS
    )


def traces(
    source: str,
    style: str,
    publish: Callable[[Rgb], NDArray[np.uint8]],
    people: Crowd,
    most: int,
    erased: filters.Box | None = None,
) -> Iterator[Row]:
    """What a compressed source has carried out from under the mask, before efface got it.

    The attacker goes the same way with every candidate: scene, compression, efface. He knows the
    scene to the last bit, or all of it but the noise of the sensor. Faces are shown up to the
    mask's rim, or in the labelled box only, inside its margin.

    erased  the box that is erased; None for the shape around COVER.
    """
    for narrow in (False, True):
        within = faces.FACE if narrow else erased
        random, scene = np.random.default_rng(SEED), faces.Scene(within)
        persons, again = people.persons[:most], people.again[:most]
        candidates = np.stack([publish(scene.of(g)) for g in again])
        task = f"face, one scene, {source}, {'within the box' if narrow else 'up to the rim'}"
        for noise in (None, random):
            probes = np.stack([publish(scene.of(p.own, noise)) for p in persons])
            attacker = "pixels, same steps" + (", noise unknown" if noise else "")
            yield task, attacker, style, judged(probes, candidates, np.arange(len(probes)))


def plate_attacks(
    publisher: Publisher, font: Path, count: int, sheet: Path | None
) -> Iterator[Row]:
    """Reading plates: the attacker draws every candidate, does to it what the publisher did, and
    takes the nearest."""
    random, scene = np.random.default_rng(SEED), plates.Scene(font)
    drawn = [scene.of(word) for word in plates.words(count, random)]
    right = random.choice(count, min(PLATES, count), replace=False)
    photos = [plates.photographed(drawn[i], random) for i in right]
    for what, filtered in all_filters(publisher, plates.COVER, "plate").items():
        probes = [filtered(p) for p in photos]
        show(sheet, f"plate {what}", probes)
        if what in STYLES:
            # Candidates go through paint itself, one by one: 3,000 files a style would take minutes
            # and say the same.
            candidates = [filters.painted(p, [plates.COVER], what) for p in drawn]
        else:
            candidates = [filtered(p) for p in drawn]
        yield "plate", "pixels, same filter", what, judged(lumas(probes), lumas(candidates), right)
    for style in ("smooth", "solid"):
        probes = [
            publisher.photo(p, [plates.COVER], style, kind="plate", jpeg=True) for p in photos
        ]
        candidates = [stored(filters.painted(stored(p), [plates.COVER], style)) for p in drawn]
        yield (
            "plate, JPEG",
            "pixels, same steps",
            style,
            judged(lumas(probes), lumas(candidates), right),
        )


def all_filters(
    publisher: Publisher, cover: filters.Box, kind: str
) -> dict[str, Callable[[Rgb], Rgb]]:
    """By name: what others do, and every style of efface, file to file."""
    made: dict[str, Callable[[Rgb], Rgb]] = {
        n: (lambda rgb, f=f: f(rgb, cover)) for n, f in OTHERS.items()
    }  # type: ignore[misc]
    return made | {
        s: (lambda rgb, s=s: publisher.photo(rgb, [cover], s, kind=kind)) for s in STYLES
    }  # type: ignore[misc]


MASK = filters.mask_of(faces.COVER, (faces.SIDE, faces.SIDE))


def inside(pictures: Sequence[Rgb]) -> NDArray[np.uint8]:
    """(n, values) under the mask."""
    return np.stack([p[MASK].ravel() for p in pictures])


def around(pictures: Sequence[Rgb]) -> NDArray[np.uint8]:
    """(n, values) outside of the mask."""
    return np.stack([p[~MASK].ravel() for p in pictures])


def near(samples: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    """(values,) of the cover and so many pixels around it; of a film (frames, rows, columns), its
    luma."""
    x1, y1, x2, y2 = faces.COVER
    rows, columns = slice(y1 - reach, y2 + reach), slice(x1 - reach, x2 + reach)
    return (samples[rows, columns] if samples.shape[-1] == 3 else samples[:, rows, columns]).ravel()


def lumas(pictures: Sequence[Rgb]) -> NDArray[np.uint8]:
    """(n, values)."""
    return np.stack([plates.luma(p) for p in pictures])


def stored(rgb: Rgb) -> Rgb:
    """Through JPEG, as a telephone stores it."""
    _, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, filters.JPEG])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1].copy()


def show(folder: Path | None, name: str, pictures: Sequence[Rgb]) -> None:
    """Six of them in a row."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.hstack(pictures[:6])).save(folder / f"{name.replace('/', '-')}.png")


def said(row: Row) -> str:
    """One line."""
    task, attacker, what, o = row
    low, high = o.interval
    alike = "  all alike" if o.alike else ""
    return (
        f"{task:44} {attacker:44} {what:18} {o.rank1:7.2%} ({low:.1%} to {high:.1%}; "
        f"chance {o.chance:.2%})  "
        f"AUC {o.auc:.3f} ({o.auc_interval[0]:.2f} to {o.auc_interval[1]:.2f}){alike}"
    )


def table(rows: Sequence[Row]) -> str:
    """All of them."""
    return "\n".join(said(row) for row in sorted(rows, key=lambda r: (r[0], r[1])))


def numbers(rows: Sequence[Row], chosen: argparse.Namespace) -> dict[str, object]:
    """What goes into the file."""
    return {
        "efface": efface.__version__,
        "seed": SEED,
        "sets": [f.name for f in chosen.folders],
        "font": chosen.font.name,
        "rows": [
            {
                "task": task,
                "attacker": attacker,
                "filter": what,
                "probes": o.probes,
                "candidates": o.candidates,
                "rank1": round(o.rank1, 5),
                "rank1_95": [round(v, 5) for v in o.interval],
                "chance": round(o.chance, 5),
                "auc": round(o.auc, 4),
                "auc_95": [round(v, 4) for v in o.auc_interval],
                "is_chance": o.is_chance,
                "all_alike": o.alike,
            }
            for task, attacker, what, o in rows
        ],
    }


def text(said: dict[str, object]) -> str:
    """JSON with a row on each line, to be small and to be compared."""
    rows = said.pop("rows")
    assert isinstance(rows, list)
    head = json.dumps(said)[1:-1]
    return "{" + head + ',\n"rows": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n"


if __name__ == "__main__":
    main()
