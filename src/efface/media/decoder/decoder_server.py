"""The process from which decoders are forked: it has loaded every library, and opens no file.

A new process for each file would load libraries for half a second. A fork takes some milliseconds,
and sees nothing of other files. This process has one thread, so forking it is safe.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from efface.errors import ExtraMissing
from efface.walls.raising import die_with_parent

BEGIN, END = b"b", b"e"
NUMBER = struct.Struct("<q")
"""The number of a process, or how one ended."""

IDLE_S = 60.0
"""This process ends when nobody has asked for anything for this long, and no decoder is left."""


def main(client: int) -> None:
    """Serve one client until it is gone."""
    for one in (signal.SIGINT, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    readable = _installation()
    gc.freeze()
    with socket.socket(fileno=client) as connection, suppress(OSError):
        _serve(connection, readable)
    os._exit(0)


def _installation() -> list[str]:
    """Load what decoders need, and return the folders of the installation. They are no folders of
    the user, as the current one may be."""
    import av
    import cv2
    import numpy
    import pillow_heif
    from PIL import Image

    import efface.media.decoder.decoder_process
    import efface.media.still.av_reader
    import efface.media.still.heif_reader
    import efface.media.still.pillow_reader  # noqa: F401
    from efface.media.still.jpeg_coefficients import library

    with suppress(ExtraMissing):
        library()
    Image.init()
    pillow_heif.register_heif_opener()
    modules = (av, cv2, numpy, pillow_heif, Image)
    folders = {str(Path(str(m.__file__)).parent) for m in modules}
    folders |= {f + ".libs" for f in folders}
    folders.add(str(Path(__file__).parents[2]))
    folders.add(sysconfig.get_path("stdlib"))
    folders |= {"/usr/lib", "/lib", "/lib64", "/usr/share/zoneinfo", "/sys/devices/system/cpu"}
    return sorted(folders)


def _serve(connection: socket.socket, readable: list[str]) -> None:
    children = 0
    while True:
        connection.settimeout(None if children else IDLE_S)
        try:
            asked, handles, _, _ = socket.recv_fds(connection, 64, 3)
        except TimeoutError:
            return
        if not asked:
            return
        if asked[:1] == BEGIN:
            children += 1
            connection.send(NUMBER.pack(_forked(connection, handles, readable)))
        else:
            children -= 1
            connection.send(NUMBER.pack(_ended(*NUMBER.unpack(asked[1:]))))


def _forked(connection: socket.socket, handles: Sequence[int], readable: list[str]) -> int:
    """Start a decoder with these descriptors: pipe, memory, and the file if there is one."""
    here = os.getpid()
    child = os.fork()
    if child:
        for handle in handles:
            os.close(handle)
        return child
    try:
        connection.close()
        die_with_parent()
        if os.getppid() != here:
            os._exit(1)
        from efface.media.decoder.decoder_process import run

        pipe, memory, *source = handles
        run(pipe, memory, source[0] if source else None, readable)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def _ended(child: int) -> int:
    """End a decoder, and return its exit code; negative for a signal, as `subprocess` counts.

    One that has ended by itself keeps its own.
    """
    with suppress(ChildProcessError):
        ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    return 0
