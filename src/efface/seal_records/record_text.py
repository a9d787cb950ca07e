"""The seal record: which files belong together, as text that people and other programs can read.

The text follows from the record alone. A text is a record only if writing the record again gives
the same bytes, so nothing can be said in a record that efface does not say itself. Lines with a
hash have the form that `sha256sum --check` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from efface.errors import BadSeal, printable

SUFFIX = ".seal.txt"
"""End of a record's name."""

LARGEST_BYTES = 1 << 16
"""Records of efface have some thousand bytes."""

MOST_REPORTS, MOST_MODELS = 16, 16

LONGEST_NAME = 255
"""Maximum number of characters of a file's name."""

ORIGINAL, PLAN, COPY, REPORT = ROLES = ("original", "plan", "copy", "report")
"""What a file is. In this order they stand in the record."""

UNKNOWN = "unknown"
"""Stands for the hash of a model that has none, as one that a program brought."""

NOBODY = "nobody. Anybody can write or change such a record."
CHANGED_PLAN = "plan: changed after the copy was made"

AGAIN = "Get it again as a file: editors and mail programs change the ends of lines."

HEAD = """efface seal record, version 1

This record says which files belong together. It knows each by its size and its SHA-256, and holds
nothing of what they show. To check it: efface seal --check RECORD
Without efface: sha256sum --check --ignore-missing RECORD
The signature, if there is one: minisign -V -m RECORD -P KEY
"""

_HASH = r"[0-9a-f]{64}"
_WORD = r"[A-Za-z0-9.+_-]{1,80}"
_FILE = re.compile(
    rf"^({'|'.join(ROLES)}): ([0-9]{{1,16}}) bytes\nSHA256(?: \((.+)\))? = ({_HASH})$", re.M
)
_MODEL = re.compile(rf"^model: ({_WORD}) ({_WORD}), SHA-256 ({_HASH}|{UNKNOWN})$", re.M)
_LINES = {
    "sealed_at": re.compile(
        r"^sealed: ([0-9]{4}(?:-[0-9]{2}){2}T(?:[0-9]{2}:){2}[0-9]{2}Z), by the clock", re.M
    ),
    "efface": re.compile(rf"^sealed with: efface ({_WORD})$", re.M),
    "made_with": re.compile(rf"^copy made with: efface ({_WORD})$", re.M),
    "key": re.compile(r"^signed by: (RW[A-Za-z0-9+/]{54})$", re.M),
}


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file of a record.

    role    one of ROLES.
    size    in bytes.
    sha256  of its bytes, in hexadecimal.
    name    without any folder; empty if the record does not tell it.
    """

    role: str
    size: int
    sha256: str
    name: str = ""

    def __post_init__(self) -> None:
        if self.role not in ROLES or not 0 <= self.size < 10**16:
            raise ValueError("it names a kind of file or a size that does not exist")
        if re.fullmatch(_HASH, self.sha256) is None:
            raise ValueError("a hash in it is not a SHA-256")
        if self.name and not is_bare_name(self.name):
            raise ValueError("it names a file by more than a plain name")


@dataclass(frozen=True, slots=True)
class SealedModel:
    """A network that looked for faces or plates. sha256: of its weights, or UNKNOWN."""

    name: str
    version: str
    sha256: str

    def __post_init__(self) -> None:
        if not re.fullmatch(_WORD, self.name) or not re.fullmatch(_WORD, self.version):
            raise ValueError("it names a model by more than a word")
        if re.fullmatch(f"{_HASH}|{UNKNOWN}", self.sha256) is None:
            raise ValueError("the hash of a model is not a SHA-256")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRecord:
    """Which files belong together.

    sealed_at        time in UTC, as in 2026-11-29T09:40:12Z.
    efface           version that wrote the record.
    files            the original first; at most one plan and one copy.
    made_with        version of efface that made the copy; empty without one.
    models           networks that the plan names.
    has_changed_plan  the plan was changed after the copy was made.
    key              public key that signs the record, in minisign's form; empty without one.
    """

    sealed_at: str
    efface: str
    files: tuple[SealedFile, ...]
    made_with: str = ""
    models: tuple[SealedModel, ...] = ()
    has_changed_plan: bool = False
    key: str = ""

    def __post_init__(self) -> None:
        roles = [f.role for f in self.files]
        if roles != sorted(roles, key=ROLES.index) or roles.count(ORIGINAL) != 1:
            raise ValueError("it does not name one original, and then what belongs to it")
        if roles.count(PLAN) > 1 or roles.count(COPY) > 1 or roles.count(REPORT) > MOST_REPORTS:
            raise ValueError("it names more plans, copies or reports than one original has")
        if len(self.models) > MOST_MODELS:
            raise ValueError("it names too many models")

    def text(self) -> str:
        """Return the record as it is written and signed."""
        return "\n".join([HEAD, *self._about(), *self._of_files(), *self._of_copy()])

    def _about(self) -> Iterator[str]:
        yield f"sealed: {self.sealed_at}, by the clock of the machine"
        yield f"sealed with: efface {self.efface}"
        yield f"signed by: {self.key or NOBODY}\n"

    def _of_files(self) -> Iterator[str]:
        for f in self.files:
            named = f" ({f.name})" if f.name else ""
            yield f"{f.role}: {f.size} bytes\nSHA256{named} = {f.sha256}\n"

    def _of_copy(self) -> Iterator[str]:
        if self.made_with:
            yield f"copy made with: efface {self.made_with}"
        if self.has_changed_plan:
            yield CHANGED_PLAN
        for m in self.models:
            yield f"model: {m.name} {m.version}, SHA-256 {m.sha256}"
        yield ""


def is_bare_name(name: str) -> bool:
    """Return whether this is the name of a file on any system, without a folder, and can be
    printed as it is."""
    return (
        0 < len(name) <= LONGEST_NAME
        and name not in (".", "..")
        and printable(name) == name
        and PurePosixPath(name).name == name
        and PureWindowsPath(name).name == name
    )


def record_in(data: bytes, path: object) -> SealRecord:
    """Read a record from the bytes of a file. Raises BadSeal unless efface writes the same bytes
    for it. path: what errors name."""
    if len(data) > LARGEST_BYTES:
        raise BadSeal(path, f"it has more than {LARGEST_BYTES >> 10} kB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise BadSeal(path, "it is not text in UTF-8") from e
    if not text.startswith(HEAD.partition(",")[0]):
        raise BadSeal(path, "it does not begin as one")
    try:
        record = _parsed(text)
    except (ValueError, OverflowError) as e:
        raise BadSeal(path, str(e), AGAIN) from e
    if record.text() != text:
        why = "it holds lines that efface did not write, or lines are missing"
        raise BadSeal(path, why, AGAIN)
    return record


def _parsed(text: str) -> SealRecord:
    words = {name: found[1] for name, line in _LINES.items() if (found := line.search(text))}
    if not {"sealed_at", "efface"} <= set(words):
        raise ValueError("it does not say when and with what it was made")
    files = (SealedFile(role, int(n), h, name) for role, n, name, h in _FILE.findall(text))
    return SealRecord(
        sealed_at=words["sealed_at"],
        efface=words["efface"],
        files=tuple(files),
        made_with=words.get("made_with", ""),
        models=tuple(SealedModel(*m) for m in _MODEL.findall(text)),
        has_changed_plan=CHANGED_PLAN in text,
        key=words.get("key", ""),
    )
