"""`--dry-run` says what the command would do, and changes nothing."""

from __future__ import annotations

import json
import os

import pytest

from efface.planning.sidecar import append

DRAWN = {"edit": "draw", "track": 900, "kind": "drawn", "first": 0, "boxes": [4, 4, 16, 16]}


@pytest.fixture
def frozen(monkeypatch, tmp_path, kit):
    """frozen() makes looking and rendering a failure, and returns the state of all files."""

    def freeze():
        for name, what in (("look", "it looked"), ("act", "it rendered")):
            monkeypatch.setattr(
                f"efface.pipeline.one_source.{name}", lambda *_, why=what, **__: pytest.fail(why)
            )
        return {str(p): p.is_file() and kit.state(p) for p in tmp_path.rglob("*")}

    return freeze


def edited(plan):
    """A person draws a box, as a review writes it down."""
    handle = os.open(plan, os.O_RDWR)
    append(handle, [DRAWN], is_first=b'"edit"' not in plan.read_bytes())
    os.close(handle)


@pytest.mark.parametrize("more", [("-o", "new/"), ("-o", "new"), ("-o", "deep/new/"), ()])
@pytest.mark.parametrize("single", [True, False])
def test_it_names_the_files_that_the_run_then_writes(
    efface, kept, kit, tmp_path, monkeypatch, more, single
):
    monkeypatch.chdir(tmp_path)
    kit.taken(kept, tmp_path / "in", "plain.png", "face.jpg")
    if single and more == ("-o", "new"):
        more = ("-o", "deep/new.png")
    given = "in/face.jpg" if single else "in"
    before = kit.names_in(tmp_path)
    foretold = efface("redact", given, *more, "--dry-run", "--json")
    assert foretold.code == 0
    assert kit.names_in(tmp_path) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"], "no folder was made"
    files = json.loads(foretold.out)["files"]
    assert {f["outcome"] for f in files} == {"would look"}
    assert efface("redact", given, *more).code == 0
    written = set(kit.names_in(tmp_path)) - set(before)
    assert {w for f in files for w in f["writes"]} == written


def test_it_tells_what_is_kept_followed_and_replaced(efface, kept, kit, tmp_path, frozen):
    source, out = tmp_path / "in", tmp_path / "out"
    kit.taken(kept, source, "face.jpg", "plain.png", "other.jpg")
    assert efface("redact", source, "-o", out, "-q").code == 0
    edited(out / "face.jpg.plan.json")
    before = frozen()
    said = efface("redact", source, "-o", out, "--dry-run")
    assert said.code == 0
    assert f"face.jpg: efface would follow the plan {out}/face.jpg.plan.json" in said.out
    assert f"It would replace {out}/face.jpg and" in said.out
    assert f"plain.png: nothing to do; an earlier run made {out}/plain.png." in said.out
    assert "A dry run over 3 files: nothing was written." in said.out
    anew = json.loads(
        efface("redact", source, "-o", out, "--dry-run", "--json", "--style", "solid").out
    )
    assert anew["dry_run"]
    assert [f["outcome"] for f in anew["files"]] == ["would follow", "would look", "would look"]
    assert all(f["replaces"] == f["writes"] for f in anew["files"])
    reviewed = json.loads(efface("render", source, "-o", out, "--dry-run", "--json").out)
    assert [f["outcome"] for f in reviewed["files"]] == ["would follow"]
    assert frozen() == before


def test_it_refuses_what_the_run_refuses(efface, kept, kit, tmp_path, frozen):
    (photo,) = kit.taken(kept, tmp_path / "in", "face.jpg")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"")
    taken, file = tmp_path / "taken.jpg", tmp_path / "file"
    taken.write_text("precious")
    file.write_text("a file")
    before = frozen()
    for words, code, says in (
        (("redact", photo, "-o", taken), 5, "exists already"),
        (("redact", photo, "-o", photo), 5, "never writes to a source"),
        (("redact", photo, "-o", file / "x.jpg"), 5, "is not a folder"),
        (("redact", tmp_path / "in", "-o", tmp_path / "out"), 3, "it is empty, 0 bytes"),
        (("redact", photo, "--report", tmp_path / "r.html"), 2, "--report is about a run"),
        (("find", photo, "-o", taken), 5, "exists already"),
        (("find", tmp_path / "none.jpg"), 3, "none.jpg"),
        (("render", photo, "--plan", taken, "-o", tmp_path / "x.jpg"), 3, "plan"),
    ):
        said = efface(*words, "--dry-run")
        assert said.code == code, (words, said)
        assert says in said.err, words
    assert frozen() == before


def test_find_and_render(efface, kept, kit, tmp_path, frozen):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    plan = tmp_path / "plan.json"
    said = efface("find", photo, "-o", plan, "--coco", tmp_path / "boxes.json", "--dry-run")
    assert f"face.jpg: efface would look at it, and write {plan}." in said.out
    assert f"It would also write {tmp_path}/boxes.json." in said.out
    assert "write nothing." in efface("find", photo, "--dry-run").out
    assert efface("find", photo, "-o", plan, "-q").code == 0
    before = frozen()
    told = efface("render", photo, "--plan", plan, "-o", tmp_path / "x.jpg", "--dry-run")
    assert f"follow the plan {plan}, and write {tmp_path}/x.jpg." in told.out
    photo.write_bytes(photo.read_bytes() + b"!")
    refused = efface("render", photo, "--plan", plan, "-o", tmp_path / "x.jpg", "--dry-run")
    assert refused.code == 3
    assert "SHA-256" in refused.err
    photo.write_bytes(photo.read_bytes()[:-1])
    assert efface("find", photo, "--dry-run", "-q").out == ""
    assert set(frozen()) == set(before)
