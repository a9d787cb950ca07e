"""A record is text that efface writes for it and nothing else, and hostile text is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.errors import BadSeal
from efface.seal_records.record_text import (
    LARGEST_BYTES,
    SealedFile,
    SealedModel,
    SealRecord,
    is_bare_name,
    record_in,
)

HASH = "0123456789abcdef" * 4
RECORD = SealRecord(
    sealed_at="2026-11-29T09:40:12Z",
    efface="0.1.0",
    files=(
        SealedFile("original", 57523, HASH, "protest (1).mp4"),
        SealedFile("plan", 12, HASH[::-1]),
        SealedFile("copy", 0, "f" * 64, "a) = b.mp4"),
        SealedFile("report", 3, "0" * 64, "report.json"),
    ),
    made_with="0.1.0",
    models=(SealedModel("plates", "1", HASH), SealedModel("own", "2.0+x", "unknown")),
    has_changed_plan=True,
    key="RW" + "A" * 54,
)
WRITTEN = f"""sealed: 2026-11-29T09:40:12Z, by the clock of the machine
sealed with: efface 0.1.0
signed by: RW{"A" * 54}

original: 57523 bytes
SHA256 (protest (1).mp4) = {HASH}

plan: 12 bytes
SHA256 = {HASH[::-1]}

copy: 0 bytes
SHA256 (a) = b.mp4) = {"f" * 64}

report: 3 bytes
SHA256 (report.json) = {"0" * 64}

copy made with: efface 0.1.0
plan: changed after the copy was made
model: plates 1, SHA-256 {HASH}
model: own 2.0+x, SHA-256 unknown
"""


def test_the_text_is_this_for_ever():
    """Records of version 1 have to be readable by every later efface."""
    text = RECORD.text()
    assert text.endswith(WRITTEN)
    assert text.startswith("efface seal record, version 1\n\nThis record says which files belong")
    assert record_in(text.encode(), "r") == RECORD


@given(
    st.builds(
        SealedFile,
        st.just("original"),
        st.integers(0, 10**16 - 1),
        st.just(HASH),
        st.just("") | st.text("ab (=)'日é", min_size=1, max_size=40).filter(is_bare_name),
    ),
    st.booleans(),
)
def test_a_record_comes_back_as_it_was(file, has_changed_plan):
    record = SealRecord(
        sealed_at=RECORD.sealed_at, efface="1", files=(file,), has_changed_plan=has_changed_plan
    )
    assert record_in(record.text().encode(), "r") == record


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../a", "a/b", "/etc/passwd", "a\\b", "C:x", "a\nb", "a\u202eb", "\udcff",
     "x" * 256, "a\x00"],
)  # fmt: skip
def test_a_name_leads_to_no_other_place(name):
    assert not is_bare_name(name)
    if name:
        with pytest.raises(ValueError, match="plain name"):
            SealedFile("original", 1, HASH, name)


@pytest.mark.parametrize("name", ["..a", "12:30.mp4", "a (1).jpg", "日本.jpg", "~", "-rf"])
def test_usual_names_are_taken(name):
    assert is_bare_name(name)


TEXT = RECORD.text()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not begin"),
        (b"\xff\xfe", "UTF-8"),
        (b"x" * (LARGEST_BYTES + 1), "more than 64 kB"),
        (TEXT[:300].encode(), "when and with what"),
        (TEXT.replace("(report.json)", "(../../report.json)").encode(), "plain name"),
        (TEXT.replace("(report.json)", "(C:report.json)").encode(), "plain name"),
        (TEXT.replace("57523", "057523").encode(), "lines that efface did not write"),
        (TEXT.replace("\n", "\r\n").encode(), "when and with what"),
        ((TEXT + "The copy was checked by the police.\n").encode(), "lines that efface did not"),
        (TEXT.replace("version 1", "version 2").encode(), "lines that efface did not write"),
        (TEXT.replace("original: 57523", "report: 57523").encode(), "one original"),
        (TEXT.replace("plan: 12", "copy: 12").encode(), "more plans, copies"),
        (TEXT.replace(HASH, HASH[1:]).encode(), "one original"),
        (TEXT.replace("report: 3", "report: 3\x00").encode(), "lines that efface did not write"),
        ((TEXT + f"model: m 1, SHA-256 {HASH}\n" * 20).encode(), "too many models"),
    ],
)
def test_a_hostile_record_is_refused(data, why):
    with pytest.raises(BadSeal, match=why):
        record_in(data, "r.txt")


@given(st.binary(max_size=300), st.integers(0, len(TEXT)))
def test_any_bytes_give_a_record_of_these_bytes_or_an_error(data, at):
    whole = TEXT.encode()[:at] + data + TEXT.encode()[at:]
    try:
        record = record_in(whole, "r.txt")
    except BadSeal:
        return
    assert record.text().encode() == whole


@pytest.mark.parametrize(
    ("role", "size", "sha256"),
    [("film", 1, HASH), ("copy", -1, HASH), ("copy", 10**16, HASH), ("copy", 1, HASH.upper())],
)
def test_a_file_is_of_a_known_kind(role, size, sha256):
    with pytest.raises(ValueError, match=r"in it|a kind of file"):
        SealedFile(role, size, sha256)


@pytest.mark.parametrize(
    "model", [("a b", "1", HASH), ("a", "1\n2", HASH), ("a", "1", "x"), ("", "1", HASH)]
)
def test_a_model_is_named_by_words(model):
    with pytest.raises(ValueError, match="model"):
        SealedModel(*model)


def test_there_is_one_original_and_it_comes_first():
    for files in ((), RECORD.files[1:], RECORD.files[::-1], RECORD.files[:1] * 2):
        with pytest.raises(ValueError, match="one original"):
            replace(RECORD, files=files)
    with pytest.raises(ValueError, match="reports"):
        replace(RECORD, files=RECORD.files + RECORD.files[-1:] * 16)
