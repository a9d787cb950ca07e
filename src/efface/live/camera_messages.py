"""Messages from the process of a camera to the supervisor.

Each kind is a class, and the supervisor matches by class.
"""

from __future__ import annotations

from dataclasses import dataclass

from efface.live.pipeline_state import Facts


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence for the person who watches the run."""

    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """The counters and the state of the pipeline. It also shows that all of its threads are
    alive."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class PipelineFailed:
    """The pipeline failed. The process ends after this."""

    why: str


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """The source is a file, and it has ended. The process ends after this."""


CameraMessage = Remark | Report | PipelineFailed | SourceEnded
"""All messages of a camera's process."""
