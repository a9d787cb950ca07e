"""Builds the wheel from a commit, so that everybody who builds that commit gets the same bytes.

python packaging/build_wheel.py          makes dist/efface-VERSION-py3-none-any.whl from HEAD
python packaging/build_wheel.py --twice  builds it twice under other conditions, and compares

It takes what git holds of the commit and nothing else that lies about, the commit's time as
SOURCE_DATE_EPOCH, and the builder's versions from build-constraints.txt. The second build has
another folder, umask, time zone, order of hashes, and other times and modes of all files.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DIST = ROOT / "dist"

OTHER = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
"""Conditions of the second build."""


def main() -> None:
    """Build, and print the wheel's path and SHA-256."""
    parser = argparse.ArgumentParser(description="Build the wheel of a commit.")
    parser.add_argument("--commit", default="HEAD", help="what to build")
    parser.add_argument("--twice", action="store_true", help="build it twice, and compare")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first = built(asked.commit, Path(folder) / "a", {}, 0o022)
        if asked.twice:
            second = built(asked.commit, Path(folder) / "another folder", OTHER, 0o077)
            if first.read_bytes() != second.read_bytes():
                sys.exit("\n".join(["The two wheels differ:", *differences(first, second)]))
            print("Both builds gave the same bytes.")
        DIST.mkdir(exist_ok=True)
        target = Path(shutil.copy(first, DIST))
    print(f"{hashlib.sha256(target.read_bytes()).hexdigest()}  {target}")


def built(commit: str, folder: Path, environment: dict[str, str], umask: int) -> Path:
    """Build the wheel of the commit in a folder of its own."""
    source, target = folder / "source", folder / "wheel"
    before = os.umask(umask)
    try:
        unpack(commit, source, is_private=umask == 0o077)
        constraints = str(HERE / "build-constraints.txt")
        pip = (
            sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel",
            "--no-deps", "--no-cache-dir", "--wheel-dir", str(target), str(source),
        )  # fmt: skip
        # Until release 25.2 of pip the first name also holds for the builder, and later the second.
        pinned = {"PIP_CONSTRAINT": constraints, "PIP_BUILD_CONSTRAINT": constraints}
        made = os.environ | pinned | {"SOURCE_DATE_EPOCH": time_of(commit)} | environment
        subprocess.run(pip, env=made, check=True)
    finally:
        os.umask(before)
    (wheel,) = target.glob("*.whl")
    return wheel


def unpack(commit: str, folder: Path, *, is_private: bool) -> None:
    """Put the files of the commit into the folder. is_private: only their owner may read them."""
    data = subprocess.check_output(["git", "archive", "--format=tar", commit], cwd=ROOT)
    with tarfile.open(fileobj=io.BytesIO(data)) as files:
        files.extractall(folder, filter="data")
    if is_private:
        for path in (p for p in folder.rglob("*") if p.is_file()):
            path.chmod(0o600)
            os.utime(path, (1_000_000_000, 1_000_000_000))


def time_of(commit: str) -> str:
    """When the commit was made, in seconds since 1970."""
    asked = ["git", "show", "--no-patch", "--format=%ct", commit]
    return subprocess.check_output(asked, cwd=ROOT, text=True).strip()


def differences(one: Path, other: Path) -> list[str]:
    """Which files within two wheels differ, in content or in what the archive says of them."""
    first, second = contents(one), contents(other)
    names = sorted(first.keys() | second.keys())
    found = [name for name in names if first.get(name) != second.get(name)]
    return found or ["The files are the same, and the archive is not: another zlib, or order."]


def contents(wheel: Path) -> dict[str, tuple[object, ...]]:
    """Each file in a wheel: content, time and mode."""
    with zipfile.ZipFile(wheel) as z:
        return {i.filename: (z.read(i), i.date_time, i.external_attr) for i in z.infolist()}


if __name__ == "__main__":
    main()
