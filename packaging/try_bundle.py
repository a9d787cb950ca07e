"""Tries a bundle where there is no Python, no network and no other program.

python packaging/try_bundle.py dist                      the only archive in a folder
python packaging/try_bundle.py dist/efface-0.1.0-linux-x86_64.tar.gz

On Linux the programs run in a new root folder that holds the bundle, the C library, zlib and an
empty /tmp, and in a network of its own with nothing but loopback. That needs `unshare`. On other
systems they run with an empty PATH. Each time a photo and a film are redacted, and both programs
serve their page.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LIBRARIES = (
    "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libmvec.so.1",
    "libz.so.1",  # of PyInstaller's starter
)  # fmt: skip
MOUNTS = ("dev/null", "dev/urandom", "proc")
LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
UNSHARE = ("unshare", "--map-root-user", "--net", "--mount", "--pid", "--fork")
IN_ROOT = "EFFACE_TRY_IN_ROOT"
PHOTO, FILM = "astronaut.jpg", "astronaut.mp4"
DONE_LOOK = 7
"""Exit code of efface: done, and a person should look."""


def main() -> None:
    """Try the bundle, and print what was seen."""
    parser = argparse.ArgumentParser(description="Try a bundle without Python and network.")
    parser.add_argument("archive", type=Path)
    named = parser.parse_args().archive.resolve()
    archive = named
    if named.is_dir():
        (archive,) = (p for p in named.glob("efface-*") if p.suffix in (".gz", ".zip"))
    if sys.platform == "linux" and IN_ROOT not in os.environ:
        environment = {**os.environ, IN_ROOT: "1"}
        sys.exit(subprocess.run([*UNSHARE, sys.executable, *sys.argv], env=environment).returncode)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        unpack(archive, root)
        for name in ("tmp", "in"):
            (root / name).mkdir()
        for name in (PHOTO, FILM):
            shutil.copy(EXAMPLES / name, root / "in" / name)
        if sys.platform == "linux":
            prepare_root(root)
        try:
            try_all(Bundle(root))
        finally:
            if sys.platform == "linux":
                for name in MOUNTS:
                    subprocess.run(["umount", str(root / name)], check=True)


def unpack(archive: Path, root: Path) -> None:
    """Unpack the bundle. Python's own unzip loses the marks of programs, which macOS needs."""
    if sys.platform == "darwin":
        subprocess.run(["ditto", "-x", "-k", str(archive), str(root)], check=True)
    else:
        shutil.unpack_archive(archive, root)


def prepare_root(root: Path) -> None:
    """Copy the libraries, make the devices, and start loopback."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    loader = next(Path(p) for p in LOADERS if Path(p).exists())
    home = Path(os.path.realpath(loader)).parent
    (root / loader.parent.relative_to("/")).mkdir(parents=True)
    shutil.copy(loader, root / loader.relative_to("/"))
    libraries = root / home.relative_to("/")
    libraries.mkdir(parents=True, exist_ok=True)
    for name in LIBRARIES:
        if (home / name).exists():
            shutil.copy(home / name, libraries / name)
    (root / "dev").mkdir()
    (root / "proc").mkdir()
    (root / "dev" / "shm").mkdir(mode=0o1777)
    for name in ("dev/null", "dev/urandom"):
        (root / name).touch()
        subprocess.run(["mount", "--bind", f"/{name}", str(root / name)], check=True)
    subprocess.run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)


class Bundle:
    """The unpacked bundle, and how its programs are started."""

    def __init__(self, root: Path) -> None:
        self.root, self.is_root = root, sys.platform == "linux"
        names = ("efface.app/Contents/MacOS", "efface")
        self._home = next(n for n in names if (root / n).is_dir())

    def at(self, name: str) -> str:
        """How a program of the bundle names a file."""
        return f"/{name}" if self.is_root else str(self.root / name)

    def start(self, program: str, arguments: Sequence[str]) -> subprocess.Popen[str]:
        """Start a program of the bundle with an environment that names no folder of programs."""
        names = ("SYSTEMROOT", "LOCALAPPDATA", "APPDATA", "USERPROFILE")  # Windows needs them
        kept = {n: os.environ[n] for n in names if n in os.environ}
        ending = ".exe" if os.name == "nt" else ""
        enter = self._enter if self.is_root else None
        return subprocess.Popen(
            [self.at(f"{self._home}/{program}{ending}"), *arguments],
            env={**kept, "PATH": "", "HOME": self.at("tmp"), "TMPDIR": self.at("tmp")},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
            preexec_fn=enter, cwd=self.root,
        )  # fmt: skip

    def _enter(self) -> None:
        os.chroot(self.root)
        os.chdir("/")

    def run(self, program: str, *arguments: str) -> tuple[int, str]:
        """Run a program to its end."""
        with self.start(program, arguments) as running:
            said = running.communicate()[0]
        return running.returncode, said


def try_all(bundle: Bundle) -> None:
    """Redact and serve. Raises AssertionError."""
    print(bundle.run("efface", "--version")[1].strip())
    for name in (PHOTO, FILM):
        asked = ("redact", bundle.at(f"in/{name}"), "-o", bundle.at(f"out/{name}"))
        code, said = bundle.run("efface", *asked)
        print(f"{name}: exit code {code}\n{said}")
        assert code in (0, DONE_LOOK), "it was not redacted"
        assert (bundle.root / "out" / name).stat().st_size > 10_000
    asked = ("redact", bundle.at("in"), "-o", bundle.at("two"), "--jobs", "2")
    code, said = bundle.run("efface", *asked)
    print(f"both at once, in two processes: exit code {code}")
    assert code in (0, DONE_LOOK), said
    try_page(bundle, "efface", "open", "--no-browser")
    try_page(bundle, "efface-app", "--no-browser")


def try_page(bundle: Bundle, program: str, *arguments: str) -> None:
    """Start the page, and fetch it as a browser does. Raises AssertionError."""
    with bundle.start(program, arguments) as running:
        try:
            assert running.stdout is not None
            lines = iter(running.stdout.readline, "")
            address = next(m[0] for line in lines if (m := re.search(r"http://\S+", line)))
            cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
            browser = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))
            page = browser.open(address, timeout=30).read().decode()
            assert "<title>" in page
            script = browser.open(
                re.match(r"http://[^/]+", address)[0] + "/static/main.js", timeout=30
            )
            print(f"{program}: a page of {len(page)} characters; main.js: {script.status}")
        finally:
            running.terminate()


if __name__ == "__main__":
    main()
