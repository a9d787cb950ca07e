"""CVAT's XML: written as its documentation describes it, read back, and read as CVAT writes it."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest

from efface.detections import FACE, PLATE
from efface.planning.cvat_format import cvat_of_film, cvat_of_photos, read_cvat
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Reason, Track

BY_CVAT = b"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>5</id><name>a film</name><size>20</size><mode>interpolation</mode>
      <start_frame>0</start_frame><stop_frame>19</stop_frame><frame_filter></frame_filter>
      <labels><label><name>person</name><attributes><attribute><name>size</name></attribute>
      </attributes></label></labels>
      <original_size><width>640</width><height>480</height></original_size>
    </task>
    <dumped>2018-09-25 16:05:07.134046+03:00</dumped>
  </meta>
  <track id="0" label="person" source="manual">
    <polygon frame="0" points="324.79,213.16;305,227.90;347.42,237.37" outside="0" occluded="0"
     keyframe="1"><attribute name="size">3</attribute></polygon>
    <polygon frame="1" points="324.79,213.16;323.74,227.90" outside="1" occluded="0" keyframe="1">
    </polygon>
    <polygon frame="13" points="313.74,233.16;331.11,220.00" outside="0" occluded="0" keyframe="1"/>
    <polygon frame="15" points="313.74,233.16;331.11,220.00" outside="1" occluded="0" keyframe="1"/>
  </track>
  <track id="1" label="plate">
    <box frame="17" keyframe="1" outside="0" occluded="0" xtl="10.50" ytl="20" xbr="30" ybr="40"
     rotation="90.0" z_order="0"></box>
  </track>
</annotations>
"""


def track(number, frames, box=(2, 3, 12, 13), kind=FACE, keep=False, reason=Reason.SEEN):
    n = len(frames)
    return Track(
        number, kind, np.array(frames, np.int32), np.array([box] * n, np.float32),
        np.full(n, reason, np.uint8), np.full(n, 0.5, np.float32), keep,
    )  # fmt: skip


def plan(*tracks, frames=6, medium="video", sizes=((64, 48),)):
    line = Timeline(np.arange(frames, dtype=np.int64), Fraction(1, 25))
    return Plan("00", medium, sizes, line, tracks, checksums=(1,) * frames)


def test_a_film_comes_back_as_it_was_written():
    made = plan(track(1, [0, 1, 4]), track(2, [5], kind=PLATE), track(3, [2], keep=True))
    given = read_cvat("".join(cvat_of_film(made)).encode(), "00")
    one, two = given.tracks("any.mp4", made.sizes, 6, "video")
    assert (one.frame.tolist(), two.frame.tolist()) == ([0, 1, 4], [5])
    assert (one.kind, two.kind) == (FACE, PLATE)
    assert one.xyxy.tolist() == [[2, 3, 12, 13]] * 3
    with pytest.raises(ValueError, match="6 frames or pages, and the source 7"):
        given.tracks("any.mp4", made.sizes, 7, "video")


def test_a_film_is_written_as_the_format_is_described():
    made = plan(track(1, [0, 1, 4], reason=Reason.DRAWN), track(2, [3]))
    root = ElementTree.fromstring("".join(cvat_of_film(made)))
    assert root.findtext("version") == "1.1"
    assert root.findtext("meta/task/size") == "6"
    assert root.findtext("meta/task/original_size/width") == "64"
    names = [n.text for n in root.findall("meta/task/labels/label/name")]
    assert names[:2] == ["face", "plate"]
    first, second = root.findall("track")
    assert (first.get("label"), first.get("source"), second.get("source")) == (
        "face", "manual", "auto",
    )  # fmt: skip
    keys = [(int(b.get("frame")), b.get("outside")) for b in first]
    assert keys == [(0, "0"), (1, "0"), (2, "1"), (4, "0"), (5, "1")]
    assert first[0].get("xbr") == "12.00"
    assert all(b.get("keyframe") == "1" for b in first)


def test_photos_come_back_page_by_page_and_names_cannot_break_out():
    pages = plan(track(1, [1]), frames=2, medium="photo", sizes=((64, 48), (40, 30)))
    name = 'a "<&>\x01\ud800.tif'
    text = "".join(cvat_of_photos([("b.jpg", plan(frames=1, medium="photo")), (name, pages)]))
    root = ElementTree.fromstring(text)
    assert [i.get("name") for i in root.findall("image")] == [
        "b.jpg", 'a "<&>\ufffd\ufffd.tif', 'a "<&>\ufffd\ufffd.tif#2',
    ]  # fmt: skip
    given = read_cvat(text.encode(), "00")
    assert given.tracks("b.jpg", ((64, 48),), 1, "photo") == []
    (track_of_page,) = given.tracks('a "<&>\ufffd\ufffd.tif', pages.sizes, 2, "photo")
    assert track_of_page.frame.tolist() == [1]


def test_what_cvat_writes_is_read():
    polygon, turned = read_cvat(BY_CVAT, "00").tracks("a.mp4", ((640, 480),), 20, "video")
    assert polygon.frame.tolist() == [0, 13, 14]
    assert polygon.xyxy[0].tolist() == [305, 213, 348, 238]
    assert turned.frame.tolist() == [17, 18, 19]  # until the end, as CVAT shows it
    assert turned.xyxy[0].tolist() == [10, 20, 31, 40]
    part = BY_CVAT.replace(b"<frame_filter>", b"<frame_filter>step=2")
    assert len(read_cvat(part, "00").tracks("a.mp4", ((640, 480),), 40, "video")) == 2


IMAGE = b'<annotations><image name="a.jpg" width="64" height="48">%s</image></annotations>'


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        (b'<ellipse label="x" cx="20" cy="20" rx="5" ry="3"/>', [15, 17, 25, 23]),
        (b'<mask label="x" left="4" top="5" width="6" height="7" rle="1"/>', [4, 5, 10, 12]),
        (b'<polyline label="x" points="1,2;8,9"/><tag label="good"/>', [1, 2, 8, 9]),
    ],
)
def test_other_shapes_become_the_box_around_them(shape, box):
    given = read_cvat(IMAGE % shape, "00")
    assert given.tracks("a.jpg", ((64, 48),), 1, "photo")[0].xyxy.tolist() == [box]


LAUGHS = b"""<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<annotations><image name="&b;" width="1" height="1"/></annotations>"""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (LAUGHS, "document type"),
        (b"<annotations><image", "not XML"),
        (b"<coco/>", "does not begin"),
        (b"<annotations>" + b"<a>" * 20 + b"</a>" * 20 + b"</annotations>", "deeper"),
        (IMAGE % b'<cuboid label="x"/>', "cuboid"),
        (IMAGE % b'<box label="x" xtl="1" ytl="1" xbr="5"/>', "'ybr' is missing"),
        (IMAGE % b'<box label="x" xtl="nan" ytl="1" xbr="5" ybr="5"/>', "not sensible"),
        (IMAGE % b'<points label="x" points="1,2,3"/>', "pairs"),
        (IMAGE.replace(b'"64"', b'"-64"') % b"", "'width' is missing"),
        (BY_CVAT.replace(b'frame="13"', b'frame="0"'), "stands there twice"),
    ],
)
def test_anything_else_is_refused(data, said):
    with pytest.raises(ValueError, match=said):
        read_cvat(data, "00")
