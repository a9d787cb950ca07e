"""ONNX Runtime sessions: which device runs a model, chosen once and never changed silently."""

from __future__ import annotations

import os
from typing import Any

from efface.errors import DeviceMissing, ModelUnusable
from efface.processors import cores

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}

NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
"""ONNX Runtime reads this variable.

Without it version 1.32 writes a device id and events to the home folder, to be sent.
"""

QUIET = 3
"""Errors only. Warnings of the runtime go to stderr, where the progress bar is."""


def open_session(
    name: str, model: bytes, device: str, threads: int | None = None
) -> tuple[Any, str]:
    """Open a session for the model, and return it with a phrase that says what runs it.

    device   "auto", "cpu", "cuda" or "openvino"; auto is the processor.
    threads  number of threads that share one run; default: as many as there are cores.

    Raises DeviceMissing when the device is unavailable, ModelUnusable when the runtime rejects the
    model.
    """
    os.environ[NO_TELEMETRY] = "1"  # before the import: ONNX Runtime's own switch comes too late
    import onnxruntime as ort  # takes a third of a second

    device = "cpu" if device == "auto" else device
    provider = PROVIDERS[device]
    if provider not in ort.get_available_providers():
        raise DeviceMissing(device)
    settings = ort.SessionOptions()
    settings.log_severity_level = QUIET
    settings.intra_op_num_threads = threads or cores()
    # Waiting threads must sleep: spinning threads of one network take the processor from the other
    # network's threads.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Remembering layouts for each input size took 20 GB after 50 photos of different sizes; without
    # it, 0.6 GB at equal speed.
    settings.enable_mem_pattern = False
    try:
        session = ort.InferenceSession(model, settings, providers=[provider])
    except Exception as e:  # the runtime's errors share no base class
        raise ModelUnusable(name, "the run-time refuses to load it") from e
    if (
        session.get_providers()[0] != provider
    ):  # a driver is missing: the runtime would fall back to the processor
        raise DeviceMissing(device)
    return session, f"onnxruntime {ort.__version__} {device}"
