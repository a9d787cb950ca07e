"""Options of live cameras."""

from __future__ import annotations

from dataclasses import dataclass

from efface.option_fields import Checked, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions(Checked):
    """How streams are passed on."""

    delay_s: float = setting(
        1.0, flag="--delay", unit="s", at_least=0.3, at_most=10.0,
        help=(
                "Hold frames back for this long. What is seen now is also covered in the earlier "
                "frames that are still held back."
            ),
    )  # fmt: skip
    rtsp_transport: str = setting(
        "tcp", flag="--rtsp-transport", choices=("tcp", "udp"),
        help="How RTSP cameras send pictures. udp recovers faster, and loses some pictures.",
    )  # fmt: skip
    timeout_s: float = setting(
        5.0, flag="--stream-timeout", unit="s", at_least=0.5, at_most=60.0,
        help="Treat a connection as lost when nothing arrives for this long.",
    )  # fmt: skip
    retry_s: float = setting(
        5.0, flag="--retry-most", unit="s", at_least=0.1, at_most=600.0,
        help="Maximum delay between reconnection attempts (exponential backoff from 0.1 s).",
    )  # fmt: skip
    preset: str = setting(
        "superfast",
        flag="--live-preset",
        choices=("ultrafast", "superfast", "veryfast", "faster", "fast", "medium"),
        help=(
            "Effort of the H.264 encoder. More effort leaves less processor time for the detector."
        ),
    )
    crf: int = setting(
        23,
        flag="--live-crf",
        at_least=0,
        at_most=51,
        help="Constant rate factor of the stream. Lower means better quality and more data.",
    )
    bitrate_kbit: int | None = setting(
        None,
        flag="--bitrate",
        unit="kbit/s",
        at_least=50,
        help="Maximum bitrate. Default: what the quality needs.",
    )
    segment_s: float = setting(
        60.0, flag="--segment", unit="s", at_least=1.0, at_most=86400.0,
        help=(
                "Length of each file of a recording. If the machine stops dead, the unfinished "
                "file is lost."
            ),
    )  # fmt: skip
    hls_s: float = setting(
        2.0,
        flag="--hls-segment",
        unit="s",
        at_least=0.5,
        at_most=30.0,
        help="Length of each HLS segment.",
    )
    hls_kept: int = setting(
        6,
        flag="--hls-kept",
        at_least=3,
        at_most=10_000,
        help="Number of segments in an HLS playlist.",
    )
    restarts: int = setting(
        20,
        flag="--restarts",
        at_least=0,
        help="Give up a camera when its process fails more often than this within an hour.",
    )
    hung_s: float = setting(
        15.0,
        flag="--hung-after",
        unit="s",
        at_least=2.0,
        help="Restart a camera's process when it has not responded for this long.",
    )
