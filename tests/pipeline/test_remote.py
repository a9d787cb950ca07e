"""Sources and targets at addresses, against a server that speaks S3."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from efface.errors import (
    ExtraMissing,
    SourceUnreadable,
    TargetExists,
    TargetIsSource,
    UsageError,
    WriteFailed,
    printable,
)
from efface.events import silent
from efface.files import sha256_of
from efface.options import Options
from efface.pipeline import one_source, remote, transfer
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.jobs import Redacting
from efface.pipeline.naming import Job, job_of, jobs_for
from efface.pipeline.remote import (
    exists,
    fetch,
    is_folder,
    media_below,
    opened_part,
    publish,
)
from efface.pipeline.remote_address import PACKAGES, RemoteAddress, location_of
from efface.pipeline.transfer import Transfer
from efface.private_folders import DRAFTS

EXAMPLES = Path(__file__).parents[2] / "examples"
SOURCE_CODE = Path(__file__).parents[2] / "src"


def test_an_address_is_no_path_and_reads_as_it_was_written():
    path = location_of("s3://films/march/a film.mp4")
    assert isinstance(path, RemoteAddress)
    assert str(path) == "s3://films/march/a film.mp4"
    assert printable(f"{path}: gone") == "s3://films/march/a film.mp4: gone"
    assert str(path.with_name("b.mp4")) == "s3://films/march/b.mp4"


@pytest.mark.parametrize(
    ("text", "path"),
    [("a/b.jpg", "a/b.jpg"), ("file:///tmp/a.jpg", "/tmp/a.jpg"), ("c:odd", "c:odd")],
)
def test_paths_stay_paths(text, path):
    assert location_of(text) == Path(path)
    assert isinstance(location_of(text), Path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://example.org/a.jpg", "is not supported"),
        ("sftp://me:secret@host/a.jpg", "password"),
        ("s3://films::zip://a.jpg", "inside of another"),
    ],
)
def test_addresses_that_cannot_be_used(text, said):
    with pytest.raises(UsageError, match=said) as caught:
        location_of(text)
    assert "secret" not in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("gcsfs") is not None, reason="the package is there")
def test_what_is_not_installed_is_named():
    with pytest.raises(ExtraMissing, match=r"pip install .*\[remote\]' gcsfs"):
        fetch(location_of("gs://films/a.mp4"), Path("nowhere"))


def test_files_go_there_and_come_back(s3, tmp_path):
    draft = tmp_path / "draft"
    draft.write_bytes(os.urandom(300_000))
    target = location_of("s3://films/a/b.mp4")
    assert not exists(target)
    publish(draft, target, overwrite=False)
    assert exists(target)
    assert is_folder(location_of("s3://films/a"))
    assert not is_folder(target)
    fetch(target, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == draft.read_bytes()
    with opened_part(target) as f:
        f.seek(1000)
        assert f.read(50) == draft.read_bytes()[1000:1050]


def test_large_files_go_in_parts(s3, tmp_path, monkeypatch):
    monkeypatch.setattr("s3fs.core.calculate_chunksize", lambda *a, **k: 5 << 20)  # 50 MB otherwise
    draft = tmp_path / "draft"
    draft.write_bytes(os.urandom(12 << 20))
    target = location_of("s3://films/large.mp4")
    publish(draft, target, overwrite=False)
    monkeypatch.setattr(type(s3), "exists", lambda *a, **k: False)
    with pytest.raises(TargetExists):
        publish(draft, target, overwrite=False)
    fetch(target, tmp_path / "back")
    assert sha256_of(tmp_path / "back") == sha256_of(draft)


def test_nothing_is_replaced_unasked(s3, tmp_path, monkeypatch):
    draft, target = tmp_path / "draft", location_of("s3://films/a.mp4")
    draft.write_text("new")
    s3.pipe_file("films/a.mp4", b"old")
    with pytest.raises(TargetExists, match=r"s3://films/a\.mp4"):
        publish(draft, target, overwrite=False)
    # Nor what appears while efface writes: the store itself refuses.
    monkeypatch.setattr(type(s3), "exists", lambda *a, **k: False)
    with pytest.raises(TargetExists):
        publish(draft, target, overwrite=False)
    assert s3.cat_file("films/a.mp4") == b"old"
    publish(draft, target, overwrite=True)
    assert s3.cat_file("films/a.mp4") == b"new"


def test_what_arrives_otherwise_is_taken_away_again(s3, tmp_path, monkeypatch):
    draft = tmp_path / "draft"
    draft.write_text("new")
    monkeypatch.setattr(remote, "sha256_of", lambda path: "another")
    with pytest.raises(WriteFailed, match="not what was sent"):
        publish(draft, location_of("s3://films/a.mp4"), overwrite=False)
    assert s3.find("films") == []


def test_where_a_file_appears_bit_by_bit_it_gets_its_name_last(tmp_path, monkeypatch):
    """The protocol is that of fsspec's own store in memory; SFTP and the like go the same way."""
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setitem(PACKAGES, "memory", "")
    store, draft, target = (
        fsspec.filesystem("memory"),
        tmp_path / "draft",
        RemoteAddress("memory", PurePosixPath("films/a.mp4")),
    )
    draft.write_text("new")
    try:
        publish(draft, target, overwrite=False)
        assert store.find("/films") == ["/films/a.mp4"]
        with pytest.raises(TargetExists):
            publish(draft, target, overwrite=False)
        draft.write_text("newer")
        publish(draft, target, overwrite=True)
        assert store.cat_file("/films/a.mp4") == b"newer"
        monkeypatch.setattr(type(store), "mv", lambda *a, **k: 1 / 0)
        with pytest.raises(WriteFailed):
            publish(draft, RemoteAddress("memory", PurePosixPath("films/b.mp4")), overwrite=False)
        assert store.find("/films") == ["/films/a.mp4"]
    finally:
        store.rm("/films", recursive=True)


def test_errors_tell_of_addresses_and_of_no_keys(s3, tmp_path, monkeypatch):
    with pytest.raises(
        SourceUnreadable, match=r"s3://films/missing\.mp4: cannot be read: there is no such file"
    ) as missing:
        fetch(location_of("s3://films/missing.mp4"), tmp_path / "a")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    type(s3).clear_instance_cache()
    with pytest.raises(SourceUnreadable, match=r"s3://films/a\.mp4: cannot be read") as closed:
        fetch(location_of("s3://films/a.mp4"), tmp_path / "a")
    for error in (missing, closed):
        assert "a-secret" not in str(error.value)


def test_jobs_of_a_folder_at_an_address(s3):
    for name in (
        "in/a.jpg",
        "in/deep/b.MOV",
        "in/notes.txt",
        "in/c.redacted.jpg",
        "in/out/old.jpg",
    ):
        s3.pipe_file(f"films/{name}", b"x")
    jobs = jobs_for([location_of("s3://films/in")], location_of("s3://films/in/out"))
    assert [(str(j.source), j.name, str(j.target)) for j in jobs] == [
        ("s3://films/in/a.jpg", "a.jpg", "s3://films/in/out/a.jpg"),
        ("s3://films/in/deep/b.MOV", "deep/b.MOV", "s3://films/in/out/deep/b.mp4"),
    ]
    assert str(jobs[0].plan_path) == "s3://films/in/out/a.jpg.plan.json"
    (beside,) = jobs_for([location_of("s3://films/in/a.jpg")], None)
    assert str(beside.target) == "s3://films/in/a.redacted.jpg"
    assert len(media_below(location_of("s3://films/in"), None)) == 4


def test_a_source_is_never_its_own_target(s3):
    path = location_of("s3://films/a.jpg")
    job = job_of(path, "a.jpg", path, path.with_name("a.plan.json"))
    with pytest.raises(TargetIsSource), DetectorSession(Options()) as session:
        Transfer(Redacting(resumes=False), resumes=False, overwrite=True)(
            session, job, silent, print
        )


def efface(tmp_path, *arguments):
    (tmp_path / "scratch").mkdir(exist_ok=True)
    env = os.environ | {"PYTHONPATH": str(SOURCE_CODE), "TMPDIR": str(tmp_path / "scratch")}
    command = [sys.executable, "-m", "efface", *map(str, arguments)]
    return subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
def test_a_folder_there_is_redacted_there(s3, tmp_path):
    photo = Path(shutil.copy(EXAMPLES / "astronaut.jpg", tmp_path / "a.jpg"))
    s3.put_file(str(photo), "films/in/a.jpg")
    s3.pipe_file("films/in/broken.jpg", b"\xff\xd8\xff\xe0 and no more")
    done = efface(tmp_path, "redact", "s3://films/in", "-o", "s3://films/out")
    assert done.returncode == 3, done.stderr
    assert "s3://films/out/a.jpg: 1 face" in done.stdout
    assert "s3://films/in/broken.jpg: is damaged" in done.stderr
    assert str(tmp_path) not in done.stdout + done.stderr
    assert s3.find("films/out") == ["films/out/a.jpg", "films/out/a.jpg.plan.json"]
    with DetectorSession(Options()) as session:
        here = one_source.redact(
            session, Job(photo, "a.jpg", tmp_path / "b.jpg", tmp_path / "b.json"), silent
        )
    assert s3.cat_file("films/out/a.jpg") == here.rendered.target.read_bytes()
    assert not list((tmp_path / "scratch").glob(DRAFTS + "*"))
    again = efface(
        tmp_path, "redact", "s3://films/in/a.jpg", "s3://films/in/a.jpg", "-o", "s3://films/out"
    )
    assert again.returncode == 0, again.stderr
    s3.pipe_file("films/out/a.jpg", b"somebody else's")
    refused = efface(tmp_path, "redact", "s3://films/in", "-o", "s3://films/out")
    assert "s3://films/out/a.jpg: exists already" in refused.stderr
    assert s3.cat_file("films/out/a.jpg") == b"somebody else's"


def test_an_address_that_cannot_be_used_ends_with_exit_code_2(tmp_path):
    done = efface(tmp_path, "redact", "ftp://host/a.jpg")
    assert done.returncode == 2
    assert "ftp:// is not supported" in done.stderr


def failing(session, job, listener, note):
    """A task that fails, and says of which file."""
    raise SourceUnreadable(job.source, f"{job.source.parent.name} was refused")


def test_an_error_names_the_address_and_keeps_its_words(s3, tmp_path):
    s3.pipe_file("films/a.jpg", b"x")
    source = location_of("s3://films/a.jpg")
    job = job_of(source, "a.jpg", tmp_path / "b.jpg", tmp_path / "b.json")
    with pytest.raises(SourceUnreadable) as caught, DetectorSession(Options()) as session:
        Transfer(failing, resumes=False, overwrite=False)(session, job, silent, print)
    assert caught.value.path == "s3://films/a.jpg"
    assert caught.value.why == "source was refused"


def test_what_was_uploaded_is_removed_if_the_rest_fails(s3, tmp_path, monkeypatch):
    s3.pipe_file("films/a.jpg", b"x")

    def writing(session, job, listener, note):
        job.plan_path.write_text("plan")
        job.target.write_text("target")

    def refused(draft, target, *, overwrite):
        if target.suffix == ".jpg":
            raise WriteFailed(str(target), "it is full")
        publish(draft, target, overwrite=overwrite)

    monkeypatch.setattr(transfer, "publish", refused)
    source, target = location_of("s3://films/a.jpg"), location_of("s3://films/out/a.jpg")
    job = job_of(source, "a.jpg", target, target.with_name("a.json"))
    with pytest.raises(WriteFailed), DetectorSession(Options()) as session:
        Transfer(writing, resumes=False, overwrite=False)(session, job, silent, print)
    assert s3.find("films") == ["films/a.jpg"]
