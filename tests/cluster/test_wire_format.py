"""What travels arrives as it was, in small pieces."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from efface.cluster.wire_format import PIECE, messages, pieces
from efface.detections import Detections
from efface.pipeline.perceive import Perceived

RNG = np.random.default_rng(5)


def perceived(noise: bool = True) -> Perceived:
    grey = RNG.integers(0, 256, (360, 640), np.uint8) if noise else np.zeros((360, 640), np.uint8)
    seen = Detections(np.float32([[1, 2, 3, 4]]), np.float32([0.5]), np.uint8([1]))
    return Perceived(
        7,
        700,
        (640, 360),
        False,
        123,
        seen,
        np.float32(RNG.random((27, 48, 3))),
        grey[::2, ::2],
        grey,
    )


def test_a_frame_arrives_as_it_was():
    there = [
        perceived(),
        perceived(noise=False),
        Perceived(8, 800, (640, 360), True, 5, Detections.none()),
    ]
    back = list(messages(pieces(there)))
    assert [(p.index, p.pts, p.size_wh, p.is_bad, p.checksum) for p in back] == [
        (p.index, p.pts, p.size_wh, p.is_bad, p.checksum) for p in there
    ]
    for one, other in zip(there[:2], back[:2], strict=True):
        for name in ("thumb", "view", "grey"):
            mine, theirs = getattr(one, name), getattr(other, name)
            assert mine.dtype == theirs.dtype
            assert np.array_equal(mine, theirs)
        assert np.array_equal(one.seen.xyxy, other.seen.xyxy)
    assert back[2].grey is None


@given(st.lists(st.binary(max_size=3 * PIECE), max_size=4))
def test_pieces_are_small_and_give_the_messages_again(there):
    sent = list(pieces(there))
    assert all(len(piece) <= PIECE for _, piece in sent)
    assert list(messages(sent)) == there


def test_half_a_message_is_none():
    sent = list(pieces(["first", RNG.bytes(2 * PIECE)]))
    assert list(messages(sent[:-1])) == ["first"]
