"""`efface render` over a folder renders what a person reviewed, and nothing else."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

from efface.planning.sidecar import append

DRAWN = {"edit": "draw", "track": 900, "kind": "drawn", "first": 0, "boxes": [4, 4, 16, 16]}


def edited(plan):
    """A person draws a box, as a review writes it down."""
    handle = os.open(plan, os.O_RDWR)
    append(handle, [DRAWN], is_first=b'"edit"' not in plan.read_bytes())
    os.close(handle)


def is_covered(path, source):
    """Whether nothing is left of what the person drew around."""
    with Image.open(path) as now, Image.open(source) as then:
        return bool((np.asarray(now)[4:16, 4:16] != np.asarray(then)[4:16, 4:16]).mean() > 0.9)


@pytest.fixture
def reviewed(efface, tmp_path):
    """A folder of four pictures and the folder of their copies. A person changed two plans: one
    of a copy, and one that has none yet."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    noise = np.random.default_rng(3)
    for i in range(4):
        Image.fromarray(noise.integers(0, 255, (48, 48, 3), np.uint8)).save(source / f"{i}.png")
    assert efface("redact", source, "-o", out, "-q").code == 0
    for name in ("1.png", "2.png"):
        edited(out / f"{name}.plan.json")
    (out / "2.png").unlink()
    (out / "3.png").unlink()
    (out / "3.png.plan.json").unlink()
    return source, out


@pytest.fixture
def blind(monkeypatch):
    """Looking at a source is a failure."""
    monkeypatch.setattr("efface.pipeline.one_source.look", lambda *_: pytest.fail("it looked"))


def test_reviewed_plans_are_rendered_and_the_others_are_left(efface, kit, reviewed, blind):
    source, out = reviewed
    before = kit.state(out / "0.png"), kit.state(out / "0.png.plan.json")
    done = efface("render", source, "-o", out)
    assert done.code == 0, done.err
    assert "2 of 2 files done." in done.out
    assert "Left out: 2 of 4 files, which have no plan that a person changed" in done.err
    for name in ("1.png", "2.png"):
        assert is_covered(out / name, source / name)
        assert json.loads((out / f"{name}.plan.json").read_text())["edits"] == [DRAWN]
    assert done.out.count("The review may be unfinished") == 2
    assert before == (kit.state(out / "0.png"), kit.state(out / "0.png.plan.json"))
    assert not (out / "3.png").exists()


def test_the_second_run_keeps_what_is_done_whatever_made_the_plan(efface, kit, reviewed, blind):
    source, out = reviewed
    for more in ((), ("--style", "solid")):
        assert efface("render", source, "-o", out, *more).code == 0
        made = kit.state(out / "1.png")
        again = efface("render", source, "-o", out, *more)
        assert again.out.startswith("All 2 files were already done by an earlier run.")
        assert kit.state(out / "1.png") == made
    edited(out / "1.png.plan.json")
    assert (
        "1 of them already by an earlier run"
        in efface("render", source, "-o", out, "--style", "solid").out
    )


def test_plans_made_with_other_options_are_finished_work_too(efface, tmp_path, reviewed):
    source, out = reviewed
    plan = out / "3.png.plan.json"
    assert efface("find", source / "3.png", "-o", plan, "--sensitivity", "high", "-q").code == 0
    edited(plan)
    assert "3 of 3 files done." in efface("render", source, "-o", out).out
    assert "All 3 files were already done" in efface("render", source, "-o", out).out


def test_json_and_reports(efface, reviewed, blind, tmp_path):
    source, out = reviewed
    report = tmp_path / "report.json"
    said = json.loads(efface("render", source, "-o", out, "--json", "--report", report).out)
    assert [os.path.basename(f["source"]) for f in said["files"]] == ["1.png", "2.png"]
    assert [f["edits"] for f in said["files"]] == [1, 1]
    assert len(json.loads(report.read_text())["files"]) == 2
    again = json.loads(efface("render", source, "-o", out, "--json").out)
    assert [f["outcome"] for f in again["files"]] == ["kept", "kept"]
    nothing = json.loads(efface("render", source, "-o", tmp_path / "else", "--json").out)
    assert nothing["files"] == []
    assert not (tmp_path / "else").exists()


def test_what_was_accepted_as_a_whole_is_reviewed(efface, reviewed, blind):
    source, out = reviewed
    handle = os.open(out / "0.png.plan.json", os.O_RDWR)
    append(handle, [{"edit": "approve", "approved": True}], is_first=True)
    os.close(handle)
    done = efface("render", source, "-o", out, "--json")
    accepted = {os.path.basename(f["source"]): f["accepted"] for f in json.loads(done.out)["files"]}
    assert accepted == {"0.png": True, "1.png": False, "2.png": False}


def test_a_plan_that_does_not_fit_stops_its_file_only(efface, kit, reviewed, blind):
    source, out = reviewed
    Image.fromarray(np.full((48, 48, 3), 90, np.uint8)).save(source / "1.png")
    before = kit.state(out / "1.png")
    done = efface("render", source, "-o", out)
    assert done.code == 5
    assert "made for another source" in done.err
    assert kit.state(out / "1.png") == before
    assert is_covered(out / "2.png", source / "2.png")


def test_one_file(efface, reviewed, blind, tmp_path):
    source, out = reviewed
    assert efface("render", source / "2.png", "-o", out / "2.png").code == 0
    assert is_covered(out / "2.png", source / "2.png")
    refused = efface("render", source / "0.png", "-o", out / "0.png")
    assert refused.code == 2
    assert "No person changed a plan of this file." in refused.err
    two = efface("render", source / "1.png", source / "2.png", "--plan", out / "1.png.plan.json")
    assert two.code == 2
    # With --plan the target gets its usual name.
    assert efface("render", source / "0.png", "--plan", out / "0.png.plan.json").code == 0
    assert (source / "0.redacted.png").exists()


def test_a_folder_without_reviewed_plans(efface, reviewed, tmp_path, blind):
    source, _ = reviewed
    done = efface("render", source)
    assert (done.code, done.err) == (0, "")
    assert done.out == "No file there has a plan that a person changed, so nothing was rendered.\n"


def test_the_price_is_that_of_the_copy_and_not_of_an_earlier_plan(efface, kept, tmp_path):
    """A plan whose areas grow to blocks costs more than the same plan rendered without growth."""
    photo, plan, report = kept / "face.jpg", tmp_path / "plan.json", tmp_path / "report.json"
    assert efface("find", photo, "-o", plan).code == 0
    told = {}
    for rim in ("blocks", "shape"):
        to = ("-o", tmp_path / f"{rim}.jpg", "--report", report, "--overwrite", "--verify", "off")
        done = efface("render", photo, "--plan", plan, *to, "--rim", rim)
        assert done.code == 0, done.err
        told[rim] = [n for line in done.out.splitlines() if "of the picture" in line for n in line]
        told[rim, "report"] = report.read_text().partition('"mean": ')[2].partition(",")[0]
    assert told["blocks"] != told["shape"]
    assert float(told["blocks", "report"]) > float(told["shape", "report"])
