"""Files that are added while the server runs: nothing beyond what is offered can be reached, and
what arrives is bounded."""

from __future__ import annotations

import io
import json
import os
import socket
import time
from contextlib import ExitStack, suppress

import numpy as np
import pytest
from PIL import Image

from efface.errors import SourceUnreadable
from efface.pipeline.naming import jobs_for
from efface.presets import own_presets
from efface.review.serve import serving
from efface.review.uploads import Uploads

READ_TOO = ("/api/settings", "/api/copies", "/api/recent")
RAW = {"content-type": "application/octet-stream"}
ROUTES = [
    ("/api/uploads", {"name": "a.jpg", "size": 3}),
    ("/api/uploads/1/end", {}),
    ("/api/uploads/1/drop", {}),
    ("/api/folder", {"path": []}),
    ("/api/choose", {"paths": [["a.png"]]}),
    ("/api/settings", {"values": {}}),
    ("/api/copies", {"path": None, "mark": ".x"}),
    ("/api/recent", {"on": True}),
    ("/api/recent/open", {"id": "x"}),
    ("/api/presets/save", {"name": "x"}),
    ("/api/presets/delete", {"name": "x"}),
]


def png(seed=1):
    """A photo's bytes."""
    made = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (60, 80, 3), np.uint8)).save(
        made, "png"
    )
    return made.getvalue()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder, with what must not be reached beside it and in it."""
    home = tmp_path / "home"
    (home / "Pictures").mkdir(parents=True)
    (home / ".ssh").mkdir()
    (home / ".ssh" / "key.png").write_bytes(png())
    (home / "Pictures" / "a.png").write_bytes(png(2))
    (home / "Pictures" / "notes.txt").write_text("no picture")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.png").write_bytes(png(3))
    (home / "Pictures" / "out").symlink_to(tmp_path / "outside")
    (home / "Pictures" / "out.png").symlink_to(tmp_path / "outside" / "secret.png")
    (home / "Pictures" / "hidden").symlink_to(home / ".ssh")
    (home / "Pictures" / "again").symlink_to(home / "Pictures")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def client(home, kit):
    """A client of a page that may add files, with none yet."""
    with ExitStack() as closing:
        running = closing.enter_context(serving([], kit.OPTIONS, home))
        running.start()
        client = kit.Client(running)
        assert client.enter().status == 303
        yield client


def begun(client, name, size):
    answer = client.ask("/api/uploads", {"name": name, "size": size})
    assert answer.status == 201, answer.body
    return answer.json["upload"]


def piece(client, upload, offset, data, **k):
    return client.ask(f"/api/uploads/{upload}?offset={offset}", data, method="PUT", headers=RAW | k)


def dropped(client, name, data):
    upload = begun(client, name, len(data))
    half = len(data) // 2
    assert piece(client, upload, 0, data[:half]).json == {"written": half}
    assert piece(client, upload, half, data[half:]).status == 200
    return client.ask(f"/api/uploads/{upload}/end", {})


def test_a_dropped_file_is_added_and_its_copy_goes_to_the_results(client, home, tmp_path):
    assert client.ask("/api/files").json["files"] == []
    assert client.ask("/api/files").json["opens"] is True
    assert dropped(client, "holiday/../a.png", png()).json == {"file": 0}
    (file,) = client.ask("/api/files").json["files"]
    assert (file["name"], file["target"]) == ("holiday/a.png", "a.redacted.png")
    assert file["folder"] == os.path.join("~", "efface", "holiday")
    (copy,) = (tmp_path / "cache").rglob("a.png")
    assert copy.read_bytes() == png()
    assert copy.parent.parent.stat().st_mode & 0o077 == 0
    assert copy.stat().st_mode & 0o077 == 0


def test_dropped_files_are_gone_when_the_server_ends(home, kit, tmp_path):
    with serving([], kit.OPTIONS, home) as running:
        running.start()
        client = kit.Client(running)
        client.enter()
        dropped(client, "a.png", png())
        assert list((tmp_path / "cache").rglob("a.png"))
    assert not list((tmp_path / "cache").rglob("*.png"))


def test_two_of_one_name_get_two_copies(client):
    dropped(client, "a.png", png(1))
    dropped(client, "a.png", png(2))
    targets = [f["target"] for f in client.ask("/api/files").json["files"]]
    assert targets == ["a.redacted.png", "a (2).redacted.png"]


def test_a_copy_that_is_there_already_is_not_replaced(client, home):
    (home / "efface").mkdir()
    (home / "efface" / "a.redacted.png").write_bytes(b"another's")
    dropped(client, "a.png", png())
    (file,) = client.ask("/api/files").json["files"]
    assert file["target"] == "a (2).redacted.png"


@pytest.mark.parametrize("data", [b"MZ no picture at all", b"<html>" * 100])
def test_what_is_no_media_is_refused_and_deleted(client, tmp_path, data):
    answer = dropped(client, "notes.bin", data)
    assert answer.status == 400
    assert "no photo or film" in answer.json["error"]
    assert client.ask("/api/files").json["files"] == []
    assert not list((tmp_path / "cache").rglob("notes.bin"))


@pytest.mark.parametrize(("path", "body"), ROUTES)
def test_a_review_of_named_files_offers_none_of_it(film, serve, kit, path, body):
    named = kit.Client(serve(film))
    named.enter()
    assert named.ask(path, body).status == 404
    assert named.ask("/api/files").json["opens"] is False


@pytest.mark.parametrize(("path", "body"), ROUTES)
def test_each_route_has_the_guard_of_the_others(client, path, body):
    assert client.ask(path, body, cookie="").status == 403
    for origin in ("http://evil.example", "null", ""):
        assert client.ask(path, body, headers={"origin": origin}).status == 403
    assert client.ask(path, body, headers={"sec-fetch-site": "cross-site"}).status == 403
    assert client.ask(path, body, headers={"host": "evil.example"}).status == 421
    assert client.ask(path, body, headers={"content-type": "text/plain"}).status == 415
    assert client.ask(path, body, headers=RAW).status == 415
    assert client.ask(path).status == (200 if path in READ_TOO else 405)
    assert client.ask(path, cookie="").status == 403


def test_pictures_to_try_settings_on_have_the_guard_and_a_bound(client, film, serve, kit):
    for path in ("/api/files/0/preview", "/api/files/0/thumb", "/api/recent", "/api/copies"):
        assert client.ask(path, cookie="").status == 403
        assert client.ask(path, headers={"sec-fetch-site": "cross-site"}).status == 403
    assert client.ask("/api/files/0/preview").status == 404, "there is no file"
    assert client.ask("/api/files/-1/preview").status == 404
    named = kit.Client(serve(film))
    named.enter()
    assert named.ask("/api/files/0/preview").status == 404, "a review has its settings already"


def test_pieces_have_the_guard_of_the_others(client, tmp_path):
    upload = begun(client, "a.png", 3)
    assert piece(client, upload, 0, b"abc", cookie="x").status in (403, 400)
    for wrong in (
        {"origin": "http://evil.example"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
        {"host": "evil.example"},
        {"content-type": "text/plain"},
        {"content-type": "application/json"},
        {"content-type": "multipart/form-data; boundary=x"},
    ):
        assert piece(client, upload, 0, b"abc", **wrong).status in (403, 415, 421), wrong
    # Other routes take no bytes, and this one takes them as PUT only.
    assert client.ask("/api/files/0/edits", b"{}", headers=RAW).status == 415
    assert client.ask(f"/api/uploads/{upload}?offset=0", b"abc", headers=RAW).status == 415
    assert client.ask("/api/files", b"{}", headers=RAW, method="PUT").status == 415
    (path,) = (tmp_path / "cache").rglob("a.png")
    assert path.read_bytes() == b""


def test_pieces_are_bounded_and_in_order(client):
    upload = begun(client, "a.png", 6)
    assert piece(client, upload, 1, b"abc").status == 400
    assert piece(client, upload, 0, b"abc").status == 200
    assert piece(client, upload, 0, b"abc").status == 400
    assert piece(client, upload, 3, b"abcd").status == 400
    assert client.ask(f"/api/uploads/{upload}/end", {}).status == 400
    for offset in ("", "-1", "x", "9" * 30, "%00"):
        assert piece(client, upload, offset, b"a").status == 400, offset
    assert piece(client, 99, 0, b"abc").status == 404
    assert client.ask(f"/api/uploads/{upload}/drop", {}).status == 200
    assert piece(client, upload, 3, b"abc").status == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "a.png"},
        {"name": 1, "size": 1},
        {"name": "a.png", "size": True},
        {"name": "a.png", "size": 0},
        {"name": "a.png", "size": -1},
        {"name": "a.png", "size": 1.5},
        {"name": "a" * 5000, "size": 1},
        {"name": "a.png", "size": 1 << 60},
    ],
)
def test_what_is_announced_is_checked(client, body, tmp_path):
    assert client.ask("/api/uploads", body).status == 400
    assert not list((tmp_path / "cache").rglob("*.png"))


def test_only_so_many_are_on_their_way_and_in_the_list(client, monkeypatch):
    for _ in range(16):
        begun(client, "a.png", 3)
    assert client.ask("/api/uploads", {"name": "a.png", "size": 3}).status == 400
    monkeypatch.setattr("efface.review.uploads.IDLE_S", 0.0)
    begun(client, "a.png", 3)
    dropped(client, "a.png", png())
    monkeypatch.setattr("efface.review.opening.MOST_FILES", 1)
    assert client.ask("/api/uploads", {"name": "a.png", "size": 3}).status == 400
    assert client.ask("/api/choose", {"paths": [["Pictures"]]}).status == 400


def test_of_a_large_file_only_a_little_is_in_memory_at_once(client, monkeypatch):
    held = []
    append = Uploads.append

    def appended(self, upload, offset, piece):
        held.append(len(piece))
        append(self, upload, offset, piece)

    monkeypatch.setattr(Uploads, "append", appended)
    size = 8 << 20
    upload = begun(client, "film.mp4", 3 * size)
    for i in range(3):
        assert piece(client, upload, i * size, bytes(size)).json == {"written": (i + 1) * size}
    assert sum(held) == 3 * size
    assert max(held) < 2 << 20


def test_a_full_disk_is_said_before_anything_is_written(client, monkeypatch, tmp_path):
    monkeypatch.setattr("efface.review.uploads.RESERVED_BYTES", 1 << 60)
    answer = client.ask("/api/uploads", {"name": "a.png", "size": 3})
    assert "not enough room" in answer.json["error"]
    assert not list((tmp_path / "cache").rglob("*.png"))


def test_a_piece_that_breaks_off_can_be_sent_on(client):
    """The page asks again from where the server stands."""
    upload = begun(client, "a.png", 1 << 20)
    host, _, port = client.origin.removeprefix("http://").partition(":")
    head = [
        f"PUT /api/uploads/{upload}?offset=0 HTTP/1.1", f"Host: {host}:{port}",
        f"Origin: {client.origin}", f"Cookie: {client.cookie}",
        "Content-Type: application/octet-stream", f"Content-Length: {1 << 20}", "", "",
    ]  # fmt: skip
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall("\r\n".join(head).encode() + b"x" * 1000)
        time.sleep(0.2)
    assert client.ask("/api/files").status == 200
    assert client.ask(f"/api/uploads/{upload}/end", {}).status == 400


def test_a_piece_without_an_end_is_not_taken(client):
    upload = begun(client, "a.png", 3)
    host, _, port = client.origin.removeprefix("http://").partition(":")
    head = [
        f"PUT /api/uploads/{upload}?offset=0 HTTP/1.1", f"Host: {host}:{port}",
        f"Origin: {client.origin}", f"Cookie: {client.cookie}",
        "Content-Type: application/octet-stream", "Transfer-Encoding: chunked", "", "",
    ]  # fmt: skip
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall("\r\n".join(head).encode())
        with suppress(OSError):
            for _ in range(64):
                s.sendall(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
        with suppress(OSError):
            assert b" 400 " in s.recv(4096).split(b"\r\n")[0] + b" "
    assert client.ask("/api/files").status == 200


# The chooser


def test_the_home_is_listed_without_what_is_hidden_or_leads_out(client):
    said = client.ask("/api/folder", {"path": []}).json
    assert (said["folders"], said["media"]) == (["Pictures"], [])
    said = client.ask("/api/folder", {"path": ["Pictures"]}).json
    assert said["folders"] == ["again"]
    assert [m["name"] for m in said["media"]] == ["a.png"]


@pytest.mark.parametrize(
    "path",
    [
        [".."], ["Pictures", ".."], ["Pictures", "..", "..", "outside"], ["Pictures", "out"],
        [".ssh"], ["Pictures", "hidden"], ["/etc"], ["Pictures/../.."], ["Pictures\x00"], [""],
        ["."], ["none"], [1], "Pictures", None, ["Pictures"] * 200, ["\ud800"], ["a\nb"],
    ],
)  # fmt: skip
def test_nothing_else_is_listed_or_chosen(client, path):
    body = json.dumps({"path": path}).encode()
    assert client.ask("/api/folder", body).status == 400
    for chosen in (path, [*path, "secret.png"] if isinstance(path, list) else path):
        assert client.ask("/api/choose", json.dumps({"paths": [chosen]}).encode()).status == 400
    assert client.ask("/api/files").json["files"] == []


def test_a_chosen_folder_is_opened_in_place_without_what_leads_out(client, home):
    said = client.ask("/api/choose", {"paths": [["Pictures"]]}).json
    assert said == {"files": [0], "known": 0, "left_out": []}
    (file,) = client.ask("/api/files").json["files"]
    assert (file["name"], file["folder"]) == ("a.png", os.path.join("~", "Pictures"))
    assert client.ask("/api/choose", {"paths": [["Pictures", "a.png"]]}).json["known"] == 1
    assert client.ask("/api/choose", {"paths": [["Pictures", "out.png"]]}).status == 400


def test_a_folder_with_too_much_in_it_is_refused(client, home, monkeypatch):
    monkeypatch.setattr("efface.review.home_folders.MOST_EXAMINED", 3)
    answer = client.ask("/api/choose", {"paths": [["Pictures"]]})
    assert (answer.status, "too many" in answer.json["error"]) == (400, True)


def test_a_long_folder_is_listed_in_part_and_says_so(client, home, monkeypatch):
    monkeypatch.setattr("efface.review.home_folders.MOST_LISTED", 1)
    said = client.ask("/api/folder", {"path": ["Pictures"]}).json
    assert said["left_out"] == 1


# Settings


def test_settings_are_told_and_changed(client):
    told = client.ask("/api/settings").json
    assert told["values"]["paint.style"] == "smooth"
    told = client.ask("/api/settings", {"values": {"paint.style": "solid"}}).json
    assert told["values"]["paint.style"] == "solid"
    assert client.ask("/api/settings").json == told


@pytest.mark.parametrize(
    "body", [{}, {"values": []}, {"values": {"paint.style": "x"}}, {"values": {"x": 1}}]
)
def test_wrong_settings_change_nothing(client, body):
    before = client.ask("/api/settings").json
    assert client.ask("/api/settings", body).status in (400, 422)
    assert client.ask("/api/settings").json == before


# Redact: find, render and check


def settled(client, number=0):
    """The works on a file, by kind, once none is going."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        works = {w["kind"]: w for w in client.ask("/api/files").json["files"][number]["works"]}
        if works and all(w["state"] not in ("waiting", "running") for w in works.values()):
            return works
        time.sleep(0.02)
    raise AssertionError("it does not end")


def test_nothing_is_rendered_where_looking_failed(client, home, monkeypatch):
    def fail(source, options, tell):
        raise SourceUnreadable(source, "it is damaged", "Copy it again.")

    monkeypatch.setattr("efface.review.apart.found_in", fail)
    dropped(client, "a.png", png())
    assert client.ask("/api/files/0/jobs/redact", {}).status == 202
    works = settled(client)
    assert (works["look"]["state"], works["render"]["state"]) == ("failed", "cancelled")
    assert works["look"]["said"].startswith("a.png: ")
    assert list((home / "efface").iterdir()) == []


def test_each_file_is_found_with_the_settings_of_when_it_was_asked(client, monkeypatch):
    asked = []

    def find(source, options, tell):
        asked.append(options.detect.sensitivity)
        raise SourceUnreadable(source, "enough")

    monkeypatch.setattr("efface.review.apart.found_in", find)
    dropped(client, "a.png", png())
    dropped(client, "b.png", png(2))
    client.ask("/api/files/0/jobs/redact", {})
    client.ask("/api/settings", {"values": {"detect.sensitivity": "high"}})
    client.ask("/api/files/1/jobs/redact", {})
    settled(client, 1)
    assert asked == ["normal", "high"]


# Where copies go


def test_a_person_chooses_folder_and_names_of_copies(client, home):
    (home / "Out").mkdir()
    client.ask("/api/choose", {"paths": [["Pictures", "a.png"]]})
    dropped(client, "b.png", png(5))
    said = client.ask("/api/copies", {"path": ["Out"], "mark": "-anonym"})
    assert (said.status, said.json["folder"], said.json["mark"]) == (200, "~/Out", "-anonym")
    files = client.ask("/api/files").json["files"]
    assert [(f["folder"], f["target"]) for f in files] == [
        ("~/Out", "a-anonym.png"),
        ("~/Out", "b-anonym.png"),
    ]
    dropped(client, "b.png", png(6))
    assert client.ask("/api/files").json["files"][2]["target"] == "b (2)-anonym.png"
    assert client.ask("/api/copies", {"path": None, "mark": "-anonym"}).json["folder"] == ""
    folders = [f["folder"] for f in client.ask("/api/files").json["files"]]
    assert folders == ["~/Pictures", "~/efface", "~/efface"]


def test_files_of_the_command_line_go_where_a_person_chooses_too(home, kit):
    jobs = jobs_for([home / "Pictures" / "a.png"], None)
    with serving(jobs, kit.OPTIONS, home) as running:
        running.start()
        client = kit.Client(running)
        client.enter()
        client.ask("/api/copies", {"path": [], "mark": "-x"})
        (file,) = client.ask("/api/files").json["files"]
        assert (file["folder"], file["target"]) == ("~", "a-x.png")


@pytest.mark.parametrize(
    "asked",
    [
        {"path": [".."], "mark": "-x"},
        {"path": ["Pictures", "out"], "mark": "-x"},
        {"path": [".ssh"], "mark": "-x"},
        {"path": ["Pictures", "a.png"], "mark": "-x"},
        {"path": None, "mark": ""},
        {"path": None, "mark": "/../x"},
        {"path": None, "mark": "\\x"},
        {"path": None, "mark": "a\nb"},
        {"path": None, "mark": "\u202e"},
        {"path": None, "mark": ":x"},
        {"path": None, "mark": "x" * 41},
        {"path": None, "mark": 1},
        {"path": None},
    ],
)
def test_copies_go_nowhere_else(client, asked):
    assert client.ask("/api/copies", asked).status == 400
    assert client.ask("/api/copies").json["mark"] == ".redacted"


# Recent work, and a person's presets


def test_recent_work_is_remembered_only_when_asked_and_opened_again(client, home, kit, tmp_path):
    client.ask("/api/choose", {"paths": [["Pictures", "a.png"]]})
    assert client.ask("/api/recent").json["on"] is False
    assert not (tmp_path / "state").exists()
    assert client.ask("/api/recent", {"on": "yes"}).status == 400
    client.ask("/api/recent", {"on": True})
    (home / "Pictures" / "b.png").write_bytes(png(4))
    client.ask("/api/choose", {"paths": [["Pictures", "b.png"]]})
    (item,) = client.ask("/api/recent").json["items"]
    assert (item["name"], item["folder"]) == ("b.png", "~/Pictures")
    assert client.ask("/api/recent/open", {"id": item["id"]}).json["known"] == 1
    assert client.ask("/api/recent/open", {"id": "../b.png"}).status == 400
    assert client.ask("/api/recent", {"clear": True}).json["items"] == []
    assert client.ask("/api/recent", {"on": False}).json["on"] is False
    assert list((tmp_path / "state").rglob("*.json")) == []


def test_a_preset_of_the_page_is_one_of_the_command_line(client, tmp_path):
    client.ask("/api/settings", {"values": {"cover.margin": 0.4, "write.crf": 20}})
    said = client.ask("/api/presets/save", {"name": "our newsroom"}).json
    assert [p["name"] for p in said["own"]] == ["our newsroom"]
    assert said["own"][0]["values"] == said["values"]
    (preset,) = own_presets(tmp_path / "config" / "efface" / "presets.toml")
    assert preset.options().cover.margin == 0.4
    assert preset.options().write.crf == 20
    assert client.ask("/api/presets/save", {"name": "our newsroom"}).status == 422
    again = {"name": "our newsroom", "overwrite": True}
    assert client.ask("/api/presets/save", again).status == 200
    for name in ("no-review", "", "a\nb", "../x", 1, "x" * 5000):
        answer = client.ask("/api/presets/save", {"name": name})
        assert (answer.status in (400, 422)) == (name != "../x"), name  # a name is no path
    assert [p.name for p in (tmp_path / "config" / "efface").iterdir()] == ["presets.toml"]
    assert client.ask("/api/presets/delete", {"name": "our newsroom"}).status == 200
    assert client.ask("/api/presets/delete", {"name": "our newsroom"}).status == 422


def test_a_broken_file_of_presets_is_said_and_stays(client, tmp_path):
    path = tmp_path / "config" / "efface" / "presets.toml"
    path.parent.mkdir(parents=True)
    path.write_text("[mine")
    assert "not valid TOML" in client.ask("/api/settings").json["wrong"]
    assert client.ask("/api/presets/save", {"name": "a"}).status == 422
    assert path.read_text() == "[mine"
