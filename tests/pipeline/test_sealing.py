"""A record holds only what the plan says belongs together."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest

from efface.errors import BadPlan, PlanMismatch, SourceUnreadable, TargetExists, TargetIsSource
from efface.findings import Verification
from efface.pipeline.naming import jobs_for
from efface.pipeline.sealing import Sealing, record_path_of
from efface.planning import sidecar
from efface.planning.plan import Plan
from efface.planning.render_record import RenderRecord
from efface.seal_records.record_check import State, check_record
from efface.timing import Timeline

NOW = datetime(2026, 11, 29, 9, 40, 12, tzinfo=UTC)
NEEDLE = b"needle of the original"


def plan_for(original, copy=None, name="centerface"):
    plan = Plan(
        sha256(original).hexdigest(), "photo", ((8, 8),), Timeline(np.array([0]), Fraction(1)),
        detectors=({"name": name, "version": "1", "sha256": "a" * 64, "runtime": "x"},) * 2,
    )  # fmt: skip
    if copy is None:
        return plan
    made = RenderRecord(
        sha256(copy).hexdigest(), "0.0.9", (0, 0), Verification(()), sidecar.seal(plan)
    )
    return replace(plan, made=made)


@pytest.fixture
def job(tmp_path):
    """An original, its copy and its plan."""
    original = tmp_path / "a.jpg"
    original.write_bytes(NEEDLE)
    (tmp_path / "a.redacted.jpg").write_bytes(b"copy")
    (job,) = jobs_for([original], None)
    sidecar.save(plan_for(NEEDLE, b"copy"), job.plan_path)
    return job


def test_original_plan_copy_and_report_are_sealed(job, tmp_path):
    (tmp_path / "r.json").write_text("{}")
    path = record_path_of(job.source)
    record = Sealing(NOW, reports=[tmp_path / "r.json"]).write(job, path)
    assert [f.role for f in record.files] == ["original", "plan", "copy", "report"]
    assert [f.name for f in record.files][:1] == ["a.jpg"]
    assert record.made_with == "0.0.9"
    assert [m.name for m in record.models] == ["centerface"]
    assert not record.has_changed_plan
    assert {f.state for f in check_record(path, ()).files} == {State.UNCHANGED}
    assert NEEDLE not in path.read_bytes()
    assert str(tmp_path) not in path.read_text("utf-8")


def test_names_can_be_left_out(job):
    record = Sealing(NOW, has_names=False).record_of(job)
    assert {f.name for f in record.files} == {""}
    assert "a.jpg" not in record.text()


def test_an_original_alone(job):
    os.remove(job.target)
    record = Sealing(NOW).record_of(job)
    assert [f.role for f in record.files] == ["original", "plan"]
    assert record.made_with == ""
    os.remove(job.plan_path)
    assert [f.role for f in Sealing(NOW).record_of(job).files] == ["original"]


def test_a_copy_that_no_plan_names_is_not_sealed(job):
    job.target.write_bytes(b"another copy")
    with pytest.raises(PlanMismatch, match="does not say that it was made by it"):
        Sealing(NOW).record_of(job)
    os.remove(job.plan_path)
    with pytest.raises(PlanMismatch, match="no plan says"):
        Sealing(NOW).record_of(job)


def test_a_plan_of_another_original_is_not_sealed(job, tmp_path):
    sidecar.save(plan_for(b"another", b"copy"), tmp_path / "other.plan.json")
    with pytest.raises(PlanMismatch, match="another source"):
        Sealing(NOW, plan=tmp_path / "other.plan.json").record_of(job)


def test_a_plan_that_was_changed_since_is_said(job):
    plan = plan_for(NEEDLE, b"copy")
    sidecar.save(replace(plan, cuts=(0,)), job.plan_path)
    assert Sealing(NOW).record_of(job).has_changed_plan


@pytest.mark.parametrize("name", ["two words", "", "x" * 99, "a\nb"])
def test_a_hostile_plan_writes_nothing_into_the_record(job, name):
    sidecar.save(plan_for(NEEDLE, b"copy", name), job.plan_path)
    with pytest.raises(BadPlan, match="names a model by more than a word"):
        Sealing(NOW).record_of(job)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_what_cannot_be_checked_later_is_not_sealed(job, tmp_path):
    (tmp_path / "link.jpg").symlink_to(job.source)
    (linked,) = jobs_for([tmp_path / "link.jpg"], None)
    with pytest.raises(SourceUnreadable, match="follows none"):
        Sealing(NOW).record_of(linked)
    os.rename(job.source, tmp_path / "a\nb.jpg")
    (strange,) = jobs_for([tmp_path / "a\nb.jpg"], None)
    with pytest.raises(SourceUnreadable, match="--no-names"):
        Sealing(NOW).record_of(strange)
    assert Sealing(NOW, has_names=False).record_of(strange)
    (gone,) = jobs_for([tmp_path / "gone.jpg"], None)
    with pytest.raises(SourceUnreadable, match="no such file"):
        Sealing(NOW).record_of(gone)


def test_nothing_is_replaced_unless_asked(job):
    path = record_path_of(job.source)
    signature = path.with_name(path.name + ".minisig")
    signature.write_text("of an older record")
    with pytest.raises(TargetExists):
        Sealing(NOW).write(job, path)
    assert not path.exists()
    Sealing(NOW, overwrite=True).write(job, path)
    assert not signature.exists(), "it would not hold for the new record"
    with pytest.raises(TargetExists):
        Sealing(NOW).write(job, path)
    with pytest.raises(TargetIsSource):
        Sealing(NOW, overwrite=True).write(job, job.source)
    assert job.source.read_bytes() == NEEDLE


def test_long_names_have_room_for_the_signature(tmp_path):
    path = record_path_of(tmp_path / ("x" * 250 + ".jpg"))
    assert len(path.name + ".minisig") <= 255
    assert path.name.endswith(".seal.txt")
