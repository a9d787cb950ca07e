"""What efface does with files where the system is not POSIX: Windows cannot be tried here, so its
calls are taken away and its refusals are played."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLAYED = (
    "tests/test_files.py",
    "tests/review/test_document.py",
    "tests/test_api.py::test_results_are_replaced_by_new_ones",
)
"""Tests about files, and one of everything that redacting a photo and a film does with them."""


@pytest.mark.skipif(sys.platform != "linux", reason="it asks /proc which files are open")
def test_files_are_handled_without_the_calls_that_windows_lacks() -> None:
    plugins = ("-p", "no:cacheprovider", "-p", "no:cov", "-p", "without_posix")
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests" / "saboteurs")))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, *PLAYED],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "without POSIX" in done.stdout, "the plugin was not there"


POSIX_ONLY = {
    "os": {
        "EX_OK", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "WIFSIGNALED", "chown",
        "chroot", "fchmod", "fchown", "fork", "getegid", "geteuid", "getgid", "getloadavg",
        "getpgid", "getuid", "initgroups", "killpg", "lchown", "mkfifo", "mknod", "nice", "openpty",
        "pipe2", "posix_fadvise", "posix_fallocate", "posix_spawn", "pread", "preadv", "pwrite",
        "pwritev", "sched_getaffinity", "sched_getparam", "sched_getscheduler",
        "sched_setaffinity", "sched_setscheduler", "sendfile", "setpgid", "setpriority", "setsid",
        "sync", "sysconf", "uname", "wait", "wait3", "wait4",
    },
    "signal": {
        "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGUSR1", "SIGUSR2",
        "alarm", "pthread_kill", "pthread_sigmask", "setitimer", "sigpending", "sigwait",
    },
}  # fmt: skip
"""Names that Windows lacks."""

LINUX_ONLY = ("src/efface/walls/", "src/efface/media/decoder/")
"""Decoders behind walls: other systems never import them (`server_process.IS_OFFERED`)."""

MODULES = {"fcntl", "grp", "posix", "pwd", "pty", "resource", "termios", "tty"}
GUARDS = {"hasattr", "getattr", "ImportError", "AttributeError"}


def functions(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield each function at the top and in classes, and then what stands outside of them."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in tree.body:
        parts = node.body if isinstance(node, ast.ClassDef) else [node]
        yield from (part for part in parts if isinstance(part, kinds))
    rest = [n for n in tree.body if not isinstance(n, (*kinds, ast.ClassDef))]
    yield ast.Module(rest, [])


def posix_calls(part: ast.AST) -> Iterator[str]:
    """Yield what a function takes from POSIX."""
    for node in ast.walk(part):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in POSIX_ONLY.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            yield node.module


def unguarded(code: str) -> list[str]:
    """What a module takes from POSIX without asking whether it is there."""
    found = []
    for part in functions(ast.parse(code)):
        names = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
        if not names & GUARDS:
            found += list(posix_calls(part))
    return found


def test_what_only_posix_has_is_asked_for_first() -> None:
    sources = (ROOT / "src" / "efface").rglob("*.py")
    found = {p.relative_to(ROOT).as_posix(): unguarded(p.read_text("utf-8")) for p in sources}
    elsewhere = {n: calls for n, calls in found.items() if not n.startswith(LINUX_ONLY)}
    assert {name: calls for name, calls in elsewhere.items() if calls} == {}


def test_a_call_that_only_posix_has_is_noticed() -> None:
    assert unguarded("import os\ndef f():\n    return os.getuid()\n") == ["os.getuid"]
    assert unguarded("import fcntl\n") == ["fcntl"]
    assert unguarded("class C:\n    def f(self):\n        signal.alarm(1)\n") == ["signal.alarm"]
    asked = "def f():\n    if hasattr(os, 'pread'):\n        return os.pread(1, 2, 3)\n"
    assert unguarded(asked) == []
