"""A stream that a process behind walls reads. What that process says is checked here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from efface.errors import SourceUnreadable, WorkerDied, printable
from efface.live.address import Address
from efface.live.h264_encoder import Form
from efface.live.ingest import MOST_PIXELS, StreamEnded, StreamLost
from efface.live.stream_forms import Arrived
from efface.live.stream_process import FormSaid, StreamRole, TakenSaid
from efface.live_options import LiveOptions
from efface.media.decoder.decoder_checks import (
    BYTES_PER_PIXEL,
    distrusting,
    memory_for,
    require,
)
from efface.media.decoder.decoder_client import Decoder
from efface.media.decoder.decoder_messages import Call, FailedSaid
from efface.media.decoder.frame_receiving import copied_frame, require_spec
from efface.media.decoder.raw_frames import RawFrames
from efface.media.decoder.walled_film import MEMORY_PER_PIXEL
from efface.media.pixel_formats import Pixels
from efface.options import ReadOptions

USUAL_BYTES = 3 * 1280 * 720 // 2
"""Bytes of a frame. Slots grow where frames are larger."""

LONGEST_REASON = 200

WAITS = 2.5
"""An answer may take this many times as long as the stream may be silent. Connecting may take
twice as long; after three times the supervisor takes the whole camera for hung."""


def open_stream(address: Address, options: LiveOptions) -> WalledStream:
    """Start the process. Raises NoServer, StreamLost."""
    source = Path(address.url) if address.scheme == "file" else None
    role, memory = StreamRole.of(address, options), memory_for(MEMORY_PER_PIXEL, MOST_PIXELS)
    try:
        decoder = _StreamDecoder("the stream", source, memory, role)
    except (WorkerDied, SourceUnreadable) as e:
        raise StreamLost(_reason(e)) from None
    try:
        decoder.answer_s = WAITS * options.timeout_s
        decoder.provide(USUAL_BYTES, BYTES_PER_PIXEL * MOST_PIXELS)
    except BaseException:
        decoder.close()
        raise
    return WalledStream(decoder)


class _StreamDecoder(Decoder):
    def _error(self, said: FailedSaid) -> Exception:
        if said.kind == StreamEnded.__name__:
            return StreamEnded()
        if said.kind == StreamLost.__name__:
            return StreamLost(printable((said.texts or ("",))[0][:LONGEST_REASON]))
        return super()._error(said)


def _reason(error: Exception) -> str:
    """Return why, in words that name no address."""
    return error.why if isinstance(error, WorkerDied) else "it cannot be read"


class WalledStream:
    """One connection."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder, self._options = decoder, ReadOptions(max_pixels=MOST_PIXELS)

    def close(self) -> None:
        """End the process."""
        self._decoder.close()

    def arrivals(self, stop: threading.Event) -> Iterator[Arrived]:
        """See `arrivals.arrivals`."""
        form, raw = None, RawFrames()
        try:
            for answer in self._decoder.answers(Call("frames"), FormSaid, TakenSaid):
                if stop.is_set():
                    return
                if isinstance(answer, FormSaid):
                    with distrusting(self._decoder):
                        _check_form(answer.form, self._options)
                    form = answer.form
                elif isinstance(answer, TakenSaid):
                    yield self._arrived(answer, form, raw)
        except WorkerDied as e:
            raise StreamLost(_reason(e)) from None
        raise StreamLost("the source ended it")

    def _arrived(self, untrusted: TakenSaid, form: Form | None, raw: RawFrames) -> Arrived:
        with distrusting(self._decoder):
            if form is None:
                raise ValueError("a frame without a form")
            said: Any = untrusted.frame
            require(said.size_wh == form.spec.stored_wh)
            frame = copied_frame(self._decoder, raw, said, self._options)
            pixels = Pixels(frame, form.spec, full_range=said.is_full)
        second, is_resumed = untrusted.second, untrusted.is_resumed
        return Arrived(pixels, said.bytes, second, is_resumed, form, self._decoder.walls)


def _check_form(untrusted: Form, options: ReadOptions) -> None:
    """Raise Untrusted for a form that no stream has."""
    require_spec(untrusted.spec, options)
    require(1 <= untrusted.rate <= 120 and 0 < untrusted.aspect < 10_000)
    require(all(0 <= n <= 0xFF for n in untrusted.colour))
