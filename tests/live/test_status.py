"""What a monitor reads, and who may read it."""

from __future__ import annotations

import http.client
import json
from dataclasses import asdict

import pytest

from efface.kinds import FINDABLE
from efface.live.left_visible_counter import said
from efface.live.loopback_server import serving
from efface.live.pipeline_state import Facts
from efface.live.status import answers, health, prometheus


def told(state="passing", up=True):
    target = {"up": up, "sent": 5, "dropped": 0, "failures": 1, "queued": 0}
    return {
        'ga"te': {
            **asdict(Facts(state=state, frames_in=10, targets={"udp://h:1": target})),
            "restarts": 2,
            "pid": 1,
        }
    }


def test_every_metric_has_its_head_and_a_line_for_each_camera():
    lines = prometheus(told()).splitlines()
    named = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(named) == len(set(named)) > 15
    for name in named:
        assert sum(line.startswith(f"# HELP {name} ") for line in lines) == 1
        assert sum(line.startswith(f"{name}{{") for line in lines) == 1
    assert 'efface_live_frames_in_total{camera="ga\\"te"} 10' in lines
    assert 'efface_live_restarts_total{camera="ga\\"te"} 2' in lines


@pytest.mark.parametrize(
    ("state", "up", "healthy"),
    [
        ("passing", True, True),
        ("passing", False, False),
        ("placeholder", True, False),
        ("lost", True, False),
    ],
)
def test_healthy_means_that_redacted_pictures_arrive(state, up, healthy):
    assert health(told(state, up))["healthy"] is healthy


def get(port, path, host=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_the_door_answers_this_machine_only():
    with serving(0, answers(told)) as port:
        status, content = get(port, "/health")
        assert (status, json.loads(content)["healthy"]) == (200, True)
        assert get(port, "/metrics")[0] == 200
        assert get(port, "/metrics", "localhost:1")[0] == 200
        assert get(port, "/etc/passwd")[0] == 404
        assert get(port, "/health", "evil.example")[0] == 403
        assert get(port, "/health", "127.0.0.1.evil.example")[0] == 403
    with serving(0, answers(lambda: told("lost"))) as port:
        assert get(port, "/health")[0] == 503


def test_what_was_left_visible_is_told_to_monitors():
    facts = told()
    facts['ga"te'] |= {"left_faces": 3, "left_plates": 1, "left_sightings": 40, "left_s": 2.5}
    facts['ga"te'] |= {"left_texts": 5, "left_codes": 6, "left_persons": 7}
    lines = prometheus(facts).splitlines()
    assert 'efface_live_left_visible_faces_total{camera="ga\\"te"} 3' in lines
    assert 'efface_live_left_visible_plates_total{camera="ga\\"te"} 1' in lines
    assert 'efface_live_left_visible_texts_total{camera="ga\\"te"} 5' in lines
    assert 'efface_live_left_visible_codes_total{camera="ga\\"te"} 6' in lines
    assert 'efface_live_left_visible_persons_total{camera="ga\\"te"} 7' in lines
    assert 'efface_live_left_visible_sightings_total{camera="ga\\"te"} 40' in lines
    assert 'efface_live_left_visible_seconds_total{camera="ga\\"te"} 2.5' in lines
    assert health(facts)["cameras"]['ga"te']["left_s"] == 2.5


def test_and_said_in_a_sentence_with_what_to_do():
    none = {f"left_{kind}s": 0 for kind in FINDABLE} | {"left_s": 0.0}
    counts = none | {"left_faces": 3, "left_plates": 1, "left_s": 2.54}
    text = said(counts, may_cover_more=True)
    assert text == (
        "left visible, as they were seen too weakly to be erased: 3 possible faces and 1 "
        "possible plate, 2.5 s altogether; --sensitivity high erases more of it"
    )
    assert "--sensitivity" not in said(counts, may_cover_more=False)
    assert said(none, may_cover_more=True) == ""
    counts |= {"left_plates": 0, "left_texts": 2, "left_codes": 1}
    assert ": 3 possible faces, 2 possible texts and 1 possible code, 2.5 s" in said(
        counts, may_cover_more=False
    )
