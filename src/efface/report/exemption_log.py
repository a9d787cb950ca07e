"""The exemption log: what was erased, when, and under which reason, as CSV (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from efface.errors import printable
from efface.report.report_model import Report
from efface.timing import timecode

COLUMNS = ("file", "name", "track", "kind", "from", "to", "areas", "reason")

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With one of these at its beginning, a spreadsheet takes a cell for a formula."""


def pieces(report: Report) -> Iterator[str]:
    """Yield the lines: one for each erased track, also where no reason was given."""
    yield _line(COLUMNS)
    for entry in report.entries:
        if entry.found is None:
            continue
        for e in entry.found.exemptions:
            is_photo = entry.media is None or entry.media.medium == "photo"
            start, end = (
                (f"page {e.first + 1}", f"page {e.last + 1}")
                if is_photo
                else (timecode(e.start_s), timecode(e.end_s))
            )
            name = printable(entry.name)
            yield _line(
                (str(entry.number), name, str(e.track), e.kind, start, end, str(e.areas), e.reason)
            )


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    safe = [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]
    csv.writer(out, lineterminator="\r\n").writerow(safe)
    return out.getvalue()
