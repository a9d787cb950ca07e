"""The sound under review: its waveform, silent spans in the plan, and what becomes of it."""

from __future__ import annotations

import time

import numpy as np
import pytest

import efface
from efface.findings import Outcome
from efface.option_values import TimeSpan
from efface.options import Options, VerifyOptions, WriteOptions
from efface.pipeline.naming import jobs_for
from efface.planning.sidecar import load
from efface.review.file_registry import Folder
from efface.review.sound_actions import write_options

PATIENCE_S = 60.0


def entered(kit, running):
    client = kit.Client(running)
    assert client.enter().status == 303
    return client


def worked(client, kind, body=None):
    """Long work, to its end; the file as it is then."""
    asked = {"version": client.ask("/api/files/0").json["version"]} | (body or {})
    assert client.ask(f"/api/files/0/jobs/{kind}", asked).status == 202
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        said = client.ask("/api/files/0").json
        states = [w["state"] for w in said["works"] if w["kind"] == kind]
        if not {"waiting", "running"} & set(states):
            assert "failed" not in states, said["works"]
            return said
        time.sleep(0.02)
    raise AssertionError("it never ended")


def muted(client, *on, off=()):
    edit = {"edit": "mute", "off": list(off), "on": list(on)}
    version = client.ask("/api/files/0").json["version"]
    return client.ask("/api/files/0/edits", {"version": version, "edits": [edit]})


def test_the_waveform_is_made_once_and_kept_in_memory_only(loud, serve, kit):
    client = entered(kit, serve(loud))
    before = sorted(loud.parent.iterdir())
    assert client.ask("/api/files/0/wave").status == 204
    assert client.ask("/api/files/9/wave").status == 404
    assert worked(client, "wave")["has_sound"]
    answer = client.ask("/api/files/0/wave")
    peaks = np.frombuffer(answer.body, np.uint8)
    assert (answer.headers["x-step-ms"], len(peaks)) == ("10", 300)
    assert peaks[10:290].min() > 60
    assert client.ask("/api/files/0/jobs/wave", {"version": 0}).json == {"work": None}
    assert sorted(loud.parent.iterdir()) == before


def test_a_film_without_sound_has_no_lane(client):
    said = client.ask("/api/files/0").json
    assert (said["has_sound"], said["silent"], said["audio"]) == (False, [], "drop")
    for kind in ("wave", "speech"):
        assert client.ask(f"/api/files/0/jobs/{kind}", {"version": 0}).json == {"work": None}


def test_drawn_spans_are_silent_in_the_copy_and_checked(loud, serve, kit):
    options = Options(write=WriteOptions(preset="ultrafast"), verify=VerifyOptions(level="quick"))
    client = entered(kit, serve(loud, options=options))
    assert muted(client, 500, 900, 2000, 2500).status == 200
    assert muted(client, 600, 1000, off=(500, 900)).status == 200
    assert client.ask("/api/files/0").json["silent"] == [[600, 1000], [2000, 2500]]
    assert muted(client, 900, 600).status == 400
    assert client.ask("/api/files/0/audio", {"audio": "loud"}).status == 400
    assert client.ask("/api/files/0/audio", {"audio": "keep"}).status == 200
    assert client.ask("/api/files/0").json["audio"] == "keep"
    worked(client, "render")
    (job,) = jobs_for([loud], None)
    made = load(job.plan_path).made
    assert made is not None
    assert made.audio == (1, 0)
    assert made.sound.silent == (TimeSpan(0.6, 1.0), TimeSpan(2.0, 2.5))
    found = {c.name: c for c in made.verification.checks}["sound"]
    assert (found.outcome, found.facts["silent, s"]) == (
        Outcome.CLEAN,
        pytest.approx(0.9, abs=0.03),
    )


def test_speech_becomes_one_edit(loud, serve, kit, monkeypatch):
    from efface.detect import speech

    class Hears:
        def take(self, samples, first):
            pass

        def spans(self):
            return (TimeSpan(0.4, 0.8004), TimeSpan(2.9, 99.0))

    monkeypatch.setattr(speech, "SpeechFinder", Hears)
    client = entered(kit, serve(loud))
    said = worked(client, "speech")
    assert said["silent"] == [[400, 801], [2900, 3000]]
    assert (said["version"], said["undo"]) == (1, "mute")
    monkeypatch.setattr(Hears, "spans", lambda self: ())
    assert worked(client, "speech")["version"] == 1


@pytest.mark.parametrize(
    ("asked", "chosen", "audio", "mute"),
    [
        ({}, None, "drop", ()),
        ({}, "keep", "keep", ()),
        ({"audio": "mute", "mute": ("0-1",)}, None, "mute", ("0-1",)),
        ({"audio": "mute", "mute": ("0-1",)}, "keep", "mute", ("0-1",)),
        ({"audio": "mute", "mute": ("0-1",)}, "disguise", "disguise", ("0-1",)),
        ({"audio": "mute", "mute": ("0-1",)}, "drop", "drop", ()),
    ],
)
def test_a_choice_for_one_file_forgets_no_span_of_the_command(loud, asked, chosen, audio, mute):
    folder = Folder(jobs_for([loud], None)[0], audio=chosen)
    found = write_options(folder, WriteOptions(**asked))
    assert (found.audio, found.mute) == (audio, mute)


def test_the_plan_counts_wherever_sound_is_kept(loud, serve, kit, tmp_path):
    """A copy made before, or by other means, is found out."""
    (job,) = jobs_for([loud], None)
    kept = WriteOptions(preset="ultrafast", audio="keep")
    options = Options(write=kept, verify=VerifyOptions(level="off"))
    early = efface.render(loud, load(job.plan_path), tmp_path / "early.mp4", options=options)
    client = entered(kit, serve(loud))
    assert muted(client, 1000, 1050).status == 200
    plan = load(job.plan_path)
    quick = Options(verify=VerifyOptions(level="quick"))
    checks = {c.name: c for c in efface.verify(early.target, plan, loud, options=quick).checks}
    assert checks["sound"].outcome is Outcome.NOT_CLEAN
    late = efface.render(loud, plan, tmp_path / "late.mp4", options=options)
    assert late.sound is not None
    assert late.sound.silent == (TimeSpan(1.0, 1.05),)
    checks = {c.name: c for c in efface.verify(late.target, plan, loud, options=quick).checks}
    assert checks["sound"].outcome is Outcome.CLEAN
    silent = Options(write=WriteOptions(preset="ultrafast"), verify=VerifyOptions(level="off"))
    dropped = efface.render(loud, plan, tmp_path / "dropped.mp4", options=silent)
    assert (dropped.audio_kept, dropped.sound) == (0, None)
