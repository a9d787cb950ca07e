"""What is known of a source is asked once, and never believed of another file."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from efface.containers import admission
from efface.containers.admission import AdmittedSource, admit, unchanged
from efface.errors import NotMedia, SourceChanged, SourceUnreadable
from efface.files import sha256_of

Calls = list[str]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8), "red").save(path)
    return path


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Names of what was asked of files."""
    asked: Calls = []

    def counted(name: str, function: Callable[[Path], object]) -> Callable[[Path], object]:
        return lambda path: (asked.append(name), function(path))[1]

    for name in ("require_source", "sniffed", "sha256_of"):
        monkeypatch.setattr(admission, name, counted(name, getattr(admission, name)))
    return asked


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the test, which are new, count as old ones."""
    monkeypatch.setattr(admission, "SETTLED_S", 0.0)


def asked_all(admitted: AdmittedSource) -> tuple[str, str, str]:
    admitted.require_readable()
    return admitted.format, admitted.medium, admitted.sha256()


def swap(path: Path, kind: str) -> None:
    """Another picture under that name, with the time of change as it was."""
    before = path.stat()
    Image.new("RGB", (8, 8), "blue").save(path, kind)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_each_thing_is_asked_once_and_only_when_it_is_wanted(
    source: Path, calls: Calls, settled: None
) -> None:
    admitted = admit(source)
    assert calls == ["require_source"]
    assert {asked_all(admitted) for _ in range(3)} == {("png", "photo", sha256_of(source))}
    assert calls == ["require_source", "sniffed", "sha256_of"]


def test_what_is_known_travels_to_other_processes(
    source: Path, calls: Calls, settled: None
) -> None:
    admitted = admit(source)
    said = asked_all(admitted)
    calls.clear()
    assert asked_all(pickle.loads(pickle.dumps(admitted))) == said
    assert calls == []


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_of_another_file_under_that_name_nothing_is_known(
    source: Path, calls: Calls, settled: None, kind: str
) -> None:
    admitted = admit(source)
    before = asked_all(admitted)
    calls.clear()
    swap(source, kind)
    assert asked_all(admitted) == (kind, "photo", sha256_of(source)) != before
    assert calls == ["require_source", "sniffed", "sha256_of"]


def test_a_link_that_leads_elsewhere_is_another_file(
    source: Path, tmp_path: Path, settled: None
) -> None:
    other, link = tmp_path / "b.png", tmp_path / "link.png"
    Image.new("RGB", (8, 8), "blue").save(other)
    link.symlink_to(source)
    admitted = admit(link)
    assert admitted.sha256() == sha256_of(source)
    link.unlink()
    link.symlink_to(other)
    assert admitted.sha256() == sha256_of(other)


def test_a_file_that_was_just_changed_is_hashed_each_time(source: Path, calls: Calls) -> None:
    admitted = admit(source)
    assert admitted.sha256() == admitted.sha256()
    assert calls.count("sha256_of") == 2


def test_a_file_is_opened_once_in_each_way_until_it_changes(source: Path, settled: None) -> None:
    admitted, opened = admit(source), iter(range(9))
    seen = [admitted.opened_once(how, lambda: next(opened)) for how in ("a", "a", "b", "b", "a")]
    assert seen == [0, 0, 1, 1, 2]
    swap(source, "jpeg")
    assert admitted.opened_once("a", lambda: next(opened)) == 3


def test_a_file_that_was_just_changed_is_opened_each_time(source: Path) -> None:
    admitted, opened = admit(source), iter(range(9))
    assert [admitted.opened_once("a", lambda: next(opened)) for _ in range(2)] == [0, 1]


def test_what_opening_fails_with_is_not_kept(source: Path, settled: None) -> None:
    admitted = admit(source)
    with pytest.raises(ZeroDivisionError):
        admitted.opened_once("a", lambda: 1 // 0)
    assert admitted.opened_once("a", lambda: 2) == 2


def test_a_hash_is_not_kept_where_the_file_changes_under_it(
    source: Path, monkeypatch: pytest.MonkeyPatch, settled: None
) -> None:  # fmt: skip
    def then_swap(path: Path) -> str:
        found = sha256_of(path)
        swap(path, "png")
        return found

    admitted = admit(source)
    monkeypatch.setattr(admission, "sha256_of", then_swap)
    stale = admitted.sha256()
    monkeypatch.setattr(admission, "sha256_of", sha256_of)
    assert admitted.sha256() == sha256_of(source) != stale


def test_what_is_gone_or_became_a_pipe_cannot_be_read(source: Path, settled: None) -> None:
    admitted = admit(source)
    asked_all(admitted)
    source.unlink()
    for ask in (admitted.require_readable, lambda: admitted.format, admitted.sha256):
        with pytest.raises(SourceUnreadable, match="no such file"):
            ask()
    if hasattr(os, "mkfifo"):
        os.mkfifo(source)
        for ask in (admitted.require_readable, lambda: admitted.format, admitted.sha256):
            with pytest.raises(SourceUnreadable, match="not a plain file"):
                ask()


def test_what_is_no_medium_is_admitted_and_says_so_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a letter")
    admitted = admit(tmp_path / "a.txt")
    with pytest.raises(NotMedia, match="looks like text"):
        _ = admitted.medium
    for name in ("none", "nul\0"):
        with pytest.raises(SourceUnreadable):
            admit(tmp_path / name)


def test_a_change_within_a_block_is_noticed(source: Path) -> None:
    admitted = admit(source)
    with unchanged(admitted):
        source.read_bytes()
    with pytest.raises(SourceChanged), unchanged(admitted):
        swap(source, "png")
    with pytest.raises(SourceChanged, match="gone"), unchanged(admitted):
        source.unlink()
