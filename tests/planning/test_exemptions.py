"""Reasons go with tracks through a person's changes, and come from a list that is checked."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from efface.errors import UsageError
from efface.planning import exemptions
from efface.planning.edits import Delete, Join, Justify, Split, Undo
from efface.planning.exemptions import load_reasons, reasons_of
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Track


def track(number):
    boxes = np.array([(1, 1, 9, 9)] * 10, np.float32)
    return Track(
        number, 0, np.arange(10, dtype=np.int32), boxes, np.zeros(10, np.uint8),
        np.full(10, 0.5, np.float32),
    )  # fmt: skip


def told(*edits):
    line = Timeline(np.arange(20, dtype=np.int64), Fraction(1, 25))
    tracks = (track(1), track(2))
    plan = Plan("00", "video", ((64, 48),), line, tracks, edits=tuple(e.plain() for e in edits))
    return reasons_of(plan)


@pytest.mark.parametrize(
    ("edits", "reasons"),
    [
        ((), {}),
        ((Justify((1, 2), "a"), Justify((2,), "b")), {1: "a", 2: "b"}),
        ((Justify((1,), "a"), Justify((1,), "")), {}),
        ((Justify((1,), "a"), Undo()), {}),
        ((Justify((1,), "a"), Split(1, 5, 7)), {1: "a", 7: "a"}),
        ((Split(1, 5, 7),), {}),
        ((Justify((2,), "b"), Join(1, 2)), {1: "b"}),
        ((Justify((1,), "a"), Justify((2,), "b"), Join(1, 2)), {1: "a"}),
        ((Justify((1, 2), "a"), Delete(1)), {2: "a"}),
        ((Justify((9,), "a"),), {}),
    ],
)
def test_reasons_go_with_tracks(edits, reasons):
    assert told(*edits) == reasons


def test_a_list_has_one_reason_a_line(tmp_path):
    path = tmp_path / "reasons.txt"
    path.write_bytes("\ufeff# of the office\r\n\r\n s. 40(2)  \r\ns. 38\r\ns. 38\r\n".encode())
    assert load_reasons(path) == ("s. 40(2)", "s. 38")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"# nothing\n", "1 to 200"),
        (b"x" * 121, "120 characters"),
        (b"a\tb", "printed"),
        (b"\xff", "UTF-8"),
        (b"".join(b"%d\n" % i for i in range(201)), "1 to 200"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path, data, said):
    path = tmp_path / "reasons.txt"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=said):
        load_reasons(path)
    with pytest.raises(UsageError):
        load_reasons(tmp_path / "none")


def test_a_large_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(exemptions, "LARGEST", 10)
    (tmp_path / "a").write_text("a\n" * 20)
    with pytest.raises(UsageError):
        load_reasons(tmp_path / "a")
