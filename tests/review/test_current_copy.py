"""A card says that a copy is done if its plan, as it is now, made the copy that is there."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

import efface
from efface.cli.main import main
from efface.files import sha256_of
from efface.pipeline.naming import jobs_for
from efface.planning.sidecar import LARGEST, load, save
from efface.review import current_copy
from efface.review.current_copy import sealed_record, stamp_of
from efface.review.serve import serving


@pytest.fixture
def photo(photos, monkeypatch):
    """A photo that the command line redacted: it looked, erased, and wrote copy and plan."""
    source = photos[0]
    jobs_for([source], None)[0].plan_path.unlink()
    monkeypatch.setattr("efface.cli.engines.APART", False)
    with pytest.raises(SystemExit) as ended:
        main(["redact", str(source), "--verify", "off", "--quiet"])
    assert ended.value.code in (efface.errors.EXIT_OK, efface.errors.EXIT_LOOK)
    return source


@pytest.fixture
def job(photo):
    return jobs_for([photo], None)[0]


def shown(client):
    """The state of the card, and of the file once it is opened."""
    listed = client.ask("/api/files").json["files"][0]["state"]
    return listed, client.ask("/api/files/0").json["state"]


@pytest.fixture
def page(photo, kit):
    """page() opens the photo in a page of its own, and returns its states."""

    def opened():
        with serving(jobs_for([photo], None), kit.OPTIONS) as running:
            running.start()
            client = kit.Client(running)
            client.enter()
            return shown(client)

    return opened


def edited(job):
    """Add an edit to the plan's file by hand, as a person might."""
    text = job.plan_path.read_text()
    edit = {"edit": "area", "track": 9, "first": 0, "last": 0, "box": [1, 1, 9, 9], "keep": False}
    job.plan_path.write_text(text.replace('"edits": [', '"edits": [\n  ' + json.dumps(edit)))


def test_what_the_command_line_redacted_is_done_until_its_plan_changes(page, job, monkeypatch):
    assert job.plan_path.stat().st_mtime_ns >= job.target.stat().st_mtime_ns
    assert page() == ("rendered", "rendered")
    os.utime(job.target, ns=(0, 0))  # as copying a folder may leave it
    assert page() == ("rendered", "rendered")
    edited(job)
    os.utime(job.plan_path, ns=(0, 0))
    assert page() == ("review", "review")
    monkeypatch.setattr("efface.cli.engines.APART", False)
    with pytest.raises(SystemExit):
        main(["redact", str(job.source), "--verify", "off", "--quiet", "--overwrite"])
    assert page() == ("rendered", "rendered")


def test_a_copy_that_another_file_replaced_is_not_taken_for_the_copy(page, job, kit):
    job.target.write_bytes(job.source.read_bytes())
    assert page()[1] == "review"
    with serving([job], kit.OPTIONS) as running:
        running.start()
        client = kit.Client(running)
        client.enter()
        said = client.ask("/api/files/0").json
        assert (said["result"], said["verification"]) == (None, None)
        assert client.ask("/api/files/0/result").status == 404
        assert not client.ask("/api/files").json["files"][0]["done"], "it is not efface's own"
    job.target.unlink()
    assert page() == ("review", "review")


def test_a_copy_from_before_is_played_reported_on_and_replaced_as_one_of_the_page(job, kit):
    with serving([job], kit.OPTIONS) as running:
        running.start()
        client = kit.Client(running)
        client.enter()
        said = client.ask("/api/files/0").json
        assert (said["result"]["current"], said["result"]["report"]) == (True, True)
        assert said["done"], "the page need not ask whether it may be replaced"
        assert client.ask("/api/files/0/result").body == job.target.read_bytes()
        assert b"<html" in client.ask("/api/files/0/report").body
        area = {"edit": "area", "track": None, "first": 0, "last": 0, "box": [0, 0, 9, 9]}
        edit = {"version": 0, "edits": [area | {"keep": False}]}
        assert client.ask("/api/files/0/edits", edit).status == 200
        assert shown(client) == ("review", "review")
        assert client.ask("/api/files/0").json["result"]["current"] is False
        assert client.ask("/api/files").json["files"][0]["done"]
        job.target.write_bytes(job.source.read_bytes())
        assert client.ask("/api/files/0/result").status == 404


def test_a_copy_made_before_the_last_edits_may_be_replaced_by_the_next_page(job, kit):
    edited(job)
    with serving([job], kit.OPTIONS) as running:
        running.start()
        client = kit.Client(running)
        client.enter()
        assert client.ask("/api/files/0").json["result"] is None, "by which edits is not known"
        assert client.ask("/api/files").json["files"][0]["done"]


def test_a_finished_copy_that_is_added_itself_does_not_get_the_plan_of_its_source(job, kit):
    (again,) = jobs_for([job.target], None)
    records = current_copy.Records()
    assert records.plan_beside(job) == job.plan_path
    assert records.plan_beside(again) is None
    save(replace(load(job.plan_path), source_sha256=sha256_of(job.target)), job.plan_path)
    assert records.plan_beside(again) is None, "it is remembered"
    assert current_copy.Records().plan_beside(again) == job.plan_path, "efface find names it so"


def test_the_record_of_a_plan_is_found_without_reading_the_plan(job, monkeypatch):
    record = sealed_record(job.plan_path)
    assert record is not None
    assert record.target_sha256 == sha256_of(job.target)
    records = current_copy.Records()
    assert records.tells_of_copy(job, job.plan_path)
    monkeypatch.setattr(current_copy, "sealed_record", lambda path: 1 / 0)
    assert records.tells_of_copy(job, job.plan_path), "it has not changed"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b'"cuts":', b'"cuts" :'),
        lambda text: text.replace(b' "target": ', b' "targe": '),
        lambda text: text.replace(b' "target": {', b' "target": [', 1),
        lambda text: text + b' "target": {}\n',
        lambda text: b"",
        lambda text: b"[" * 100_000,
    ],
)
def test_what_is_no_sealed_plan_has_no_record(job, change):
    job.plan_path.write_bytes(change(job.plan_path.read_bytes()))
    assert sealed_record(job.plan_path) is None


def test_a_file_that_is_gone_or_too_large_has_no_record(job):
    os.truncate(job.plan_path, LARGEST + 1)
    assert sealed_record(job.plan_path) is None
    job.plan_path.unlink()
    assert sealed_record(job.plan_path) is None
    assert stamp_of(job.plan_path) is None
    assert not current_copy.Records().tells_of_copy(job, job.plan_path)
