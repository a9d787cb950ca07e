"""Nobody but the browser that was given the address gets an answer."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest

from efface.review import finished_copy

JSON = "application/json"


def test_the_address_works_once_and_gives_a_strict_cookie(film, serve, kit):
    client = kit.Client(serve(film))
    answer = client.enter()
    assert (answer.status, answer.headers["location"]) == (303, "/")
    words = answer.headers["set-cookie"].lower()
    assert "httponly" in words
    assert "samesite=strict" in words
    assert "domain" not in words
    assert client.ask("/").status == 200
    again = kit.Client.__new__(kit.Client)
    again.origin, again.token, again.cookie = client.origin, client.token, ""
    assert again.enter().status == 403
    assert client.ask("/").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/static/main.js",
        "/api/files",
        "/api/files/0",
        "/api/files/0/frame/0",
        "/api/events",
        "/no",
    ],
)
def test_without_the_cookie_nothing_is_told(client, path):
    assert client.ask(path, cookie="").status == 403
    assert client.ask(path, cookie=client.cookie[:-1] + "x").status == 403
    assert client.ask(path, cookie=client.cookie.replace("efface-", "efface-1")).status == 403


@pytest.mark.parametrize("token", ["", "x", "é", "../", "%2e%2e"])
def test_a_wrong_token_opens_nothing(film, serve, kit, token):
    client = kit.Client(serve(film))
    assert (
        client.ask(
            "/open/" + token.encode().decode("latin-1").replace("Ã©", "%C3%A9"), cookie=""
        ).status
        == 403
    )
    assert client.enter().status == 303


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost",
        "127.0.0.1",
        "127.0.0.1:1",
        "evil.example:{port}",
        "[::1]:{port}",
    ],
)
def test_another_host_name_is_refused(client, host):
    port = client.origin.rpartition(":")[2]
    assert client.ask("/api/files", headers={"host": host.format(port=port)}).status == 421


def test_two_host_names_are_refused(client):
    host, _, port = client.origin.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as s:
        lines = [
            "GET /api/files HTTP/1.1",
            f"Host: {host}:{port}",
            "Host: evil.example",
            f"Cookie: {client.cookie}",
            "",
            "",
        ]
        s.sendall("\r\n".join(lines).encode())
        assert s.recv(100).split(b" ")[1] in (b"421", b"400")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:1",
    ],
)
def test_another_origin_is_refused(client, origin):
    origin = origin.format(port=client.origin.rpartition(":")[2])
    edit = {"version": 0, "edits": [{"edit": "keep", "track": 1, "keep": True}]}
    assert client.ask("/api/files/0/edits", edit, headers={"origin": origin}).status == 403
    assert client.ask("/api/files", headers={"origin": origin}).status == 403
    assert client.ask("/api/files/0").json["version"] == 0


def test_a_change_without_origin_is_refused(client):
    assert (
        client.ask("/api/files/0/edits", {"version": 0, "edits": []}, headers={"origin": ""}).status
        == 403
    )


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_requests_that_other_sites_cause_are_refused(client, site):
    assert client.ask("/api/files", headers={"sec-fetch-site": site}).status == 403
    edit = {"version": 0, "edits": [{"edit": "keep", "track": 1, "keep": True}]}
    assert client.ask("/api/files/0/edits", edit, headers={"sec-fetch-site": site}).status == 403
    assert client.ask("/api/files/0/edits", edit, headers={"sec-fetch-site": "none"}).status == 403
    assert client.ask("/api/files/0").json["version"] == 0
    assert client.ask("/api/files/0/edits", edit).status == 200


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
def test_what_a_form_of_another_site_could_send_is_refused(client, kind):
    assert (
        client.ask(
            "/api/files/0/edits",
            b'{"version":0,"edits":[]}',
            headers={"content-type": kind or "x/y"},
        ).status
        == 415
    )


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd",
        "/static/..%5capp.py",
        "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/static/app.py",
        "/static/index.html%00.js", "/etc/passwd",
        "/api/files/1", "/api/files/-1", "/api/files/0/frame/75", "/api/files/0/frame/-1",
        "/api/files/99999999999999999999",
        "/api/files/0/../../../etc/passwd", "/film.mp4", "/film.redacted.mp4.plan.json", "/static/",
    ],
)  # fmt: skip
def test_no_path_leads_elsewhere(client, path):
    assert client.ask(path).status in (404, 403)


@contextmanager
def opened(client, header):
    """A connection on which a change was announced, with that header."""
    host, _, port = client.origin.removeprefix("http://").partition(":")
    head = [
        "POST /api/files/0/edits "
        "HTTP/1.1", f"Host: {host}:{port}", f"Origin: {client.origin}", f"Cookie: {client.cookie}",
        f"Content-Type: {JSON}", header, "", "",
    ]  # fmt: skip
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall("\r\n".join(head).encode())
        yield s


def test_large_and_broken_bodies_are_refused(client):
    url = "/api/files/0/edits"
    with opened(client, f"Content-Length: {16 << 20 | 1}") as s:
        assert s.recv(100).split(b" ")[1] == b"413"
    for body in [
        b"",
        b"[",
        b"[]",
        b"{}",
        b'{"version":true,"edits":[]}',
        b'{"version":0,"edits":{}}',
        b'{"version":0,"edits":[1]}',
        b"[" * 100_000,
        b'{"version":0,"edits":[{"edit":"explode"}]}',
        b"\xff",
    ]:
        assert client.ask(url, body).status == 400, body[:40]
    assert client.ask("/api/files/0").json["version"] == 0


def test_a_body_without_an_end_is_not_collected(client):
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with opened(client, "Transfer-Encoding: chunked") as s:
        sent = 0
        try:
            while sent < 64 << 20:
                s.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
    assert sent < 64 << 20
    assert client.ask("/api/files/0").status == 200


def test_what_is_sent_allows_nothing_from_elsewhere_and_is_kept_nowhere(client):
    for path in ("/", "/static/main.js", "/api/files", "/api/files/0/frame/0", "/no"):
        headers = client.ask(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def test_the_page_names_nothing_outside_of_it(client):
    for name in ("index.html", "style.css", "main.js", "stage.js", "timeline.js", "icon.svg"):
        text = client.ask(f"/static/{name}").body.decode()
        assert "https:" not in text
        assert "innerHTML" not in text
        assert text.replace("http://www.w3.org/2000/svg", "").count("http:") == 0


def test_it_listens_on_this_machine_only(film, serve):
    running = serve(film)
    assert running.url.startswith("http://127.0.0.1:")
    port = int(running.url.split(":")[2].split("/")[0])
    mine = [
        c.laddr
        for c in psutil.Process().net_connections("inet")
        if c.status == psutil.CONN_LISTEN and c.laddr.port == port
    ]
    assert [a.ip for a in mine] == ["127.0.0.1"]


# Other users of this machine


def place(client):
    host, _, port = client.origin.removeprefix("http://").partition(":")
    return host, int(port)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: ",
        b"POST /api/files/0/edits HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
    ],
)
def test_connections_of_strangers_keep_nobody_out(client, sent):
    with ExitStack() as closing:
        for _ in range(230):
            closing.enter_context(socket.create_connection(place(client), timeout=10)).sendall(sent)
        for _ in range(3):
            assert client.ask("/api/files").status == 200
        for _ in range(230):
            closing.enter_context(socket.create_connection(place(client), timeout=10)).sendall(sent)
        assert client.ask("/").status == 200


def is_closed(door, within):
    door.settimeout(within)
    try:
        while door.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def test_who_says_nothing_whole_is_sent_away_and_who_is_known_may_stay(
    film, serve, kit, monkeypatch
):
    monkeypatch.setattr("efface.review.serve.HEADER_S", 0.3)
    client = kit.Client(serve(film))
    client.enter()
    lines = [
        "GET /api/files HTTP/1.1",
        f"Host: {client.origin.removeprefix('http://')}",
        f"Cookie: {client.cookie}",
        "",
        "",
    ]
    asked = "\r\n".join(lines).encode()
    with ExitStack() as closing:
        silent, half, known, known_half = (
            closing.enter_context(socket.create_connection(place(client))) for _ in range(4)
        )
        half.sendall(asked[:20])
        for one in (known, known_half):
            one.sendall(asked)
            assert b"200 OK" in one.recv(65536)
        known_half.sendall(asked[:20])
        assert is_closed(silent, 5)
        assert is_closed(half, 5)
        assert is_closed(known_half, 5)
        assert not is_closed(known, 1)
        known.settimeout(10)
        known.sendall(asked)
        assert b"200 OK" in known.recv(65536)


def test_a_body_without_a_length_that_is_too_large_is_refused_as_such(client):
    head = [
        "POST /api/files/0/edits HTTP/1.1", (
                f"Host: {client.origin.removeprefix('http://')}"
            ), f"Cookie: {client.cookie}",
        f"Origin: {client.origin}", (
                "Content-Type: application/json"
            ), "Transfer-Encoding: chunked", "", "",
    ]  # fmt: skip
    with socket.create_connection(place(client), timeout=30) as door:
        door.sendall("\r\n".join(head).encode())
        piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        with suppress(OSError):  # it may be closed before all of it was sent
            for _ in range(17):
                door.sendall(piece)
        assert door.recv(4096).startswith(b"HTTP/1.1 413 ")
    assert client.ask("/api/files").status == 200


def require_known_browser(client, path):
    """Assert that a path which is only read answers nobody but the page that was admitted."""
    port = client.origin.rpartition(":")[2]
    assert client.ask(path, cookie="").status == 403
    assert client.ask(path, headers={"host": f"evil.example:{port}"}).status == 421
    assert client.ask(path, headers={"origin": "http://evil.example"}).status == 403
    assert client.ask(path, headers={"sec-fetch-site": "cross-site"}).status == 403
    assert client.ask(path, {}).status == 405


# Pictures of single tracks

CROP = "/api/files/0/crop/30?box=10,10,50,60"


@pytest.mark.parametrize("path", ["/api/files/0/tracks", CROP])
def test_tracks_and_their_pictures_are_told_to_the_known_browser_only(client, path):
    require_known_browser(client, path)
    answer = client.ask(path)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/files/1/tracks", 404), ("/api/files/1/crop/0?box=0,0,9,9", 404),
        ("/api/files/0/crop/75?box=0,0,9,9", 404), ("/api/files/0/crop/-1?box=0,0,9,9", 404),
        ("/api/files/0/crop/0", 400), ("/api/files/0/crop/0?box=", 400),
        ("/api/files/0/crop/0?box=0,0,9", 400), ("/api/files/0/crop/0?box=0,0,9,9,9", 400),
        ("/api/files/0/crop/0?box=9,0,9,9", 400), ("/api/files/0/crop/0?box=0,0,321,9", 400),
        ("/api/files/0/crop/0?box=0,0,9,181", 400), ("/api/files/0/crop/0?box=-1,0,9,9", 400),
        ("/api/files/0/crop/0?box=0,0,9,9e9", 400),
        ("/api/files/0/crop/0?box=0,0,9,999999999999", 400),
        ("/api/files/0/crop/0?box=../../etc/passwd", 400),
    ],
)  # fmt: skip
def test_a_picture_of_what_is_not_in_the_frame_is_refused(client, path, status):
    assert client.ask(path).status == status


def test_the_finished_copy_is_sent_to_the_known_browser_only(client, film, monkeypatch):
    path, copy = "/api/files/0/result", film.with_name("film.redacted.mp4")
    client.ask("/api/files/0")
    assert client.ask(path).status == 404, "there is none yet"
    copy.write_bytes(b"0123456789")
    assert client.ask(path).status == 404, "no plan tells of this file"
    monkeypatch.setattr(finished_copy, "copy_of", lambda _: copy)
    answer = client.ask(path, headers={"range": "bytes=2-4"})
    assert (answer.status, answer.body) == (206, b"234")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "video/mp4"
    require_known_browser(client, path)
    assert client.ask(path, headers={"range": "bytes=99-"}).status == 416
    for asked in ("bytes=0-1,4-5", "lines=0-1", "bytes=x-"):
        whole = client.ask(path, headers={"range": asked})
        assert (whole.status, whole.body) == (200, b"0123456789")
    for elsewhere in ("/api/files/1/result", "/api/files/-1/result", path + "/../video.x"):
        assert client.ask(elsewhere).status == 404


def test_a_link_in_place_of_the_copy_leads_nowhere(client, film, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("private")
    film.with_name("film.redacted.mp4").symlink_to(secret)
    client.ask("/api/files/0")
    assert client.ask("/api/files/0/result").status == 404
    assert client.ask("/api/files/0").json["result"] is None
