"""Which of the two formats a file has, and what is said of a file that has neither."""

from __future__ import annotations

import pytest

from efface.errors import BadBoxes
from efface.planning import box_file
from efface.planning.box_file import load_boxes

XML = b'\xef\xbb\xbf\n<annotations><image name="a" width="9" height="9"/></annotations>'


def test_the_content_says_which_format_it_is(tmp_path):
    path = tmp_path / "boxes"
    path.write_bytes(XML)
    assert load_boxes(path).format == "CVAT 1.1"
    assert load_boxes(path).path == str(path)
    path.write_bytes(b"[]")
    assert load_boxes(path).format == "Label Studio"
    assert len(load_boxes(path).sha256) == 64


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Export it again"),
        (b"PK\x03\x04", "ZIP archive"),
        (b'[{"data": {"image": "a"}, "annotations": [3]}]', "Export it again"),
        (b'[{"data": {"image": "a"}, "annotations": [{"result": [{"type": []}]}]}]', "'type'"),
        (b"\x00\x01", "Export it again"),
        (b"<a>" * 200, "does not begin"),
    ],
)
def test_a_file_that_is_neither_is_refused(tmp_path, data, said):
    (tmp_path / "boxes").write_bytes(data)
    with pytest.raises(BadBoxes, match=said):
        load_boxes(tmp_path / "boxes")


def test_files_that_are_too_large_or_missing_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(box_file, "LARGEST", 20)
    (tmp_path / "boxes").write_bytes(XML)
    with pytest.raises(BadBoxes, match="larger than"):
        load_boxes(tmp_path / "boxes")
    with pytest.raises(BadBoxes):
        load_boxes(tmp_path / "none")
    with pytest.raises(BadBoxes):
        load_boxes(tmp_path)
    with pytest.raises(BadBoxes):
        load_boxes(tmp_path / "nul\0")
