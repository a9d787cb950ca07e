"""Settings of the encoders: quality, effort, look-ahead, and a repair of x264."""

from __future__ import annotations

import cv2
from av.video.codeccontext import VideoCodecContext

from efface.media.colour import svtav1_params, x265_params
from efface.media.video.output_format import Format
from efface.media.video.video_info import VideoInfo
from efface.options import PRESETS, WriteOptions
from efface.processors import granted

CRF = {"h264": 18, "hevc": 20, "vp9": 24, "av1": 24}
_SVTAV1_PRESET = dict(zip(PRESETS, (12, 11, 10, 9, 8, 7, 5, 4, 3), strict=True))
_X264_LOOKAHEAD = dict(zip(PRESETS, (0, 0, 10, 20, 30, 40, 50, 60, 60), strict=True))
_X265_LOOKAHEAD = dict(zip(PRESETS, (5, 10, 15, 15, 15, 20, 25, 40, 40), strict=True))
"""Lookahead in frames, as in the presets."""

_X264_MOST_AHEAD = ((1280 * 720, 60), (1920 * 1088, 12))
"""Frames of up to so many pixels get at most that lookahead; larger ones the shortest. Without a
bound x264 alone takes 1.5 GB for 4K (see docs/decisions/017-x264-settings.md)."""

_X265_FULL_PIXELS = 1920 * 1088
"""Frames up to this size get the preset's lookahead; larger ones get less in proportion."""

SHORTEST_LOOKAHEAD = 7

_VP9_CPU_USED = dict(zip(PRESETS, (8, 7, 6, 5, 4, 3, 2, 1, 0), strict=True))

MOST_THREADED_PIXELS = 1920 * 1088
"""x264 encodes several frames of up to this size at the same time. Of 4K they take 0.24 GB more
than slices of one frame, which wait for each other."""

MOST_X264_THREADS = 8
"""Each takes 17 MB more for 1080p."""

AVX_512F = 13
"""OpenCV's number of the processor feature; its Python module has no name for it."""


def x264_repair() -> dict[str, str]:
    """Return options that x264 needs to encode the same pictures to the same file."""
    # With AVX-512, x264's macroblock tree reads memory that was never written: the same pictures
    # gave nine different files in sixty runs. Another frame's leftovers in memory must not reach
    # the target, and AVX2 is nearly as fast.
    return {"x264-params": "asm=avx2"} if cv2.checkHardwareSupport(AVX_512F) else {}


def set_x264_threads(context: VideoCodecContext, video: VideoInfo) -> None:
    """Let x264 encode several frames at the same time, where PyAV would let it cut each frame into
    slices."""
    if _pixels(video) <= MOST_THREADED_PIXELS:
        context.thread_type = "FRAME"
        # x264's own choice. What a caller asks for would change the target's bytes.
        context.thread_count = min(MOST_X264_THREADS, granted() * 3 // 2)


def _pixels(video: VideoInfo) -> int:
    width, height = video.spec.size_wh
    return width * height


def _x264_lookahead(video: VideoInfo, usual: int) -> str:
    """Return x264's lookahead in frames."""
    bounds = (most for pixels, most in _X264_MOST_AHEAD if _pixels(video) <= pixels)
    return str(min(usual, next(bounds, SHORTEST_LOOKAHEAD)))


def _x265_lookahead(video: VideoInfo, usual: int) -> str:
    """Return x265's lookahead in frames."""
    fitting = usual * _X265_FULL_PIXELS // _pixels(video)
    return str(min(usual, max(SHORTEST_LOOKAHEAD, fitting)))


def encoder_options(
    codec: str, options: WriteOptions, form: Format, video: VideoInfo
) -> dict[str, str]:
    crf = str(CRF[codec] if options.crf is None else options.crf)
    place = {"chroma_sample_location": str(video.colour.location)} if video.colour.location else {}
    order = {} if form.delays else {"bf": "0"}
    if codec == "h264":
        ahead = {"rc-lookahead": _x264_lookahead(video, _X264_LOOKAHEAD[options.preset])}
        return {"crf": crf, "preset": options.preset, **ahead, **x264_repair()} | place | order
    if codec == "hevc":
        frames = _x265_lookahead(video, _X265_LOOKAHEAD[options.preset])
        ahead_of = f"rc-lookahead={frames}"
        params = ":".join(
            p for p in ("log-level=none:info=0", ahead_of, x265_params(video.colour)) if p
        )
        return {"crf": crf, "preset": options.preset, "x265-params": params} | place | order
    if codec == "vp9":
        speed = str(_VP9_CPU_USED[options.preset])
        deadline = "realtime" if int(speed) > 5 else "good"
        return {"crf": crf, "b": "0", "deadline": deadline, "cpu-used": speed, "row-mt": "1"}
    said = svtav1_params(video.colour)
    return {"crf": crf, "preset": str(_SVTAV1_PRESET[options.preset])} | (
        {"svtav1-params": said} if said else {}
    )
