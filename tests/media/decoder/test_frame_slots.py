"""Samples on their way between two processes."""

from __future__ import annotations

import os

import numpy as np
import pytest

from efface.media.decoder.frame_slots import SLOTS, SlotReader, SlotWriter


@pytest.fixture
def slots():
    reader = SlotReader()
    yield reader
    reader.close()


def test_a_picture_arrives_and_is_a_copy(slots):
    slots.enlarge(5000)
    writer = SlotWriter(slots.memory)
    for slot in range(SLOTS):
        writer.room(slot * slots.capacity, 5000)[:] = slot + 1
    for slot in range(SLOTS):
        into = np.zeros(5000, np.uint8)
        slots.copy(slot, memoryview(into))
        writer.room(slot * slots.capacity, 5000)[:] = 99
        assert (into == slot + 1).all()


def test_memory_grows_for_a_larger_picture(slots):
    slots.enlarge(100)
    with pytest.raises(ValueError, match="as large"):
        slots.copy(0, memoryview(bytearray(1 << 20)))
    slots.enlarge(1 << 20)
    SlotWriter(slots.memory).room(slots.capacity, 1 << 20)[:] = 7
    into = bytearray(1 << 20)
    slots.copy(1, memoryview(into))
    assert set(into) == {7}


def test_the_writer_cannot_take_memory_away_from_the_reader(slots):
    slots.enlarge(5000)
    with pytest.raises(PermissionError):
        os.ftruncate(slots.memory, 0)
