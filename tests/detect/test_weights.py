"""Weights that are missing, altered or refused never become "no faces"."""

from __future__ import annotations

import hashlib
import shutil
from importlib import resources
from pathlib import Path

import pytest

from efface.detect import sessions, weights
from efface.detect.faces import NAME, FaceDetector
from efface.detect.registry import open_detector
from efface.errors import DeviceMissing, ModelUnusable
from efface.options import DetectOptions

HOME = Path(str(resources.files("efface.detect")))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A copy of the weights that may be damaged, in place of the installed ones."""
    (tmp_path / "models").mkdir()
    shutil.copy(HOME / f"{NAME}.sha256", tmp_path)
    shutil.copy(HOME / "models" / f"{NAME}.onnx", tmp_path / "models")
    monkeypatch.setattr(weights.resources, "files", lambda package: tmp_path)
    return tmp_path


def model(home):
    return home / "models" / f"{NAME}.onnx"


def test_an_unharmed_copy_is_accepted(home):
    data, digest = weights.load_weights(NAME)
    assert digest == hashlib.sha256(data).hexdigest()
    assert data == model(home).read_bytes()


@pytest.mark.parametrize("at", [0, 0.5, -1])
def test_one_changed_byte_is_enough(home, at):
    raw = bytearray(model(home).read_bytes())
    raw[int(at * len(raw)) if at >= 0 else -1] ^= 1
    model(home).write_bytes(raw)
    with pytest.raises(ModelUnusable, match="altered or damaged"), open_detector(DetectOptions()):
        pass


def test_a_truncated_or_empty_model(home):
    for data in (model(home).read_bytes()[:-1], b""):
        model(home).write_bytes(data)
        with pytest.raises(ModelUnusable, match="altered"):
            FaceDetector(DetectOptions())


@pytest.mark.parametrize("missing", [f"models/{NAME}.onnx", f"{NAME}.sha256"])
def test_a_missing_file(home, missing):
    (home / missing).unlink()
    with pytest.raises(ModelUnusable, match="missing"):
        FaceDetector(DetectOptions())


@pytest.mark.parametrize("pin", ["", "  \n", "no checksum", "\u00e9"])
def test_a_pin_that_pins_nothing(home, pin):
    (home / f"{NAME}.sha256").write_text(pin, encoding="utf-8")
    with pytest.raises(ModelUnusable):
        FaceDetector(DetectOptions())


def test_a_model_that_the_runtime_refuses(home):
    model(home).write_bytes(b"not a network")
    (home / f"{NAME}.sha256").write_text(hashlib.sha256(b"not a network").hexdigest())
    with pytest.raises(ModelUnusable, match="refuses"):
        FaceDetector(DetectOptions())


def test_a_device_that_is_absent_is_not_replaced_by_another(monkeypatch):
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    for device in ("cuda", "openvino"):
        with pytest.raises(DeviceMissing, match=device):
            sessions.open_session(NAME, b"", device)


def test_a_runtime_that_steps_down_by_itself_is_found_out(monkeypatch):
    import onnxruntime

    class SteppedDown:
        def __init__(self, *args, **named):
            pass

        def get_providers(self):
            return ["CPUExecutionProvider"]

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", SteppedDown)
    with pytest.raises(DeviceMissing, match="cuda"):
        sessions.open_session(NAME, b"", "cuda")
