"""Collects the licences of everything that is in a bundle.

python packaging/collect_licences.py SOURCES.json FOLDER

SOURCES.json lists the files from which PyInstaller made the bundle. Each belongs to a package that
pip installed, to Python, to PyInstaller, to a package of Debian, or to Windows. A file of unknown
origin, or a package without a licence, ends the build.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LICENCE = re.compile(r"licen[cs]e|copying|notice|authors|copyright", re.IGNORECASE)
NO_LICENCE = {".py", ".pyc", ".pyi", ".so"}
ALWAYS = ("efface", "pyinstaller")
"""PyInstaller's starter is in every bundle, and is no file of a module."""

TEXTS = {"Apache-2.0": ROOT / "LICENSE", "Apache 2.0": ROOT / "LICENSE"}
"""The text of a licence that a package only names."""


class Unknown(Exception):
    """The licence of a part is not known."""


def main(listing: Path, target: Path) -> None:
    """Copy the licences of all parts below `target`, one folder each."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    packages, strangers = parts_of(listing)
    lines = [copy_distribution(distribution(name), target / name) for name in packages]
    lines += copy_others(strangers, target)
    (target / "README.txt").write_text("\n".join([*HEAD, *lines, *ffmpeg()]) + "\n", "utf-8")
    print(f"licences of {len(lines)} parts")


HEAD = ("What this bundle holds, and under which licence. Each part has its texts in a folder.", "")


def parts_of(listing: Path) -> tuple[list[str], set[Path]]:
    """The packages of which files are in the bundle, and the files that pip did not install."""
    sources = {Path(os.path.realpath(s)) for s in json.loads(listing.read_text()) if s}
    owners = owners_of_files()
    used = {owners[s] for s in sources if s in owners} | set(ALWAYS)
    strangers = {s for s in sources if s not in owners and not s.is_relative_to(ROOT)}
    return sorted(used, key=str.lower), strangers


def owners_of_files() -> dict[Path, str]:
    """The package of every file that pip installed."""
    return {
        Path(os.path.realpath(str(d.locate_file(file)))): d.metadata["Name"]
        for d in distributions()
        for file in d.files or ()
    }


def copy_distribution(package: Distribution, target: Path) -> str:
    """Copy the texts of a package. Returns its line of the list. Raises Unknown."""
    said = named_licence(package)
    found = [
        Path(str(package.locate_file(f)))
        for f in package.files or ()
        if LICENCE.search(f.name) and f.suffix not in NO_LICENCE
    ]
    if not found and said in TEXTS:
        found = [TEXTS[said]]
    if not found:
        raise Unknown(f"{package.metadata['Name']} has no licence text, and says {said!r}")
    for number, path in enumerate(found):
        copy(path, target, f"{number}-" if number else "")
    return f"{package.metadata['Name']} {package.version}: {said}"


def named_licence(package: Distribution) -> str:
    """How a package names its licence."""
    said = package.metadata.get("License-Expression") or package.metadata.get("License") or ""
    classes = package.metadata.get_all("Classifier") or ()
    named = [c.rsplit(" :: ", 1)[1] for c in classes if c.startswith("License ::")]
    first = said.strip().splitlines()[0] if said.strip() else ""
    return first if 0 < len(first) < 60 else ", ".join(named) or "see its text"


def copy(path: Path, target: Path, before: str = "") -> None:
    """Copy one text."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target / f"{before}{path.name}")


def copy_others(files: set[Path], target: Path) -> list[str]:
    """Copy the texts of what pip did not install. Raises Unknown."""
    lines = []
    for name in sorted(owners_of_strangers(files)):
        if name == "Python":
            copy(python_licence(), target / name)
        elif name != "Windows":
            copy(Path("/usr/share/doc") / name / "copyright", target / name)
        lines.append(f"{name}: {'part of the system' if name == 'Windows' else 'see its text'}")
    return lines


def owners_of_strangers(files: set[Path]) -> set[str]:
    """What the files belong to that pip did not install. Raises Unknown."""
    packages: set[str] = set()
    for path in sorted(files):
        if is_pythons(path):
            packages.add("Python")
        elif os.name == "nt" and path.is_relative_to(Path(os.environ["SYSTEMROOT"])):
            packages.add("Windows")
        else:
            packages.add(debian_package(path))
    return packages


def is_pythons(path: Path) -> bool:
    """Whether a file came with Python, and not with a package that is installed in it."""
    home = Path(os.path.realpath(sys.base_prefix))
    return path.is_relative_to(home) and "site-packages" not in path.parts


def python_licence() -> Path:
    """Python's own text."""
    for folder in (Path(sysconfig.get_paths()["stdlib"]), Path(sys.base_prefix)):
        for name in ("LICENSE.txt", "LICENSE"):
            if (folder / name).is_file():
                return folder / name
    raise Unknown("Python has no licence text here")


def debian_package(path: Path) -> str:
    """The package of Debian that owns a file. Raises Unknown."""
    for name in (path, Path("/", *path.parts[2:])):  # /lib is /usr/lib, and dpkg knows one of them
        said = subprocess.run(
            ["dpkg-query", "-S", str(name)], capture_output=True, text=True, check=False
        ) if shutil.which("dpkg-query") else None  # fmt: skip
        if said is not None and said.returncode == 0:
            return said.stdout.split(":", 1)[0]
    raise Unknown(f"{path} belongs to no known package")


def ffmpeg() -> list[str]:
    """What the build of FFmpeg says of itself."""
    from av._core import library_meta

    said = library_meta["libavcodec"]
    return [
        "",
        "The libraries of PyAV hold a build of FFmpeg. It says of itself:",
        f"  licence: {said['license']}",
        f"  configured with: {said['configuration']}",
        "Some of its parts (x264, x265) are under the GNU General Public License, whose text is in",
        "the folder of PyInstaller. Who passes this bundle on must meet the terms of all parts.",
    ]


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except Unknown as e:
        sys.exit(f"collect_licences: {e}")
