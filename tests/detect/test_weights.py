"""Weights that are missing, altered or refused never become "no faces and no plates"."""

from __future__ import annotations

import hashlib
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from efface.detect import sessions, weights
from efface.detect.registry import open_detector
from efface.detect.trunk import Trunk
from efface.errors import DeviceMissing, ModelUnusable
from efface.options import DetectOptions

NAMES = (
    "centerface", "plates", "plate-context", "centerface-int8", "plates-int8", "plate-context-int8",
)  # fmt: skip

HOME = Path(str(resources.files("efface.detect")))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A copy of the weights that may be damaged, in place of the installed ones."""
    (tmp_path / "models").mkdir()
    shutil.copy(HOME / "self_test.json", tmp_path)
    for name in NAMES:
        shutil.copy(HOME / f"{name}.sha256", tmp_path)
        shutil.copy(HOME / "models" / f"{name}.onnx", tmp_path / "models")
    monkeypatch.setattr(weights.resources, "files", lambda package: tmp_path)  # type: ignore[attr-defined]
    return tmp_path


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def model(home, name):
    return home / "models" / f"{name}.onnx"


def refuse(name, match=None):
    options = DetectOptions(precision="int8" if name.endswith("int8") else "float32")
    with pytest.raises(ModelUnusable, match=match) as caught, open_detector(options):
        pass
    assert caught.value.name == name


def test_an_unharmed_copy_is_accepted(home, name):
    data, digest = weights.load_weights(name)
    assert digest == hashlib.sha256(data).hexdigest()
    assert data == model(home, name).read_bytes()


@pytest.mark.parametrize("at", [0, 0.5, -1])
def test_one_changed_byte_is_enough(home, name, at):
    raw = bytearray(model(home, name).read_bytes())
    raw[int(at * len(raw)) if at >= 0 else -1] ^= 1
    model(home, name).write_bytes(raw)
    refuse(name, "altered or damaged")


def test_a_truncated_or_empty_model(home, name):
    for data in (model(home, name).read_bytes()[:-1], b""):
        model(home, name).write_bytes(data)
        refuse(name, "altered")


@pytest.mark.parametrize("missing", ["models/{}.onnx", "{}.sha256"])
def test_a_missing_file(home, name, missing):
    (home / missing.format(name)).unlink()
    refuse(name, "missing")


@pytest.mark.parametrize("pin", ["", "  \n", "no checksum", "\u00e9"])
def test_a_pin_that_pins_nothing(home, name, pin):
    (home / f"{name}.sha256").write_text(pin, encoding="utf-8")
    refuse(name)


def test_a_model_that_the_runtime_refuses(home, name):
    model(home, name).write_bytes(b"not a network")
    (home / f"{name}.sha256").write_text(hashlib.sha256(b"not a network").hexdigest())
    refuse(name, "refuses")


def test_who_asks_for_faces_only_does_not_need_the_network_for_plates(home):
    model(home, "plates").unlink()
    with open_detector(DetectOptions(kinds="face")) as detector:
        assert [i.name for i in detector.infos] == ["centerface"]


def test_what_plates_need_of_the_shared_network_is_there():
    from efface.detect.plates import PlateHead

    rgb = np.zeros((40, 70, 3), np.uint8)
    tensors = Trunk(DetectOptions()).tensors(rgb, PlateHead(DetectOptions()).tensors)
    assert {t.shape[-2:] for t in tensors.values()} == {(64 // 4, 96 // 4), (64 // 8, 96 // 8)}


def test_a_device_that_is_absent_is_not_replaced_by_another(monkeypatch):
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    for device in ("cuda", "openvino"):
        with pytest.raises(DeviceMissing, match=device):
            sessions.open_session("any", b"", device)


def test_a_runtime_that_steps_down_by_itself_is_found_out(monkeypatch):
    import onnxruntime

    class SteppedDown:
        def __init__(self, *args, **named):
            pass

        def get_providers(self):
            return ["CPUExecutionProvider"]

    monkeypatch.setattr(
        onnxruntime,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    monkeypatch.setattr(onnxruntime, "InferenceSession", SteppedDown)
    with pytest.raises(DeviceMissing, match="cuda"):
        sessions.open_session("any", b"", "cuda")
