"""Which pairs of rows and columns have the largest total: the linear assignment problem.

SciPy solves it, too. To load that part of it takes a third of a second and 30 MB in every film
(docs/decisions/082-without-scipy.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def best_pairs(score: NDArray[np.floating]) -> list[tuple[int, int]]:
    """Return the pairs (row, column) with the largest total, each row and each column in at most
    one of them. Pairs of score 0 are left out.

    score  (n, m), 0 and above.

    Raises ValueError for NaN and infinity, for which no path would be the shortest.
    """
    if not np.isfinite(score).all():
        raise ValueError("a score is not finite")
    is_some = score > 0
    rows, columns = np.flatnonzero(is_some.any(1)), np.flatnonzero(is_some.any(0))
    if not len(rows):
        return []
    chosen = _assigned(score[np.ix_(rows, columns)].astype(np.float64))
    pairs = np.column_stack([rows[chosen[:, 0]], columns[chosen[:, 1]]])
    return sorted((int(r), int(c)) for r, c in pairs if is_some[r, c])


def _assigned(score: Floats) -> NDArray[np.intp]:
    """Return (min(n, m), 2) rows and columns with the largest total, by shortest augmenting paths
    (Crouse 2016, doi 10.1109/TAES.2016.140952)."""
    if len(score) > score.shape[1]:
        return _assigned(score.T)[:, ::-1]
    cost = -score
    row_price, column_price = cost.min(1), np.zeros(cost.shape[1])
    # Each column goes to the first row that likes it best. In most frames that is all.
    row_of = np.full(cost.shape[1], -1)
    liked, first = np.unique(cost.argmin(1), return_index=True)
    row_of[liked] = first
    for start in np.setdiff1d(np.arange(len(cost)), first).tolist():
        lengths, before, visited, end = _paths(cost, row_price, column_price, row_of, start)
        inner = np.array(visited[:-1], np.intp)
        slack = lengths[end] - lengths[inner]
        row_price[start] += lengths[end]
        row_price[row_of[inner]] += slack
        column_price[inner] -= slack
        _turn_over(row_of, before, start, end)
    columns = np.flatnonzero(row_of >= 0)
    return np.column_stack([row_of[columns], columns])


def _paths(
    cost: Floats, row_price: Floats, column_price: Floats, row_of: NDArray[np.intp], start: int
) -> tuple[Floats, NDArray[np.intp], list[int], int]:
    """Go from a row to the nearest free column (Dijkstra).

    Return the lengths of the paths to all columns, the row before each column, the columns in the
    order in which they were reached, and the free one, which is the last of them.
    """
    lengths, before = np.full(len(row_of), np.inf), np.full(len(row_of), -1)
    is_open = np.ones(len(row_of), bool)
    row, length, visited = start, 0.0, list[int]()
    while True:
        through = length + cost[row] - row_price[row] - column_price
        is_shorter = is_open & (through < lengths)
        lengths[is_shorter], before[is_shorter] = through[is_shorter], row
        column = int(np.argmin(np.where(is_open, lengths, np.inf)))
        visited.append(column)
        if row_of[column] < 0:
            return lengths, before, visited, column
        is_open[column] = False
        row, length = int(row_of[column]), float(lengths[column])


def _turn_over(row_of: NDArray[np.intp], before: NDArray[np.intp], start: int, end: int) -> None:
    """Give each column on the path to the row before it, from the free column back to the start."""
    column_of = {int(row): int(column) for column, row in enumerate(row_of) if row >= 0}
    column = end
    while True:
        row = int(before[column])
        row_of[column] = row
        if row == start:
            return
        column = column_of[row]
