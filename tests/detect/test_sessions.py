"""How many threads a network gets."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from efface.processors import cores


@pytest.mark.parametrize(
    ("asked", "given"),
    [("1", 1), ("0", None), ("", None), ("many", None), ("-3", None), ("100000", None)],
)
def test_threads_are_as_few_as_the_environment_says(monkeypatch, asked, given):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    all_of_them = cores()
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert cores() == (given or all_of_them)


def test_the_runtime_leaves_no_device_id_and_no_events_in_the_home_folder(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))} | {
        "HOME": str(tmp_path)
    }
    code = (
        "from efface.detect.registry import open_detector as o\nfrom efface.options import "
        "DetectOptions\n"
    )
    code += "with o(DetectOptions()):\n    pass"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)
    assert not list(tmp_path.rglob("*onnxruntime*"))
