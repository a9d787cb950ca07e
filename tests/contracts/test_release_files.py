"""What comes with a release: the list of its parts, and the comparison of two builds."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
PINNED = sorted(p.stem for p in (ROOT / "src/efface/detect").glob("*.sha256"))
METADATA = """Metadata-Version: 2.4
Name: efface
Version: 9.8.7
Requires-Dist: numpy>=1.26
Requires-Dist: ray>=2.52; extra == "ray"
Requires-Dist: ray>=2.52; extra == "test"
Requires-Dist: pytest>=8; extra == "test"
"""


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A script of packaging/ as a module."""
    monkeypatch.syspath_prepend(str(PACKAGING))
    spec = importlib.util.spec_from_file_location(name, PACKAGING / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sbom(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip("cyclonedx", reason="comes with the extra dev")
    return loaded("make_sbom", monkeypatch)


def wheel(folder: Path, networks: list[str]) -> Path:
    """A wheel that holds these networks and nothing else."""
    path = folder / "efface-9.8.7-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("efface-9.8.7.dist-info/METADATA", METADATA)
        for name in networks:
            z.writestr(zipfile.ZipInfo(f"efface/detect/models/{name}.onnx"), name.encode())
    return path


def test_each_network_is_listed_with_checksum_and_licence(sbom: ModuleType, tmp_path: Path) -> None:
    text = sbom.text_of(sbom.of_wheel(wheel(tmp_path, PINNED)))
    bill = json.loads(text)
    assert sbom.text_of(sbom.of_wheel(tmp_path / "efface-9.8.7-py3-none-any.whl")) == text
    found = {c["name"]: c for c in bill["components"] if c["type"] == "machine-learning-model"}
    assert sorted(found) == PINNED
    for name, component in found.items():
        assert component["hashes"][0]["content"] == sha256(name.encode()).hexdigest()
        assert component["licenses"]
    scopes = {c["name"]: c["scope"] for c in bill["components"] if "scope" in c}
    assert scopes == {"numpy": "required", "ray": "optional"}, "pytest is for developers"
    about = bill["metadata"]["component"]
    assert (about["name"], about["version"]) == ("efface", "9.8.7")


def test_the_list_obeys_the_schema(sbom: ModuleType, tmp_path: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = sbom.text_of(sbom.of_wheel(wheel(tmp_path, PINNED)))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_a_network_of_unknown_licence_ends_it(sbom: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="strange"):
        sbom.of_wheel(wheel(tmp_path, [*PINNED, "strange"]))


def test_a_bundle_names_versions(
    sbom: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import click
    import numpy

    listing, folder = tmp_path / "sources.json", tmp_path / "bundle"
    (folder / "efface/detect/models").mkdir(parents=True)
    (folder / "efface/detect/models/text.onnx").write_bytes(b"text")
    listing.write_text(json.dumps([click.__file__, numpy.__file__, json.__file__, ""]))
    monkeypatch.setattr(sbom.collect_licences, "ALWAYS", ())  # PyInstaller is not installed here
    owners = {
        Path(m.__file__).resolve(): m.__name__ for m in (click, numpy)
    }  # all take half a minute
    monkeypatch.setattr(sbom.collect_licences, "owners_of_files", lambda: owners)
    bill = json.loads(sbom.text_of(sbom.of_bundle(listing, folder)))
    versions = {c["name"].lower(): c["version"] for c in bill["components"]}
    assert versions["numpy"] == numpy.__version__
    assert {"click", "ffmpeg", "libheif", "libwebp", "python", "text"} <= set(versions)


def test_the_comparison_of_two_builds_names_what_differs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = loaded("build_wheel", monkeypatch)
    (tmp_path / "a").mkdir()
    one, other = wheel(tmp_path, ["text"]), wheel(tmp_path / "a", ["text"])
    with zipfile.ZipFile(other, "a") as z:
        z.writestr(zipfile.ZipInfo("efface/x.py", (2026, 1, 1, 0, 0, 0)), b"")
    with zipfile.ZipFile(one, "a") as z:
        z.writestr(zipfile.ZipInfo("efface/x.py", (2026, 1, 2, 0, 0, 0)), b"")
    assert "efface/x.py" in script.differences(one, other)
    assert "archive" in script.differences(one, one)[0]
    assert int(script.time_of("HEAD")) > 1_700_000_000
