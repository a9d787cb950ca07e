"""Many files: several workers, and runs that go on where an earlier one ended, however it ended."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import pytest
from PIL import Image

from efface.options import Options, WriteOptions
from efface.pipeline.naming import jobs_for
from efface.planning.sidecar import append
from efface.private_folders import DRAFTS
from efface.review.document import Document
from efface.review.session import ReviewSession

PATIENCE_S = 300.0

on_posix = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills processes")


def album(folder: Path, count: int, side: int = 48) -> Path:
    """Small photos, no two alike."""
    folder.mkdir(parents=True)
    y, x = np.mgrid[0:side, 0:side]
    for i in range(count):
        noise = np.random.default_rng(i).normal(0, 6, (side, side, 3))
        planes = np.stack([x * 2 + i, y * 2, x + y], axis=-1) + noise
        Image.fromarray(planes.clip(0, 255).astype(np.uint8)).save(folder / f"{i:03}.png")
    return folder


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


def times(folder: Path) -> dict[str, int]:
    return {
        str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()
    }


def changed(before: dict[str, int], after: dict[str, int]) -> set[str]:
    return {name for name in after if before.get(name) != after[name]}


# The same command again


@pytest.fixture
def done(efface, tmp_path):
    """Three photos that were redacted into `out`."""
    album(tmp_path / "in", 3)
    assert efface("redact", tmp_path / "in", "-o", tmp_path / "out").code == 0
    return tmp_path / "in", tmp_path / "out"


def test_a_second_run_does_nothing_and_says_so(efface, done):
    source, out = done
    before = times(out)
    again = efface("redact", source, "-o", out)
    assert (again.code, again.err) == (0, "")
    assert again.out == "All 3 files were already done by an earlier run.\n"
    assert times(out) == before


def test_only_what_is_missing_or_changed_is_done(efface, done):
    source, out = done
    (out / "000.png").unlink()
    Image.fromarray(np.full((40, 40, 3), 90, np.uint8)).save(source / "001.png")
    before = times(out)
    again = efface("redact", source, "-o", out)
    assert again.code == 0
    assert "3 of 3 files done. 1 of them already by an earlier run." in again.out
    assert changed(before, times(out)) == {
        "000.png",
        "000.png.plan.json",
        "001.png",
        "001.png.plan.json",
    }
    with Image.open(out / "001.png") as picture:
        assert picture.size == (40, 40)


@pytest.mark.parametrize(
    "options",
    [
        ("--style", "solid"),
        ("--kinds", "face"),
        ("--margin", "0.3"),
        ("--verify", "full"),
        ("--sensitivity", "high"),
    ],
)
def test_other_options_do_it_anew(efface, done, options):
    source, out = done
    before = times(out)
    again = efface("redact", source, "-o", out, *options)
    assert again.code == 0
    assert "earlier" not in again.out
    assert changed(before, times(out)) == set(before)
    assert "All 3 files were already done" in efface("redact", source, "-o", out, *options).out


@pytest.mark.parametrize(
    "options",
    [
        ("--risk-bound", "0.1"),
        ("--detect-timeout", "60"),
        ("--max-pixels", "9999999"),
        ("--verify", "off"),
    ],
)
def test_options_that_change_no_target_do_nothing_anew(efface, done, options):
    source, out = done
    assert "All 3 files were already done" in efface("redact", source, "-o", out, *options).out


@pytest.mark.parametrize("cause", ["version", "detector"])
def test_another_efface_does_it_anew(efface, done, monkeypatch, cause):
    source, out = done
    if cause == "version":
        monkeypatch.setattr("efface.pipeline.resume.VERSION", "0.0.9")
    else:
        monkeypatch.setattr("efface.detect.trunk.VERSION", "of yesterday")
    assert "earlier" not in efface("redact", source, "-o", out).out


def test_what_is_not_provably_its_own_is_left_as_it_is(efface, done):
    source, out = done
    with open(out / "000.png", "r+b") as f:  # cut off
        f.truncate(300)
    (out / "001.png.plan.json").unlink()
    shutil.copy(source / "000.png", out / "002.png")  # somebody's own
    before = content(out)
    for more in ((), ("--style", "solid")):
        again = efface("redact", source, "-o", out, *more)
        assert again.code == 5
        assert again.err.count("exists already and was left as it is") == 3
        assert content(out) == before
    assert efface("redact", source, "-o", out, "--overwrite").code == 0
    assert set(changed(before, content(out))) >= {"000.png", "001.png.plan.json", "002.png"}


DRAWN = {"edit": "draw", "track": 7, "kind": "drawn", "first": 0, "boxes": [2, 2, 19, 19]}


def is_covered(path: Path, source: Path) -> bool:
    """Whether nothing is left of what the person drew around."""
    with Image.open(path) as now, Image.open(source) as then:
        return bool((np.asarray(now)[4:16, 4:16] != np.asarray(then)[4:16, 4:16]).mean() > 0.9)


def edited(plan: Path) -> None:
    """A person draws a box, as a review writes it down."""
    handle = os.open(plan, os.O_RDWR)
    append(handle, [DRAWN], is_first=b'"edit"' not in plan.read_bytes())
    os.close(handle)


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
@pytest.mark.parametrize("how", ["review", "find", "redact"])
def test_what_a_person_drew_is_erased_and_stays_in_the_plan(efface, tmp_path, how, more):
    source, out = album(tmp_path / "in", 2), tmp_path / "out"
    if how == "review":
        out.mkdir()
        with (
            TemporaryDirectory() as scratch,
            closing(
                ReviewSession(jobs_for([source], out), Options(), Path(scratch), print)
            ) as session,
        ):
            work = session.look(0)
            while work.state in ("waiting", "running"):
                time.sleep(0.02)
            session.change(0, 0, [DRAWN])
    else:
        assert efface(how, source, "-o", out).code == 0
        edited(out / "000.png.plan.json")
    if how == "find":
        (out / "001.png.plan.json").unlink()
    done = efface("redact", source, "-o", out, *more)
    assert done.code == 0, done.err
    assert done.out.count("A person changed the plan, so efface obeyed it") == 1
    assert is_covered(out / "000.png", source / "000.png")
    assert not is_covered(out / "001.png", source / "001.png")
    assert json.loads((out / "000.png.plan.json").read_text())["edits"] == [DRAWN]
    # And once it was made by that plan, it is finished work.
    assert "All 2 files were already done" in efface("redact", source, "-o", out).out
    anew = efface("redact", source, "-o", out, "--overwrite", "--discard-edits")
    assert anew.code == 0
    assert not is_covered(out / "000.png", source / "000.png")
    assert json.loads((out / "000.png.plan.json").read_text())["edits"] == []


@pytest.mark.parametrize(
    "name", ["000.redacted.plan.json", "000.redacted.png.plan.json", "000.png.plan.json"]
)
def test_a_persons_plan_is_found_under_every_name_it_may_have(efface, tmp_path, name):
    """Alone and in a folder, with the names of older releases; reviewed alone, it counts for the
    folder."""
    source = album(tmp_path / "in", 1)
    assert efface("find", source / "000.png", "-o", source / name).code == 0
    edited(source / name)
    for given, more in (
        (source / "000.png", ()),
        (source, ("--overwrite",)),
        (source / "000.png", ("-o", tmp_path / "x.png")),
    ):
        done = efface("redact", given, *more)
        assert done.code == 0, done.err
        target = tmp_path / "x.png" if more and more[0] == "-o" else source / "000.redacted.png"
        assert is_covered(target, source / "000.png")
    plans = [p.name for p in source.glob("*.plan.json")]
    assert plans == [name]
    assert json.loads((source / name).read_text())["edits"] == [DRAWN]


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_a_persons_work_that_cannot_be_obeyed_stops_the_run(efface, done, more):
    source, out = done
    edited(out / "000.png.plan.json")
    Image.fromarray(np.full((48, 48, 3), 90, np.uint8)).save(
        source / "000.png"
    )  # another source by now
    edited(out / "001.png.plan.json")
    torn = (out / "001.png.plan.json").read_bytes()
    (out / "001.png.plan.json").write_bytes(torn[:-20])
    text = (out / "002.png.plan.json").read_text()
    (out / "002.png.plan.json").write_text(text.replace('"margin":0.25', '"margin":0.5'))
    before = content(out)
    again = efface("redact", source, "-o", out, *more)
    assert again.code == 5
    assert content(out) == before
    for why in (
        "made for another source",
        "its last edit is torn off",
        "since its target was made",
    ):
        assert again.err.count(why) == 1, again.err
    assert again.err.count("--discard-edits throws the changes away") == 3
    assert again.err.count("efface review") == 3


@pytest.mark.parametrize("command", ["find", "report", "coco", "render", "target"])
def test_nothing_replaces_a_persons_plan(efface, done, tmp_path, command):
    source, out = done
    plan = out / "000.png.plan.json"
    edited(plan)
    before = content(out)
    photo, other = source / "001.png", out / "001.png.plan.json"
    words = {
        "find": ("find", source, "-o", out),
        "report": ("redact", photo, "-o", tmp_path / "x.png", "--report", plan),
        "coco": ("find", photo, "--coco", plan),
        "render": ("render", photo, "--plan", other, "-o", plan),
        "target": ("redact", photo, "-o", plan),
    }[command]
    refused = efface(*words, "--overwrite")
    assert refused.code == 5
    assert "a person changed this plan" in refused.err
    assert content(out)["000.png.plan.json"] == before["000.png.plan.json"]
    if command == "find":
        assert efface(*words, "--overwrite", "--discard-edits").code == 0
        assert json.loads(plan.read_text())["edits"] == []


def test_the_advice_about_a_plan_names_no_way_to_lose_it(efface, tmp_path):
    source = album(tmp_path / "in", 1) / "000.png"
    assert efface("find", source, "-o", source.with_name("000.redacted.png.plan.json")).code == 0
    refused = efface("redact", source)
    assert refused.code == 5
    assert "efface render obeys it, and efface review opens it" in refused.err


def test_a_plan_that_is_open_in_a_review_is_not_touched(efface, done):
    source, out = done
    edited(out / "000.png.plan.json")
    document = Document(source / "000.png", out / "000.png.plan.json")
    try:
        for command in ("redact", "find"):
            for more in ((), ("--overwrite",), ("--overwrite", "--discard-edits")):
                before = content(out)
                again = efface(command, source, "-o", out, *more)
                assert again.code == 5
                assert "open in a review" in again.err or "exists already" in again.err
                assert content(out)["000.png.plan.json"] == before["000.png.plan.json"]
        document.change(1, [{"edit": "approve", "approved": True}])
    finally:
        document.close()
    assert len(json.loads((out / "000.png.plan.json").read_text())["edits"]) == 2
    assert efface("redact", source, "-o", out, "--overwrite").code == 0


def test_what_a_person_changed_and_rendered_is_finished_work_too(efface, done):
    source, out = done
    jobs = jobs_for([source], out)
    with (
        TemporaryDirectory() as scratch,
        closing(
            ReviewSession(jobs, Options(write=WriteOptions(overwrite=True)), Path(scratch), print)
        ) as session,
    ):
        session.change(
            0, 0, [{"edit": "draw", "track": 7, "kind": "drawn", "first": 0, "boxes": [2, 2, 9, 9]}]
        )
        work = session.render(0, overwrite=False)
        while work.state in ("waiting", "running"):
            time.sleep(0.02)
        assert work.state == "done", work.said
    before = content(out)
    again = efface("redact", source, "-o", out)
    assert again.code == 0, again.err
    assert "All 3 files were already done by an earlier run" in again.out
    other = efface("redact", source, "-o", out, "--style", "solid")
    assert other.code == 0, other.err
    assert other.out.count("A person changed the plan, so efface obeyed it") == 1
    after = content(out)
    assert set(changed(before, after)) >= {"000.png", "000.png.plan.json"}
    assert len(json.loads((out / "000.png.plan.json").read_text())["edits"]) == 1


@on_posix
def test_on_a_terminal_the_bars_are_gone_and_the_cursor_is_back(kit, done):
    import pty

    source, out = done
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        kit.command_line("redact", source, "-o", out),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=kit.surroundings(),
    )
    os.close(theirs)
    said = b""
    with suppress(OSError):  # EIO: the other end is closed
        while piece := os.read(ours, 65536):
            said += piece
    os.close(ours)
    assert process.wait(PATIENCE_S) == 0
    assert b"\x1b[?25l" in said, "no bar was ever shown"
    assert said.rfind(b"\x1b[?25h") > said.rfind(b"\x1b[?25l")
    assert said.rstrip().endswith(b"All 3 files were already done by an earlier run.")


def test_a_folder_with_one_file_says_that_it_was_done(efface, tmp_path):
    album(tmp_path / "in", 1)
    assert efface("redact", tmp_path / "in", "-o", tmp_path / "out").code == 0
    assert (
        efface("redact", tmp_path / "in", "-o", tmp_path / "out").out
        == "The file was already done by an earlier run.\n"
    )


def test_a_single_file_that_is_done_is_left_and_never_replaced(efface, done, tmp_path):
    source, out = done
    before = content(out)
    again = efface("redact", source / "000.png", "-o", out / "000.png")
    assert again.code == 0
    assert "made by an earlier run" in again.out
    changed = efface("redact", source / "000.png", "-o", out / "000.png", "--style", "solid")
    assert changed.code == 5
    assert content(out) == before


def test_results_beside_their_sources_are_known_too(efface, tmp_path):
    source = album(tmp_path / "in", 2)
    assert efface("redact", source).code == 0
    again = efface("redact", source)
    assert again.code == 0
    assert "All 2 files were already done by an earlier run." in again.out


def test_the_report_of_a_run_that_went_on_tells_of_everything(efface, kept, kit, tmp_path):
    kit.taken(kept, tmp_path / "in", "face.jpg", "plain.png", "other.jpg")
    whole = efface(
        "redact", tmp_path / "in", "-o", tmp_path / "a", "--report", tmp_path / "whole.json"
    )
    assert efface("redact", tmp_path / "in", "-o", tmp_path / "b").code == whole.code
    for name in ("plain.png", "plain.png.plan.json"):
        (tmp_path / "b" / name).unlink()
    gone_on = efface(
        "redact", tmp_path / "in", "-o", tmp_path / "b", "--report", tmp_path / "on.json"
    )
    assert gone_on.code == whole.code
    assert "2 of them already" in gone_on.out
    assert json.loads((tmp_path / "on.json").read_text()) == json.loads(
        (tmp_path / "whole.json").read_text()
    )


def test_the_same_command_replaces_its_report_and_no_other_file(efface, done, tmp_path):
    source, out = done
    reports = [word for kind in ("json", "html") for word in ("--report", tmp_path / f"r.{kind}")]
    for _ in range(2):
        assert efface("redact", source, "-o", out, *reports).code == 0
    (tmp_path / "r.json").write_text('{"mine": true}')
    assert efface("redact", source, "-o", out, *reports).code == 5
    assert (tmp_path / "r.json").read_text() == '{"mine": true}'


# Workers


def test_workers_give_what_one_process_gives(program, kept, kit, tmp_path):
    album(tmp_path / "in", 5)
    kit.taken(kept, tmp_path / "in" / "deep", "face.jpg", "clip.mp4")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    for jobs in (1, 2):
        ended = program(
            "redact",
            "in",
            "-o",
            f"out{jobs}",
            "--jobs",
            jobs,
            "--report",
            f"{jobs}.json",
            *kit.FAST,
        )
        assert ended.code == 3
        assert "broken.jpg" in ended.err
        assert "7 of 8 files done, 1 not: see above." in ended.out
        assert ended.out.count("checked.") == 7
    one, two = content(tmp_path / "out1"), content(tmp_path / "out2")
    assert set(one) == set(two)
    # An encoder of video divides its work by the cores that it has, so its files may differ.
    assert {n: h for n, h in one.items() if "clip" not in n} == {
        n: h for n, h in two.items() if "clip" not in n
    }
    reports = [json.loads((tmp_path / f"{jobs}.json").read_text()) for jobs in (1, 2)]
    assert [[f["outcome"] for f in r["files"]] for r in reports] == [
        [f["outcome"] for f in reports[0]["files"]]
    ] * 2
    assert [f["number"] for f in reports[1]["files"]] == list(range(1, 9))
    assert not [n for n in kit.names_in(tmp_path) if DRAFTS in n]


def test_find_with_workers(program, tmp_path):
    album(tmp_path / "in", 4)
    for jobs in (1, 2):
        ended = program("find", "in", "-o", f"out{jobs}", "--jobs", jobs, "--coco", f"{jobs}.json")
        assert ended.code == 0, ended.err
    assert content(tmp_path / "out1") == content(tmp_path / "out2")
    assert (tmp_path / "1.json").read_text() == (tmp_path / "2.json").read_text()
    assert program("find", "in", "-o", "out2", "--jobs", 2).code == 5


def test_without_a_model_workers_end_the_run(program, kit, tmp_path):
    album(tmp_path / "in", 4)
    package = tmp_path / "package"
    shutil.copytree(
        Path(__file__).parents[2] / "src" / "efface",
        package / "efface",
        ignore=shutil.ignore_patterns("*.pyc.*"),
    )
    (package / "efface" / "detect" / "models" / "centerface.onnx").write_bytes(b"no network")
    ended = program("redact", "in", "-o", "out", "--jobs", 2, package=package)
    assert ended.code == 4
    assert ended.err.count("The model centerface cannot be used") == 1
    assert list((tmp_path / "out").rglob("*")) == []


def test_an_unforeseen_error_in_a_worker_is_one_of_its_file(program, kit, tmp_path):
    album(tmp_path / "in", 3)
    package = tmp_path / "package"
    shutil.copytree(
        Path(__file__).parents[2] / "src" / "efface",
        package / "efface",
        ignore=shutil.ignore_patterns("*.pyc.*"),
    )
    paint = package / "efface" / "painting" / "paint.py"
    with open(paint, "a") as f:
        f.write("\n\ndef paint(*_):\n    raise ZeroDivisionError('a fault')\n")
    ended = program("redact", "in", "-o", "out", "--jobs", 2, package=package)
    assert ended.code == 1
    assert (
        ended.err.count("unexpected error, ZeroDivisionError: a fault. No target was written") == 3
    )
    assert "Traceback" not in ended.err
    assert (
        "Traceback"
        in program(
            "redact", "in", "-o", "out", "--jobs", 2, package=package, env={"EFFACE_TRACEBACK": "1"}
        ).err
    )


# Death and interruption


@pytest.fixture
def started(kit):
    """started("redact", path) gives a process in a group of its own, of which nothing is left after
    the test."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object) -> subprocess.Popen[bytes]:
        command, how = (
            kit.command_line(*arguments),
            {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE},
        )
        begun.append(
            subprocess.Popen(command, env=kit.surroundings(), start_new_session=True, **how)
        )
        return begun[-1]

    yield start
    for process in begun:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def workers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Those that are there."""
    try:
        children = psutil.Process(process.pid).children()
        return [c for c in children if any("spawn_main" in word for word in c.cmdline())]
    except psutil.NoSuchProcess:
        return []


def holders(process: subprocess.Popen[bytes], name: str) -> list[psutil.Process]:
    """The workers that have that file open."""
    with suppress(psutil.Error):
        return [
            w for w in workers_of(process) if any(Path(f.path).name == name for f in w.open_files())
        ]
    return []


def until(is_so):
    """Waits for something true, and gives it."""
    end = time.monotonic() + PATIENCE_S
    while not (it := is_so()):
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)
    return it


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@on_posix
def test_a_worker_that_dies_costs_one_file(started, kit, long_clip, tmp_path):
    source, out = album(tmp_path / "in", 4), tmp_path / "out"
    shutil.copy(long_clip, source / "000.mp4")
    process = started("redact", source, "-o", out, "--jobs", 2, *kit.FAST)
    (busy,) = until(lambda: holders(process, "000.mp4"))
    busy.send_signal(signal.SIGKILL)
    said, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 4, err
    assert (
        b"000.mp4: the process that worked on it died: the system killed it (SIGKILL), most "
        b"likely for want of memory." in err
    )
    assert b"4 of 5 files done, 1 not" in said
    assert not [n for n in kit.names_in(out) if DRAFTS in n or "mp4" in n]


@on_posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
@pytest.mark.parametrize("whom", ["parent", "all"])
def test_an_interrupt_stops_all_workers_and_leaves_no_draft(
    started, kit, long_clip, tmp_path, number, whom
):
    out = tmp_path / "out"
    (tmp_path / "in").mkdir()
    for i in range(3):
        shutil.copy(long_clip, tmp_path / "in" / f"{i}.mp4")
    process = started("redact", tmp_path / "in", "-o", out, "--jobs", 2, *kit.FAST)
    until(lambda: list(out.glob(DRAFTS + "*")))
    workers = workers_of(process)
    assert len(workers) == 2
    for _ in range(2):  # people press it again
        if whom == "all":  # as a terminal does
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    said = [line for line in err.decode().splitlines() if line]
    assert (
        said[-1]
        == "efface: Interrupted. What was finished before is complete; nothing half-done was left."
    )
    told = re.fullmatch(r"efface: (\d) of 3 files were done when it stopped\.", said[-2])
    assert told
    assert int(told[1]) <= len(list(out.glob("*.mp4")))
    assert len(said) == 2
    assert all(is_gone(w) for w in workers)
    assert not [n for n in kit.names_in(out) if DRAFTS in n]
    assert len(list(out.glob("*.mp4"))) < 3


@on_posix
def test_workers_do_not_outlive_a_parent_that_was_killed(started, kit, long_clip, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "in").mkdir()
    for i in range(2):
        shutil.copy(long_clip, tmp_path / "in" / f"{i}.mp4")
    process = started("redact", tmp_path / "in", "-o", out, "--jobs", 2, *kit.FAST)
    until(lambda: list(out.glob(DRAFTS + "*")))
    workers = workers_of(process)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    until(lambda: all(is_gone(w) for w in workers))
    assert not [n for n in kit.names_in(out) if DRAFTS in n], (
        "they removed their drafts on the way out"
    )


def kill_after_some_work(process: subprocess.Popen[bytes], out: Path, wait_s: float) -> None:
    """All of its processes at once, a little after a target of this run has appeared."""
    began = time.time_ns()
    until(
        lambda: process.poll() is not None or any(made_since(p, began) for p in out.glob("*.png"))
    )
    time.sleep(wait_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)


def made_since(path: Path, moment_ns: int) -> bool:
    try:
        return path.stat().st_mtime_ns > moment_ns
    except FileNotFoundError:  # it is just being replaced
        return False


@pytest.mark.slow
@on_posix
def test_kill_at_any_moment_loses_at_most_what_was_in_hand(started, kit, tmp_path):
    source, out = album(tmp_path / "in", 30), tmp_path / "out"
    whole = started("redact", source, "-o", tmp_path / "whole", "--jobs", 2)
    whole.communicate(timeout=PATIENCE_S)
    assert whole.returncode == 0
    chance = random.Random(7)
    for _ in range(5):
        finished = {n: h for n, h in content(out).items() if n.endswith(".png") and DRAFTS not in n}
        process = started("redact", source, "-o", out, "--jobs", 2)
        kill_after_some_work(process, out, chance.uniform(0, 0.2))
        now = content(out)
        assert {n: h for n, h in now.items() if n in finished} == finished, (
            "what was finished stays"
        )
        for target in out.glob("*.png"):
            plan = json.loads(target.with_name(target.name + ".plan.json").read_text())
            assert plan["target"]["sha256"] == now[target.name], (
                "no target stands beside words about another"
            )
    last = started("redact", source, "-o", out, "--jobs", 2)
    said, _ = last.communicate(timeout=PATIENCE_S)
    assert last.returncode == 0
    assert b"already" in said
    assert content(out) == content(tmp_path / "whole")
    assert not [n for n in kit.names_in(out) if DRAFTS in n]


@pytest.mark.slow
@on_posix
def test_kill_while_older_targets_are_replaced(started, efface, tmp_path):
    source, out = album(tmp_path / "in", 12), tmp_path / "out"
    assert efface("redact", source, "-o", out, "--kinds", "face").code == 0
    assert efface("redact", source, "-o", tmp_path / "whole").code == 0
    chance = random.Random(3)
    for _ in range(3):
        kill_after_some_work(
            started("redact", source, "-o", out, "--jobs", 2), out, chance.uniform(0, 0.1)
        )
        for target in out.glob("*.png"):
            plan = json.loads(target.with_name(target.name + ".plan.json").read_text())
            assert plan["target"]["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    assert efface("redact", source, "-o", out).code == 0
    assert content(out) == content(tmp_path / "whole")


def test_workers_heed_the_terminal_as_one_process_does(kit, tmp_path):
    """All bars at once, and nothing but results on stdout."""
    import pty

    album(tmp_path / "in", 6)
    master, slave = pty.openpty()
    command = kit.command_line("redact", tmp_path / "in", "-o", tmp_path / "out", "--jobs", 2)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=slave, env=kit.surroundings(TERM="xterm")
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
    assert "files" in shown.decode("utf-8", "replace")
    assert "/6" in shown.decode("utf-8", "replace")
    assert "6 of 6 files done." in said
    assert "\x1b" not in said
