"""The log has a line for each erased track; page and JSON show reasons where there are any."""

from __future__ import annotations

import csv
import io

from efface.planning.edits import Justify
from efface.report import manifest
from efface.report.exemption_log import COLUMNS, pieces
from efface.report.page import page


def rows(report):
    return list(csv.reader(io.StringIO("".join(pieces(report)))))


def justified(made, why):
    tracks = made.track(1, "s" * 30), made.track(2, "ss", first=100, kind=1)
    kept = made.track(3, "s" * 9, keep=True)
    edits = (Justify((1,), why).plain(),)
    return made.report(made.entry(made.plan(*tracks, kept, edits=edits), name="=a.mp4"))


def test_every_erased_track_is_a_line_with_its_reason(made):
    head, first, second = rows(justified(made, "s. 40(2), personal"))
    assert tuple(head) == COLUMNS
    assert first[:4] == ["1", "'=a.mp4", "1", "face"]
    assert first[4:] == ["0:00:00.000", "0:00:01.200", "30", "s. 40(2), personal"]
    assert second[2:4] + second[6:] == ["2", "plate", "2", ""]


def test_a_cell_is_never_a_formula(made):
    assert rows(justified(made, "=HYPERLINK(1)"))[1][7] == "'=HYPERLINK(1)"


def test_photos_have_pages_and_a_file_without_a_plan_has_no_line(made):
    photo = made.entry(made.plan(made.track(1, "s"), medium="photo", frames=1))
    assert rows(made.report(photo, made.failed(2)))[1:] == [
        ["1", "", "1", "face", "page 1", "page 1", "1", ""]
    ]


def test_page_and_json_show_reasons(made, kinds_of_report):
    report = justified(made, "s. 38 <b>")
    text = "".join(page(report))
    assert "s. 38 &lt;b&gt;" in text
    assert "none given" in text
    (told,) = manifest.said(report)["files"][0]["found"]["reasons"]
    assert told == {"track": 1, "kind": "face", "frames": [0, 29], "reason": "s. 38 <b>"}
    plain = kinds_of_report["clean"]
    assert "none given" not in "".join(page(plain))
    assert manifest.said(plain)["files"][0]["found"]["reasons"] == []
