"""Read a stream behind walls where the system offers them; otherwise in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

from efface.live.address import Address
from efface.live.ingest import taken
from efface.live.stream_forms import Arrived, Forms
from efface.live_options import LiveOptions
from efface.media.decoder import source_opening
from efface.media.decoder.server_process import NoServer
from efface.media.pixel_formats import Pixels


def arrivals(address: Address, options: LiveOptions, stop: threading.Event) -> Iterator[Arrived]:
    """Yield every frame of one connection, in order, until `stop`.

    Raises StreamLost, StreamEnded.
    """
    if not source_opening.HERE and source_opening.prepare():
        from efface.live.walled_stream import open_stream

        try:
            stream = open_stream(address, options)
        except NoServer:
            pass
        else:
            with closing(stream):
                yield from stream.arrivals(stop)
            return
    forms = Forms()
    for took in taken(address, options, stop):
        form = forms.of(took)
        size = sum(plane.buffer_size for plane in took.frame.planes)
        pixels = Pixels(took.frame, form.spec)
        yield Arrived(pixels, size, took.second, took.is_resumed, form)
