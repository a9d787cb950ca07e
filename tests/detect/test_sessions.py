"""How many threads a network gets."""

from __future__ import annotations

import pytest

from efface.detect.sessions import cores


@pytest.mark.parametrize(
    ("asked", "given"), [("1", 1), ("0", None), ("", None), ("many", None), ("-3", None), ("100000", None)]
)
def test_threads_are_as_few_as_the_environment_says(monkeypatch, asked, given):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    all_of_them = cores()
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert cores() == (given or all_of_them)
