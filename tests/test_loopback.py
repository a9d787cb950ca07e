"""What a request says of its host, its origin and its site, and which of that is let in.

A property for each server.
"""

from __future__ import annotations

import http.client

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.live.loopback_server import serving
from efface.loopback import LoopbackGuard

PAGE, ANYONE = LoopbackGuard(8000), LoopbackGuard()
OWN = "127.0.0.1:8000"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:1", "127.8.8.8:80", "localhost", "localhost:99", "[::1]", "[::1]:80"],
)
def test_a_server_for_anyone_here_answers_under_each_loopback_address(host):
    assert ANYONE.is_own_host([host])


@pytest.mark.parametrize(
    "host",
    ["", ":80", "evil.example", "evil.example:8000", "127.0.0.1.evil.example",
    "localhost.evil.example", "evil-localhost",
     "10.0.0.1", "0.0.0.0", "[::]", "192.168.0.1:8000", "127.0.0.1@evil.example", "2130706433"],
)  # fmt: skip
def test_no_server_answers_under_another_name(host):
    assert not ANYONE.is_own_host([host])
    assert not PAGE.is_own_host([host])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8001",
        "localhost:8000",
        "[::1]:8000",
        "127.0.0.2:8000",
        OWN.upper() + " ",
    ],
)
def test_a_page_is_asked_for_under_its_own_address_only(host):
    assert PAGE.is_own_host([OWN])
    assert not PAGE.is_own_host([host])


@pytest.mark.parametrize("guard", [PAGE, ANYONE])
def test_none_and_two_hosts_are_refused(guard):
    assert not guard.is_own_host([])
    assert not guard.is_own_host([OWN, OWN])


def test_only_the_own_page_may_change_something():
    assert PAGE.origin == f"http://{OWN}"
    assert PAGE.is_own_origin([], is_reading=True)
    assert not PAGE.is_own_origin([], is_reading=False)
    assert PAGE.is_own_origin([PAGE.origin], is_reading=False)


@given(
    st.lists(
        st.sampled_from(
            [PAGE.origin, "null", "http://evil.example", f"https://{OWN}", "http://127.0.0.1"]
        ),
        min_size=1,
    )
)
def test_another_origin_is_refused_wherever_it_stands(origins):
    for is_reading in (True, False):
        assert PAGE.is_own_origin(origins, is_reading=is_reading) == (set(origins) == {PAGE.origin})


@given(st.lists(st.sampled_from(["same-origin", "none", "same-site", "cross-site", "x"])))
def test_another_site_is_refused_wherever_it_stands(sites):
    assert PAGE.is_own_site(sites, is_reading=True) == (set(sites) <= {"same-origin", "none"})
    assert PAGE.is_own_site(sites, is_reading=False) == (set(sites) <= {"same-origin"})


def test_the_server_of_live_asks_the_guard():
    with serving(0, lambda path: (200, "text/plain", b"x")) as port:
        for host, status in (
            ("localhost", 200),
            ("[::1]:1", 200),
            ("evil.example", 403),
            ("", 403),
        ):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/", headers={"Host": host})
            assert connection.getresponse().status == status, host
            connection.close()
