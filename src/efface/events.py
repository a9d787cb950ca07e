"""Defines the progress events of long work.

The core sends them; a terminal, a page or a test listens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Progress of one stage on one source.

    stage  "look", "render" or "check".
    done   units finished; frames for video, pages for photos.
    total  number of units, or None while it is unknown.
    """

    stage: str
    done: int
    total: int | None


Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Ignore an event. The default listener."""
