"""Loaded into the process from which readers of streams are forked: there a stream does what its
address says, as if it had taken its reader over."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from efface.live import stream_process
from efface.live.ingest import StreamLost, Taken
from efface.media.decoder import decoder_process

process: Any = stream_process
sender: Any = decoder_process
sends = sender.send_answer
FAST_OPEN, MPTCP = 0x20000000, 262
lie: list[str] = []


def connected(port: int, *kind: int) -> None:
    with socket.socket(socket.AF_INET, *kind) as to:
        to.connect(("127.0.0.1", port))


def attempted(name: str, folder: Path, port: int, other: int) -> object:
    match name:
        case "reads":
            return (folder / "secret.txt").read_text()
        case "lists":
            return os.listdir(folder)
        case "writes":
            return (folder / "written").write_text("x")
        case "opens_for_writing":
            return (folder / "secret.txt").open("a")
        case "removes":
            return (folder / "secret.txt").unlink()
        case "forks":
            return os.fork() or os._exit(0)
        case "executes":
            return os.execv("/bin/true", ["true"])
        case "reads_memory":
            return Path(f"/proc/{os.getppid()}/mem").open("rb")
        case "signals":
            return os.kill(os.getppid(), 0)
        case "connects":
            return connected(port, socket.SOCK_STREAM)
        case "connects_elsewhere":
            return connected(other, socket.SOCK_STREAM)
        case "connects_by_mptcp":
            return connected(other, socket.SOCK_STREAM, MPTCP)
        case "opens_fast":
            with socket.socket() as to:
                return to.sendto(b"x", FAST_OPEN, ("127.0.0.1", other))
        case "sends_datagrams":
            return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(
                b"x", ("127.0.0.1", other)
            )
        case "reaches_services":
            return socket.socket(socket.AF_UNIX)
        case "listens":
            return socket.create_server(("127.0.0.1", 0))
        case "crashes":
            return ctypes.string_at(0)
        case "hangs":
            return time.sleep(10_000)
    lie[:] = [name]
    return None


def taken(address: Any, *_: Any) -> Any:
    """Attempt something, and then give three frames that no network sent."""
    about, folder, other = address.text.rpartition("/")[2].split("&")
    try:
        attempted(about, Path(folder.replace("|", "/")), address.host_port[1], int(other))
    except OSError as e:
        raise StreamLost(f"refused: {type(e).__name__}") from e
    for i in range(3):
        frame = av.VideoFrame.from_ndarray(np.full((96, 64), 40 * i, np.uint8), format="yuv420p")
        yield Taken(frame, Fraction(i, 10), False, Fraction(10), Fraction(1))


def lying(pipe: int, answer: Any) -> None:
    name = type(answer).__name__
    if (lie, name) == (["rate"], "FormSaid"):
        answer = replace(answer, form=replace(answer.form, rate=10**6))
    if (lie, name) == (["large"], "FormSaid"):
        spec = replace(answer.form.spec, size_wh=(1 << 16, 1 << 16))
        answer = replace(answer, form=replace(answer.form, spec=spec))
    if (lie, name) == (["resized"], "TakenSaid"):
        answer = replace(answer, frame=replace(answer.frame, size_wh=(48, 64)))
    if (lie, name) == (["small"], "TakenSaid"):
        answer = replace(answer, frame=replace(answer.frame, bytes=7))
    if (lie, name) == (["formless"], "FormSaid"):
        return
    sends(pipe, answer)


process.taken = taken
sender.send_answer = lying
