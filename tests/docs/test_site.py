"""The site of the documentation. `check` builds it strictly; this is about what goes into it."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import efface

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site() -> ModuleType:
    """docs/make_site.py as a module."""
    spec = importlib.util.spec_from_file_location("site_script", DOCS / "make_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listed(entries: list[dict[str, Any]]) -> Iterator[str]:
    """The pages of the navigation."""
    for entry in entries:
        for page in entry.values():
            yield from listed(page) if isinstance(page, list) else [page]


def test_every_page_is_in_the_navigation(site: ModuleType) -> None:
    config = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))
    pages = set(listed(config["project"]["nav"]))
    ours = [p for p in DOCS.rglob("*.md") if p.parent.name != "decisions" or p.name == "README.md"]
    expected = {site.new_place(p).as_posix() for p in ours}
    expected |= {site.new_place(ROOT / name).as_posix() for name in site.AT_ROOT}
    assert pages == expected | {"reference.md"}


@pytest.mark.parametrize(
    ("page", "link", "there"),
    [
        ("README.md", "docs/usage.md", "usage.md"),
        ("README.md", "examples/overview.jpg", "examples/overview.jpg"),
        ("docs/live.md", "../SECURITY.md", "SECURITY.md"),
        ("docs/usage.md", "attacks.md#a", "attacks.md#a"),
        ("docs/decisions/README.md", "../design.md", "../design.md"),
        ("docs/guides/office.md", "../review.md", "../review.md"),
        ("training/README.md", "../README.md", "../index.md"),
        ("README.md", "https://no-color.org", "https://no-color.org"),
    ],
)
def test_links_lead_to_where_pages_stand_in_the_site(
    site: ModuleType, page: str, link: str, there: str
) -> None:
    assert site.with_new_links(f"[x]({link})", ROOT / page) == f"[x]({there})"


def test_the_reference_has_every_public_name(site: ModuleType) -> None:
    names = [n for n in efface.__all__ if not n.startswith("_")]
    assert [n for n in names if f"::: efface.{n}\n" not in site.reference()] == []


def test_guides_fit_a_screen() -> None:
    for guide in (DOCS / "guides").glob("*.md"):
        assert len(guide.read_text("utf-8").splitlines()) <= 65, guide.name
