"""`efface review` says what it lacks and what it cannot open, before it opens a door."""

from __future__ import annotations

import importlib.util

import pytest

from efface.part_errors import installed_from


def test_without_its_packages_it_says_what_to_install(efface, kept, kit, tmp_path, monkeypatch):
    (source,) = kit.taken(kept, tmp_path, "face.jpg")
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *a: None if name == "starlette" else real(name, *a)
    )
    result = efface("review", source, "--no-browser")
    assert result.code == 4
    assert f"pip install {installed_from('review')}" in result.err
    assert kit.names_in(tmp_path) == ["face.jpg"]


@pytest.mark.parametrize("name", ["absent.mp4", "empty"])
def test_what_is_not_there_is_said(efface, tmp_path, name):
    (tmp_path / "empty").mkdir()
    result = efface("review", tmp_path / name, "--no-browser")
    assert result.code == (3 if name == "absent.mp4" else 2)
    assert "http" not in result.out


def test_reasons_come_from_a_file_and_a_bad_one_is_said(efface, kept, kit, tmp_path, monkeypatch):
    (source,) = kit.taken(kept, tmp_path, "face.jpg")
    reasons, served = tmp_path / "reasons.txt", []
    monkeypatch.setattr("efface.review.serve.review", lambda *_, **how: served.append(how))
    assert efface("review", source, "--no-browser", "--reasons", reasons).code == 2
    reasons.write_text("s. 40(2)\ns. 38\n")
    assert efface("review", source, "--no-browser", "--reasons", reasons).code == 0
    assert [how["reasons"] for how in served] == [("s. 40(2)", "s. 38")]
