"""The plan under review, where files are locked in another way."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest

from efface import file_locks, private_folders
from efface.errors import WriteFailed
from efface.file_locks import locked
from efface.pipeline.naming import jobs_for
from efface.planning.sidecar import lines, load
from efface.review import document
from efface.review.document import Document

APPROVED = {"edit": "approve", "approved": True}


@pytest.fixture
def windows(monkeypatch):
    """What Windows lacks is gone, and its locks are there: on bytes, by each open file."""
    taken = {}

    def locking(handle, mode, count):
        where = (os.fstat(handle).st_ino, os.lseek(handle, 0, os.SEEK_CUR))
        holder = taken.get(where)
        if holder is not None and holder != handle:
            raise PermissionError("it is locked")
        taken[where] = handle

    real = os.close

    def close(handle):
        for where in [w for w, holder in taken.items() if holder == handle]:
            del taken[where]
        real(handle)

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setattr(os, "close", close)
    for name in ("pread", "pwrite", "O_DIRECTORY", "O_NOFOLLOW"):
        monkeypatch.delattr(os, name, raising=False)
    for module in (document, file_locks, private_folders):
        monkeypatch.setattr(module, "CAN_REPLACE_OPEN_FILES", False)
    return taken


@pytest.mark.parametrize("older", [False, True])
def test_a_review_locks_its_plan_on_windows_too(windows, photos, older):
    source = photos[0]
    path = jobs_for([source], None)[0].plan_path
    if older:
        path.write_text("".join(lines(load(path))).replace('"version": 2', '"version": 1'))
    one = Document(source, path)
    try:
        assert windows
        with pytest.raises(WriteFailed, match="open in another review"):
            Document(source, path)
        with pytest.raises(WriteFailed, match="open in a review"), locked(path):
            pass
        one.change(0, [APPROVED])
        one.change(1, [{"edit": "undo"}])
    finally:
        one.close()
    assert [e["edit"] for e in load(path).edits] == ["approve", "undo"]
    again = Document(source, path)
    again.close()
