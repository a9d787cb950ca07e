"""What holds for every test: nothing that efface started or made outlives it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from efface.files import DRAFTS

PATIENCE_S = 5.0
"""A thread that was told to end needs a moment."""


def _ours() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("efface-")]


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test after which a thread of efface still runs, or a private folder still lies below its tmp_path."""
    before = set(_ours())
    tmp_path: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    until = time.monotonic() + PATIENCE_S
    while (left := [t for t in _ours() if t not in before]) and time.monotonic() < until:
        time.sleep(0.01)
    assert not left, f"threads outlive the test: {[t.name for t in left]}"
    if tmp_path is not None:
        assert not list(tmp_path.rglob(DRAFTS + "*")), "private folders outlive the test"
