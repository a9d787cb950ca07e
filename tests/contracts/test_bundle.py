"""The scripts that build and try the bundle. Building it takes minutes, so no test does."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    """packaging/collect_licences.py as a module."""
    spec = importlib.util.spec_from_file_location("licences", PACKAGING / "collect_licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_licences_of_every_dependency_are_found(licences: ModuleType, tmp_path: Path) -> None:
    for name in ("av", "flatbuffers", "numpy", "onnxruntime", "pillow-heif", "starlette"):
        line = licences.copy_distribution(distribution(name), tmp_path / name)
        assert distribution(name).version in line
        texts = [p for p in (tmp_path / name).iterdir() if p.stat().st_size > 500]
        assert texts, name


def test_what_comes_from_nowhere_ends_the_build(licences: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(licences.Unknown, match="belongs to no known package"):
        licences.copy_others({tmp_path / "libx.so"}, tmp_path / "licences")


def test_the_license_of_python_is_found(licences: ModuleType, tmp_path: Path) -> None:
    assert "PYTHON SOFTWARE FOUNDATION" in licences.python_licence().read_text("utf-8")
    assert licences.is_pythons(Path(re.__file__).resolve())


@pytest.mark.skipif(shutil.which("sh") is None, reason="it is a script for a POSIX shell")
def test_the_bundle_is_listed_in_the_menu(tmp_path: Path) -> None:
    bundle = tmp_path / "a folder" / "efface"
    bundle.mkdir(parents=True)
    for name in ("efface.desktop", "add_to_menu.sh"):
        shutil.copy(PACKAGING / name, bundle)
    command = ["sh", str(bundle / "add_to_menu.sh")]
    environment = {"PATH": "/usr/bin:/bin", "XDG_DATA_HOME": str(tmp_path / "share")}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    entry = tmp_path / "share" / "applications" / "efface.desktop"
    lines = entry.read_text("utf-8").splitlines()
    assert f'Exec="{bundle}/efface-app" %F' in lines
    assert f"Icon={bundle}/efface.svg" in lines
    subprocess.run([*command, "--remove"], env=environment, check=True)
    assert not entry.exists()


def test_what_the_workflow_and_the_container_name_is_there() -> None:
    workflow = (ROOT / ".github" / "workflows" / "bundles.yml").read_text("utf-8")
    named = re.findall(r"run: python (\S+)", workflow)
    assert named == ["packaging/build.py", "packaging/try_bundle.py"]
    assert all((ROOT / name).is_file() for name in named)
    container = (PACKAGING / "Containerfile").read_text("utf-8")
    assert '"/source[review]"' in container
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert re.search(r"^review = \[", project, re.MULTILINE)
