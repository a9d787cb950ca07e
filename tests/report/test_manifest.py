"""The JSON obeys its schema, and the schema refuses what is wrong."""

from __future__ import annotations

import copy
import json
import re

import pytest
from jsonschema import Draft202012Validator

from efface.report import manifest, text, wording
from efface.report.facts import MOST_FINDINGS

VALIDATOR = Draft202012Validator(manifest.schema())


def test_the_schema_is_one():
    Draft202012Validator.check_schema(manifest.schema())


def test_every_kind_of_report_obeys_it(kinds_of_report):
    for name, report in kinds_of_report.items():
        errors = list(VALIDATOR.iter_errors(json.loads(manifest.text(report))))
        assert not errors, (name, errors[0].message, list(errors[0].absolute_path))


def objects(schema: object):
    if isinstance(schema, dict):
        if "properties" in schema and "required" in schema:
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_no_object_of_it_takes_strangers_and_all_fields_are_required():
    found = list(objects(manifest.schema()))
    assert len(found) > 12
    for schema in found:
        if schema.get("additionalProperties") is False:
            assert set(schema["required"]) == set(schema["properties"])
    assert sum(s.get("additionalProperties") is False for s in found) == len(found)


WRONG = {
    "a stranger": lambda d: d.update(path="/home/maria"),
    "a missing field": lambda d: d.pop("outcome"),
    "an unknown outcome": lambda d: d.update(outcome="perfect"),
    "an unknown exit code": lambda d: d.update(exit_code=99),
    "another version": lambda d: d.update(version=1),
    "a date with seconds": lambda d: d.update(made="2025-01-02T03:04:05Z"),
    "a hash that is none": lambda d: d["files"][0].update(target_sha256="abc"),
    "fewer than nothing": lambda d: d["files"][0]["found"].update(tracks=-1),
    "a fourth kind": lambda d: d["files"][0]["found"]["kinds"][0].update(kind="person"),
    "a risk above 1": lambda d: d["files"][0]["found"].update(risk_bound=1.5),
    "a box of three": lambda d: d["files"][0]["checks"][0]["findings"][0].update(box=[1, 2, 3]),
    "clean with an error": lambda d: d["files"][0].update(
        outcome="clean", error={"kind": "X", "message": "x", "hint": ""}
    ),
    "clean and nobody looked": lambda d: d["files"][0].update(outcome="clean", checks=[]),
    "not done, and a target": lambda d: d["files"][0].update(outcome="not done"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_it_refuses(kinds_of_report, what):
    data = json.loads(manifest.text(kinds_of_report["review"]))
    assert VALIDATOR.is_valid(data)
    wrong = copy.deepcopy(data)
    WRONG[what](wrong)
    assert not VALIDATOR.is_valid(wrong)


def test_every_number_in_the_lines_stands_in_the_json(kinds_of_report):
    checked = 0
    for name, report in kinds_of_report.items():
        said = manifest.text(report)
        numbers = {round(float(n), 9) for n in re.findall(r"\d+(?:\.\d+)?", said)}
        for entry in report.entries:
            lines = [*text.lines(entry, "target"), *text.seen_again(entry)]
            if entry.found and entry.media:
                lines += text.doubtful(entry.found, entry.media)
            for number in re.findall(r"\d+(?:\.\d+)?", "\n".join(lines)):
                assert round(float(number), 9) in numbers, (name, number)
                checked += 1
    assert checked > 40


def test_the_sentences_are_those_of_the_page(kinds_of_report):
    data = manifest.said(kinds_of_report["doubtful"])
    assert data["sentence"] == "1 moment needs a person's eyes before the copy is published."
    assert data["next"] == list(wording.advice(kinds_of_report["doubtful"]))
    assert manifest.said(kinds_of_report["many"])["sentence"] == "3 files: 1 not done, 2 clean."


def test_what_did_not_look_is_said_in_the_sentence(kinds_of_report):
    assert "1 check found nothing that should not be there; 1 did not look" in wording.headline(
        kinds_of_report["clean"]
    )
    assert wording.headline(kinds_of_report["unchecked"]) == "No check has looked at the copy."


def test_findings_are_bounded_and_counted(made):
    from efface.findings import Outcome

    many = made.entry(made.plan(), made.findings(Outcome.REVIEW, MOST_FINDINGS + 7))
    check = manifest.said(made.report(many, exit_code=7))["files"][0]["checks"][0]
    assert (len(check["findings"]), check["findings_in_all"]) == (MOST_FINDINGS, MOST_FINDINGS + 7)


def test_nothing_is_named_unless_asked_for(kinds_of_report, made):
    data = manifest.said(kinds_of_report["clean"])
    assert data["made"] is None
    assert data["files"][0]["name"] is None
    named = manifest.said(
        made.report(made.entry(made.plan(), name="a\nb.mp4", target_name="c\udcff.mp4"))
    )["files"][0]
    assert (named["name"], named["target_name"]) == ("a\\nb.mp4", "c\\xff.mp4")


def test_what_is_left_visible_is_counted_by_kind(kinds_of_report):
    told = manifest.said(kinds_of_report["only left"])["files"][0]["found"]["left_visible"]
    assert [
        (k["kind"], k["tracks"], k["stretches"], k["seconds"], k["beyond"]) for k in told["kinds"]
    ] == [
        ("face", 8, 10, 2.62, 7),
        ("plate", 1, 1, 0.04, 0),
    ]
    assert [(s["track"], s["frames"], s["listed"]) for s in told["stretches"]] == [
        (4, [62, 64], False),
        (5, [100, 100], False),
    ]
    assert told["sentence"].startswith("Left visible: 8 possible faces and 1 possible plate")
    assert [s["chance"] for s in told["stretches"]] == [None, None]
    assert [k["likely"] for k in told["kinds"]] == [None, None]
    assert manifest.said(kinds_of_report["clean"])["files"][0]["found"]["left_visible"] == {
        "kinds": [], "stretches": [], "sentence": "",
    }  # fmt: skip


def test_of_a_photo_it_says_how_likely_that_is(kinds_of_report):
    told = manifest.said(kinds_of_report["left on photo"])["files"][0]["found"]["left_visible"]
    *faces, plate, text = [s["chance"] for s in told["stretches"]]
    assert all(0.1 < c < 0.5 for c in faces)
    assert (plate < 0.05, text) == (True, None)
    likely = {k["kind"]: k["likely"] for k in told["kinds"]}
    assert likely == {"face": pytest.approx(sum(faces)), "plate": plate, "text": None}
