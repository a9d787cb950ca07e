"""Films that are decoded behind walls. See `media.interfaces.Source`.

Each reading has a process of its own, which ends with it. What it says is checked here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction

import av

from efface.containers.admission import AdmittedSource
from efface.frames import Frame
from efface.geometry import Size
from efface.media.decoder.decoder_checks import (
    BYTES_PER_PIXEL,
    FORMAT,
    MOST_FRAMES,
    checked_notes,
    distrusting,
    memory_for,
    note,
    require,
)
from efface.media.decoder.decoder_client import Decoder
from efface.media.decoder.decoder_messages import Call, Finished
from efface.media.decoder.film_messages import (
    FilmInfoSaid,
    FrameSaid,
    MarksSaid,
    PeaksSaid,
    StoredSaid,
)
from efface.media.decoder.frame_receiving import EDGE, copied_frame, require_spec
from efface.media.decoder.raw_frames import LOCATIONS, RawFrames
from efface.media.interfaces import SourceInfo
from efface.media.pixel_formats import Pixels
from efface.media.video.decode import bad_frame
from efface.media.video.sound_peaks import Peaks
from efface.media.video.video_info import VideoInfo, video_of
from efface.media.video.video_source import Mark, VideoSource
from efface.options import ReadOptions

MEMORY_PER_PIXEL = 400
"""Bytes for each pixel of a frame: decoders keep up to some 20 frames, of up to 8 bytes a pixel,
and `--bad-frames=cover` decodes twice."""


def open_walled_film(source: AdmittedSource, options: ReadOptions) -> WalledFilm:
    """Open a film behind walls.

    Raises NoServer where this system starts no such process, WorkerDied, and what `open_video`
    raises.
    """
    most = memory_for(MEMORY_PER_PIXEL, options.max_pixels)
    with Decoder(source.name, source.path, most) as decoder:
        answers = list(decoder.answers(Call("open", (source, options)), FilmInfoSaid))
        with distrusting(decoder):
            require(len(answers) == 2)
            said = answers[0]
            require(FORMAT.fullmatch(said.format) is not None and 0 <= said.audio < 1000)
            require(said.frame_count is None or 0 < said.frame_count < MOST_FRAMES)
            _check_video(said.video, said.size_wh, options)
            info = SourceInfo(
                source.path,
                "video",
                said.format,
                said.frame_count,
                said.size_wh,
                said.audio,
                said.video,
                checked_notes(said.notes),
                decoder.walls,
            )
        _provide(decoder, info, options)  # later would be too late to decode it here
    return WalledFilm(info, options)


def _provide(decoder: Decoder, info: SourceInfo, options: ReadOptions) -> None:
    """Give a decoder room for frames. Raises NoServer."""
    width, height = video_of(info).spec.stored_wh
    most = BYTES_PER_PIXEL * (options.max_pixels + (1 << EDGE))
    decoder.provide(4 * (width + EDGE) * (height + EDGE), most)


def _check_video(video: VideoInfo, size_wh: Size, options: ReadOptions) -> None:
    """Raise Untrusted for facts that no film has."""
    spec, colour = video.spec, video.colour
    require(spec.size_wh == size_wh)
    require_spec(spec, options)
    require(0 < video.time_base < 1_000_000)
    require(1 <= video.rate <= 240 and 0 < video.aspect < 10_000)
    numbers = (colour.primaries, colour.transfer, colour.matrix)
    require(all(0 <= n <= 0xFF for n in numbers) and 0 <= colour.location < LOCATIONS)
    require(colour.mastering is None or len(colour.mastering) == 10)
    require(colour.light is None or min(colour.light) >= 0)
    require(video.demuxer is None or FORMAT.fullmatch(video.demuxer) is not None)
    require(video.tolerant == (options.bad_frames == "cover"))


class WalledFilm(VideoSource):
    """A film."""

    def stored_as(self) -> tuple[str, str]:
        """See `VideoSource.stored_as`."""
        with self._decoder() as decoder:
            answers = list(decoder.answers(Call("stored_as"), StoredSaid))
            with distrusting(decoder):
                require(len(answers) == 2)
            return answers[0].codec, answers[0].format

    def frames(self) -> Iterator[Frame]:
        """See `VideoSource.frames`."""
        return self._frames(Call("frames"))

    def frames_from(self, key: int, trusted: int, seek: int | None) -> Iterator[Frame]:
        """See `VideoSource.frames_from`."""
        return self._frames(Call("frames_from", (key, trusted, seek)))

    def marks(self) -> Iterator[Mark]:
        """See `VideoSource.marks`."""
        with self._decoder() as decoder:
            for answer in decoder.answers(Call("marks"), MarksSaid):
                if isinstance(answer, MarksSaid):
                    for m in answer.marks:
                        yield Mark(m.pts, m.is_key, m.shows, m.is_corrupt, m.restarts)

    def sound_peaks(self, shift_s: Fraction, step: int) -> Iterator[Peaks]:
        """See `VideoSource.sound_peaks`."""
        with self._decoder() as decoder:
            for answer in decoder.answers(Call("sound_peaks", (shift_s, step)), PeaksSaid):
                if isinstance(answer, PeaksSaid):
                    with distrusting(decoder):
                        require(answer.first >= 0)
                    yield Peaks(answer.first, answer.values)

    def decoded_from(self, pts: int, *, keys_only: bool = False) -> Generator[av.VideoFrame]:
        """See `VideoSource.decoded_from`."""
        call, raw = Call("decoded_from", (pts, keys_only)), RawFrames()
        with self._decoder() as decoder:
            for answer in decoder.answers(call, FrameSaid):
                if isinstance(answer, Finished):
                    return
                with distrusting(decoder):
                    frame = copied_frame(decoder, raw, answer, self._options)
                frame.pts = answer.pts
                yield frame

    def _frames(self, call: Call) -> Iterator[Frame]:
        raw, last = RawFrames(), -MOST_FRAMES * MOST_FRAMES
        with self._decoder() as decoder:
            for number, answer in enumerate(decoder.answers(call, FrameSaid)):
                with distrusting(decoder):
                    note(self.info, answer.notes)
                    if isinstance(answer, Finished):
                        return
                    require(answer.index == number and answer.pts is not None)
                    require(answer.pts > last)
                    last = answer.pts
                    frame = self._framed(decoder, raw, answer)
                yield frame

    def _framed(self, decoder: Decoder, raw: RawFrames, untrusted: FrameSaid) -> Frame:
        """Copy a frame. Raises what `copied_frame` raises."""
        video, pts = video_of(self.info), untrusted.pts or 0
        spec = video.spec
        if not untrusted.format:
            return bad_frame(untrusted.index, pts, spec)
        require(untrusted.size_wh == spec.stored_wh)
        frame = copied_frame(decoder, raw, untrusted, self._options)
        pixels = Pixels(frame, spec, full_range=untrusted.is_full)
        return Frame(
            untrusted.index,
            pts,
            spec.size_wh,
            pixels.look,
            pixels.unpack,
            aspect=float(video.aspect),
        )

    @contextmanager
    def _decoder(self) -> Iterator[Decoder]:
        """Start a decoder that goes on with this film. Raises WorkerDied, SourceUnreadable."""
        (width, height), path = video_of(self.info).spec.stored_wh, self.info.path
        memory = memory_for(MEMORY_PER_PIXEL, width * height)
        with Decoder(path.name, path, memory, file=self._file) as decoder:
            for _ in decoder.answers(Call("go_on", (self.info, self._options))):
                pass
            _provide(decoder, self.info, self._options)
            yield decoder
