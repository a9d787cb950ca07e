"""What the server tells and does, as a program would ask for it."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from efface.api import verify
from efface.errors import WriteFailed
from efface.files import sha256_of
from efface.options import Options, VerifyOptions
from efface.pipeline.naming import jobs_for
from efface.planning.doubt import WHOLE, Doubt
from efface.planning.exemptions import reasons_of
from efface.planning.sidecar import load, save, seal
from efface.review.app import EARLY, page_files
from efface.review.document import Document
from efface.review.serve import serving

PATIENCE_S = 60.0


def until(client, is_so, path="/api/files/0"):
    """What the server says once that is so."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        said = client.ask(path).json
        if is_so(said):
            return said
        time.sleep(0.02)
    raise AssertionError(f"it never came to that: {said.get('works')}")


def worked(client, kind, body=None):
    """Long work, to its end; gives what is said of it."""
    version = client.ask("/api/files/0").json["version"]
    assert (
        client.ask(f"/api/files/0/jobs/{kind}", {"version": version} | (body or {})).status == 202
    )
    name = "follow" if kind == "extend" else kind
    over = ("done", "failed", "cancelled")
    said = until(
        client, lambda d: any(w["kind"] == name and w["state"] in over for w in d["works"])
    )
    return next(w for w in said["works"] if w["kind"] == name)


def picture(answer):
    assert answer.headers["content-type"] == "image/jpeg"
    return cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(
        int
    )


def changed(client, *edits):
    version = client.ask("/api/files/0").json["version"]
    answer = client.ask("/api/files/0/edits", {"version": version, "edits": list(edits)})
    assert answer.status == 200, answer.body
    return client.ask("/api/files/0").json


def plan_path(film):
    return film.with_name("film.redacted.mp4.plan.json")


@pytest.mark.parametrize("index", [74, 0, 37, 36, 38, 12])
def test_a_frame_is_exactly_that_frame(client, kit, index):
    shown = picture(client.ask(f"/api/files/0/frame/{index}?side=320"))
    x, y = kit.place(index)
    away = [
        np.abs(shown - kit.drawn(i).astype(int)).mean()
        for i in range(max(0, index - 2), min(75, index + 3))
    ]
    assert away.index(min(away)) == index - max(0, index - 2)
    assert (
        np.abs(
            shown[y + 5 : y + 35, x + 5 : x + 35] - kit.drawn(index)[y + 5 : y + 35, x + 5 : x + 35]
        ).mean()
        < 12
    )


def test_a_frame_close_by_says_which_it_is(client):
    answer = client.ask("/api/files/0/near/40")
    assert picture(answer).shape == (180, 320, 3)
    assert abs(int(answer.headers["x-frame"]) - 40) <= 25


def test_as_it_will_look_is_what_the_renderer_paints(client, kit):
    x, y = kit.place(30)
    changed(
        client,
        {
            "edit": "area",
            "track": None,
            "first": 30,
            "last": 30,
            "box": [x, y, x + 40, y + 40],
            "keep": False,
        },
    )
    before, after = (
        picture(client.ask(f"/api/files/0/frame/30?side=320&final={f}")) for f in (0, 1)
    )
    assert before[y : y + 40, x : x + 40].std() > 30
    assert after[y + 4 : y + 36, x + 4 : x + 36].std() < 5
    changed(client, {"edit": "black", "first": 30, "last": 30, "black": True})
    assert picture(client.ask("/api/files/0/frame/30?side=320&final=1")).max() < 8


def test_each_change_is_on_the_disk_at_once_and_another_review_goes_on_from_there(film, serve, kit):
    client = kit.Client(serve(film))
    client.enter()
    changed(client, {"edit": "keep", "track": 3, "keep": True})
    said = changed(client, {"edit": "undo"})
    assert (said["undo"], said["redo"]) == ("", "keep")
    on_disk = json.loads(plan_path(film).read_text())
    assert [e["edit"] for e in on_disk["edits"]] == ["keep", "undo"]
    changed(client, {"edit": "redo"})
    assert load(plan_path(film)).revised.tracks[2].keep


def test_a_tab_that_knows_an_older_version_changes_nothing(client):
    edit = {"edit": "keep", "track": 3, "keep": True}
    assert client.ask("/api/files/0/edits", {"version": 0, "edits": [edit]}).json == {"version": 1}
    late = client.ask(
        "/api/files/0/edits", {"version": 0, "edits": [{"edit": "delete", "track": 3}]}
    )
    assert (late.status, late.json) == (409, {"version": 1, "since": ["keep"]})
    assert not client.ask("/api/files/0").json["deleted"]


def test_many_tabs_at_once_lose_nothing(client, film):
    done = []

    def tab():
        for _ in range(6):
            while True:
                version = client.ask("/api/files/0").json["version"]
                edit = {
                    "edit": "area",
                    "track": None,
                    "first": 0,
                    "last": 0,
                    "box": [0, 0, 9, 9],
                    "keep": True,
                }
                if (
                    client.ask("/api/files/0/edits", {"version": version, "edits": [edit]}).status
                    == 200
                ):
                    done.append(1)
                    break

    tabs = [threading.Thread(target=tab) for _ in range(3)]
    for t in tabs:
        t.start()
    for t in tabs:
        t.join()
    assert len(load(plan_path(film)).revised.areas) == len(done) == 18


def test_an_edit_that_cannot_be_is_refused_and_leaves_the_plan(client, film):
    before = plan_path(film).read_bytes()
    answer = client.ask(
        "/api/files/0/edits",
        {"version": 0, "edits": [{"edit": "delete", "track": 1}, {"edit": "delete", "track": 9}]},
    )
    assert answer.status == 400
    assert "track 9" in answer.json["error"]
    assert plan_path(film).read_bytes() == before


def test_a_reason_comes_from_the_list_and_stands_in_the_plan(film, serve, kit):
    running = serve(film)
    running.session.reasons = ("s. 40(2)", "s. 38")
    client = kit.Client(running)
    client.enter()
    assert client.ask("/api/files/0").json["reasons"] == ["s. 40(2)", "s. 38"]
    said = changed(client, {"edit": "justify", "tracks": [1, 2], "reason": "s. 38"})
    assert [t["reason"] for t in said["tracks"]] == ["s. 38", "s. 38", ""]
    edits = [{"edit": "justify", "tracks": [1], "reason": "my own"}]
    answer = client.ask("/api/files/0/edits", {"version": 1, "edits": edits})
    assert (answer.status, answer.json["error"]) == (400, "a reason is not one of the list")
    said = changed(client, {"edit": "justify", "tracks": [1], "reason": ""})
    assert [t["reason"] for t in said["tracks"]] == ["", "s. 38", ""]
    assert reasons_of(load(plan_path(film))) == {2: "s. 38"}


def test_what_the_page_leaves_open_is_filled_in(client):
    said = changed(client, {"edit": "split", "track": 1, "frame": 20, "new": None})
    assert [t["id"] for t in said["tracks"]] == [1, 2, 3, 4]
    said = changed(client, {"edit": "place", "track": 3, "frame": 45, "box": [0, 0, 50, 50]})
    assert said["tracks"][2]["keys"] == [45]
    boxes = client.ask("/api/files/0/boxes?first=30&last=60").json["boxes"]
    lefts = {boxes[i]: boxes[i + 2] for i in range(0, len(boxes), 7) if boxes[i + 1] == 3}
    assert (lefts[30], lefts[45], lefts[60]) == (150, 0, 150)
    assert 0 < lefts[40] < 150


def test_a_second_review_of_the_same_plan_is_refused(film, client):
    client.ask("/api/files/0")
    with pytest.raises(WriteFailed, match="open in another review"):
        Document(film, plan_path(film))


def test_a_plan_for_another_file_is_refused(film, serve, kit):
    with open(film, "ab") as f:
        f.write(b"\0")
    client = kit.Client(serve(film))
    client.enter()
    answer = client.ask("/api/files/0")
    assert answer.status == 422
    assert answer.json["error"].startswith("film.mp4: does not fit the plan: its SHA-256")
    refused = client.ask("/api/queue/redact", {"files": [0]}).json["refused"]
    assert refused == [{"file": 0, "why": answer.json["error"]}]


def test_a_drawn_box_is_followed_both_ways(client, kit):
    x, y = kit.place(30)
    work = worked(client, "follow", {"frame": 30, "box": [x - 2, y - 2, x + 42, y + 42]})
    assert work["state"] == "done", work
    result = work["result"]
    assert (result["first"], result["last"], result["held"]) == (0, 74, False)
    boxes = client.ask("/api/files/0/boxes?first=0&last=74").json["boxes"]
    found = {
        boxes[i]: boxes[i + 2 : i + 6]
        for i in range(0, len(boxes), 7)
        if boxes[i + 1] == result["track"]
    }
    for frame in range(75):
        px, py = kit.place(frame)
        x1, y1, x2, y2 = found[frame]
        assert x1 <= px + 2, frame
        assert y1 <= py + 2
        assert x2 >= px + 38
        assert y2 >= py + 38
        assert (x2 - x1) * (y2 - y1) < 80 * 80


def test_where_nothing_can_be_followed_the_box_stays_for_a_moment(client):
    work = worked(client, "follow", {"frame": 30, "box": [200, 140, 240, 170]})
    assert work["result"]["held"]
    assert work["result"]["first"] >= 15
    assert work["result"]["last"] <= 45


def test_a_doubtful_moment_is_covered_to_its_end(client):
    work = worked(client, "extend", {"track": 1, "first": 30, "last": 55})
    assert work["state"] == "done", work
    track = client.ask("/api/files/0").json["tracks"][0]
    assert track["runs"] == [[5, 55]]
    wide = worked(client, "extend", {"track": 1, "first": 30, "last": 55})
    assert wide["state"] == "done"
    boxes = client.ask("/api/files/0/boxes?first=40&last=40").json["boxes"]
    assert boxes[4] - boxes[2] > 40


@pytest.mark.parametrize(
    "body",
    [
        {"frame": 99, "box": [0, 0, 9, 9]},
        {"frame": 1, "box": [0, 0, 999, 9]},
        {"frame": 1},
        {"frame": True},
    ],
)
def test_what_cannot_be_followed_is_refused(client, body):
    assert client.ask("/api/files/0/jobs/follow", {"version": 0} | body).status == 400


def test_render_writes_checks_and_does_not_replace_unasked(client, film):
    target = film.with_name("film.redacted.mp4")
    work = worked(client, "render")
    assert work["state"] == "done", work
    assert target.exists()
    assert client.ask("/api/files/0").json["state"] == "rendered"
    first = target.read_bytes()
    changed(client, {"edit": "delete", "track": 1})
    assert client.ask("/api/files/0").json["state"] == "review"
    again = worked(client, "render")
    assert again["state"] == "failed"
    assert "exists already" in again["said"]
    assert target.read_bytes() == first
    assert worked(client, "render", {"overwrite": True})["state"] == "done"
    assert target.read_bytes() != first


def test_the_plan_tells_of_what_was_rendered_and_goes_on_taking_edits(client, film, serve, kit):
    target = film.with_name("film.redacted.mp4")
    changed(client, {"edit": "delete", "track": 1})
    assert worked(client, "render")["state"] == "done"
    plan = load(plan_path(film))
    assert plan.made is not None
    assert (plan.made.target_sha256, plan.made.seal) == (sha256_of(target), seal(plan))
    assert plan.options["write"]["preset"] == "ultrafast"
    with pytest.raises(WriteFailed, match="another review"):
        Document(film, plan_path(film))
    assert [f["state"] for f in client.ask("/api/files").json["files"]] == ["rendered"]
    changed(client, {"edit": "delete", "track": 2})
    plan = load(plan_path(film))
    assert [e["track"] for e in plan.edits] == [1, 2]
    assert seal(plan) != plan.made.seal


def test_a_plan_that_another_file_replaced_takes_no_edits_that_would_be_lost(client, film):
    client.ask("/api/files/0")
    other = film.with_name("other.json")
    other.write_bytes(plan_path(film).read_bytes())
    other.replace(plan_path(film))
    answer = client.ask(
        "/api/files/0/edits", {"version": 0, "edits": [{"edit": "delete", "track": 1}]}
    )
    assert answer.status == 422
    assert "another file has taken its place" in answer.json["error"]
    assert load(plan_path(film)).edits == ()


def test_what_was_rendered_is_known_by_the_next_review(film, serve, kit):
    with serving(jobs_for([film], None), kit.OPTIONS) as running:
        running.start()
        client = kit.Client(running)
        client.enter()
        client.ask("/api/files/0")
        assert worked(client, "render")["state"] == "done"
    client = kit.Client(serve(film))
    client.enter()
    assert client.ask("/api/files").json["files"][0]["state"] == "rendered"
    assert client.ask("/api/files/0").json["state"] == "rendered"


def test_render_can_be_cancelled_and_leaves_nothing(film, serve, kit, monkeypatch):
    from efface.painting import paint

    slow = threading.Event()
    real = paint.paint

    def waiting(*args):
        slow.set()
        time.sleep(0.02)
        real(*args)

    monkeypatch.setattr("efface.pipeline.rendering.paint", waiting)
    client = kit.Client(serve(film))
    client.enter()
    client.ask("/api/files/0")
    client.ask("/api/files/0/jobs/render", {})
    assert slow.wait(PATIENCE_S)
    client.ask("/api/files/0/jobs/cancel", {"kind": "render"})
    said = until(client, lambda d: d["works"][0]["state"] in ("cancelled", "done", "failed"))
    assert said["works"][0]["state"] == "cancelled"
    assert sorted(p.name for p in film.parent.iterdir()) == [
        "film.mp4",
        "film.redacted.mp4.plan.json",
    ]


def test_what_a_browser_cannot_play_gets_a_proxy_that_is_removed_at_the_end(deep, kit):
    with serving(jobs_for([deep], None), kit.OPTIONS) as running:
        running.start()
        client = kit.Client(running)
        client.enter()
        client.ask("/api/files/0")
        assert client.ask("/api/files/0/video").status == 404
        assert worked(client, "proxy")["state"] == "done"
        proxy = running.session.folders[0].proxy
        assert proxy is not None
        assert os.stat(proxy.parent).st_mode & 0o077 == 0
        part = client.ask("/api/files/0/video", headers={"range": "bytes=4-11"})
        assert (part.status, part.headers["content-range"][:11]) == (206, "bytes 4-11/")
        assert part.body[:4] == b"ftyp"
        whole = client.ask("/api/files/0/video")
        assert len(whole.body) == proxy.stat().st_size
        assert (
            client.ask("/api/files/0/video", headers={"range": f"bytes={len(whole.body)}-"}).status
            == 416
        )
    assert not proxy.parent.exists()


def test_what_a_browser_can_play_is_played_itself(client, film):
    client.ask("/api/files/0")
    assert client.ask("/api/files/0/jobs/proxy", {}).json == {"work": None}
    assert client.ask("/api/files/0/video").body == film.read_bytes()


def test_a_player_gets_the_part_of_the_video_that_it_asks_for(client, film):
    client.ask("/api/files/0")
    client.ask("/api/files/0/jobs/proxy", {})
    data = film.read_bytes()
    size = len(data)
    parts = {
        "bytes=0-": (0, size),
        "bytes=4-11": (4, 12),
        f"bytes={size - 3}-{10 * size}": (size - 3, size),
        "bytes=-5": (size - 5, size),
        f"bytes=-{10 * size}": (0, size),
    }
    for asked, (start, stop) in parts.items():
        part = client.ask("/api/files/0/video", headers={"range": asked})
        assert (part.status, part.body) == (206, data[start:stop]), asked
        assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
        assert part.headers["content-length"] == str(stop - start)
    for asked in (
        "",
        "bytes=0-1,4-5",
        "bytes=",
        "bytes=-",
        "bytes=x-",
        "lines=0-1",
        "Bytes=0-1",
        "bytes=0-1,",
    ):
        whole = client.ask("/api/files/0/video", headers={"range": asked})
        assert (whole.status, whole.body) == (200, data), asked
        assert (whole.headers["accept-ranges"], whole.headers["content-type"]) == (
            "bytes",
            "video/mp4",
        )
        assert whole.headers["cache-control"] == "no-store"
    for asked in (f"bytes={size}-", f"bytes={size}-{size + 9}", "bytes=-0"):
        assert client.ask("/api/files/0/video", headers={"range": asked}).status == 416, asked
    head = client.ask("/api/files/0/video", method="HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(size))


def test_only_the_source_itself_is_played_with_sound(loud, deep, serve, kit):
    client = kit.Client(serve(loud, deep))
    client.enter()
    assert client.ask("/api/files/0").json["sound"] is False, "nothing is played yet"
    for number in (0, 1):
        client.ask(f"/api/files/{number}/jobs/proxy", {})
    assert client.ask("/api/files/0").json["sound"] is True
    assert client.ask("/api/files/1").json["sound"] is False


def test_photos_are_a_queue(photos, serve, kit):
    client = kit.Client(serve(*photos))
    client.enter()
    assert [f["state"] for f in client.ask("/api/files").json["files"]] == ["review"] * 3
    client.ask("/api/files/1")
    assert (
        client.ask(
            "/api/files/1/edits", {"version": 0, "edits": [{"edit": "approve", "approved": True}]}
        ).status
        == 200
    )
    assert [f["state"] for f in client.ask("/api/files").json["files"]] == [
        "review",
        "accepted",
        "review",
    ]
    plain, final = (picture(client.ask(f"/api/files/2/frame/0?side=320&final={f}")) for f in (0, 1))
    assert plain[30:80, 30:70].std() > 3 * final[30:80, 30:70].std()


def test_events_tell_of_changes(client):
    import urllib.request

    asked = urllib.request.Request(client.origin + "/api/events", headers={"cookie": client.cookie})
    with urllib.request.urlopen(asked, timeout=30) as stream:
        assert stream.readline().startswith(b"retry")
        changed(client, {"edit": "keep", "track": 1, "keep": True})
        line = next(line for line in stream if line.startswith(b"data:"))
    assert json.loads(line[5:]) == {"event": "changed", "file": 0, "version": 1, "state": "review"}


def test_a_torn_plan_is_mended_and_said(film, serve, kit):
    plan = load(plan_path(film))
    text = "".join(
        __import__("efface.planning.sidecar", fromlist=["lines"]).lines(
            replace(
                plan,
                edits=({"edit": "keep", "track": 1, "keep": True}, {"edit": "delete", "track": 2}),
            )
        )
    )
    plan_path(film).write_text(text[: text.rindex('"delete"')])
    client = kit.Client(serve(film))
    client.enter()
    said = client.ask("/api/files/0").json
    assert (said["version"], said["lost"]) == (1, 1)
    assert len(load(plan_path(film)).edits) == 1


def test_it_ends_when_the_last_tab_is_closed(film, kit, monkeypatch):
    import urllib.request

    from efface.pipeline.naming import jobs_for
    from efface.review import serve

    monkeypatch.setattr(serve, "GRACE_S", 0.3)
    with serve.serving(jobs_for([film], None), kit.OPTIONS) as running:
        running.start()
        client = kit.Client(running)
        client.enter()
        over = threading.Event()
        waiting = threading.Thread(target=lambda: (running.wait(), over.set()))
        waiting.start()
        asked = urllib.request.Request(
            client.origin + "/api/events", headers={"cookie": client.cookie}
        )
        stream = urllib.request.urlopen(asked, timeout=30)
        stream.readline()
        assert not over.is_set()
        stream.close()
        assert over.wait(PATIENCE_S)
        waiting.join()


def test_a_note_that_fails_hides_no_copy(client, film, monkeypatch):
    """The target is there by then, and was checked."""

    def full(self, plan):
        raise WriteFailed(plan_path(film), "no space left on device")

    monkeypatch.setattr(Document, "note", full)
    before = plan_path(film).read_bytes()
    work = worked(client, "render")
    assert work["state"] == "done"
    assert work["said"] == (
        "The copy was written and checked, but its plan does not tell of it: no space left "
        "on device."
    )
    assert work["result"]["target"] == "film.redacted.mp4"
    assert film.with_name("film.redacted.mp4").exists()
    assert plan_path(film).read_bytes() == before


def test_in_a_black_frame_nothing_is_told_as_kept(client):
    changed(
        client,
        {"edit": "keep", "track": 1, "keep": True},
        {"edit": "black", "first": 30, "last": 31, "black": True},
    )
    boxes = client.ask("/api/files/0/boxes?first=29&last=32").json["boxes"]
    told = {(boxes[i], boxes[i + 1]): boxes[i + 6] for i in range(0, len(boxes), 7)}
    assert [told[frame, 1] for frame in (29, 30, 31, 32)] == [0, 1, 1, 0]
    assert all(told[frame, 2] for frame in (29, 30, 31, 32))


def test_the_price_is_told_and_follows_the_edits(client):
    before = client.ask("/api/files/0").json["cost"]
    assert before[0].endswith(").")
    assert "of the picture is erased on average" in before[0]
    after = changed(client, {"edit": "black", "first": 0, "last": 74, "black": True})["cost"]
    assert after[0].startswith("100 % of the picture is erased on average")


def test_a_doubt_about_the_whole_picture_can_be_accepted(film, serve, kit):
    planned = load(plan_path(film))
    whole = Doubt(WHOLE, 3, 30, (0, 0, *planned.sizes[0]), ("camera",), 0.3)
    save(replace(planned, doubts=(whole,)), plan_path(film))
    client = kit.Client(serve(film))
    client.enter()
    (said,) = client.ask("/api/files/0").json["doubts"]
    assert (said["track"], said["causes"], said["settled"]) == (0, ["camera"], False)
    (said,) = changed(
        client, {"edit": "accept", "track": 0, "first": 3, "last": 30, "accepted": True}
    )["doubts"]
    assert said["settled"]


def test_what_a_person_covers_of_what_was_left_visible_is_rendered_and_held_by_the_check(
    weak, serve, kit
):
    client = kit.Client(serve(weak))
    client.enter()
    told = client.ask("/api/files/0").json
    assert [t["id"] for t in told["left"]] == [4, 5]
    assert [(w["track"], w["first"], w["last"], w["listed"]) for w in told["left_where"]] == [
        (4, 10, 30, True),
        (5, 50, 60, False),
    ]
    assert "1 possible face and 1 possible plate" in told["left_said"]
    flat = client.ask("/api/files/0/boxes?first=15&last=15").json["boxes"]
    assert {flat[i + 1]: flat[i + 6] for i in range(0, len(flat), 7)} == {1: 1, 4: 0}
    assert [r.track for r in load(plan_path(weak)).regions(15)] == [1]
    target = weak.with_name("film.redacted.mp4")
    assert worked(client, "render")["state"] == "done"

    told = changed(client, {"edit": "keep", "track": 4, "keep": False})
    assert [t["id"] for t in told["left"]] == [5]
    assert [d["settled"] for d in told["doubts"] if d["causes"] == ["left"]] == [True]
    told = changed(
        client, {"edit": "draw", "track": None, "kind": "face", "first": 0, "boxes": [1, 1, 9, 9]}
    )
    assert [t["id"] for t in told["tracks"]] == [1, 2, 3, 4, 6], "5 is taken"
    plan = load(plan_path(weak))
    assert [r.track for r in plan.regions(15)] == [1, 4]
    assert coverage(target, plan, weak) == "not clean", "the copy from before shows it"
    assert worked(client, "render", {"overwrite": True})["state"] == "done"
    assert coverage(target, load(plan_path(weak)), weak) == "clean"


def coverage(target, plan, source):
    found = verify(target, plan, source, options=Options(verify=VerifyOptions(level="quick")))
    return next(c.outcome.value for c in found.checks if c.name == "coverage")


def test_extending_what_was_left_visible_covers_it(weak, serve, kit):
    client = kit.Client(serve(weak))
    client.enter()
    assert worked(client, "extend", {"track": 4, "first": 10, "last": 40})["state"] == "done"
    plan = load(plan_path(weak))
    assert all(4 in [r.track for r in plan.regions(i)] for i in range(10, 41))


def test_files_are_ordered_and_paused(photos, serve, kit):
    client = kit.Client(serve(*photos))
    client.enter()
    assert client.ask("/api/files").json["order"] == [0, 1, 2]
    assert client.ask("/api/queue", {"order": [2, 0]}).json["order"] == [2, 0, 1]
    assert client.ask("/api/queue", {"paused": True}).json["paused"] is True
    client.ask("/api/files/0/jobs/render", {})
    client.ask("/api/files/2/jobs/render", {})
    for wrong in ({"order": [0, 0]}, {"order": [3]}, {"order": [-1]}, {"order": [True]}, {}):
        assert client.ask("/api/queue", wrong).status == 400
    assert client.ask("/api/files").json["order"] == [2, 0, 1]
    client.ask("/api/files/0/jobs/cancel", {"kind": "render"})
    client.ask("/api/files/2/jobs/cancel", {"kind": "render"})
    assert client.ask("/api/queue", {"order": []}, cookie="").status == 403
    foreign = {"origin": "http://evil.example"}
    assert client.ask("/api/queue", {"paused": False}, headers=foreign).status == 403


def test_a_thumbnail_shows_the_file_before_and_after(photos, serve, kit):
    client = kit.Client(serve(*photos))
    client.enter()
    before, after = (client.ask(f"/api/files/0/thumb?final={i}").body for i in (0, 1))
    assert before[:2] == after[:2] == b"\xff\xd8"
    assert before != after
    assert client.ask("/api/files/9/thumb").status == 404


def test_many_files_are_begun_and_taken_back_at_once(photos, serve, kit):
    client = kit.Client(serve(*photos))
    client.enter()
    client.ask("/api/queue", {"paused": True})
    said = client.ask("/api/queue/redact", {"files": [2, 0], "overwrite": [0]})
    assert (said.status, said.json) == (202, {"refused": []})
    states = [[w["state"] for w in f["works"]] for f in client.ask("/api/files").json["files"]]
    assert states == [["waiting"], [], ["waiting"]]
    assert client.ask("/api/queue/cancel", {"files": [0, 2]}).status == 200
    states = [[w["state"] for w in f["works"]] for f in client.ask("/api/files").json["files"]]
    assert states == [["cancelled"], [], ["cancelled"]]
    for route in ("redact", "cancel"):
        for wrong in ([3], [-1], [0, 0], [True], "0", None, ["../x"]):
            assert client.ask(f"/api/queue/{route}", {"files": wrong}).status == 400
        assert client.ask(f"/api/queue/{route}", {"files": [0]}, cookie="").status == 403


def test_the_page_names_every_script_so_that_none_is_asked_for_late(client):
    page = client.ask("/").body.decode()
    first = page.index('<script src="/static/early.js">')
    assert first < page.index("modulepreload"), "it asks for the list before scripts are loaded"
    for name in page_files():
        if name.endswith(".js") and name != EARLY:
            assert f'<link rel="modulepreload" href="/static/{name}">' in page
