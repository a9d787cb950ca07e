"""The attacker's statistics, and that an attack which should succeed does, and one that cannot
succeed does not."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from benchmarks.attack import faces, filters, plates, stats

N = 60
EVERYBODY = np.arange(N)


def test_who_is_shown_as_is_is_always_recognised() -> None:
    seen = np.random.default_rng(1).normal(size=(N, 20))
    outcome = stats.judged(seen, seen, EVERYBODY)
    assert (outcome.rank1, outcome.auc, outcome.alike, outcome.is_chance) == (1, 1, False, False)


def test_strangers_are_recognised_by_chance() -> None:
    random = np.random.default_rng(2)
    outcome = stats.judged(random.normal(size=(N, 20)), random.normal(size=(N, 20)), EVERYBODY)
    assert outcome.is_chance
    assert outcome.interval[0] <= outcome.chance <= outcome.interval[1]
    assert outcome.auc_interval[0] < 0.5 < outcome.auc_interval[1]


def test_a_noisy_likeness_is_between_the_two() -> None:
    random = np.random.default_rng(3)
    seen = random.normal(size=(N, 20))
    outcome = stats.judged(seen + random.normal(0, 1.5, seen.shape), seen, EVERYBODY)
    assert 0.1 < outcome.rank1 < 0.9
    assert 0.6 < outcome.auc < 1
    assert not outcome.is_chance


@pytest.mark.parametrize("value", [0.1, 255.0])
def test_where_all_candidates_are_equal_a_hit_is_shared_out(value: float) -> None:
    # An attacker who takes the first of equals would be right whenever the first is meant.
    outcome = stats.judged(np.full((N, 999), value), np.full((N, 999), value), EVERYBODY)
    assert outcome.hits == pytest.approx(1)
    assert (outcome.auc, outcome.alike, outcome.is_chance) == (0.5, True, True)


def test_distances_of_bytes_are_those_of_their_numbers() -> None:
    random = np.random.default_rng(6)
    probes, candidates = (
        random.integers(0, 256, (n, 50)).astype(np.uint8) for n in (20, stats.PART + 70)
    )
    right = random.integers(0, len(candidates), 20)
    assert stats.judged(probes, candidates, right) == stats.judged(
        probes * 1.0, candidates * 1.0, right
    )


def test_of_probes_that_are_not_alike_it_is_said() -> None:
    assert not stats.judged(np.eye(N), np.zeros((N, N)), EVERYBODY).alike


def test_a_candidate_may_be_asked_for_many_times() -> None:
    candidates = np.arange(5.0)[:, None]
    outcome = stats.judged(candidates[[4, 4, 0]], candidates, np.array([4, 4, 1]))
    assert outcome.hits == 2
    assert outcome.chance == 0.2


@pytest.mark.parametrize(("probes", "candidates"), [(0, 5), (3, 1)])
def test_without_a_choice_there_is_no_task(probes: int, candidates: int) -> None:
    with pytest.raises(ValueError, match="no task"):
        stats.judged(np.zeros((probes, 2)), np.zeros((candidates, 2)), np.zeros(probes, np.intp))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (1, 300, 0.0006, 0.0186),
    ],
)
def test_wilsons_interval(hits: int, n: int, low: float, high: float) -> None:
    assert stats.wilson(hits, n) == pytest.approx((low, high), abs=1e-4)


def head(tone: int) -> faces.Person:
    own = np.full((faces.SIDE, faces.SIDE, 3), tone, np.uint8)
    own[100:140:8] = 255 - tone
    return faces.Person(own, ())


def test_in_the_scene_people_differ_under_the_mask_only() -> None:
    mask = filters.mask_of(faces.COVER, (faces.SIDE, faces.SIDE))
    for scene in (faces.Scene(), faces.Scene(faces.FACE)):
        one, other = scene.of(head(20).own), scene.of(head(200).own)
        assert (one[~mask] == other[~mask]).all()
        assert (one != other)[mask].mean() > 0.3


def test_the_attacker_has_another_picture_of_the_same() -> None:
    person, random = head(90), np.random.default_rng(4)
    first, second = faces.again(person, random), faces.again(person, random)
    assert (first != second).any()
    assert first.shape == person.own.shape


@pytest.mark.parametrize("style", filters.STYLES)
def test_a_publishers_photographs_are_alike_for_all(style: str, tmp_path: Path) -> None:
    publisher, scene = filters.Publisher(tmp_path), faces.Scene()
    one, other = (
        publisher.photo(scene.of(head(tone).own), [faces.COVER], style) for tone in (20, 200)
    )
    assert (one == other).all()
    assert (one == filters.painted(scene.of(head(90).own), [faces.COVER], style)).all()


def test_a_publishers_film_from_a_lossless_source_is_alike_for_all(tmp_path: Path) -> None:
    publisher, scene = filters.Publisher(tmp_path), faces.Scene()
    one, other = (
        publisher.video(*faces.panned(scene.of(head(t).own), 3), "smooth", camera=False)
        for t in (20, 200)
    )
    assert one.shape == (3, faces.SIDE * 3 // 2, faces.SIDE)
    assert (one == other).all()


@pytest.mark.parametrize(
    "change", [filters.blur(1 / 8), filters.box_blur(1 / 2), filters.mosaic(4)]
)
def test_other_filters_keep_to_their_box_and_keep_a_trace(change: filters.Filter) -> None:
    x1, y1, x2, y2 = faces.COVER
    dark, light = (faces.Scene().of(head(t).own) for t in (20, 200))
    outside = np.ones(dark.shape[:2], bool)
    outside[y1:y2, x1:x2] = False
    changed = change(dark, faces.COVER)
    assert (changed[outside] == dark[outside]).all()
    assert (changed[~outside] != dark[~outside]).any()
    assert (
        abs(int(changed[~outside].mean()) - int(change(light, faces.COVER)[~outside].mean())) > 20
    )


def test_plates_are_all_different_and_stand_in_their_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    font = ImageFont.load_default(23)  # Pillow's own, as no other is sure to be there
    monkeypatch.setattr(ImageFont, "truetype", lambda path, size: font)
    words = plates.words(200, np.random.default_rng(5))
    assert len(set(words)) == 200
    assert all(
        w[:2].isalpha() and w[2:4].isdigit() and set(w[5:]) <= set(string.ascii_uppercase)
        for w in words
    )
    scene = plates.Scene(Path("any.ttf"))
    changed = (scene.of("WW88 WWW") != scene.empty).any(-1)
    rows, columns = np.nonzero(changed)
    x1, y1, x2, y2 = plates.PLATE
    assert x1 + 2 <= columns.min() < columns.max() < x2 - 2
    assert y1 + 2 <= rows.min() < rows.max() < y2 - 2


def test_nothing_in_efface_knows_the_attacker() -> None:
    known = set()
    for path in (Path(__file__).parents[2] / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            known |= {name.split(".")[0] for name in names}
    assert "numpy" in known
    assert not known & {"benchmarks", "dlib", "face_recognition_models"}
