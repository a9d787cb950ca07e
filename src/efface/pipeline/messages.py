"""What a process says about the work it does for another one. Each kind is a class, and readers match by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.events import Event

if TYPE_CHECKING:
    from efface.pipeline.naming import Job


@dataclass(frozen=True, slots=True)
class Began:
    """The work begins. The first that is said of it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is."""

    event: Event


@dataclass(frozen=True, slots=True)
class Noted:
    """What the task knows before its end, and wants to be kept."""

    content: Any


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done; what the task gave back."""

    result: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The work failed. The error is one of efface's own, Unforeseen, or what the caller knows how to catch."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more is said of the work. The last that is said of it, after Done or Failed."""


Said = Began | Progress | Noted | Done | Failed | Ended
"""What may be said of a piece of work."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is said about a job. Began and Ended stand around all else; Failed holds an EffaceError or Unforeseen."""

    job: Job
    said: Said
