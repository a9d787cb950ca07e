"""What a monitor reads, and who may read it."""

from __future__ import annotations

import http.client
import json
from dataclasses import asdict

import pytest

from efface.live.door import serving
from efface.live.line import Facts
from efface.live.status import answers, health, prometheus


def told(state="passing", up=True):
    target = {"up": up, "sent": 5, "dropped": 0, "failures": 1, "queued": 0}
    return {'ga"te': {**asdict(Facts(state=state, frames_in=10, targets={"udp://h:1": target})), "restarts": 2, "pid": 1}}


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
    [("passing", True, True), ("passing", False, False), ("curtain", True, False), ("lost", True, False)],
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
