"""MPEG transport streams: packets with their stream's number (PID), and the byte stream of one
PID."""

from __future__ import annotations

from collections.abc import Iterator

from efface.containers.parts import BROKEN, Broken, Part, Reader, part, rest

SYNC = 0x47
_STEPS = ((188, 0), (192, 4), (204, 0))
"""Packet sizes in bytes, and where in a packet the 188 bytes begin."""


def shape(reader: Reader) -> tuple[int, int]:
    """Return the packet size and the place of the sync byte in a packet. Raises Broken."""
    for size, start in _STEPS:
        if all(
            reader.peek(start + i * size, 1) == b"\x47"
            for i in range(min(4, max(1, reader.size // size)))
        ):
            return size, start
    raise Broken("no packets")


def packets(reader: Reader) -> Iterator[tuple[int, int, bool, bytes]]:
    """Yield (place, PID, whether a unit begins, payload) for every packet. Raises Broken."""
    size, start = shape(reader)
    for at in range(0, reader.size, size):
        raw = reader.read(at, min(size, reader.size - at))[start:]
        if len(raw) < 188 or raw[0] != SYNC:
            raise Broken("a packet without its mark")
        payload = raw[4:188]
        if raw[3] & 0x20:
            payload = payload[1 + payload[0] :]
        yield (
            at,
            (raw[1] & 0x1F) << 8 | raw[2],
            bool(raw[1] & 0x40),
            payload if raw[3] & 0x10 else b"",
        )


def walk(reader: Reader) -> Iterator[Part]:
    """Yield one part for each PID, at its first packet, with its total number of bytes."""
    first: dict[int, int] = {}
    count: dict[int, int] = {}
    at = 0
    try:
        for at, pid, _, payload in packets(reader):
            first.setdefault(pid, at)
            count[pid] = count.get(pid, 0) + len(payload)
    except Broken as e:
        yield from rest(reader, (), at, BROKEN, str(e))
    for pid, place in first.items():
        yield part(
            reader, (f"PID {pid}",), place, min(count[pid], reader.size), "bytes of all its packets"
        )


def unit_stream(reader: Reader, wanted: int, most: int) -> Iterator[bytes]:
    """Yield the payload of each unit of one PID, cut to `most` bytes. Raises Broken."""
    held = bytearray()
    for _, pid, begins, payload in packets(reader):
        if pid != wanted:
            continue
        if begins and held:
            yield bytes(held)
            held.clear()
        if len(held) < most:
            held += payload
    if held:
        yield bytes(held)


MOST_SECTION = 4096
"""Maximum number of bytes read of a table."""


def section(reader: Reader, wanted: int) -> bytes:
    """Return the first table of a PID, or empty bytes if it has none. Raises Broken."""
    for unit in unit_stream(reader, wanted, MOST_SECTION):
        start = 1 + unit[0] if unit else 0
        table = unit[start:]
        if len(table) > 3:
            return table[: 3 + (int.from_bytes(table[1:3]) & 0xFFF)]
    return b""


def programs(reader: Reader) -> list[int]:
    """Return the PIDs of the program map tables. Raises Broken."""
    table = section(reader, 0)
    rows = range(8, max(8, len(table) - 7), 4)
    return [
        int.from_bytes(table[i + 2 : i + 4]) & 0x1FFF
        for i in rows
        if int.from_bytes(table[i : i + 2])
    ]


def elementary(reader: Reader, program: int) -> list[tuple[int, int]]:
    """Return (type, PID) of each stream of a program. Raises Broken."""
    table = section(reader, program)
    found, at = [], 12 + (int.from_bytes(table[10:12]) & 0xFFF)
    while at + 5 <= len(table) - 4:
        found.append((table[at], int.from_bytes(table[at + 1 : at + 3]) & 0x1FFF))
        at += 5 + (int.from_bytes(table[at + 3 : at + 5]) & 0xFFF)
    return found


def descriptors(table: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each descriptor."""
    while at + 2 <= min(end, len(table)):
        yield table[at], table[at + 2 : at + 2 + table[at + 1]]
        at += 2 + table[at + 1]
