"""People write shares, colours, times and areas in several ways."""

from __future__ import annotations

import math

import pytest

from efface.option_values import GivenArea, TimeSpan, colour_of, given_area, share_of, span_of


@pytest.mark.parametrize(
    ("text", "share"), [("0.4", 0.4), ("40%", 0.4), (" 40 % ", 0.4), ("-1", -1.0), ("1e-1", 0.1)]
)
def test_shares(text, share):
    assert share_of(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "%", "a third", "4%0", "40%%"])
def test_what_is_no_share(text):
    with pytest.raises(ValueError, match="could not convert"):
        share_of(text)


@pytest.mark.parametrize(
    ("text", "colour"),
    [("#A0b", "#aa00bb"), ("#0a0B0c", "#0a0b0c"), (" Teal ", "#008080"), ("mauve", "mauve")],
)
def test_colours(text, colour):
    assert colour_of(text) == colour


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0:10-0:14", (10, 14)),
        (" 1:02:03.5 - 1:02:10 ", (3723.5, 3730)),
        ("12.5-14", (12.5, 14)),
        ("0:10-", (10, math.inf)),
        ("90-120", (90, 120)),
    ],
)
def test_spans_of_time(text, span):
    assert span_of(text) == TimeSpan(*span)


@pytest.mark.parametrize(
    "text", ["", "0:10", "0:14-0:10", "5-5", "0:99-2:00", "a-b", "-5", "nan-5"]
)
def test_what_is_no_span_of_time(text):
    with pytest.raises(ValueError, match=r"time|before"):
        span_of(text)


def test_areas():
    pixels = (False,) * 4
    assert given_area("10,10,200,60") == GivenArea((10, 10, 200, 60), pixels)
    assert given_area(" 0 , 5%, 99.5%,60 @ 0:01-") == GivenArea(
        (0, 0.05, 0.995, 60), (False, True, True, False), TimeSpan(1, math.inf)
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "9,0,9,9",
        "0,50%,9,40%",
        "-1,0,9,9",
        "1,2,3,x",
        "0,0,9,9@",
        "0,0,9,9@5",
    ],
)
def test_what_is_no_area(text):
    with pytest.raises(ValueError, match=r"area|RIGHT|time"):
        given_area(text)
