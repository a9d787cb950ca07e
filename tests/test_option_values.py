"""People write shares and colours in several ways."""

from __future__ import annotations

import pytest

from efface.option_values import colour_of, share_of


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
