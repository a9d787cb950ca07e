"""`efface bench` as a user meets it."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def labelled(kept, kit, tmp_path):
    """A set of one picture with one face, by eye."""
    kit.taken(kept, tmp_path / "set", "face.png")
    face = {"x": 41, "y": 35, "w": 43, "h": 51, "label": "face", "ignore": False, "blur": 0}
    said = {"images": [{"file": "face.png", "width": 128, "height": 128, "boxes": [face]}]}
    (tmp_path / "set" / "annotations.json").write_text(json.dumps(said))
    return tmp_path / "set"


def test_stills_give_a_table_and_a_file_and_the_next_run_is_compared_with_it(
    efface, labelled, tmp_path
):
    annotations, kept_json = labelled / "annotations.json", tmp_path / "now.json"
    # With hair and ears: the margin covers them, and nothing else does.
    annotations.write_text(
        annotations.read_text().replace(
            '"x": 41, "y": 35, "w": 43, "h": 51', '"x": 33, "y": 24, "w": 59, "h": 68'
        )
    )
    done = efface("bench", "stills", labelled, "--json", kept_json)
    assert done.code == 0
    assert done.out.splitlines()[0].split("  ")[-1].strip() == "needless area"
    assert "blur 0" in done.out
    assert "set: 1 of 1 pictures" in done.err
    said = json.loads(kept_json.read_text())
    assert said["numbers"]["recall"]["48"] == 1.0
    assert (said["sets"], said["plain"]) == (["set"], False)
    assert str(tmp_path) not in kept_json.read_text()
    printed = efface("bench", "stills", labelled, "--json", "-", "--quiet")
    assert json.loads(printed.out)["numbers"] == said["numbers"]
    assert printed.err == ""
    same = efface("bench", "stills", labelled, "--against", kept_json)
    assert (same.code, "worse" in same.err) == (0, False)
    worse = efface("bench", "stills", labelled, "--against", kept_json, "--margin", "0")
    assert worse.code == 7
    assert (
        "efface: worse than before: recall 48 was 1.0 and is 0.0; it may change by 0.003."
        in worse.err
    )


@pytest.mark.slow
def test_clips_are_made_kept_and_measured_again(efface, labelled, tmp_path):
    command = (
        "bench",
        "stress",
        labelled,
        "--only",
        "clean",
        "--clips",
        1,
        "--keep",
        tmp_path / "clips",
    )
    # The face is 51 px high, and a stress clip asks for 56.
    refused = efface(*command)
    assert refused.code == 2
    assert "No labelled face in these pictures is clear and 56 px high" in refused.err
    annotations = labelled / "annotations.json"
    annotations.write_text(annotations.read_text().replace('"h": 51', '"h": 56'))
    assert efface(*command).code == 0
    assert sorted(p.name for p in (tmp_path / "clips").iterdir()) == [
        "stress-clean-00.faces.json",
        "stress-clean-00.mp4",
    ]
    again = efface("bench", "video", tmp_path / "clips" / "stress-clean-00.faces.json", "--plain")
    assert again.code == 0
    assert "each frame by itself" in again.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("stills", "nowhere"), 3, "cannot be read"),
        (("video", "set/annotations.json"), 3, "cannot be measured against"),
        (
            ("stills", "set", "--against", "set/annotations.json"),
            3,
            "it is not a result of efface bench",
        ),
        (("stills", "set", "--kinds", "plate"), 2, "these labels are about face"),
        (("moving", "set", "--only", "fog"), 2, "'fog' is not one of"),
        (("moving", "set", "--clips", "0"), 2, "--clips"),
        (("stills", "set", "--json", "nowhere/a.json"), 5, "cannot be written"),
        (("stills",), 2, "FOLDER"),
    ],
)
def test_what_makes_no_sense_is_said(efface, labelled, monkeypatch, arguments, code, said):
    monkeypatch.chdir(labelled.parent)
    done = efface("bench", *arguments)
    assert done.code == code
    assert said in done.err
