"""The public names: few, all there, and cheap until they are used."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from PIL import Image

import efface

ROOT = Path(__file__).parents[1]
ENGINES = {"av", "PIL", "pillow_heif", "onnxruntime", "cv2", "numpy", "rich", "click"}


def in_a_fresh_process(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    found: list[str] = json.loads(done.stdout)
    return found


def test_the_public_names():
    functions = {"find", "inspect", "load_plan", "redact", "render", "verify"}
    assert set(efface.__all__) == functions | {"Options", "Plan", "__version__", "errors"}
    assert set(efface.__all__) <= set(dir(efface))
    assert all(getattr(efface, name) is not None for name in efface.__all__)
    with pytest.raises(AttributeError, match="no attribute 'redcat'"):
        efface.redcat  # noqa: B018


def test_the_documented_names_are_the_public_ones():
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `efface\.(\w+)` \|", page, re.MULTILINE)
    assert sorted(table) == sorted(efface.__all__)


def private_imports(code: str) -> list[str]:
    """Return what of efface a program imports or uses without being allowed to."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "efface":
            found += [f"efface.{a.name}" for a in node.names if a.name not in efface.__all__]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "efface":
            found += [f"efface.{node.attr}"] if node.attr not in efface.__all__ else []
    mine = [name for name in found if name.split(".")[0] == "efface"]
    return [name for name in mine if name not in ("efface", "efface.errors")]


def programs() -> list[tuple[str, str]]:
    """Return every Python program of the documentation and the examples, with the file it is in."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    blocks = [
        (page.name, textwrap.dedent(block))
        for page in pages
        for block in re.findall(
            r"^ *```(?:python|py)\n(.*?)^ *```$",
            page.read_text(encoding="utf-8"),
            re.MULTILINE | re.DOTALL,
        )
    ]
    examples = sorted((ROOT / "examples").rglob("*.py"))
    return blocks + [(path.name, path.read_text(encoding="utf-8")) for path in examples]


def test_documentation_and_examples_import_only_what_is_public():
    found = programs()
    assert {"library.md", "make.py"} <= {name for name, _ in found}
    assert [(name, private) for name, code in found for private in private_imports(code)] == []


@pytest.mark.parametrize(
    "code",
    [
        "import efface.pipeline.jobs",
        "from efface.api import redact",
        "from efface import geometry",
        "import efface\nefface.geometry",
    ],
)
def test_an_import_of_what_is_private_is_noticed(code):
    assert private_imports(code)


def test_functions_are_those_of_the_library():
    from efface import api
    from efface.planning.sidecar import load

    assert (efface.find, efface.redact, efface.render, efface.verify) == (
        api.find,
        api.redact,
        api.render,
        api.verify,
    )
    assert efface.load_plan is load
    for function in (api.find, api.redact, api.render, api.verify):
        assert {"options", "listener"} <= set(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    "first", ["efface.redact", "import efface.checks.target", "efface.find", "pass"]
)
def test_verify_can_be_called_whatever_was_imported_before(first):
    code = f"import efface, json\n{first}\ntry: efface.verify('nowhere', 'no.plan')\n"
    code += "except efface.errors.SourceUnreadable as e: print(json.dumps([type(e).__name__]))"
    assert in_a_fresh_process(code) == ["SourceUnreadable"]


@pytest.mark.parametrize(
    "first", ["efface.redact", "import efface.painting.paint", "efface.find", "pass"]
)
def test_render_can_be_called_whatever_was_imported_before(first):
    code = f"import efface, json\n{first}\ntry: efface.render('nowhere', 'no.plan', 'x')\n"
    code += "except efface.errors.BadPlan as e: print(json.dumps([type(e).__name__]))"
    assert in_a_fresh_process(code) == ["BadPlan"]


def test_importing_efface_loads_no_engine():
    code = "import efface, sys, json; print(json.dumps([m for m in sys.modules if '.' not in m]))"
    assert ENGINES.isdisjoint(in_a_fresh_process(code))


@pytest.mark.parametrize(
    "module", ["efface.detect.registry", "efface.pipeline.jobs", "efface.cli.main"]
)
def test_the_runtime_of_models_and_the_codecs_wait_until_they_are_used(module):
    code = (
        f"import {module}, sys, json; print(json.dumps([m for m in sys.modules if '.' not in m]))"
    )
    assert {"onnxruntime", "av", "PIL", "pillow_heif"}.isdisjoint(in_a_fresh_process(code))


def test_the_command_line_starts_without_numpy():
    code = "import efface.cli.main, sys, json; print(json.dumps(list(sys.modules)))"
    assert "numpy" not in in_a_fresh_process(code)


def test_workers_are_started_without_numpy():
    names = "jobs, naming, transfer, worker_pool"
    code = f"from efface.pipeline import {names}; import sys, json\n"
    assert "numpy" not in in_a_fresh_process(code + "print(json.dumps(list(sys.modules)))")


@pytest.mark.slow
def test_a_photo_is_redacted_without_what_only_films_need(tmp_path):
    photo, target = tmp_path / "grey.png", tmp_path / "out.png"
    Image.new("RGB", (64, 48), (90, 110, 130)).save(photo)
    code = f"import efface, json, sys; efface.redact({str(photo)!r}, {str(target)!r})\n"
    code += "print(json.dumps([m for m in sys.modules if '.' not in m]))"
    assert "av" not in in_a_fresh_process(code)
    assert target.exists()


def test_containers_are_read_with_the_standard_library_alone():
    code = "import efface.containers, importlib, json, pkgutil, sys\n"
    code += (
        "for m in pkgutil.iter_modules(efface.containers.__path__, 'efface.containers.'): "
        "importlib.import_module(m.name)\n"
    )
    code += "print(json.dumps([m for m in sys.modules if '.' not in m]))"
    loaded = set(in_a_fresh_process(code))
    assert loaded.isdisjoint(ENGINES)
    assert loaded - set(sys.stdlib_module_names) - {"__main__"} <= {"efface"} | {
        m for m in loaded if m.startswith("_")
    }
