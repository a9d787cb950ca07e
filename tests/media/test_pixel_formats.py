"""Pixel formats: a frame's samples are copied once on their way to the encoder, and never shared
with the decoder."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from efface.frames import Picture
from efface.media.pixel_formats import Pixels, even_sized, packed, spec_of

NAMES = ("yuv420p", "yuv422p10le", "yuv444p", "gbrp", "gray", "gray10le")


def decoded(name, size_wh=(50, 34)):
    """A frame of noise, as a decoder would give it."""
    width, height = size_wh
    frame = av.VideoFrame(width, height, name)
    random = np.random.default_rng(3)
    for plane in frame.planes:
        samples = random.integers(0, 4, plane.buffer_size, np.uint8)
        plane.update(samples.tobytes())
    return frame


def pixels_of(frame):
    return Pixels(frame, spec_of(frame, Colorspace.ITU709))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_painted_is_packed_without_a_copy(name):
    frame = decoded(name)
    before = [bytes(plane) for plane in frame.planes]
    picture = pixels_of(frame).unpack()
    for i, plane in enumerate(picture.planes):
        plane[3:9, 5:11] = i + 7
    made = packed(picture, name)
    assert all(map(np.shares_memory, packed_planes(made), picture.planes))
    copy = Picture(tuple(p.copy() for p in picture.planes), picture.layout)
    assert np.array_equal(packed(copy, name).to_ndarray(), made.to_ndarray())
    assert [bytes(plane) for plane in frame.planes] == before, "the decoder's samples have changed"


def packed_planes(frame):
    order = (2, 0, 1) if frame.format.name == "gbrp" else range(len(frame.planes))
    return [np.frombuffer(frame.planes[i], np.uint8) for i in order]


def test_two_pictures_of_one_frame_are_apart():
    pixels = pixels_of(decoded("yuv420p"))
    first, second = pixels.unpack(), pixels.unpack()
    assert not any(map(np.shares_memory, first.planes, second.planes))


def test_an_odd_size_is_packed_with_its_repeated_column():
    picture = pixels_of(decoded("yuv420p", (49, 33))).unpack()
    made = packed(even_sized(picture), "yuv420p")
    assert (made.width, made.height) == (50, 34)
    luma = np.frombuffer(made.planes[0], np.uint8).reshape(34, -1)
    assert np.array_equal(luma[:33, 49], picture.planes[0][:, 48])


def test_another_format_is_never_shared():
    picture = pixels_of(decoded("yuv444p")).unpack()
    made = packed(Picture(picture.planes, picture.layout), "yuv444p")
    assert not any(map(np.shares_memory, packed_planes(made), picture.planes))
