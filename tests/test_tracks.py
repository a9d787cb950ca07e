"""A track that makes no sense cannot be made."""

from __future__ import annotations

import numpy as np
import pytest

from efface.tracks import Reason, Track


def track(frame=(0, 1), xyxy=((0, 0, 1, 1), (0, 0, 1, 1)), reason=(0, 0), score=(1, 1)):
    return Track(
        1,
        0,
        np.array(frame, np.int32),
        np.array(xyxy, np.float32),
        np.array(reason, np.uint8),
        np.array(score, np.float32),
    )


def test_a_sensible_track():
    assert len(track()) == 2
    assert not track().keep
    assert (
        list(Reason) == [Reason.SEEN, Reason.BRIDGED, Reason.EXTENDED, Reason.DRAWN] == [0, 1, 2, 3]
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"frame": (), "xyxy": np.empty((0, 4)), "reason": (), "score": ()},
        {"frame": (1, 1)},
        {"frame": (2, 1)},
        {"frame": (-1, 1)},
        {"frame": (5, -(2**31))},
        {"xyxy": ((0, 0, 1, 1), (0, 0, np.nan, 1))},
        {"score": (1,)},
        {"reason": (1,)},
        {"xyxy": ((0, 0, 1, 1),)},
    ],
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"track|box"):
        track(**wrong)
