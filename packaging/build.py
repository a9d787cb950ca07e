"""Builds a bundle of efface that needs no Python: a folder with the programs `efface` and
`efface-app`, packed into one archive.

python packaging/build.py         makes dist/efface-VERSION-SYSTEM-MACHINE.tar.gz (.zip elsewhere)
python packaging/build.py --keep  uses build/bundle-venv as it is, if it is there

It makes a virtual environment in build/, installs efface and PyInstaller there, and runs
PyInstaller on packaging/efface.spec. The licences of everything inside are collected, and a part
without a licence ends the build. sbom.cdx.json lists all parts as CycloneDX. PyInstaller makes
bundles for the system on which it runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV, WORK, DIST = (ROOT / p for p in ("build/bundle-venv", "build/bundle", "dist"))

PYINSTALLER = "pyinstaller>=6.10,<7"
SBOM = "cyclonedx-python-lib>=11,<12"
SYSTEMS = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}


def main() -> None:
    """Build, and print where the archive is."""
    parser = argparse.ArgumentParser(description="Build a bundle of efface that needs no Python.")
    parser.add_argument("--keep", action="store_true", help="keep the environment of the last run")
    keep = parser.parse_args().keep
    python = environment(keep)
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "efface").mkdir(parents=True)
    step(python, HERE / "make_icon.py", "--png", WORK / "efface" / "efface.png")
    step(
        python, "-m", "PyInstaller", HERE / "efface.spec", "--noconfirm", "--log-level=WARN",
        "--workpath", WORK, "--distpath", DIST,
    )  # fmt: skip
    folder = DIST / ("efface.app" if sys.platform == "darwin" else "efface")
    made_from = WORK / "efface" / "sources.json"
    step(python, HERE / "collect_licences.py", made_from, added_to(folder))
    step(python, HERE / "make_sbom.py", "--bundle", made_from, added_to(folder).parent)
    add_texts(folder)
    print(archive(folder, version(python)))


def step(*command: str | os.PathLike[str]) -> None:
    """Run a program in the root of the repository, or end the build."""
    subprocess.run([os.fspath(c) for c in command], cwd=ROOT, check=True)


def environment(keep: bool) -> Path:
    """Make the virtual environment, and return its Python."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if keep and python.exists():
        return python
    venv.create(VENV, clear=True, with_pip=True, symlinks=os.name != "nt")
    pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check")
    step(*pip, "install", f"{ROOT}[review]", PYINSTALLER, SBOM, "packaging")
    return python


def version(python: Path) -> str:
    """The version of efface that was installed."""
    asked = "from importlib.metadata import version; print(version('efface'))"
    return subprocess.check_output([python, "-c", asked], text=True).strip()


def added_to(folder: Path) -> Path:
    """Where the licences are put."""
    return folder / ("Contents/Resources/licences" if folder.suffix == ".app" else "licences")


def add_texts(folder: Path) -> None:
    """Add what a person reads first, and on Linux what puts efface into the menu."""
    if folder.suffix == ".app":
        return
    shutil.copy(HERE / "bundle_readme.txt", folder / "README.txt")
    if sys.platform == "linux":
        for name in ("efface.desktop", "efface.svg", "add_to_menu.sh"):
            shutil.copy(HERE / name, folder / name)


def archive(folder: Path, number: str) -> Path:
    """Pack the folder into one file. A zip would lose the marks of programs on Linux and macOS,
    unless their own tools make it."""
    name = f"efface-{number}-{SYSTEMS[platform.system()]}-{platform.machine().lower()}"
    if sys.platform == "darwin":
        target = DIST / f"{name}.zip"
        step("ditto", "-c", "-k", "--keepParent", folder, target)
        return target
    kind = "zip" if os.name == "nt" else "gztar"
    return Path(shutil.make_archive(str(DIST / name), kind, folder.parent, folder.name))


if __name__ == "__main__":
    main()
