"""The pipeline of one camera: everything between one source and its targets, in one process.

    reader: source, decode ─▶ queue ─▶ looker: whole frames ─▶ follower: parts of frames, lookahead
    ─▶ queue ─▶ writer: cover, encode ─▶ a queue and a thread for each target

Only the writer makes the pictures that leave. It makes them from frames that were examined, or it
draws the placeholder. An error that ends any thread ends the pipeline: the targets stop, and
`live.supervisor` starts the process again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from efface.detect.registry import open_lanes, open_slow, quick_kinds
from efface.live.address import Address
from efface.live.camera_detection import FrameExaminer
from efface.live.camera_reader import CameraReader
from efface.live.camera_writer import CameraWriter
from efface.live.mjpeg import MjpegPreview
from efface.live.outputs import Output, Sender
from efface.live.pipeline_state import PipelineState
from efface.live.recordings import Hls, Recording
from efface.live.slow_looks import slow_looks
from efface.options import Options


class CameraPipeline(PipelineState):
    """Runs one camera, as the module describes.

    `run` returns when a source file has ended, or after `stop`.
    """

    def run(self) -> None:
        """Run until the source ends or `stop` is set.

        Raises the error that ended the pipeline, if any.
        """
        detect = self.options.detect
        with (
            open_lanes(quick_kinds(detect)) as detectors,
            open_slow(detect) as slow,
            slow_looks(slow, self.options.track.bridge_s) as looks,
            self._targets() as targets,
        ):
            sure = {k: s for d in (detectors[0], *slow.values()) for k, s in d.sure.items()}
            reader, looker, writer = (
                CameraReader(self, sure),
                FrameExaminer(self, detectors, looks, sure),
                CameraWriter(self, targets),
            )
            works = (
                ("reader", reader.work),
                ("looker", looker.work),
                ("follower", looker.follow),
                ("writer", writer.work),
            )
            threads = [
                threading.Thread(
                    target=self._guarded, args=(work,), name=f"efface-live-{name}", daemon=True
                )
                for name, work in works
            ]
            for thread in threads:
                thread.start()
            # Do not wait for the reader: it may sit in a call for as long as a connection may be
            # silent.
            for thread in threads[1:]:
                thread.join()
        if self.error is not None:
            raise self.error

    @contextmanager
    def _targets(self) -> Iterator[list[Output | MjpegPreview]]:
        with ExitStack() as opened:
            made: list[Output | MjpegPreview] = []
            for address in self.wanted.targets:
                made.append(_target(address, self.options, self.say))
                opened.callback(made[-1].close)
            yield made

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as e:  # passed to the caller of `run`
            self.error = self.error or e
            self.stop.set()
            self.frame_queue.close()

    @property
    def patience_s(self) -> Mapping[str, float]:
        """Return how long each thread may be silent before it counts as hung, in seconds.

        Connecting may take twice the timeout of the stream.
        """
        live = self.options.live
        return dict.fromkeys(self.beats, live.hung_s) | {
            "reader": max(live.hung_s, 3 * live.timeout_s)
        }


def _target(
    address: Address, options: Options, say: Callable[[str], None]
) -> Output | MjpegPreview:
    if address.scheme == "mjpeg":
        return MjpegPreview(address, say)
    if address.scheme == "file":
        kind = Hls if address.text.lower().endswith(".m3u8") else Recording
        return kind(address, options.live, say)
    return Sender(address, options.live, say)
