"""What Ray leaves on this machine: nothing, and nobody else could read it while it was there."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

from efface.cluster import ray_calls


def test_the_session_of_ray_is_private_and_removed():
    asked = []
    worker = SimpleNamespace(print_to_stdstream=print)
    ray = SimpleNamespace(
        init=lambda **how: asked.append(
            (Path(how["_temp_dir"]).parent, Path(how["_temp_dir"]).parent.stat().st_mode & 0o777)
        ),
        shutdown=lambda: Path(asked[0][0], "log").write_text("late"),
        _private=SimpleNamespace(worker=worker),
    )
    with ExitStack() as leaving:
        ray_calls._connect(ray, None, leaving)
        ((folder, mode),) = asked
        assert mode == 0o700
        (folder / "session").mkdir()
    assert not os.path.exists(folder)


RUN = """
import os, sys, tempfile
from pathlib import Path
from efface.cluster.ray_calls import Calls
own = Calls(None)
(folder,) = Path(tempfile.gettempdir()).glob("efface-*")
print(oct(folder.stat().st_mode & 0o777), any(folder.rglob("*session*")), own.slots > 0)
own.close()
print([p.name for p in Path(tempfile.gettempdir()).iterdir()])
"""


def test_a_real_session_leaves_nothing(tmp_path):
    """In a process of its own, as Ray is started once in a process."""
    import pytest

    pytest.importorskip("ray")
    short = Path("/tmp") / f"e{os.getpid()}"
    short.mkdir(0o755)
    try:
        around = os.environ | {
            "TMPDIR": str(short),
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", RUN],
            env=around,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.stdout.splitlines() == ["0o700 True True", "[]"], done.stderr
    finally:
        short.rmdir()
