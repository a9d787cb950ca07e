"""Boxes grow outwards and are never lost on the way to pixels."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from efface.geometry import area, grown, hull, hulls, iou, nms, overlap, pixel_window, whole_pixels

SIZES = st.tuples(st.integers(1, 300), st.integers(1, 300))
COORDINATE = st.floats(-400, 700, width=32)


@st.composite
def boxes(draw, least=0, most=30):
    """(n, 4) float32 with x1 <= x2 and y1 <= y2."""
    n = draw(st.integers(least, most))
    corners = draw(arrays(np.float32, (n, 2, 2), elements=COORDINATE))
    return np.concatenate([corners.min(1), corners.max(1)], axis=1).reshape(-1, 4)


def pixels_touched(box, size_wh):
    """The slow way: every pixel of which the box covers any part."""
    (x1, y1, x2, y2), (width, height) = box, size_wh
    columns = [x for x in range(width) if x < x2 and x + 1 > x1]
    rows = [y for y in range(height) if y < y2 and y + 1 > y1]
    return rows, columns


@given(boxes(1, 1), SIZES)
def test_a_window_holds_every_pixel_that_its_box_touches_and_no_other(box, size_wh):
    rows, columns = pixels_touched(box[0], size_wh)
    window = pixel_window(box[0].tolist(), size_wh)
    if (box[0, :2] < box[0, 2:]).all():
        assert list(range(size_wh[1]))[window[0]] == rows
        assert list(range(size_wh[0]))[window[1]] == columns


@given(boxes(1, 1), SIZES)
def test_a_window_never_counts_from_the_far_edge(box, size_wh):
    for span, size in zip(pixel_window(box[0].tolist(), size_wh), size_wh[::-1], strict=True):
        assert 0 <= span.start <= span.stop <= size


def test_a_window_left_of_the_picture_is_empty():
    rows, columns = pixel_window((-30.0, -30.0, -10.0, 5.0), (20, 20))
    assert (rows, columns) == (slice(0, 5), slice(0, 0))


@given(boxes(), SIZES)
def test_whole_pixels_go_outwards_and_stay_inside(found, size_wh):
    whole = whole_pixels(found, size_wh)
    for box, outer in zip(found, whole.tolist(), strict=True):
        rows, columns = pixels_touched(box, size_wh)
        assert 0 <= outer[0] <= outer[2] <= size_wh[0]
        assert 0 <= outer[1] <= outer[3] <= size_wh[1]
        if rows and columns:
            assert outer[1] <= rows[0]
            assert rows[-1] < outer[3]
            assert outer[0] <= columns[0]
            assert columns[-1] < outer[2]
    assert ((whole[:, 2:] - whole[:, :2])[~_meets(found, size_wh)] == 0).any(axis=1).all()


def _meets(found, size_wh):
    return (found[:, :2] < size_wh).all(1) & (found[:, 2:] > 0).all(1)


@given(boxes(), st.floats(0, 3))
def test_grown_boxes_contain_their_boxes_by_the_share_asked_for(found, share):
    larger = grown(found, share)
    assert (larger[:, :2] <= found[:, :2]).all()
    assert (larger[:, 2:] >= found[:, 2:]).all()
    want = (found[:, 2:] - found[:, :2]) * (1 + 2 * share)
    np.testing.assert_allclose(larger[:, 2:] - larger[:, :2], want, atol=0.01)


@given(boxes(), boxes())
def test_overlap_and_iou_agree_with_their_definitions(a, b):
    shared = overlap(a, b)
    assert (shared <= np.minimum(area(a)[:, None], area(b)[None]) * 1.0001 + 1e-3).all()
    ratio = iou(a, b)
    assert ratio.shape == (len(a), len(b))
    assert ((ratio >= 0) & (ratio <= 1.001)).all()
    np.testing.assert_allclose(shared, overlap(b, a).T, rtol=1e-5)


def test_iou_of_a_known_pair():
    assert iou(np.float32([[0, 0, 4, 4]]), np.float32([[2, 0, 6, 4], [8, 8, 9, 9]])).tolist() == [
        [np.float32(1 / 3), 0]
    ]


def test_area_of_a_box_with_swapped_sides_is_nothing():
    assert area(np.float32([[5, 0, 0, 5], [0, 0, 2, 3]])).tolist() == [0, 6]


@given(boxes(), st.data())
def test_nms_keeps_the_best_and_drops_only_what_something_better_covers(found, data):
    score = np.array(
        data.draw(st.lists(st.floats(0, 1, width=32), min_size=len(found), max_size=len(found))),
        np.float32,
    )
    keep = nms(found, score, 0.4)
    assert (np.diff(score[keep]) <= 0).all()
    if len(found):
        assert score[keep[0]] == score.max()
    between = iou(found[keep], found[keep])
    assert (between[~np.eye(len(keep), dtype=bool)] < 0.4).all()
    for row in set(range(len(found))) - set(keep.tolist()):
        assert ((iou(found[[row]], found[keep])[0] >= 0.4) & (score[keep] >= score[row])).any()


def test_nms_of_many_boxes_needs_no_square_of_memory():
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 8000, (4000, 2))
    found = np.concatenate([corner, corner + 20], axis=1).astype(np.float32)
    tracemalloc.start()
    keep = nms(found, rng.random(len(found)).astype(np.float32), 0.3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < len(keep) <= len(found)
    assert peak < len(found) ** 2 / 4


@given(boxes(least=1))
def test_a_hull_contains_all(found):
    around = hull(found)
    assert around.shape == (1, 4)
    assert (around[:, :2] <= found[:, :2]).all()
    assert (around[:, 2:] >= found[:, 2:]).all()


def test_boxes_grown_evenly_gain_the_same_all_around():
    assert grown(np.float32([[10, 10, 50, 20]]), 0.5, evenly=True).tolist() == [[-10, -10, 70, 40]]
    assert grown(np.float32([[10, 10, 50, 20]]), 0.5).tolist() == [[-10, 5, 70, 25]]


@given(boxes(1), st.floats(0, 2))
def test_boxes_may_each_grow_by_their_own_share(found, share):
    shares = np.linspace(0, share, len(found), dtype=np.float32)
    each = grown(found, shares)
    assert all(np.array_equal(each[[i]], grown(found[[i]], float(s))) for i, s in enumerate(shares))


@given(boxes(1))
def test_hulls_of_pairs_are_the_hull_of_each_pair(found):
    other = found[::-1]
    pairs = hulls(found, other)
    assert all(
        np.array_equal(pairs[[i]], hull(np.stack([a, b])))
        for i, (a, b) in enumerate(zip(found, other, strict=True))
    )


@given(boxes(), st.data(), st.integers(1, 12))
def test_nms_in_blocks_keeps_what_one_row_at_a_time_keeps(found, data, pairs):
    score = np.array(
        data.draw(st.lists(st.floats(0, 1, width=32), min_size=len(found), max_size=len(found))),
        np.float32,
    )
    left, expected = np.argsort(-score, kind="stable"), []
    while len(left):
        best, left = left[0], left[1:]
        expected.append(int(best))
        left = left[~(iou(found[[best]], found[left])[0] >= 0.4)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("efface.geometry.MOST_PAIRS", pairs)
        assert nms(found, score, 0.4).tolist() == expected
