"""Work for machines that are lost over it. Workers import it, so it lies in a folder of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace

from efface.cluster.work import Answer, Part, WorkItems, do, look_at


def lost_in_the_middle(part: Part) -> Iterator[object]:
    """Says a little, and dies."""
    for number, message in enumerate(look_at(part)):
        yield message
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)


def lost_once(part: Part) -> Iterator[object]:
    """Dies over one span, the first time."""
    mark = part.info.path.with_suffix(".lost")
    if part.passage.span.first and not mark.exists():
        mark.touch()
        yield from lost_in_the_middle(part)
    yield from look_at(part)


def seeing_other_pictures(part: Part) -> Iterator[object]:
    """A decoder that gives something else when it begins in the middle."""
    for message in look_at(part):
        if hasattr(message, "overlap") and message.overlap:
            message = replace(message, overlap=tuple(c ^ 1 for c in message.overlap))
        yield message


def lost_after_the_first(work_items: WorkItems) -> Iterator[object]:
    """Does one job, and dies over the second; so does the next machine, until all is done."""
    for message in do(work_items):
        if isinstance(message, Answer) and message.number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        yield message
