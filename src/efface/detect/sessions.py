"""ONNX Runtime sessions: which device runs a model, decided once and never changed silently."""

from __future__ import annotations

import os
from typing import Any

from efface.errors import DeviceMissing, ModelUnusable

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "openvino": "OpenVINOExecutionProvider"}

NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
"""Read by ONNX Runtime. Without it version 1.32 writes a device id and events to the home folder, to be sent."""

QUIET = 3
"""Errors only. Warnings of the run-time go to stderr, where the progress bar is."""


def open_session(name: str, model: bytes, device: str, threads: int | None = None) -> tuple[Any, str]:
    """A session for the model and a phrase that says what runs it.

    device   "auto", "cpu", "cuda" or "openvino"; auto is the processor.
    threads  that share one run; as many as there are cores when nothing is said.

    Raises DeviceMissing when the device is not to be had, ModelUnusable when the run-time refuses the model.
    """
    os.environ[NO_TELEMETRY] = "1"  # before the import: its own switch comes too late
    import onnxruntime as ort  # takes a third of a second

    device = "cpu" if device == "auto" else device
    provider = PROVIDERS[device]
    if provider not in ort.get_available_providers():
        raise DeviceMissing(device)
    settings = ort.SessionOptions()
    settings.log_severity_level = QUIET
    settings.intra_op_num_threads = threads or cores()
    # Threads that wait for work shall sleep: those of one network, spinning, take the processor from the other's.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Remembered layouts for each input size took 20 GB after 50 photos of different sizes; without, 0.6 GB at equal speed.
    settings.enable_mem_pattern = False
    try:
        session = ort.InferenceSession(model, settings, providers=[provider])
    except Exception as e:  # the run-time has no common base class for its errors
        raise ModelUnusable(name, "the run-time refuses to load it") from e
    if session.get_providers()[0] != provider:  # a driver is missing: the run-time would step down to the processor
        raise DeviceMissing(device)
    return session, f"onnxruntime {ort.__version__} {device}"


def cores() -> int:
    """Processors that this process may use. Whoever gives it less of them than the system does says so as is usual, in
    OMP_NUM_THREADS: Ray does."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(_granted(), int(asked)) if asked.isascii() and asked.isdigit() and int(asked) else _granted()


def _granted() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
