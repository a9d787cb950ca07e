"""One pass for all kinds: what is asked of the shared network, what each head gets, and how the
parts are joined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from efface.detect.detector import Confirm, DetectorInfo, Doubles, Jury, Rules
from efface.detect.faces import FaceHead
from efface.detect.fail_closed import Guarded
from efface.detect.look import THOROUGH, Look
from efface.detect.map_network import MAPS
from efface.detect.plates import PlateHead
from efface.detect.pyramid import Pyramid, judged
from efface.detect.registry import DETECTORS
from efface.detect.schedule import in_turn
from efface.detect.tiling import SMALLEST_IN_VIDEO, levels, network_tiles
from efface.detect.trunk import Trunk
from efface.detections import FACE, PLATE
from efface.errors import DetectorFailed
from efface.frames import Frame, rgb_picture
from efface.options import DetectOptions


def frame_of(size_wh, index=0):
    return Frame(index, 0, size_wh, black, lambda: rgb_picture(black(size_wh)))


def black(size_wh):
    return np.zeros((size_wh[1], size_wh[0], 3), np.uint8)


class CountingTrunk:
    info = DetectorInfo("trunk", "1", "00", "none")

    def __init__(self):
        self.asked = []

    def tensors(self, rgb, names):
        self.asked.append((rgb.shape[:2], tuple(names)))
        return {name: np.float32([len(self.asked)]) for name in names}


class OneBox:
    """Finds one box in each tile, at one place of the tile."""

    def __init__(
        self,
        kind,
        tensors,
        score=0.5,
        box=(10, 10, 20, 20),
        caution=0.1,
        smallest=400,
        jury=None,
        below=0.0,
    ):
        self.kind, self.tensors, self.infos = (
            kind,
            tensors,
            (DetectorInfo(f"head {kind}", "1", "00", "none"),),
        )
        self.rules = Rules(0.4, 0.2, caution, 0.3, 0.3, 0.6, smallest, jury, below)
        self.got, self.score, self.box = [], score, box
        self.judge = None

    def boxes(self, tensors, floor):
        self.got.append((set(tensors), floor))
        return np.float32([self.box]), np.float32([self.score])


@pytest.mark.parametrize("is_thorough", [False, True])
def test_each_tile_goes_through_the_shared_network_once_and_to_every_head(is_thorough):
    jury = Jury(3, 1.0, 0.3)
    trunk, heads = (
        CountingTrunk(),
        [OneBox(FACE, ("a", "b"), jury=jury), OneBox(PLATE, ("b", "c"), jury=jury)],
    )
    frame = frame_of((1600, 900))
    Pyramid(trunk, heads).detect(frame, Look(is_thorough=is_thorough))
    smallest = 400 if is_thorough else SMALLEST_IN_VIDEO
    sizes = levels(frame.size_wh, is_thorough=is_thorough, smallest=smallest)
    want = [
        (y2 - y1, x2 - x1) for level in sizes for x1, y1, x2, y2 in network_tiles(level.size_wh)
    ]
    assert [shape for shape, _ in trunk.asked] == want
    assert {names for _, names in trunk.asked} == {("a", "b", "c")}
    for head in heads:
        assert len(head.got) == len(want)
        assert all({*head.tensors} <= names for names, _ in head.got)


def test_each_head_looks_at_a_photo_down_to_its_own_smallest_level():
    trunk, heads = (
        CountingTrunk(),
        [OneBox(FACE, ("a",), smallest=400), OneBox(PLATE, ("b",), smallest=200)],
    )
    # Too large for the double size.
    Pyramid(trunk, heads).detect(frame_of((2400, 1200)), THOROUGH)
    assert trunk.asked[-3:] == [
        ((600, 1200), ("a", "b")),
        ((300, 600), ("a", "b")),
        ((150, 300), ("b",)),
    ]
    assert len(heads[1].got) == len(heads[0].got) + 1


def test_all_heads_look_at_a_video_down_to_one_level_and_are_cautious_below_their_own():
    trunk = CountingTrunk()
    heads = [
        OneBox(FACE, ("a",), smallest=400, below=0.125),
        OneBox(PLATE, ("b",), smallest=200, below=0.25),
    ]
    found = Pyramid(trunk, heads).detect(frame_of((960, 540)), Look())
    assert trunk.asked == [
        ((540, 960), ("a", "b")),
        ((270, 480), ("a", "b")),
        ((135, 240), ("a", "b")),
    ]
    assert [floor for _, floor in heads[0].got] == pytest.approx([0.2, 0.2, 0.325])
    assert [floor for _, floor in heads[1].got] == pytest.approx([0.2, 0.2, 0.2])
    assert found.score[found.kind == FACE].min() == 0.375
    assert found.score[found.kind == PLATE].min() == 0.5


def test_a_frame_with_less_detail_is_looked_at_from_there_down():
    trunk = CountingTrunk()
    Pyramid(trunk, [OneBox(FACE, ("a",))]).detect(frame_of((960, 540)), Look(detail=0.5))
    assert [shape for shape, _ in trunk.asked] == [(270, 480), (135, 240)]
    Pyramid(trunk, [OneBox(FACE, ("a",))]).detect(frame_of((960, 540)), Look(detail=0.001))
    assert trunk.asked[-1][0] == (135, 240)


def test_a_small_frame_is_looked_at_by_every_head():
    trunk, heads = (
        CountingTrunk(),
        [OneBox(FACE, ("a",), smallest=400), OneBox(PLATE, ("b",), smallest=200)],
    )
    assert set(Pyramid(trunk, heads).detect(frame_of((90, 60)), Look()).kind.tolist()) == {
        FACE,
        PLATE,
    }


def test_only_what_the_heads_need_is_asked_for():
    trunk = CountingTrunk()
    found = Pyramid(trunk, [OneBox(PLATE, ("c",))]).detect(frame_of((100, 100)), Look())
    assert {names for _, names in trunk.asked} == {("c",)}
    assert set(found.kind.tolist()) == {PLATE}


def test_the_same_place_may_hold_a_face_and_a_plate():
    found = Pyramid(CountingTrunk(), [OneBox(FACE, ("a",)), OneBox(PLATE, ("a",))]).detect(
        frame_of((100, 100)), Look()
    )
    assert found.kind.tolist() == [FACE, PLATE]
    assert found.xyxy.tolist() == [[10, 10, 20, 20]] * 2


def test_each_head_is_cautious_in_its_own_way_at_double_size_only():
    heads = OneBox(FACE, ("a",), caution=0.25), OneBox(PLATE, ("a",), caution=0.125)
    # One by one: a plate on a face would be explained by it.
    found = [
        Pyramid(CountingTrunk(), [head]).detect(frame_of((100, 100)), THOROUGH) for head in heads
    ]
    assert [floor for _, floor in heads[0].got] == pytest.approx([0.45, 0.2])
    assert [floor for _, floor in heads[1].got] == pytest.approx([0.325, 0.2])
    assert [sorted(seen.score.tolist()) for seen in found] == [[0.25, 0.5], [0.375, 0.5]]
    assert sorted(found[1].xyxy.tolist()) == [[5, 5, 10, 10], [10, 10, 20, 20]]


def test_a_photo_has_to_be_surer_where_a_kind_says_so_and_a_video_has_not():
    head = OneBox(PLATE, ("a",), caution=0.0)
    head.rules = replace(head.rules, caution_alone=0.125)
    made = Pyramid(CountingTrunk(), [head])
    assert set(made.detect(frame_of((100, 100)), THOROUGH).score.tolist()) == {0.375}
    assert made.detect(frame_of((100, 100)), Look()).score.tolist() == [0.5]


def test_a_plate_on_a_face_is_explained_by_it_in_a_photo_only():
    heads = [
        OneBox(FACE, ("a",), box=(10, 10, 40, 50)),
        OneBox(PLATE, ("a",), box=(15, 30, 35, 40)),
    ]
    made = Pyramid(CountingTrunk(), heads)
    assert set(made.detect(frame_of((100, 100)), THOROUGH).kind.tolist()) == {FACE}
    assert set(made.detect(frame_of((100, 100)), Look()).kind.tolist()) == {FACE, PLATE}


def test_thresholds_and_networks_are_those_of_the_heads():
    made = Pyramid(CountingTrunk(), [OneBox(FACE, ()), OneBox(PLATE, ())])
    assert made.sure == {FACE: 0.4, PLATE: 0.4}
    assert [i.name for i in made.infos] == ["trunk", "head 0", "head 1"]


RULES = Rules(0.4, 0.2, 0.1, 0.3, 0.4, 0.6, 400)
JURY = Jury(best=3, gain=1.5, floor=0.3)


def view(*boxes_and_scores):
    rows = np.float32([[*box, score] for box, score in boxes_and_scores]).reshape(-1, 5)
    return rows[:, :4], rows[:, 4]


def test_a_jury_takes_the_average_of_the_best_three_views():
    there, beside = (0, 0, 10, 10), (100, 100, 110, 110)
    views = [
        view((there, 0.8)),
        view((there, 0.6)),
        view(),
        view((there, 0.4), (beside, 0.9)),
        view((there, 0.3)),
    ]
    boxes, score = judged(views, RULES, JURY)
    assert boxes.tolist() == [list(there), list(beside)]
    assert score.tolist() == pytest.approx([1.5 * 0.6, 1.5 * 0.3])


def test_what_one_view_alone_says_weakly_is_not_heard():
    boxes, score = judged([view(((0, 0, 10, 10), 0.39)), view(), view()], RULES, JURY)
    assert (boxes.shape, score.shape) == ((0, 4), (0,))
    assert judged([view(), view(), view()], RULES, JURY)[0].shape == (0, 4)


def test_each_view_has_one_vote_however_often_it_saw_the_object():
    seen_twice = view(((0, 0, 10, 10), 0.6), ((0, 0, 10, 9), 0.6), ((0, 1, 10, 10), 0.6))
    assert judged([seen_twice, view(), view()], RULES, JURY)[1].tolist() == pytest.approx(
        [1.5 * 0.2]
    )


def test_fewer_views_than_jurors_leave_seats_empty():
    assert judged([view(((0, 0, 10, 10), 0.9))], RULES, JURY)[1].tolist() == pytest.approx(
        [1.5 * 0.3]
    )


def test_the_box_lies_between_average_and_hull_of_what_agrees_and_is_not_too_weak():
    views = [
        view(((0, 0, 20, 20), 0.75)),
        view(((2, 2, 22, 22), 0.25)),
        view(((-2, 0, 20, 20), 0.19)),
    ]
    assert judged(views, RULES, JURY)[0].tolist() == [[0.25, 0.25, 21.25, 21.25]]


def test_one_view_that_is_far_off_does_not_draw_the_box_alone():
    face, loose = (100, 100, 140, 150), (97, 94, 144, 160)
    (box,) = judged([view((face, 0.9)), view((face, 0.8)), view((loose, 0.3))], RULES, JURY)[
        0
    ].tolist()
    assert 150 < box[3] < 157


def test_a_mirrored_view_is_turned_back_and_only_heads_with_a_jury_look_at_it():
    trunk, face, plate = CountingTrunk(), OneBox(FACE, ("a",), jury=JURY), OneBox(PLATE, ("b",))
    found = Pyramid(trunk, [face, plate]).detect(frame_of((100, 100)), THOROUGH)
    assert len(face.got) == 3  # double, own size, mirrored
    assert len(plate.got) == 2
    faces = sorted(found.xyxy[found.kind == FACE].tolist())
    assert faces == [[5, 5, 10, 10], [10, 10, 20, 20], [80, 10, 90, 20]]


def test_every_second_frame_of_a_video_is_looked_at_in_a_mirror_by_all_heads_and_turned_back():
    heads = OneBox(FACE, ("a",), jury=JURY), OneBox(PLATE, ("b",))
    made = Pyramid(CountingTrunk(), heads)
    seen = [made.detect(frame_of((100, 60), i), in_turn(i, Look())) for i in range(4)]
    assert [d.xyxy.tolist() for d in seen] == [[[10, 10, 20, 20]] * 2, [[80, 10, 90, 20]] * 2] * 2
    assert [d.score.tolist() for d in seen] == [[0.5, 0.5]] * 4  # one view is no jury
    assert [len(head.got) for head in heads] == [4, 4]


def test_a_photo_is_looked_at_alike_whatever_its_page():
    made = Pyramid(CountingTrunk(), [OneBox(FACE, ("a",), jury=JURY)])
    first, second = (made.detect(frame_of((100, 60), i), THOROUGH) for i in (0, 1))
    assert first.xyxy.tolist() == second.xyxy.tolist()


def test_a_jury_hears_weaker_views_than_a_single_look_does():
    head = OneBox(FACE, ("a",), jury=JURY, caution=0.0)
    Pyramid(CountingTrunk(), [head]).detect(frame_of((100, 100)), THOROUGH)
    Pyramid(CountingTrunk(), [head]).detect(frame_of((100, 100)), Look())
    assert [floor for _, floor in head.got] == pytest.approx([0.12, 0.12, 0.12, 0.2])


@pytest.fixture
def sessions(monkeypatch):
    """Every session that is opened, with the outputs that were asked of it."""
    opened: dict[str, list[tuple[str, ...]]] = {}

    def spied(name, model, device, threads=None):
        session, runtime = real(name, model, device, threads)
        asked = opened.setdefault(name, [])

        class Spy:
            get_inputs = staticmethod(session.get_inputs)

            @staticmethod
            def run(names, feed):
                asked.append(tuple(names))
                return session.run(names, feed)

        return Spy(), runtime

    from efface.detect import map_network, trunk

    real = trunk.open_session  # type: ignore[attr-defined]
    for module in (trunk, map_network):
        monkeypatch.setattr(module, "open_session", spied)
    return opened


@pytest.mark.parametrize(
    ("kinds", "networks", "of_faces"),
    [("face", 1, True), ("plate", 2, False), ("plate,face", 2, True)],
)
def test_the_kinds_asked_for_decide_what_is_loaded_and_run(sessions, kinds, networks, of_faces):
    detector = DETECTORS["pyramid"](DetectOptions(kinds=kinds))
    for asked in sessions.values():
        assert len(asked) == 1, "the known picture"
        asked.clear()
    frame = frame_of((1000, 600))
    detector.detect(frame, Look())
    sizes = levels(frame.size_wh, is_thorough=False, smallest=SMALLEST_IN_VIDEO)
    runs = sum(len(network_tiles(level.size_wh)) for level in sizes)
    assert {name: len(asked) for name, asked in sessions.items()} == dict.fromkeys(
        ("centerface", "plates")[:networks], runs
    )
    faces = {"537", "538", "539"}
    asked = sessions["centerface"][0]
    assert faces <= set(asked) if of_faces else not faces & set(asked)
    assert (set(asked) == faces) == (networks == 1)
    named = ["centerface", "plates", "plate-context"][: 1 if networks == 1 else 3]
    assert [i.name for i in detector.infos] == named
    assert set(detector.sure) == {
        k for k, name in ((FACE, "face"), (PLATE, "plate")) if name in kinds
    }


class Spoilt:
    """A session for plates that answers with what `spoil` makes of its maps."""

    def __init__(self, session, spoil):
        self._session, self._spoil = session, spoil
        self.get_inputs = session.get_inputs

    def run(self, names, feed):
        maps = dict(zip(names, self._session.run(names, feed), strict=True))
        return self._spoil(maps) or [maps[n] for n in names]


def nan_in(name):
    def spoil(maps):
        maps[name][0, 0, 3, 2] = np.nan

    return spoil


def infinite_sides(maps):
    maps["sides"][0, 1, 0, 0] = np.inf


def sides_beyond_the_centre(maps):
    maps["heat"][:], maps["sides"][0, 2] = 0.9, -1e4


def one_map_too_few(maps):
    return [maps["heat"]]


def maps_of_two_sizes(maps):
    maps["heat"][:] = 0.9
    return [maps["heat"], maps["sides"][..., :1, :1]]


SPOILS = [
    *map(nan_in, MAPS),
    infinite_sides,
    sides_beyond_the_centre,
    one_map_too_few,
    maps_of_two_sizes,
]


@pytest.mark.parametrize("spoil", SPOILS)
def test_nonsense_from_the_plate_network_is_an_error_and_not_an_empty_frame(spoil):
    options = DetectOptions(kinds="plate")
    head = PlateHead(options)
    head._network._session = Spoilt(head._network._session, spoil)
    failed = pytest.raises(DetectorFailed, match="centerface with plates with plate-context failed")
    with Guarded(Pyramid(Trunk(options), [head]), 20) as detector, failed:
        detector.detect(frame_of((100, 60)), Look())


def test_doubtful_objects_of_every_third_frame_of_a_film_are_looked_at_closer():
    trunk, head = CountingTrunk(), OneBox(FACE, ("a",), box=(10, 10, 50, 50))
    head.rules = replace(head.rules, confirm=Confirm(0.65, 28, (40,), 3.2, 0.35, every=3, most=2))
    pyramid = Pyramid(trunk, [head])
    frame = frame_of((320, 240))
    told = [pyramid.detect(frame, in_turn(i, Look())).closer_looks() for i in range(7)]
    assert [bool(np.isfinite(t).any()) for t in told] == [i % 3 == 0 for i in range(7)]
    assert np.isnan(pyramid.detect(frame, THOROUGH).closer_looks()).all()


def test_high_sensitivity_keeps_what_is_in_doubt_in_films():
    rules = [FaceHead(DetectOptions(sensitivity=s)).rules for s in ("low", "normal", "high")]
    assert [r.confirm is None for r in rules] == [False, False, True]
    assert [r.doubles is None for r in rules] == [False, False, True]


class TwoBoxes(OneBox):
    """Finds a face, and its neck."""

    def boxes(self, tensors, floor):
        return np.float32([(10, 10, 50, 50), (20, 30, 60, 70)]), np.float32([0.9, 0.3])


def test_parts_of_a_better_box_are_dropped_in_films_and_judged_in_photos():
    head = TwoBoxes(FACE, ("a",), smallest=9999)
    head.rules = replace(head.rules, doubles=Doubles(0.4, 0.2, 0.3))
    pyramid, frame = Pyramid(CountingTrunk(), [head]), frame_of((300, 200))
    assert len(pyramid.detect(frame, Look(coarsest=1.0))) == 1
    head.rules = replace(head.rules, doubles=None)
    assert len(pyramid.detect(frame, Look(coarsest=1.0))) == 2


class FixedJudge:
    """Gives the same chance to every piece, and counts them."""

    def __init__(self, chance):
        self.least, self.given, self.asked = 0.2, chance, 0

    def chance(self, rgb):
        self.asked += 1
        return self.given


def judged_head(score, chance):
    head = OneBox(PLATE, ("a",), score=score, box=(10, 10, 50, 30))
    rule = Confirm(0.75, 8, (27,), 7.1, 0.0, every=3, most=8)
    head.rules = replace(head.rules, confirm=rule, in_place=rule)
    head.judge = FixedJudge(chance)
    return head


@pytest.mark.parametrize(
    ("score", "chance", "left"), [(0.5, 0.1, 0.2), (0.5, 0.3, 0.5), (0.95, 0.1, 0.95)]
)
def test_a_doubtful_object_of_a_photo_that_is_out_of_place_does_not_count(score, chance, left):
    head = judged_head(score, chance)
    seen = Pyramid(CountingTrunk(), [head]).detect(frame_of((320, 240)), THOROUGH)
    assert seen.score.max() == pytest.approx(left)
    assert (head.judge.asked > 0) is (score < 0.75)


def test_a_judge_is_asked_in_every_third_frame_of_a_film_and_leaves_the_score():
    head = judged_head(0.5, 0.1)
    pyramid = Pyramid(CountingTrunk(), [head])
    for i in range(4):
        seen = pyramid.detect(frame_of((320, 240)), in_turn(i, Look()))
        assert seen.score.max() == pytest.approx(0.5)
        told = seen.closer_looks()
        assert np.allclose(told, 0.1) if i % 3 == 0 else np.isnan(told).all()
