"""Open a source behind walls where the system offers them; otherwise in this process."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from efface.containers.admission import AdmittedSource
from efface.errors import WallsMissing
from efface.media.decoder.server_process import IS_OFFERED, NoServer, server
from efface.media.interfaces import Source, SourceInfo
from efface.options import ReadOptions
from efface.walls.raising import NO_WALLS, Standing

if TYPE_CHECKING:
    from efface.media.video.sound_source import SoundSource
    from efface.media.video.video_source import VideoSource

HERE = not IS_OFFERED
"""Decode in this process. Tests that look inside set it."""


def open_source(source: AdmittedSource, options: ReadOptions) -> Source:
    """Open a photo or film. Raises InputError in all its kinds, WorkerDied, WallsMissing.

    A film stays closed between readings, so only the first opening finds out what it holds. That
    decodes its first 36 frames: a quarter of a second for 1080p.
    """
    if source.medium == "photo":
        opened: Source = _photo(source, options)
    else:
        opened = source.opened_once(options, lambda: _film(source, options)).again()
    try:
        require_walls(opened.info.walls, options)
    except WallsMissing:
        opened.close()
        raise
    return opened


def require_walls(walls: Standing, options: ReadOptions) -> None:
    """Raise WallsMissing where one is missing and all are required."""
    if walls.missing and options.walls == "require":
        raise WallsMissing(", ".join(walls.missing))


def film_again(info: SourceInfo, options: ReadOptions, file: BinaryIO | None) -> VideoSource:
    """Return a film that was opened before, here or on another machine.

    file  is read, in this process, instead of the one at the film's path. What it holds is decoded
          behind walls all the same.
    """
    from efface.media.video.video_source import VideoSource

    if HERE or not prepare():
        return VideoSource(info, options, file)
    from efface.media.decoder.walled_film import WalledFilm

    return WalledFilm(info, options, file)


def sound_of(info: SourceInfo) -> SoundSource:
    """Return the sound of a film that was opened before."""
    if not HERE and prepare():
        from efface.media.decoder.walled_sound import open_walled_sound

        with suppress(NoServer):
            return open_walled_sound(info)
    from efface.media.video.sound_source import FilmSound

    return FilmSound(info)


def embedded_pixels(raw: bytes) -> NDArray[np.uint8] | None:
    """Return (h, w, 3) RGB of a small encoded picture, see `embedded.pixels`."""
    if not raw:  # XMP may name a thumbnail and hold none
        return None
    if not HERE:
        from efface.media.decoder.walled_still import walled_pixels

        try:
            return walled_pixels(raw)
        except NoServer:
            pass
    from efface.media.still.embedded import pixels

    return pixels(raw)


def standing_walls() -> Standing:
    """Return which walls stand around a decoder on this system, by starting one."""
    if HERE:
        return NO_WALLS
    from efface.media.decoder.decoder_client import probe

    try:
        return probe()
    except NoServer:
        return NO_WALLS


def prepare() -> bool:
    """Start the process from which decoders are forked, while others still load. Return whether it
    runs."""
    return not HERE and server.prepare()


def _photo(source: AdmittedSource, options: ReadOptions) -> Source:
    if not HERE:
        from efface.media.decoder.walled_still import open_walled_still

        with suppress(NoServer):
            return open_walled_still(source, options)
    from efface.media.still.stills import open_still

    return open_still(source, options)


def _film(source: AdmittedSource, options: ReadOptions) -> VideoSource:
    if not HERE:
        from efface.media.decoder.walled_film import open_walled_film

        with suppress(NoServer):
            return open_walled_film(source, options)
    from efface.media.video.probe import open_video

    return open_video(source, options)
