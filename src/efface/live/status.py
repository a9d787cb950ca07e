"""Answers for monitors: metrics for Prometheus, and health as JSON.

They hold only numbers and the names of cameras.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from efface.live.loopback_server import Answer

CameraFacts = Mapping[str, Mapping[str, Any]]
"""Facts of each camera by its name."""

METRICS: Mapping[str, tuple[str, str, str]] = {
    "frames_in": ("frames_in_total", "counter", "Frames that the source gave."),
    "frames_out": ("frames_out_total", "counter", "Frames that left, looked at and redacted."),
    "frames_passed": (
        "frames_passed_total",
        "counter",
        "Frames that did not leave, as the rate was lowered.",
    ),
    "frames_missed": (
        "frames_missed_total",
        "counter",
        "Frames in whose place the placeholder left.",
    ),
    "frames_refused": ("frames_refused_total", "counter", "Frames for which there was no room."),
    "looks": ("looks_total", "counter", "Frames that were looked at."),
    "looks_closer": ("looks_closer_total", "counter", "Looks at a part of a frame in more detail."),
    "detections": ("detections_total", "counter", "Sightings of what is looked for."),
    "regions": ("regions_total", "counter", "Areas erased."),
    "left_faces": (
        "left_visible_faces_total",
        "counter",
        "Possible faces that left visible, as they were seen too weakly.",
    ),
    "left_plates": (
        "left_visible_plates_total",
        "counter",
        "Possible plates that left visible, as they were seen too weakly.",
    ),
    "left_texts": (
        "left_visible_texts_total",
        "counter",
        "Possible text that left visible, as it was seen too weakly.",
    ),
    "left_codes": (
        "left_visible_codes_total",
        "counter",
        "Possible codes that left visible, as they were seen too weakly.",
    ),
    "left_persons": (
        "left_visible_persons_total",
        "counter",
        "Possible persons that left visible, as they were seen too weakly.",
    ),
    "left_sightings": ("left_visible_sightings_total", "counter", "Sightings of these."),
    "left_s": (
        "left_visible_seconds_total",
        "counter",
        "Time for which these were in sight, all added up.",
    ),
    "connections": ("connections_total", "counter", "Connections to the source that gave a frame."),
    "losses": (
        "losses_total",
        "counter",
        "Connections to the source that ended, or did not come about.",
    ),
    "restarts": ("restarts_total", "counter", "Times the process of the camera was started again."),
    "placeholder_s": (
        "placeholder_seconds_total",
        "counter",
        "Time for which the placeholder was shown.",
    ),
    "delay_s": ("delay_seconds", "gauge", "Between coming in and leaving, of the last frame."),
    "late_s": (
        "look_late_seconds",
        "gauge",
        "Between coming in and having been looked at, of the last frame.",
    ),
    "every": ("looks_one_in", "gauge", "One in so many frames is looked at."),
    "held": ("frames_held", "gauge", "Frames between coming in and leaving."),
    "waiting": ("frames_waiting", "gauge", "Frames that nobody looked at yet."),
}
"""Facts of a pipeline: name, type and meaning of each."""

OF_TARGETS: Mapping[str, tuple[str, str, str]] = {
    "up": ("target_up", "gauge", "1 while the target takes what it is given."),
    "sent": ("target_packets_total", "counter", "Packets the target took."),
    "dropped": ("target_dropped_total", "counter", "Packets the target was too slow for."),
    "failures": (
        "target_failures_total",
        "counter",
        "Times the target broke or could not be reached.",
    ),
    "queued": ("target_queued", "gauge", "Packets that wait for the target."),
}

HEALTHY = ("passing", "ended")


def answers(told: Callable[[], CameraFacts]) -> Callable[[str], Answer | None]:
    """Return a function that gives the answer for each path."""

    def answer(path: str) -> Answer | None:
        if path == "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", prometheus(told()).encode()
        if path in ("/health", "/"):
            said = health(told())
            return (
                200 if said["healthy"] else 503,
                "application/json",
                (json.dumps(said, indent=1) + "\n").encode(),
            )
        return None

    return answer


def health(told: CameraFacts) -> dict[str, Any]:
    """Return the health.

    It is good if redacted pictures leave from every camera and every target takes them.
    """
    cameras = {name: {**facts, "healthy": _is_healthy(facts)} for name, facts in told.items()}
    return {"healthy": all(c["healthy"] for c in cameras.values()), "cameras": cameras}


def _is_healthy(facts: Mapping[str, Any]) -> bool:
    return facts["state"] in HEALTHY and all(
        t["up"] or facts["state"] == "ended" for t in facts["targets"].values()
    )


def prometheus(told: CameraFacts) -> str:
    """Return the metrics in Prometheus's text format."""
    return "\n".join(_lines(told)) + "\n"


def _lines(told: CameraFacts) -> Iterator[str]:
    yield from _head("up", "gauge", "1 while redacted pictures of the camera leave.")
    for camera, facts in told.items():
        yield f"efface_live_up{_labels(camera=camera)} {int(facts['state'] == 'passing')}"
    for key, (name, kind, meaning) in METRICS.items():
        yield from _head(name, kind, meaning)
        for camera, facts in told.items():
            yield f"efface_live_{name}{_labels(camera=camera)} {facts[key]:g}"
    for key, (name, kind, meaning) in OF_TARGETS.items():
        yield from _head(name, kind, meaning)
        for camera, facts in told.items():
            for target, numbers in facts["targets"].items():
                yield (
                    f"efface_live_{name}{_labels(camera=camera, target=target)} {int(numbers[key])}"
                )


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP efface_live_{name} {meaning}"
    yield f"# TYPE efface_live_{name} {kind}"


def _labels(**labels: str) -> str:
    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items()) + "}"
