"""Builds the documentation's site in build/site: python docs/make_site.py

The pages are those of docs/ and of the root of the repository. They are copied to build/site-pages,
where links between them are changed to their new places. Then zensical builds the site, strictly: a
link that leads nowhere ends the build. The reference comes from the docstrings of the public names.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "build" / "site-pages"
AT_ROOT = (
    "README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md",
    "training/README.md", "changelog.d/README.md",
)  # fmt: skip
FILES = ("LICENSE", "NOTICE", "examples/overview.jpg")
"""What pages link to and is no page."""

LINK = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")


def new_place(path: Path) -> Path:
    """Where a file of the repository stands in the site. README is its first page."""
    place = path.relative_to(ROOT)
    if place == Path("README.md"):
        return Path("index.md")
    return place.relative_to("docs") if place.parts[0] == "docs" else place


def with_new_links(text: str, page: Path) -> str:
    """The text of a page, with links that lead to where things stand in the site."""

    def changed(found: re.Match[str]) -> str:
        target, anchor = found[1], found[2] or ""
        if "://" in target:
            return found[0]
        place = new_place((page.parent / target).resolve())
        here = new_place(page).parent
        up = "../" * len(here.parts)
        return f"]({up}{place.as_posix()}{anchor})"

    return LINK.sub(changed, text)


def reference() -> str:
    """The page of the public names, which zensical fills from their docstrings."""
    tree = ast.parse((ROOT / "src/efface/__init__.py").read_text("utf-8"))
    (public,) = (
        ast.literal_eval(n.value)
        for n in tree.body
        if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "__all__"
    )
    lines = ["# Python reference", "", "Every public name. [Library](library.md) shows their use."]
    for name in public:
        if not name.startswith("_"):
            lines += ["", f"::: efface.{name}"]
    return "\n".join(lines) + "\n"


def gather() -> None:
    """Copy all pages and what they show."""
    shutil.rmtree(PAGES, ignore_errors=True)
    pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in AT_ROOT)]
    pictures = [*(ROOT / "docs").rglob("*.png"), *(ROOT / "docs").rglob("*.jpg")]
    for path in [*pages, *pictures, *(ROOT / name for name in FILES)]:
        target = PAGES / new_place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            target.write_text(with_new_links(path.read_text("utf-8"), path), "utf-8")
        else:
            shutil.copy(path, target)
    (PAGES / "reference.md").write_text(reference(), "utf-8")


def main() -> None:
    """Gather the pages, and build the site."""
    gather()
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    sys.exit(subprocess.run(command, cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
