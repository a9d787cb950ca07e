"""`--report`: written whole however a run ends, refused early, and silent about names, folders,
dates and pixels."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator

from efface import staged_files
from efface.cli import run_report
from efface.errors import DeviceMissing, VerificationFailed
from efface.findings import Check, Finding, Outcome, Verification
from efface.pipeline import one_source, rendering
from efface.report import manifest

VALIDATOR = Draft202012Validator(manifest.schema())


def read(path):
    data = json.loads(path.read_text("utf-8"))
    VALIDATOR.validate(data)
    return data


def test_redact_writes_page_and_json_with_the_hashes_of_all_files(efface, kept, kit, tmp_path):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    done = efface(
        "redact", clip, *kit.FAST, "--report", tmp_path / "r.html", "--report", tmp_path / "r.json"
    )
    assert (done.code, done.err) == (0, "")
    assert f"Report, clean: {tmp_path / 'r.html'} and {tmp_path / 'r.json'}" in done.out
    data = read(tmp_path / "r.json")
    (file,) = data["files"]
    assert (data["outcome"], data["exit_code"], data["command"]) == ("clean", 0, "redact")
    hashes = [
        kit.state(tmp_path / n)[0]
        for n in ("clip.mp4", "clip.redacted.mp4", "clip.redacted.mp4.plan.json")
    ]
    assert [file["source"]["sha256"], file["target_sha256"], file["plan"]["sha256"]] == hashes
    page = (tmp_path / "r.html").read_text("utf-8")
    # Checksums break where the eye rests.
    assert all(h in page.replace("<wbr>", "") for h in hashes)
    assert file["done"]["frames"] == kit.CLIP_FRAMES
    assert {s["flag"]: s["value"] for s in file["settings"] if s["changed"]} == {
        "--preset": "ultrafast"
    }
    assert {d["name"] for d in file["detectors"]} == {
        "centerface-int8",
        "plates-int8",
        "plate-context-int8",
    }
    for number in re.findall(r"\d+(?:\.\d+)?", done.out.splitlines()[0].replace(str(tmp_path), "")):
        assert float(number) in {
            float(n) for n in re.findall(r"\d+(?:\.\d+)?", (tmp_path / "r.json").read_text())
        }


def test_a_report_tells_which_walls_stood(program, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "plain.png")
    report = tmp_path / "r.json"
    done = program("redact", photo, "--walls", "require", "--report", report)
    walls = read(report)["software"]["decoder walls"]
    if done.code == 4:
        assert "This system does not put decoders behind walls: " in done.err
        assert "missing" in walls
        return
    assert done.code == 0, done.err
    assert walls == "no new privileges, Landlock, seccomp"
    checks = {c["name"]: c["facts"] for c in read(report)["files"][0]["checks"]}
    assert checks["fidelity"]["walls around decoders"] == walls


def test_nothing_that_names_somebody_is_in_a_report(efface, kept, kit, tmp_path, monkeypatch):
    """Needles: the names of file and folder, the user and the host."""
    monkeypatch.setenv("USER", "needleuser")
    folder = tmp_path / "needlefolder"
    (photo,) = kit.taken(kept, folder, "face.jpg")
    source = photo.rename(folder / "needlename.jpg")
    (folder / "needlebroken.jpg").write_bytes(b"\xff\xd8\xff broken")
    (folder / "needletext.jpg").write_text("text")
    out = tmp_path / "out"
    reports = [out / "r.html", out / "r.json"]
    done = efface("redact", folder, "-o", out, *[a for r in reports for a in ("--report", r)])
    assert done.code == 3
    data = read(reports[1])
    assert [f["outcome"] for f in data["files"]] == ["not done", "clean", "not done"]
    assert data["counts"] == {
        "files": 3,
        "clean": 1,
        "not done": 2,
        "needs review": 0,
        "not verified": 0,
        "not clean": 0,
    }
    for report in reports:
        text = report.read_text("utf-8").casefold()
        assert not re.search(r"needle|/tmp|/home|pytest", text), report
        assert not re.search(r"\b(19|20)\d\d-\d\d", text)
    again = efface(
        "redact",
        source,
        "-o",
        out / "x.jpg",
        "--report",
        out / "named.json",
        "--report-with",
        "names,date",
    )
    assert again.code == 0
    named = read(out / "named.json")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", named["made"])
    assert (named["files"][0]["name"], named["files"][0]["target_name"]) == (
        "needlename.jpg",
        "x.jpg",
    )
    assert str(folder) not in (out / "named.json").read_text()


def test_the_same_run_gives_the_same_report(efface, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    for name in ("a", "b"):
        assert (
            efface(
                "redact",
                photo,
                "-o",
                tmp_path / f"{name}.jpg",
                "--report",
                tmp_path / f"{name}.html",
            ).code
            == 0
        )
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def refuse(monkeypatch):
    """Every draft fails its check, at a frame and a place."""
    found = Finding("coverage", "frame 4 still shows what the plan erases", 3, (8, 8, 60, 60), 0.12)
    verification = Verification(
        (Check("coverage", Outcome.NOT_CLEAN, (found,)), Check("fidelity", Outcome.CLEAN))
    )

    def prove(made, target, *_):
        raise VerificationFailed(target, [found.message], verification)

    monkeypatch.setattr(rendering, "prove", prove)


def test_a_refused_target_is_reported_with_what_was_found(efface, kept, kit, tmp_path, monkeypatch):
    refuse(monkeypatch)
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    done = efface(
        "redact", clip, *kit.FAST, "--report", tmp_path / "r.json", "--report", tmp_path / "r.html"
    )
    assert done.code == 6
    assert not (tmp_path / "clip.redacted.mp4").exists()
    data = read(tmp_path / "r.json")
    (file,) = data["files"]
    assert (data["outcome"], data["exit_code"], file["exit_code"]) == ("not clean", 6, 6)
    assert (file["target_sha256"], file["done"], file["plan"]["sha256"]) == (None, None, None)
    assert "Nothing was published." in data["sentence"]
    (finding,) = file["checks"][0]["findings"]
    assert (finding["frame"], finding["timecode"], finding["box"]) == (
        3,
        "0:00:00.120",
        [8, 8, 60, 60],
    )
    assert file["found"]["kinds"][0]["tracks"] == 1
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "Not clean" in page
    assert "frame 4 still shows what the plan erases" in page


def test_render_reports_the_plan_that_it_obeyed(efface, kept, kit, tmp_path):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    assert efface("find", clip, "-o", tmp_path / "plan.json", "--margin", 0.5).code == 0
    done = efface(
        "render",
        clip,
        "--plan",
        tmp_path / "plan.json",
        "-o",
        tmp_path / "o.mp4",
        *kit.FAST,
        "--style",
        "solid",
        "--report",
        tmp_path / "r.json",
    )
    assert done.code == 0
    (file,) = read(tmp_path / "r.json")["files"]
    assert file["plan"]["sha256"] == kit.state(tmp_path / "plan.json")[0]
    changed = {s["flag"]: s["value"] for s in file["settings"] if s["changed"]}
    assert changed == {"--margin": "0.5", "--style": "solid", "--preset": "ultrafast"}


def test_unchecked_targets_are_called_so(efface, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    assert efface("redact", photo, "--verify", "off", "--report", tmp_path / "r.json").code == 0
    assert read(tmp_path / "r.json")["outcome"] == "not verified"


def test_verify_reports_and_its_json_stays_json(efface, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    assert efface("redact", photo).code == 0
    target = tmp_path / "face.redacted.jpg"
    done = efface("verify", target, "--source", photo, "--json", "--report", tmp_path / "r.json")
    assert (done.code, json.loads(done.out)["outcome"]) == (0, "clean")
    data = read(tmp_path / "r.json")
    assert (data["command"], data["outcome"]) == ("verify", "clean")
    assert data["files"][0]["target_sha256"] == kit.state(target)[0]
    assert (
        efface(
            "verify",
            photo,
            "--plan",
            tmp_path / "face.redacted.jpg.plan.json",
            "--source",
            photo,
            "--report",
            tmp_path / "bad.json",
        ).code
        == 6
    )
    bad = read(tmp_path / "bad.json")
    assert bad["outcome"] == "not clean"
    assert "deleted" not in bad["sentence"]
    assert efface("verify", target, "--plan", photo, "--report", tmp_path / "none.json").code == 3
    assert read(tmp_path / "none.json")["files"][0]["error"]["kind"] == "BadPlan"


@pytest.mark.parametrize("name", ["r.pdf", "r", "html"])
def test_another_ending_is_a_usage_error_before_any_work(efface, kept, kit, tmp_path, name):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    done = efface("redact", photo, "--report", tmp_path / name)
    assert done.code == 2
    assert "must end in .html, .json or .csv" in done.err
    assert kit.names_in(tmp_path) == ["face.jpg"]


def test_nothing_is_overwritten_and_nothing_written_twice(efface, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    (tmp_path / "r.html").write_text("precious")
    assert efface("redact", photo, "--report", tmp_path / "r.html").code == 5
    assert (tmp_path / "r.html").read_text() == "precious"
    assert not (tmp_path / "face.redacted.jpg").exists()
    assert efface("redact", photo, "--overwrite", "--report", tmp_path / "r.html").code == 0
    assert "precious" not in (tmp_path / "r.html").read_text()
    plan = tmp_path / "face.redacted.jpg.plan.json"
    for twice in ((plan,), (tmp_path / "x.json", tmp_path / "x.json")):
        done = efface("redact", photo, "--overwrite", *[a for t in twice for a in ("--report", t)])
        assert done.code == 2
        assert "writes for another purpose" in done.err
    assert efface("redact", photo, "--overwrite", "--report", tmp_path / "no" / "r.html").code == 5


def test_a_run_that_is_cut_short_leaves_its_report(efface, kept, kit, tmp_path, monkeypatch):
    """The first file is done; at the second the user stops, or the device goes away."""
    photos = tmp_path / "photos"
    kit.taken(kept, photos, "face.jpg", "other.jpg", "plain.png")
    real = one_source.redact
    for ending, code in ((KeyboardInterrupt(), 130), (DeviceMissing("cuda"), 4)):
        count = 0

        def redact(*arguments, ending=ending, **how):
            nonlocal count
            count += 1
            if count == 2:
                raise ending
            return real(*arguments, **how)

        monkeypatch.setattr(one_source, "redact", redact)
        out = tmp_path / f"out{code}"
        done = efface("redact", photos, "-o", out, "--report", tmp_path / f"{code}.json")
        assert done.code == code
        data = read(tmp_path / f"{code}.json")
        assert [f["outcome"] for f in data["files"]] == ["clean", "not done", "not done"]
        assert data["exit_code"] == code


@pytest.mark.parametrize("fails", [False, True])
def test_a_full_disk_at_the_end_is_said_and_hides_nothing_graver(
    efface, kept, kit, tmp_path, monkeypatch, fails
):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    real = staged_files._flush

    def flush(draft):
        if draft.suffix == ".html":
            raise OSError(28, "No space left on device")
        real(draft)

    monkeypatch.setattr(staged_files, "_flush", flush)
    if fails:
        refuse(monkeypatch)
    done = efface("redact", photo, "--report", tmp_path / "r.html")
    assert done.code == (6 if fails else 5)
    assert "This concerns only the report; the targets are as listed above." in done.err
    assert not (tmp_path / "r.html").exists()
    assert (tmp_path / "face.redacted.jpg").exists() is not fails


def test_without_the_option_no_facts_are_gathered(efface, kept, kit, tmp_path, monkeypatch):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    monkeypatch.setattr(run_report.Record, "report", None)
    assert efface("redact", photo).code == 0
    assert kit.names_in(tmp_path) == [
        "face.jpg",
        "face.redacted.jpg",
        "face.redacted.jpg.plan.json",
    ]
