"""Messages from a process about the work that it does for another one.

Each kind is a class, and readers match by class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.events import Event

if TYPE_CHECKING:
    from efface.pipeline.naming import AnyJob


@dataclass(frozen=True, slots=True)
class Began:
    """The work begins. This is always the first message."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work has progressed."""

    event: Event


@dataclass(frozen=True, slots=True)
class Noted:
    """A result that the task knows before its end, and that must be kept."""

    content: object


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done; holds the task's result."""

    result: object


@dataclass(frozen=True, slots=True)
class Failed:
    """The work failed.

    The error is one of efface's own, Unforeseen, or one that the caller can catch.
    """

    error: Exception


@dataclass(frozen=True, slots=True)
class Ended:
    """The last message about the work, after Done or Failed."""


Said = Began | Progress | Noted | Done | Failed | Ended
"""All messages about a piece of work."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message about a job.

    Began comes first and Ended last; Failed holds an EffaceError or Unforeseen.
    """

    job: AnyJob
    said: Said
