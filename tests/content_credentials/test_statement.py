"""A manifest says what was done, and nothing of the source unless that was asked for."""

from __future__ import annotations

import json
from dataclasses import replace

from efface.content_credentials.statement import TRIAL, ErasedKind, Model
from efface.version import VERSION


def test_it_says_what_was_erased_and_with_what():
    statement = replace(
        TRIAL, kinds=(ErasedKind("face", 2, 31),), models=(Model("centerface", "1", "a" * 64),)
    )
    opened, edited = statement.definition()["assertions"][0]["data"]["actions"]
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert "face (31)" in edited["description"]
    details = edited["parameters"]["org.efface.redaction"]
    assert details["erased"] == [{"kind": "face", "tracks": 2, "areas": 31}]
    assert details["models"][0]["sha256"] == "a" * 64
    assert details["efface"] == VERSION
    assert "source_sha256" not in json.dumps(statement.definition())


def test_the_hash_of_the_source_is_told_only_when_asked():
    told = replace(TRIAL, source_sha256="b" * 64).details()
    assert told["source_sha256"] == "b" * 64
    assert "nothing" in TRIAL.description()
