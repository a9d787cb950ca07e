"""--comparison on the command line."""

from __future__ import annotations

from PIL import Image


def test_a_sheet_is_written_only_when_asked_for(efface, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    sheet = tmp_path / "sheet.png"
    assert efface("redact", photo, "--comparison", sheet).code in (0, 7)
    with Image.open(sheet) as made:
        width, height = made.size
    assert width > 2 * 128
    assert height > 128
    again = efface("redact", photo, "--comparison", sheet)
    assert again.code == 5
    assert "sheet.png" in again.err


def test_what_cannot_be_shown_is_refused_before_any_work(efface, kept, kit, tmp_path):
    photos = kit.taken(kept, tmp_path, "face.jpg", "face.png")
    for words in (
        [*photos, "-o", tmp_path / "out", "--comparison", tmp_path / "a.png"],
        [photos[0], "--comparison", tmp_path / "a.jpg"],
        [photos[0], "--comparison", tmp_path / "face.redacted.jpg.plan.json"],
        [photos[0], "--comparison-left", "original"],
    ):
        assert efface("redact", *words).code == 2
    assert efface("redact", photos[1], "--overwrite", "--comparison", photos[1]).code == 2
