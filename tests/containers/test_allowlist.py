"""The list of what may remain, against clean files and against each kind of stranger."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from efface.containers.allowlist import unlisted_parts
from efface.containers.sniff import format_of
from efface.errors import SourceUnreadable

SUFFIXES = ["jpg", "png", "webp", "gif", "tif", "avif"]


@pytest.fixture
def clean(
    tmp_path: Path, passed_through: Callable[..., Path], scene: NDArray[np.uint8]
) -> Callable[[str], Path]:
    def make(suffix: str) -> Path:
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(scene).save(path)
        return passed_through(path)

    return make


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_efface_writes_is_clean_and_one_byte_behind_the_end_is_not(
    clean: Callable[[str], Path], suffix: str
) -> None:
    path = clean(suffix)
    assert unlisted_parts(path, format_of(path)) == []
    path.write_bytes(path.read_bytes() + b"0123456789abcdef" * 4)
    assert unlisted_parts(path, format_of(path)) != []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_breaks_off_is_strange(clean: Callable[[str], Path], suffix: str) -> None:
    path = clean(suffix)
    data = path.read_bytes()
    for keep in (len(data) // 2, len(data) - 3, 30):
        path.write_bytes(data[:keep])
        assert unlisted_parts(path, {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix)) != []


def test_a_thumbnail_inside_jfif_is_seen(clean: Callable[[str], Path]) -> None:
    path = clean("jpg")
    data = path.read_bytes()
    content = b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01rgb"
    path.write_bytes(
        data[:2] + b"\xff\xe0" + struct.pack(">H", len(content) + 2) + content + data[20:]
    )
    assert unlisted_parts(path, "jpeg") == ["segment APP0 JFIF"]


def test_a_profile_in_a_box_is_seen(tmp_path: Path, scene: NDArray[np.uint8]) -> None:
    path = tmp_path / "a.avif"
    Image.fromarray(scene).save(path, icc_profile=b"\0" * 200)
    assert "box colr" in unlisted_parts(path, "avif")


def test_bytes_between_the_parts_of_a_tiff_are_seen(clean: Callable[[str], Path]) -> None:
    path = clean("tif")
    data = bytearray(path.read_bytes())
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    directory = data[at : at + 6 + 12 * count]
    struct.pack_into("<I", data, 4, len(data) + 20)
    path.write_bytes(bytes(data) + b"N" * 20 + bytes(directory))
    assert unlisted_parts(path, "tiff") != []


def test_what_cannot_be_opened_is_said_to_be_unreadable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable):
        unlisted_parts(tmp_path / "missing.jpg", "jpeg")


def test_pillows_own_files_with_a_comment_are_not_clean(
    tmp_path: Path, scene: NDArray[np.uint8]
) -> None:
    buffer = io.BytesIO()
    Image.fromarray(scene).save(buffer, "JPEG", comment=b"hello")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue())
    assert unlisted_parts(tmp_path / "a.jpg", "jpeg") == ["segment COM"]
