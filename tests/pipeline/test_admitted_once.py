"""One `efface.redact` asks once whether the source can be read, what it is, and which bytes it
holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import efface
from efface import files
from efface.containers import admission, sniff
from efface.containers.admission import AdmittedSource, admit
from efface.errors import PlanMismatch, SourceChanged
from efface.events import Event, silent
from efface.media.decoder import source_opening
from efface.media.interfaces import Source
from efface.options import Options, ReadOptions, WriteOptions
from efface.pipeline import one_source
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.naming import job_for
from efface.pipeline.sources import kept_open, opened

ASKED = {
    "require_source": files.require_source,
    "sniffed": sniff.sniffed,
    "sha256_of": files.sha256_of,
}

ONCE = {"require_source": 1, "sniffed": 1, "sha256_of": 1}

SOUND = ["-f", "lavfi", "-i", "sine=d=0.4", "-c:a", "aac"]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    what = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=96x64:d=0.4:r=25",
        *SOUND,
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
    ]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *what, str(path)], check=True, stdin=subprocess.DEVNULL
    )
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 96, 3), np.uint8)).save(path)
    return path


def replaced_everywhere(monkeypatch: pytest.MonkeyPatch, old: object, new: object) -> None:
    """In each module that has it by name; those imported later get it from there."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "efface":
            for attribute in [a for a, value in vars(module).items() if value is old]:
                monkeypatch.setattr(module, attribute, new)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[Path, Counter[str]]:
    """How often each question was asked of each file."""
    counts: dict[Path, Counter[str]] = {}

    def counted(name: str, function: Callable[[Path], Any]) -> Callable[[Path], Any]:
        def ask(path: Path) -> Any:
            counts.setdefault(path, Counter())[name] += 1
            return function(path)

        return ask

    for name, function in ASKED.items():
        replaced_everywhere(monkeypatch, function, counted(name, function))
    monkeypatch.setattr(admission, "SETTLED_S", 0.0)  # the source was made just now
    return counts


def noted_openings(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Path]:
    """Return a list that gets the path of each file that the function of that name opens."""
    noted: list[Path] = []
    opens = getattr(source_opening, name)

    def open_and_note(source: AdmittedSource, options: ReadOptions) -> Source:
        noted.append(source.path)
        opened: Source = opens(source, options)
        return opened

    monkeypatch.setattr(source_opening, name, open_and_note)
    return noted


@pytest.mark.parametrize("audio", ["drop", "keep"])
def test_a_film_is_admitted_once(film: Path, asked: dict[Path, Counter[str]], audio: str) -> None:
    done = efface.redact(film, options=Options(write=WriteOptions(audio=audio)))
    assert asked[film] == ONCE
    assert done.rendered.source_sha256 == done.plan.source_sha256 == files.sha256_of(film)


def test_a_film_is_opened_once_and_each_reading_has_its_own_notes(
    film: Path, asked: dict[Path, Counter[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = noted_openings(monkeypatch, "_film")
    efface.redact(film)
    assert opened.count(film) == 1
    assert len(opened) == 2  # and the draft, by the check

    source = admit(film)
    first = source_opening.open_source(source, ReadOptions())
    first.info.notes.append("odd")
    assert source_opening.open_source(source, ReadOptions()).info.notes == []
    assert opened.count(film) == 2
    source_opening.open_source(source, ReadOptions(bad_frames="cover"))
    assert opened.count(film) == 3


@pytest.fixture
def photos_opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The photos that were opened, in order."""
    return noted_openings(monkeypatch, "_photo")


def test_a_photo_is_opened_once_to_be_searched_and_painted(
    photo: Path, asked: dict[Path, Counter[str]], photos_opened: list[Path]
) -> None:
    efface.redact(photo)
    assert photos_opened.count(photo) == 1
    assert len(photos_opened) == 2  # and the draft, by the check


def test_a_photo_that_has_only_just_changed_is_opened_for_each_of_both(
    photo: Path, photos_opened: list[Path]
) -> None:
    efface.redact(photo)  # its stamp would not show a second change
    assert photos_opened.count(photo) == 2


def test_a_photo_is_kept_open_for_the_same_bytes_and_options_and_not_longer(
    photo: Path, asked: dict[Path, Counter[str]], photos_opened: list[Path]
) -> None:
    source, options = admit(photo), ReadOptions()
    with kept_open(source):
        with opened(source, options) as first:
            pass
        with opened(source, options) as second:
            assert second is first
            assert [f.size_wh for f in second.frames()] == [(96, 64)]
        with opened(source, ReadOptions(bad_frames="cover")) as other:
            assert other is not first
        photo.write_bytes(photo.read_bytes())
        with opened(source, options) as changed:
            assert changed is not first
    with opened(source, options) as after:
        assert after is not changed
    assert len(photos_opened) == 4


def test_a_photo_is_admitted_once_whether_its_target_is_named_or_not(
    photo: Path, asked: dict[Path, Counter[str]], tmp_path: Path
) -> None:  # fmt: skip
    efface.redact(photo)
    assert asked.pop(photo) == ONCE
    efface.redact(photo, tmp_path / "b.png")
    assert asked.pop(photo) == ONCE
    efface.inspect(photo, others=False)
    assert asked.pop(photo) == ONCE


@pytest.mark.parametrize("stage", ["look", "render", "check"])
@pytest.mark.parametrize("kind", ["film", "photo"])
def test_a_file_that_is_swapped_meanwhile_is_noticed_although_it_is_hashed_once(
    request: pytest.FixtureRequest,
    kind: str,
    stage: str,
    asked: dict[Path, Counter[str]],
    tmp_path: Path,
) -> None:
    """Its content, size and time of change stay: only that the inode was changed tells of it."""
    source: Path = request.getfixturevalue(kind)
    before, left = source.stat(), [source]

    def swap(event: Event) -> None:
        if event.stage == stage and left:
            path = left.pop()
            path.write_bytes(path.read_bytes())
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(SourceChanged):
        efface.redact(source, listener=swap)
    assert not left
    assert [p.name for p in tmp_path.iterdir()] == [source.name]


@pytest.mark.parametrize("kind", ["film", "photo"])
def test_a_file_that_is_swapped_between_looking_and_rendering_is_noticed(
    request: pytest.FixtureRequest, kind: str, asked: dict[Path, Counter[str]], tmp_path: Path
) -> None:  # fmt: skip
    """Its pictures stay, too: the other bytes are all that tells of it."""
    source: Path = request.getfixturevalue(kind)
    before = source.stat()

    def swap(plan: efface.Plan) -> None:
        source.write_bytes(source.read_bytes() + b"\0\0\0\x08free")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))

    with DetectorSession(Options()) as session, pytest.raises(PlanMismatch, match="SHA-256"):
        one_source.redact(session, job_for(admit(source), None), silent, swap)
    assert asked[source]["sha256_of"] == 2
    assert [p.name for p in tmp_path.iterdir()] == [source.name]
