"""Tracks are told with what a person needs to sort them by picture."""

from __future__ import annotations

import cv2
import numpy as np

from efface.tracks import Reason, Track


def summaries(client):
    client.ask("/api/files/0")
    return {t["id"]: t for t in client.ask("/api/files/0/tracks").json["tracks"]}


def test_a_track_that_stays_is_told_from_one_that_moves(film, serve, kit):
    moving = np.array([[10 + 2 * i, 10, 50 + 2 * i, 60] for i in range(30)], np.float32)
    score = np.full(30, 0.3, np.float32)
    score[7] = 0.9
    frames = np.arange(30, dtype=np.int32)
    walker = Track(1, 0, frames, moving, np.full(30, Reason.SEEN, np.uint8), score)
    trembling = moving.copy()
    trembling[:, [0, 2]] = [[20 + i % 4, 60 + i % 4] for i in range(30)]
    lamp = Track(2, 0, frames, trembling, np.full(30, Reason.SEEN, np.uint8), score)
    kit.planned(film, (walker, lamp))
    client = kit.Client(serve(film))
    client.enter()
    told = summaries(client)
    assert (told[1]["still"], told[2]["still"]) == (False, True)
    assert (told[1]["frame"], told[1]["best"], told[1]["seen"]) == (7, 0.9, 30)
    assert told[1]["box"] == [24, 10, 64, 60]
    assert told[2]["place"] == [21, 10, 61, 60]


def test_what_is_left_visible_and_what_was_drawn_are_told_too(weak, serve, kit):
    client = kit.Client(serve(weak))
    client.enter()
    edit = {"edit": "draw", "track": None, "kind": "face", "first": 3, "boxes": [1, 1, 9, 9]}
    assert client.ask("/api/files/0/edits", {"version": 0, "edits": [edit]}).status == 200
    told = summaries(client)
    assert sorted(told) == [1, 2, 3, 4, 5, 6]
    assert (told[6]["seen"], told[6]["best"], told[6]["frame"]) == (0, 0.0, 3)


def test_a_picture_shows_the_box_of_that_frame_and_is_written_nowhere(client, kit, film):
    client.ask("/api/files/0")
    before = sorted(p.name for p in film.parent.iterdir())
    x, y = kit.place(30)
    answer = client.ask(f"/api/files/0/crop/30?box={x},{y},{x + 40},{y + 40}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    shown = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    side = shown.shape[0]
    patch = cv2.resize(kit.drawn(30)[y : y + 40, x : x + 40], (side * 40 // 64,) * 2)
    edge = (side - patch.shape[0]) // 2
    middle = shown[edge : edge + len(patch), edge : edge + len(patch)]
    inside = np.s_[8:-8, 8:-8]  # the box is drawn around it
    assert np.abs(middle[inside].astype(int) - patch[inside].astype(int)).mean() < 15
    assert sorted(p.name for p in film.parent.iterdir()) == before


def test_a_box_at_the_rim_and_one_larger_than_the_frame_have_pictures(client):
    client.ask("/api/files/0")
    for box in ("0,0,1,1", "319,179,320,180", "0,0,320,180", "300,0,320,180"):
        assert client.ask(f"/api/files/0/crop/0?box={box}").status == 200, box


def test_a_dozen_is_deleted_in_one_step_and_comes_back_in_one(client):
    client.ask("/api/files/0")
    edit = {"edit": "delete_tracks", "tracks": [1, 2, 3]}
    assert client.ask("/api/files/0/edits", {"version": 0, "edits": [edit]}).status == 200
    said = client.ask("/api/files/0").json
    assert (said["tracks"], said["undo"]) == ([], "delete_tracks")
    undo = {"version": 1, "edits": [{"edit": "undo"}]}
    assert client.ask("/api/files/0/edits", undo).status == 200
    assert [t["id"] for t in client.ask("/api/files/0").json["tracks"]] == [1, 2, 3]
