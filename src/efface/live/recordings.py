"""Targets on the disk: recordings in segments, and HLS.

Each segment of a recording is written in a private folder beside its target. When it is whole, one
rename gives it its name (`files.staged`). If efface is killed, at most the current segment is lost,
and the next run removes its remains. FFmpeg's own HLS muxer also writes each segment and each
playlist under another name first, and then renames it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
from av.container import OutputContainer

from efface.files import require_replaceable, writing
from efface.live.h264_encoder import OUTPUT_TIME_BASE, Coded, Form
from efface.live.outputs import Muxer, Output
from efface.media.video.bitstream import blank_matroska
from efface.staged_files import staged

MUXERS = {".mkv": "matroska", ".mp4": "mp4"}


class Recording(Output):
    """Writes NAME.mkv as NAME-20250131T235959Z.mkv and so on: the time (UTC) at which each segment
    begins."""

    def _carry(self, packets: Iterator[tuple[Form, Coded]]) -> bool:
        pending = next(packets, None)
        while pending is not None:
            pending = self._segment(pending, packets)
        return True

    def _segment(
        self, first: tuple[Form, Coded], packets: Iterator[tuple[Form, Coded]]
    ) -> tuple[Form, Coded] | None:
        """Write one segment. Returns the packet with which the next one begins."""
        form, coded = first
        end = coded.pts + round(self._options.segment_s / float(OUTPUT_TIME_BASE))
        target = _free(Path(self.address.url), time.time())
        following = None
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        with staged(target, overwrite=False) as draft, writing(target):
            with closing(_opened(draft, MUXERS[target.suffix.lower()])) as container:
                muxer = Muxer(container, form, coded.pts)
                muxer.write(coded)
                self.counts.is_up = True
                for following in packets:
                    if following[1].is_key and (following[1].pts >= end or following[0] != form):
                        break
                    muxer.write(following[1])
                    self.counts.sent += 1
                else:
                    following = None
            if target.suffix.lower() == ".mkv":
                blank_matroska(draft)
        return following


def _free(path: Path, at: float) -> Path:
    """Return a file name that is not in use."""
    stem = f"{path.stem}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(at))}"
    names = (
        path.with_name(f"{stem}{'' if n == 1 else f'-{n}'}{path.suffix}") for n in range(1, 10_000)
    )
    return next(name for name in names if not os.path.lexists(name))


def _opened(draft: Path, muxer: str) -> OutputContainer:
    options = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if muxer == "mp4" else {})
    return av.open(f"file:{draft.absolute()}", "w", format=muxer, container_options=options)


class Hls(Output):
    """Writes a playlist and its segments. A new run continues where the last one ended."""

    def _carry(self, packets: Iterator[tuple[Form, Coded]]) -> bool:
        playlist = Path(self.address.url).absolute()
        with writing(playlist):
            playlist.parent.mkdir(parents=True, exist_ok=True)
            require_replaceable(playlist)
            for form, coded in packets:
                with closing(self._opened(playlist)) as container:
                    if not self._fill(container, form, coded, packets):
                        return False
        return True

    def _opened(self, playlist: Path) -> OutputContainer:
        options = {
            "fflags": "+bitexact",
            "hls_time": str(self._options.hls_s),
            "hls_list_size": str(self._options.hls_kept),
            "hls_flags": "temp_file+delete_segments+append_list",
            "hls_segment_filename": str(playlist.with_name(playlist.stem)).replace("%", "%%")
            + "-%09d.ts",
        }
        return av.open(f"file:{playlist}", "w", format="hls", container_options=options)
