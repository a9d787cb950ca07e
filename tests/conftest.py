"""What holds for every test: nothing that efface started or made outlives it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from efface.private_folders import DRAFTS

PATIENCE_S = 5.0
"""A thread that was told to end needs a moment."""


settings.register_profile("efface", deadline=None)  # a busy machine is no error
settings.load_profile("efface")

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # started in the background of a script; so would all programs be
    signal.signal(signal.SIGINT, signal.default_int_handler)


TESTS = Path(__file__).parent

ALONE = {
    "live": "streams play in real time",
    "review/test_accessibility.py": "a browser answers in real time",
    "review/test_open_page.py": "a browser answers in real time",
    "review/test_page.py": "a browser answers in real time",
    "review/test_page_language.py": "a browser answers in real time",
    "review/test_page_sound.py": "a browser answers in real time",
    "review/test_page_triage.py": "a browser answers in real time",
}
"""Tests that `check` runs after all others, in one process: a busy machine makes them fail."""

TOGETHER = {
    "cluster": "Ray's processes are started once",
    "cli/test_wheel.py": "the wheel is built once",
    "docs/test_examples.py": "the examples are redacted once",
}
"""Tests that share one process when `check` runs two, and why.

Others may run in either process, in any order.
"""


@pytest.hookimpl(tryfirst=True)  # -m chooses among the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run alone, and group those that are to share a process."""
    for item in items:
        for part in ALONE:
            if item.path.is_relative_to(TESTS / part):
                item.add_marker(pytest.mark.alone)
        for part in TOGETHER:
            if item.path.is_relative_to(TESTS / part):
                item.add_marker(pytest.mark.xdist_group(part))


def _ours() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("efface-")]


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test after which a thread of efface still runs, or a private folder still lies below
    its tmp_path."""
    before = set(_ours())
    tmp_path: Path | None = (
        request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    )
    yield
    until = time.monotonic() + PATIENCE_S
    while (left := [t for t in _ours() if t not in before]) and time.monotonic() < until:
        time.sleep(0.01)
    assert not left, f"threads outlive the test: {[t.name for t in left]}"
    if tmp_path is not None:
        assert not list(tmp_path.rglob(DRAFTS + "*")), "private folders outlive the test"


@pytest.fixture(autouse=True)
def _decoders_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode in the process of the test, so that a test can look inside and replace parts. Programs
    that a test starts decode behind walls; so do the tests of `media.decoder`."""
    monkeypatch.setattr("efface.media.decoder.source_opening.HERE", True)


S3_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
out, sys.stdout = sys.stdout, sys.stderr  # it says of itself where it begins
server.start()
print(server.get_host_and_port()[1], file=out, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="session")
def s3_server() -> Iterator[dict[str, str]]:
    """A store that speaks S3, in a process of its own on loopback: the environment variables by
    which it is found."""
    pytest.importorskip("moto", reason="comes with the extra test")
    command = [sys.executable, "-W", "ignore", "-c", S3_SERVER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:  # fmt: skip
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        keys = {
            "AWS_ACCESS_KEY_ID": "a-key",
            "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-prints",
        }
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            **keys,
        }
        server.communicate("", timeout=30)


@pytest.fixture
def s3(s3_server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The store, as fsspec sees it, with an empty bucket `films`."""
    import fsspec

    for name, value in s3_server.items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    store = fsspec.filesystem("s3", use_listings_cache=False)
    store.mkdir("films")
    yield store
    store.rm("films", recursive=True)
