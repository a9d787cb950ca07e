"""Every sentence that the server may send to the page has its German: errors, reasons, advice,
names of checks and what they found."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from efface import errors
from efface.checks.target import CHECKS
from efface.detections import KINDS
from efface.findings import Outcome
from efface.options import Options
from efface.planning.left_visible import KindLeft
from efface.report import price_wording, wording
from efface.report.report_model import Cost, KindCost, Media
from efface.review import page_settings

HERE = Path(__file__).parents[1]
ROOT = HERE.parent / "src/efface"
PAGE = ROOT / "review/page"

WHERE = (
    "checks", "containers", "detect", "media", "pipeline", "review", "file_locks.py", "files.py",
    "option_fields.py", "planning/edits.py", "planning/revise.py", "planning/sidecar.py",
    "preset_file.py", "presets.py", "private_folders.py", "staged_files.py",
)  # fmt: skip
"""Modules whose errors reach the page. What else is wrong inside of a plan or a file stays English,
behind a German sentence that says which file is meant."""

ELSEWHERE = (
    "comparison.py", "inspecting.py", "jobs.py", "remote.py", "remote_address.py", "sealing.py",
    "transfer.py", "worker_pool.py",
)  # fmt: skip
"""Modules in these folders that only the command line uses."""

RAISED = {n for n in errors.__all__ if isinstance(getattr(errors, n), type)} | {
    "Refused", "NotOffered", "_Differs", "Finding", "Check", "_skipped"
}  # fmt: skip
ALSO_RAISED = {"review": "ValueError", "planning": "ValueError"}

SAMPLES = ("7", "a.png", "0:01.5", "frame 7, at 0:01.5,", "face", "source", "it is gone")
"""What may stand where a message has a hole."""

BARE = {"EffaceError", "UsageError", "PartMissing", "ClusterUnusable", "CameraGivenUp"}
"""Errors that say only what they were given, or that never reach the page."""

LOOK_UP = """
import { pathToFileURL } from "node:url";
const [, folder, language] = process.argv;
const at = (name) => import(pathToFileURL(`${folder}/${name}`));
const { Phrases, plain } = await at("phrases.js");
const phrases = new Phrases((await at(`${language}.js`))[language.toUpperCase()]);
let asked = "";
for await (const piece of process.stdin) asked += piece;
const sentences = (text) => text.split(/(?<=[.!?]) (?=\\p{Lu}|\\d|efface )/u);
const isKnown = (text) => phrases.find(text) !== null;
const first = (ways) => ways.map(plain).find((t) => isKnown(t) || sentences(t).every(isKnown));
console.log(JSON.stringify(JSON.parse(asked).map((ways) => first(ways) ?? null)));
"""


def looked_up(asked: list[list[str]], language: str) -> list[str | None]:
    """Look texts up as the page does. Of several ways to fill a text, one has to be known."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    command = [node, "--input-type=module", "-e", LOOK_UP, str(PAGE), language]
    run = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    found: list[str | None] = json.loads(run.stdout)
    return found


def missing(texts: set[str], language: str = "german") -> list[str]:
    """Return the texts that a language lacks."""
    ordered = sorted(texts)
    found = looked_up([list(filled(text)) for text in ordered], language)
    return [text for text, said in zip(ordered, found, strict=True) if said is None]


def filled(text: str) -> Iterator[str]:
    parts = text.split("\0")
    for values in itertools.product(SAMPLES, repeat=min(len(parts) - 1, 3)):
        more = itertools.chain(values, itertools.repeat("7"))
        said = parts[0] + "".join(v + p for v, p in zip(more, parts[1:], strict=False))
        yield said


def literals(node: ast.AST, known: dict[str, list[str]]) -> Iterator[str]:
    """Yield the texts of an argument. Where it is put together, there are holes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(v.value) if isinstance(v, ast.Constant) else "\0" for v in node.values)
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body, known)
        yield from literals(node.orelse, known)
    elif isinstance(node, ast.Name):
        yield from known.get(node.id, ())
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield from known.get(node.func.id, ())


def named_texts(tree: ast.Module) -> dict[str, list[str]]:
    """Return the texts that names of a module stand for, and those that its functions return."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).extend(literals(node.value, {}))
        if isinstance(node, ast.FunctionDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    found.setdefault(node.name, []).extend(literals(inner.value, {}))
    return found


def raised_in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known, also = named_texts(tree), ALSO_RAISED.get(path.relative_to(ROOT).parts[0])
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in RAISED or name == also:
            for argument in (*node.args, *(k.value for k in node.keywords)):
                yield from literals(argument, known)


def is_sentence(text: str) -> bool:
    """Names of checks, of encoders and the like are no sentences."""
    return " " in text.strip() and text not in OF_OTHERS


OF_OTHERS = {
    "\0 \0", "\0 must be \0", "\0, where there should be none", "sound at \0 \0",  # see COMPOSED
    "\0 is after its end",  # --mute, on the command line only
    "-o \0: there are several sources, so this must be a folder, and it is a file. "
    "Nothing was written.",
}  # fmt: skip

COMPOSED = {
    "first must be true or false",
    "sound at 0:01 is that of the source",
    "sound at 0:01 is not that of the source",
    "sound is heard from 0:01 to 0:02, where there should be none",
    "frame 7, at 0:01.500, still shows what the plan erases",
    "page 3 should be black, as the plan says, and is not",
    "frame 7, at 0:01.500, may show a plate, and 3 more",
    "the target holds sound (1 streams), which should be dropped",
}
"""Texts that efface puts together from more than one."""


def every_text() -> set[str]:
    paths = [
        p for w in WHERE for p in ([ROOT / w] if w.endswith(".py") else (ROOT / w).rglob("*.py"))
    ]
    return {t for p in paths if p.name not in ELSEWHERE for t in raised_in(p) if is_sentence(t)}


def test_every_error_and_finding_has_german_words() -> None:
    texts = every_text()
    assert len(texts) > 150, "the test finds its texts"
    assert missing(texts | COMPOSED) == []


def test_every_price_has_german_words() -> None:
    costs = [Cost(mean, 0.3, 4, 1.25) for mean in (0.0004, 0.031, 0.25)]
    kinds = [KindCost(k, costs[1], 0.4, False, True, "") for k in KINDS]
    media = [
        Media(m, "", (9, 9), 1, n, None) for m, n in (("photo", 1), ("photo", 3), ("video", 9))
    ]
    said = {
        f"{price_wording.price(c, k, m)}." for c in costs for k in (kinds[:1], kinds) for m in media
    }
    much = [replace(k, cost=Cost(0.6, 1.0, 4, 1.25)) for k in kinds]
    said |= {price_wording.whole_persons(much)}
    assert missing(said | {price_wording.unsure_cost(k) for k in kinds}) == []


def said_by_errors() -> set[str]:
    found = importlib.util.spec_from_file_location("errors_of_tests", HERE / "test_errors.py")
    assert found is not None
    assert found.loader is not None
    tests = importlib.util.module_from_spec(found)
    found.loader.exec_module(tests)
    said = [str(tests.one(kind)) for kind in tests.PUBLIC if kind.__name__ not in BARE]
    said += [str(errors.UndecodableFrame("a.png", "0:01", True)), str(errors.OutOfMemory(""))]
    said += [str(errors.TooManyPixels("a.png", 10, 5, 3)), "Cancelled. Nothing was written."]
    return {text.removesuffix(" Put it out.") for text in said}


def test_every_sentence_of_every_error_has_german_words() -> None:
    assert missing(said_by_errors()) == []


def test_every_setting_has_german_words_and_help_that_names_no_value_of_the_command_line() -> None:
    told = page_settings.described(Options(), ())
    settings = [s for group in told["groups"] for s in group["settings"]]
    words = {word for s in settings for _, word in s["words"]} - {"AV1", "H.264", "HEVC", "VP9"}
    units = {s["unit"] for s in settings if " " in s["unit"]}
    assert missing({s[k] for s in settings for k in ("label", "help")} | words | units) == []
    named = {
        s["help"] for s in settings for v, _ in s["words"] if re.search(rf"\b{v}\b", s["help"])
    }
    assert len(named) > 5, "the test finds its texts"
    assert missing(named, "english") == []


def test_no_advice_of_the_page_is_an_option_of_the_command_line() -> None:
    sentences = {s for text in said_by_errors() for s in re.split(r"(?<=[.!?]) (?=[A-Z])", text)}
    options = re.compile(r"(^|\s|\()--?[a-z]")
    named = {t for t in every_text() | sentences if options.search(t) and "pip" not in t}
    assert len(named) > 10, "the test finds its texts"
    assert missing(named, "english") == []


def test_every_check_every_outcome_and_every_limit_has_german_words() -> None:
    assert missing({*CHECKS, "sound", *(o.value for o in Outcome), *wording.LIMITS}) == []
    counts = [(n, 2, 3, b) for n in (2, 3) for b in (0, 1)]
    in_films = [KindLeft(k, n, 2, 3.25, m, b, None) for k in KINDS for n, _, m, b in counts]
    on_photos = [
        KindLeft(k, n, 2, 0.0, m, b, likely)
        for k in KINDS
        for n, _, m, b in counts
        for likely in ((0.01, 0.1 * (n - b), 0.9, None) if k in ("face", "plate") else (None,))
    ]
    singles = [KindLeft(k, 1, 1, s, 0, 0, c) for k in KINDS for s, c in ((1.0, None), (0.0, None))]
    singles += [KindLeft(k, 1, 1, 0.0, 0, 0, c) for k in ("face", "plate") for c in (0, 0.1, 0.3)]
    said = {f"{wording.left_visible([one])}." for one in (*in_films, *on_photos, *singles)}
    for kinds in (in_films, on_photos):
        pairs = itertools.combinations(kinds, 2)
        said |= {f"{wording.left_visible(pair)}." for pair in pairs if pair[0].kind != pair[1].kind}
    assert missing(said) == []
