"""Spans of the sound that a person made silent, from a plan's log."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from efface.option_values import TimeSpan
from efface.planning.edits import Log, Mute


def muted_spans(log: Log) -> tuple[TimeSpan, ...]:
    """Return the silent spans after all edits, in order and apart."""
    edges: list[int] = []
    for edit in log.in_force:
        if isinstance(edit, Mute):
            for flat, is_silent in ((edit.off, False), (edit.on, True)):
                for start, end in zip(flat[::2], flat[1::2], strict=True):
                    _set(edges, start, end, is_silent)
    return tuple(
        TimeSpan(start / 1000, end / 1000)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    )


def _set(edges: list[int], start: int, end: int, is_silent: bool) -> None:
    """Make one span silent or heard. `edges` are the starts and ends of silent spans, in order.

    After an odd number of edges it is silent. An edge stays needed where that changes.
    """
    first, last = bisect_left(edges, start), bisect_right(edges, end)
    begins = [start] if first % 2 != is_silent else []
    ends = [end] if last % 2 != is_silent else []
    edges[first:last] = begins + ends
