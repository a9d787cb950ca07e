"""What a user can do, command by command."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from efface import __version__
from efface.cli.main import cli
from efface.errors import SourceUnreadable
from efface.options import settings
from efface.staged_files import staged
from efface.walls import landlock

COMMANDS = ("redact", "find", "render", "live")


# redact


def test_default_names(efface, kept, kit, tmp_path):
    kit.taken(kept, tmp_path, "face.jpg", "clip.mp4")
    assert efface("redact", tmp_path / "clip.mp4", *kit.FAST).code == 0
    done = efface("redact", tmp_path / "face.jpg")
    assert (done.code, done.err) == (0, "")
    assert "1 face, 1 area erased; checked." in done.out
    assert str(tmp_path / "face.redacted.jpg") in done.out
    assert str(tmp_path / "face.redacted.jpg.plan.json") in done.out
    made = {
        "clip.redacted.mp4",
        "clip.redacted.mp4.plan.json",
        "face.redacted.jpg",
        "face.redacted.jpg.plan.json",
    }
    assert set(kit.names_in(tmp_path)) == made | {"clip.mp4", "face.jpg"}
    assert len(kit.rgb_frames(tmp_path / "clip.redacted.mp4")) == kit.CLIP_FRAMES


def test_a_video_says_what_became_of_its_sound(efface, kept, kit, tmp_path):
    noisy = tmp_path / "noisy.mkv"
    kit.ffmpeg(
        "-i",
        kept / "clip.mp4",
        "-f",
        "lavfi",
        "-i",
        "sine=d=0.4",
        "-map",
        0,
        "-map",
        1,
        "-c:v",
        "copy",
        noisy,
    )
    dropped = efface("redact", noisy, *kit.FAST)
    assert "Sound was dropped (1 stream)" in dropped.out
    kept_too = efface("redact", noisy, "-o", tmp_path / "loud.mkv", "--audio", "keep", *kit.FAST)
    assert "Sound was kept (1 stream)" in kept_too.out
    assert (tmp_path / "noisy.redacted.mp4").exists(), "a video becomes .mp4"


def test_targets_that_exist_stay_unless_told(efface, kept, kit, tmp_path):
    (source,) = kit.taken(kept, tmp_path, "plain.png")
    target = tmp_path / "out.png"
    target.write_text("precious")
    refused = efface("redact", source, "-o", target)
    assert refused.code == 5
    assert "out.png: exists already and was left as it is. Nothing was written." in refused.err
    assert target.read_text() == "precious"
    assert kit.names_in(tmp_path) == ["out.png", "plain.png"]
    done = efface("redact", source, "-o", target, "--overwrite")
    assert done.code == 0
    assert "no face and no plate found" in done.out
    assert "may have missed a face or a plate." in done.out
    with Image.open(target) as picture:
        assert picture.size == (48, 40)
    # The plan counts as a target.
    target.unlink()
    assert efface("redact", source, "-o", target).code == 5
    assert not target.exists()


def test_the_same_command_again_says_that_it_is_done(efface, kept, kit, tmp_path):
    (source,) = kit.taken(kept, tmp_path, "face.jpg")
    assert efface("redact", source).code == 0
    made = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()}
    again = efface("redact", source)
    assert (again.code, again.err) == (0, "")
    assert "made by an earlier run, and nothing has changed since" in again.out
    assert made == {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()}
    for changed in (("--margin", "0.5"), ("--style", "solid")):  # it would be another file
        refused = efface("redact", source, *changed)
        assert refused.code == 5
        assert "exists already and was left as it is" in refused.err
    target = tmp_path / "face.redacted.jpg"
    target.write_bytes(target.read_bytes() + b"!")
    assert efface("redact", source).code == 5


def test_a_folder_keeps_its_structure_and_never_eats_its_own_output(efface, kept, kit, tmp_path):
    photos = tmp_path / "photos"
    kit.taken(kept, photos, "plain.png", "face.jpg")
    kit.taken(kept, photos / "deep" / "er", "plain.png")
    (photos / "notes.txt").write_text("passed over in silence")
    (photos / ".efface-draft-left").mkdir()
    kit.taken(kept, photos / ".efface-draft-left", "plain.png")
    out = photos / "out"
    for extra in ((), ("--overwrite",), ("--overwrite",)):
        done = efface("redact", photos, "-o", out, *extra)
        assert (done.code, done.err) == (0, "")
        assert "3 of 3 files done." in done.out
        images = [n for n in kit.names_in(out) if not n.endswith(".json")]
        assert images == ["deep/er/plain.png", "face.jpg", "plain.png"]
        assert len(kit.names_in(out)) == 6
    shutil.rmtree(out)
    shutil.rmtree(photos / ".efface-draft-left")
    # Without -o, results stand beside their sources and are no sources the next time.
    assert efface("redact", photos).code == 0
    again = efface("redact", photos)
    assert again.code == 0
    assert "All 3 files were already done by an earlier run." in again.out
    assert not [n for n in kit.names_in(photos) if "redacted.redacted" in n]


def test_two_sources_with_one_target(efface, kept, kit, tmp_path):
    sources = kit.taken(kept, tmp_path / "a", "face.jpg", "plain.png") + kit.taken(
        kept, tmp_path / "b", "face.jpg"
    )
    done = efface("redact", *sources, "-o", tmp_path / "out")
    assert done.code == 5
    assert done.err.count("would be written twice") == 2
    assert "1 of 3 files done, 2 not" in done.out
    assert kit.names_in(tmp_path / "out") == ["plain.png", "plain.png.plan.json"]
    single = tmp_path / "single.jpg"
    single.write_text("a file")
    refused = efface("redact", *sources, "-o", single)
    assert refused.code == 2
    assert single.read_text() == "a file"


def test_a_name_that_tells_of_another_format(efface, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "plain.png")
    for name in ("out.gif", "out.mp4"):
        refused = efface("redact", photo, "-o", tmp_path / name)
        assert refused.code == 5
        assert "a photo keeps its format, which is png" in refused.err
        assert ".png" in refused.err
    refused = efface(
        "redact", kit.taken(kept, tmp_path, "clip.mp4")[0], "-o", tmp_path / "out.jpg", *kit.FAST
    )
    assert refused.code == 5
    assert kit.names_in(tmp_path) == ["clip.mp4", "plain.png"]
    # What the source's own name got wrong is not the user's mistake.
    wrong = photo.rename(tmp_path / "wrong.jpg")
    assert efface("redact", wrong).code == 0
    assert (tmp_path / "wrong.redacted.jpg").read_bytes().startswith(b"\x89PNG")


def test_an_empty_folder(efface, tmp_path):
    for more in ((), ("-o", tmp_path / "out")):
        done = efface("redact", tmp_path, *more)
        assert (done.code, done.out, done.err) == (
            0,
            "No photo or video was found, so there was nothing to do.\n",
            "",
        )


# find


def test_find_writes_only_what_it_was_told_to(efface, kept, kit, tmp_path):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    counted = efface("find", clip)
    assert re.fullmatch(
        rf"clip\.mp4: \d face tracks? in {kit.CLIP_FRAMES} frames\.\n(  .+\n)*", counted.out
    )
    assert kit.names_in(tmp_path) == ["clip.mp4"]
    found = efface("find", clip, "-o", tmp_path / "plan.json", "--mot", tmp_path / "boxes.txt")
    assert found.code == 0
    assert str(tmp_path / "plan.json") in found.out
    assert kit.names_in(tmp_path) == ["boxes.txt", "clip.mp4", "plan.json"]


def test_find_refuses_before_it_looks(efface, kept, kit, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "efface.pipeline.one_source.look", lambda *_: pytest.fail("it looked first")
    )
    source, other = kit.taken(kept, tmp_path, "plain.png", "face.jpg")
    taken = tmp_path / "taken.json"
    taken.write_text("precious")
    for more in (("-o", taken), ("--coco", taken), ("--mot", taken)):
        assert efface("find", source, *more).code == 5
    for victim in (source, other):
        refused = efface("find", source, other, "--coco", victim, "--overwrite")
        assert refused.code == 5
        assert "never writes to a source" in refused.err
    assert efface("find", source, "-o", source, "--overwrite").code == 5
    same = tmp_path / "one.json"
    assert efface("find", source, "-o", same, "--coco", tmp_path / "." / "one.json").code == 2
    assert efface("find", source, other, "--mot", tmp_path / "boxes.txt").code == 2
    assert taken.read_text() == "precious"
    assert kit.names_in(tmp_path) == ["face.jpg", "plain.png", "taken.json"]


def test_a_video_is_not_in_the_coco_file_even_when_its_rows_are_asked_for(
    efface, kept, kit, tmp_path
):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    done = efface("find", clip, "--coco", tmp_path / "boxes.json", "--mot", tmp_path / "boxes.txt")
    assert "it is not in the COCO file" in done.out
    assert json.loads((tmp_path / "boxes.json").read_text())["images"] == []
    assert (tmp_path / "boxes.txt").read_text()


def test_coco(efface, kept, kit, tmp_path):
    photos = tmp_path / "photos"
    kit.taken(kept, photos, "face.jpg", "plain.png", "clip.mp4")
    kit.taken(kept, photos / "deep", "other.jpg")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    done = efface("find", photos, "--coco", tmp_path / "boxes.json")
    assert done.code == 3
    assert "broken.jpg" in done.err
    coco = json.loads((tmp_path / "boxes.json").read_text())
    assert set(coco) == {"images", "annotations", "categories"}
    images = {i["file_name"]: i for i in coco["images"]}
    assert set(images) == {"deep/other.jpg", "face.jpg", "plain.png"}, (
        "photos only, and only those that were looked at"
    )
    assert [i["id"] for i in coco["images"]] == [1, 2, 3]
    assert (images["plain.png"]["width"], images["plain.png"]["height"]) == (48, 40)
    assert [a["id"] for a in coco["annotations"]] == list(range(1, len(coco["annotations"]) + 1))
    faces = [a for a in coco["annotations"] if a["image_id"] == images["face.jpg"]["id"]]
    assert len(faces) == 1
    (face,) = faces
    assert set(face) == {"id", "image_id", "category_id", "bbox", "area", "iscrowd", "score"}
    x, y, w, h = face["bbox"]
    assert 0 <= x < x + w <= 128
    assert 0 <= y < y + h <= 128
    assert face["area"] == w * h
    assert 0.25 <= face["score"] <= 1
    assert {c["id"]: c["name"] for c in coco["categories"]}[face["category_id"]] == "face"
    # A single file is named by its name alone, and an empty folder is no fault.
    efface("find", photos / "deep" / "other.jpg", "--coco", tmp_path / "one.json")
    assert [i["file_name"] for i in json.loads((tmp_path / "one.json").read_text())["images"]] == [
        "other.jpg"
    ]
    (tmp_path / "empty").mkdir()
    assert efface("find", tmp_path / "empty", "--coco", tmp_path / "none.json").code == 0
    assert json.loads((tmp_path / "none.json").read_text())["images"] == []
    # When nothing could be looked at, an export would say that nobody is there.
    assert efface("find", photos / "broken.jpg", "--coco", tmp_path / "lie.json").code == 3
    assert not (tmp_path / "lie.json").exists()


def test_mot(efface, kept, kit, tmp_path):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    assert (
        efface("find", clip, "--mot", tmp_path / "boxes.txt", "-o", tmp_path / "plan.json").code
        == 0
    )
    rows = [
        [float(v) for v in line.split(",")]
        for line in (tmp_path / "boxes.txt").read_text().splitlines()
    ]
    assert {len(r) for r in rows} == {9}
    assert rows == sorted(rows, key=lambda r: r[:2])
    assert {int(r[0]) for r in rows} == set(range(1, kit.CLIP_FRAMES + 1)), "frames count from 1"
    plan = kit.plan_of(tmp_path / "plan.json")
    boxes = {
        (t["id"], tuple(t["boxes"][i : i + 4]))
        for t in plan["tracks"]
        for i in range(0, len(t["boxes"]), 4)
    }
    for _, track, left, top, width, height, score, kind, visibility in rows:
        assert (track, (left, top, left + width, top + height)) in boxes
        assert 0 <= score <= 1
        assert (kind, visibility) == (1, 1)


# render


@pytest.mark.parametrize("name", ["face.jpg", "face.png", "clip.mp4"])
def test_render_obeys_the_plan_that_redact_made(efface, kept, kit, tmp_path, name):
    (source,) = kit.taken(kept, tmp_path, name)
    out, again = tmp_path / f"out{source.suffix}", tmp_path / f"again{source.suffix}"
    assert efface("redact", source, "-o", out, *kit.FAST).code == 0
    assert (
        efface(
            "render", source, "--plan", tmp_path / f"{out.name}.plan.json", "-o", again, *kit.FAST
        ).code
        == 0
    )
    assert out.read_bytes() == again.read_bytes()
    assert efface("find", source, "-o", tmp_path / "found.json").code == 0
    without = ("options", "target")
    strip = [
        {k: v for k, v in kit.plan_of(tmp_path / n).items() if k not in without}
        for n in ("found.json", f"{out.name}.plan.json")
    ]
    assert strip[0] == strip[1], "find and redact decide alike"


def drop_frame(plan):
    plan["frames"], plan["pts"] = 11, [[plan["pts"][0][0], plan["pts"][0][1], 11]]


DAMAGE = {
    "another source": lambda p: p["source"].update(sha256="0" * 64),
    "a frame missing": drop_frame,
    "a frame too many": lambda p: p.update(frames=13, pts=[[p["pts"][0][0], p["pts"][0][1], 13]]),
    "other times": lambda p: p["pts"][0].__setitem__(1, p["pts"][0][1] + 1),
    "other size": lambda p: p["source"].update(sizes=[[64, 64]]) or p.update(tracks=[]),
    "a box outside": lambda p: p["tracks"][0]["boxes"].__setitem__(2, 4000),
    "a box too few": lambda p: p["tracks"][0]["boxes"].__delitem__(slice(0, 4)),
    "no tracks at all": lambda p: p.pop("tracks"),
    "a newer version": lambda p: p.update(version=5),
}


@pytest.fixture
def planned(efface, kept, kit, tmp_path):
    """A clip and the plan for it."""
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    assert efface("find", clip, "-o", tmp_path / "plan.json").code == 0
    return clip, tmp_path / "plan.json"


def test_a_plan_that_does_not_fit_is_refused(efface, kit, planned, tmp_path):
    clip, path = planned
    good = path.read_text()
    texts = {
        "half of it": good[: len(good) // 2],
        "nothing": "",
        "no JSON": "PK\x03\x04",
        "a list": "[]",
    }
    for name, damage in DAMAGE.items():
        plan = json.loads(good)
        damage(plan)
        texts[name] = json.dumps(plan)
    for name, text in texts.items():
        path.write_text(text)
        refused = efface("render", clip, "--plan", path, "-o", tmp_path / "out.mp4", *kit.FAST)
        assert (refused.code, refused.out) == (3, ""), name
        assert refused.err.count("\n") == 1, name
        assert "Nothing was written." in refused.err, name
        assert kit.names_in(tmp_path) == ["clip.mp4", "plan.json"], name
    missing = efface("render", clip, "--plan", tmp_path / "none.json", "-o", tmp_path / "out.mp4")
    assert missing.code == 3
    # The plan is as safe as the source.
    assert efface("render", clip, "--plan", path, "-o", path, "--overwrite").code == 5
    assert path.read_text() == texts["a newer version"]


def test_what_a_person_adds_is_erased_and_what_they_keep_stays(efface, kit, planned, tmp_path):
    clip, path = planned
    plan = kit.plan_of(path)
    for track in plan["tracks"]:
        track["keep"] = True
    drawn = {
        "id": 99,
        "kind": "drawn",
        "keep": False,
        "runs": [[4, 3, "drawn"]],
        "boxes": [8, 64, 40, 88] * 3,
        "scores": [],
    }
    plan["tracks"].append(drawn)
    path.write_text(json.dumps(plan))
    how = ("--style", "solid", "--colour", "#ff0000", "--shape", "box", "--crf", 8, *kit.FAST)
    assert efface("render", clip, "--plan", path, "-o", tmp_path / "out.mp4", *how).code == 0
    for i, (old, new) in enumerate(
        zip(kit.rgb_frames(clip), kit.rgb_frames(tmp_path / "out.mp4"), strict=True)
    ):
        inside = new[66:86, 10:38].reshape(-1, 3).mean(axis=0)
        assert (inside[0] > 200 and inside[1] < 60) == (4 <= i < 7), i
        assert abs(old[:56].astype(int) - new[:56]).mean() < 4, "the rest stays"


def test_a_photo_is_converted_where_the_name_says_so(efface, kit, tmp_path):
    """Into folders that are made. Not where the other format cannot hold the picture."""
    photo = tmp_path / "a.png"
    Image.fromarray(np.full((40, 60, 3), (200, 90, 30), np.uint8)).save(photo)
    target = tmp_path / "new" / "folder" / "a.jpg"
    assert efface("redact", photo, "-o", target).code == 0
    with Image.open(target) as made:
        assert (made.format, made.size) == ("JPEG", (60, 40))
        assert np.abs(np.asarray(made, int) - (200, 90, 30)).max() < 6
    assert efface("redact", target, "-o", tmp_path / "back.png").code == 0
    assert (tmp_path / "back.png").read_bytes().startswith(b"\x89PNG")
    Image.fromarray(np.full((40, 60, 4), 120, np.uint8)).save(photo)
    refused = efface("redact", photo, "-o", tmp_path / "b.jpg")
    assert refused.code == 5
    assert "no room for its transparency" in refused.err
    assert not (tmp_path / "b.jpg").exists()


def test_shares_in_per_cent_and_colours_by_name(efface, kit, tmp_path):
    photo = tmp_path / "a.png"
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(photo)
    said = efface("redact", photo, "--margin", "40%", "--colour", "red", "--style", "solid")
    assert said.code == 0
    plan = json.loads((tmp_path / "a.redacted.png.plan.json").read_text())
    assert plan["options"]["cover"]["margin"] == 0.4
    assert plan["options"]["paint"]["colour"] == "#ff0000"


# help and streams


def test_help_has_groups_and_examples(efface):
    said = efface("redact", "--help").out
    assert said.index("Examples:") < said.index("Options:") < said.index("Looking:")
    for _, command in cli.commands.items():
        for typed, _ in getattr(command, "examples", ()):
            named = cli.commands[typed.split()[0]]
            flags = {o for p in named.params for o in p.opts}
            assert {w for w in typed.split() if w.startswith("-")} <= flags, typed


def test_a_file_in_place_of_a_command_gets_a_hint(efface, tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"a file")
    said = efface(photo)
    assert said.code == 2
    assert f"type: efface redact {photo}" in " ".join(said.err.split())
    assert "No such command" in efface(tmp_path / "none.jpg").err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_a_shell(efface, shell):
    assert "_EFFACE_COMPLETE" in efface("completion", shell).out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["re"], ["redact", "render", "review"]),
        (["redact", "--style", ""], ["smooth", "solid", "tiles"]),
        (["redact", "--colour", "wh"], ["white"]),
        (["redact", "--use", "street"], ["street-video"]),
    ],
)
def test_what_is_offered_when_a_word_is_completed(typed, offered):
    from click.shell_completion import ShellComplete

    found = ShellComplete(cli, {}, "efface", "_EFFACE_COMPLETE").get_completions(
        typed[:-1], typed[-1]
    )
    assert [item.value for item in found] == offered


def test_a_colour_that_is_none_or_stands_in_the_wrong_place_is_told(efface):
    assert "such as white" in efface("redact", "a.jpg", "--colour", "reddish").err
    assert "--colour gives that of the fill" in efface("redact", "a.jpg", "--color", "white").err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_every_option_with_default_and_unit(efface, command):
    said = " ".join(efface(command, "--help").out.split())
    options = [p for p in cli.commands[command].params if isinstance(p, click.Option)]
    flags = {o for p in options if not p.hidden for o in p.opts}
    mine = [
        s for s in settings() if s.flag in flags and (command, s.flag) != ("find", "--overwrite")
    ]
    assert mine
    for s in mine:
        start = said.rindex(f" {s.flag} ")  # examples come before the options
        text = said[start : start + 600]
        assert s.help.split(". ")[0] in text, s.flag
        assert not s.unit or f"[unit: {s.unit}]" in text, s.flag
        assert not s.choices or f"[{'|'.join(s.choices)}]" in text, s.flag
        default = "(off)" if s.default is False else str(s.default)
        assert s.default in (None, ()) or f"[default: {default}]" in text, s.flag
    for parameter in cli.commands[command].params:
        is_said = isinstance(parameter, click.Option) and not parameter.hidden
        assert not is_said or parameter.help, parameter.name


def test_the_options_together_are_all_there(efface):
    said = "".join(efface(c, "--help").out for c in COMMANDS)
    assert [s.flag for s in settings() if s.flag not in said] == []
    overview = efface("--help").out
    assert all(c in overview for c in COMMANDS)
    assert efface("--version").out == f"efface, version {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("redact",),
        ("render", "a.jpg"),
        ("redakt", "a.jpg"),
        ("redact", "a.jpg", "--margin", "-1"),
        ("redact", "a.jpg", "--margin", "nan"),
        ("redact", "a.jpg", "--colour", "rot"),
        ("find", "a.jpg", "--crf", "3"),
        ("redact", "a.jpg", "--crf", "64"),
        ("redact", "a.jpg", "--style", "blur"),
        ("redact", "a.jpg", "--max-pixels", "0"),
    ],
)
def test_wrong_usage(efface, arguments):
    done = efface(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert "Usage: efface" in done.err


def test_as_a_module_and_with_light_imports(program, kit):
    assert program("--version").out == f"efface, version {__version__}\n"
    told = program("--version", "--verbose").out.splitlines()
    assert told[0] == f"efface, version {__version__}"
    assert told[-2].startswith("walls around decoders: ")
    limited = "Landlock" in told[-2].partition("(")[0] and landlock.limits_ports()
    assert told[-1] == f"TCP ports of live streams: {'limited' if limited else 'not limited'}"
    heavy = (
        "[m for m in ('av', 'PIL', 'numpy', 'onnxruntime', 'cv2', 'click', 'rich') if "
        "m in sys.modules]"
    )
    code = (
        f"import sys, efface; print({heavy}); from efface import redact, find, render, "
        "Options, errors"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=kit.surroundings()
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_results_on_stdout_errors_on_stderr_and_no_bar_in_a_pipe(program, kept, kit, tmp_path):
    kit.taken(kept, tmp_path, "face.jpg", "clip.mp4")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = program("redact", ".", *kit.FAST, env={"FORCE_COLOR": "1"})
    assert done.code == 3
    assert "\x1b" not in done.out + done.err
    assert "\r" not in done.out + done.err
    assert done.err.count("\n") == 1
    assert done.err.startswith("efface: broken.png: ")
    assert "2 of 3 files done, 1 not: see above." in done.out
    assert "Traceback" not in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_reader_of_results_who_goes_away_stops_nothing(kept, kit, tmp_path):
    kit.taken(kept, tmp_path, "face.jpg", "plain.png")
    with open("/dev/full", "w") as full:
        command = kit.command_line("redact", ".")
        done = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=kit.surroundings(),
        )
    assert done.returncode == 0
    assert "2 of 2 files done." in done.stderr
    assert "unexpected" not in done.stderr
    assert len(kit.names_in(tmp_path)) == 6


def test_a_terminal_gets_a_bar_with_the_time_left(kept, kit, tmp_path):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    master, slave = pty.openpty()
    with subprocess.Popen(
        kit.command_line("redact", clip, *kit.FAST),
        stdout=subprocess.PIPE,
        stderr=slave,
        env=kit.surroundings(TERM="xterm"),
    ) as running:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            shown += piece
        assert running.stdout is not None
        said = running.stdout.read().decode()
    os.close(master)
    assert running.returncode == 0
    bar = shown.decode("utf-8", "replace")
    for word in (
        "looking",
        "left",
        f"/{kit.CLIP_FRAMES}",
    ):  # the other stages may be over before the bar is drawn again
        assert word in bar
    assert "areas erased; checked." in said
    assert "\x1b" not in said


# One bad file and the others


def test_an_unforeseen_error_stops_one_file_only(efface, kept, kit, tmp_path, monkeypatch):
    sources = kit.taken(kept, tmp_path, "plain.png", "face.jpg")
    from efface.containers.admission import AdmittedSource

    def trap(source):
        if source.name == "plain.png":
            raise ZeroDivisionError("a fault")
        return "photo"

    monkeypatch.setattr(AdmittedSource, "medium", property(trap))
    done = efface("redact", *sources, "-o", tmp_path / "out")
    assert done.code == 1
    assert done.err.startswith(
        "efface: plain.png: unexpected error, ZeroDivisionError: a fault. No target was written"
    )
    assert "Traceback" not in done.err
    assert "EFFACE_TRACEBACK=1" in done.err
    assert kit.names_in(tmp_path / "out") == ["face.jpg", "face.jpg.plan.json"]
    monkeypatch.setenv("EFFACE_TRACEBACK", "1")
    assert "Traceback" in efface("redact", sources[0], "-o", tmp_path / "x.png").err


def test_what_went_wrong_before_the_end_is_told_too(efface, kept, kit, tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"")
    kit.taken(kept, tmp_path, "face.jpg")
    monkeypatch.setattr("efface.detect.weights.resources.files", lambda _: tmp_path)
    done = efface("redact", tmp_path)
    assert done.code == 4
    assert "a.png: cannot be read: it is empty" in done.err
    assert "The model centerface-int8 cannot be used" in done.err


def test_private_folders_without_a_lock_are_swept_when_old(tmp_path):
    young, old = tmp_path / ".efface-draft-young", tmp_path / ".efface-draft-old"
    for folder in (young, old):
        folder.mkdir()
        (folder / "draft.mp4").write_bytes(b"half")
    os.utime(old, (0, 0))
    with pytest.raises(SourceUnreadable), staged(tmp_path / "out.mp4", overwrite=False):
        raise SourceUnreadable("x")
    assert [p.name for p in tmp_path.iterdir()] == [young.name]
    shutil.rmtree(young)


def test_a_slash_at_the_end_names_a_folder(efface, kept, kit, tmp_path):
    kit.taken(kept, tmp_path, "face.jpg")
    assert efface("redact", tmp_path / "face.jpg", "-o", f"{tmp_path / 'new'}/").code == 0
    assert kit.names_in(tmp_path / "new") == ["face.jpg", "face.jpg.plan.json"]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core")
def test_a_plan_is_the_same_with_one_core_and_with_several(efface, kept, tmp_path, monkeypatch):
    assert efface("find", kept / "clip.mp4", "-o", tmp_path / "several.json").code == 0
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert efface("find", kept / "clip.mp4", "-o", tmp_path / "one.json").code == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "several.json").read_bytes()


# live


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("notes.txt", "is not a photo or video"),
        ("plain.png", "it is a photo"),
        ("gone.mp4", "gone"),
    ],
)
def test_a_file_that_cannot_become_a_film_is_refused_at_once(
    efface, kept, kit, tmp_path, name, why
):
    kit.taken(kept, tmp_path, "plain.png")
    (tmp_path / "notes.txt").write_text("Nothing to see here.\n" * 99)
    refused = efface("live", tmp_path / name, "--to", tmp_path / "out.m3u8")
    assert refused.code == 3
    assert why in refused.err
    assert not (tmp_path / "out.m3u8").exists()


def test_a_name_that_the_output_cannot_take_is_printed_with_escapes(program, tmp_path):
    """As in a file or a pipe on Windows."""
    Image.new("RGB", (40, 30)).save(tmp_path / "写.png")
    done = program("redact", "写.png", "--dry-run", env={"PYTHONIOENCODING": "cp1252"})
    assert (done.code, done.err) == (0, "")
    assert r"\u5199.png" in done.out
