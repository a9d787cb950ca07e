"""Names of dropped files lead nowhere, and mean the same everywhere."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.review.clean_names import MOST_BYTES, MOST_PARTS, cleaned


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a.jpg", "a.jpg"),
        ("holiday/a b.jpg", "holiday/a b.jpg"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("..\\..\\a.jpg", "a.jpg"),
        ("C:\\Users\\a.jpg", "C_/Users/a.jpg"),
        (".ssh/.hidden.jpg", "ssh/hidden.jpg"),
        ("a\x00b\n\u202egpj.exe", "abgpj.exe"),
        ("con.jpg", "file-con.jpg"),
        ("a.jpg. . ", "a.jpg"),
        ("", "file"),
        ("..", "file"),
        ("\ud800.jpg", "jpg"),
        ("日本.jpg", "日本.jpg"),
    ],
)
def test_a_name_is_cleaned(name, clean):
    assert cleaned(name) == PurePosixPath(clean)


@given(st.text(max_size=400))
def test_no_name_leads_elsewhere(name):
    clean = cleaned(name)
    assert not clean.is_absolute()
    assert 1 <= len(clean.parts) <= MOST_PARTS
    for part in clean.parts:
        assert part not in ("", ".", "..")
        assert not part.startswith(".")
        assert not set(part) & set('/\\:*?"<>|\0')
        assert len(part.encode()) <= MOST_BYTES + 5


def test_a_long_name_keeps_its_ending():
    assert cleaned("x" * 4000 + ".jpg").name.endswith("x.jpg")
