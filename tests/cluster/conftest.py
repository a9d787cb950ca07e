"""A cluster of three processes that pass for machines, on loopback: one that only keeps the books,
and two that work."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SOURCE_CODE = HERE.parents[1] / "src"
EXAMPLES = HERE.parents[1] / "examples"

Film = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ray leaves files of its own open, which are noticed whenever Python tidies up."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """film("a.mp4", "-g", 12, frames=56): the example, small, encoded like that."""
    folder, made = tmp_path_factory.mktemp("films"), {}

    def make(name: str, *how: object, frames: int = 56) -> Path:
        key = (name, how, frames)
        if key not in made:
            made[key] = folder / str(len(made)) / name
            made[key].parent.mkdir()
            scaled = [
                "-i",
                EXAMPLES / "astronaut.mp4",
                "-an",
                "-vf",
                "scale=160:-2",
                "-frames:v",
                frames,
            ]
            command = ["ffmpeg", "-v", "error", "-y", *scaled, *how, made[key]]
            subprocess.run([str(c) for c in command], check=True, capture_output=True)
        return made[key]

    return make


class Machines:
    """The cluster."""

    def __init__(self) -> None:
        import ray
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        self._workers = [self._added() for _ in range(2)]
        self.address = self._cluster.address
        # One driver for all tests, so that its processes, which take seconds to start, serve them
        # all.
        ray.init(address=self.address, log_to_driver=False, logging_level=logging.CRITICAL)

    def kill_one(self) -> None:
        """All processes of a machine end at once."""
        self._cluster.remove_node(self._workers.pop(0), allow_graceful=False)

    def mend(self) -> None:
        """As many machines as before."""
        while len(self._workers) < 2:
            self._workers.append(self._added())

    def _added(self) -> Any:
        for _ in range(5):  # Ray gives a machine 30 s to start; other tests may run beside
            with suppress(Exception):
                return self._cluster.add_node(num_cpus=1)
        return self._cluster.add_node(num_cpus=1)

    def close(self) -> None:
        import ray

        ray.shutdown()
        self._cluster.shutdown()


@pytest.fixture(scope="session")
def _machines(s3_server: dict[str, str]) -> Iterator[Machines]:
    pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.items():  # machines have keys of their own, which never travel
            patch.setenv(name, value)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join((str(SOURCE_CODE), str(HERE / "helpers"))))
        patch.syspath_prepend(str(HERE / "helpers"))
        machines = Machines()
        try:
            yield machines
        finally:
            machines.close()


@pytest.fixture
def machines(_machines: Machines) -> Machines:
    """The cluster, with two machines that work."""
    _machines.mend()
    return _machines


@pytest.fixture
def efface() -> Callable[..., subprocess.CompletedProcess[str]]:
    """efface("redact", path) runs the command as a process of its own."""

    def run(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "efface", *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(SOURCE_CODE)} | env,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run
