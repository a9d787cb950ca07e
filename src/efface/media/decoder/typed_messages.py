"""Messages from a process that is not trusted: JSON, read back by the types of a dataclass.

Unlike pickle, reading it makes nothing but the named types, and everything has a bound.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

LARGEST_MESSAGE = 1 << 22
"""Bytes. The largest one lists some ten thousand packets of a film."""

LONGEST_TEXT = 20_000
MOST_ITEMS = 100_000
LARGEST_NUMBER = 1 << 63


class Untrusted(ValueError):
    """A message is not what it must be."""


def packed_message(value: object) -> bytes:
    """Return the message for a dataclass."""
    return json.dumps(_plain(value), separators=(",", ":")).encode("ascii")


def read_message(kind: type[T], data: bytes) -> T:
    """Return what the message says, as that type. Raises Untrusted for anything else."""
    try:
        read: T = _read(kind, json.loads(data))
    except (ValueError, TypeError, RecursionError, OverflowError) as e:
        raise Untrusted(f"a {kind.__name__} that makes no sense") from e
    return read


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, int | float):
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, Fraction):
        return [value.numerator, value.denominator]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return [[_plain(k), _plain(v)] for k, v in value.items()]
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return [_plain(getattr(value, f.name)) for f in dataclasses.fields(value)]


def _read(kind: Any, data: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if data is None else _read(_only(inner), data)
    if origin is Literal:
        _require(data in inner)
        return data
    if origin in (tuple, list, dict):
        return _read_items(origin, inner, data)
    if dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
        hints = _hints(kind)
        _require(type(data) is list and len(data) == len(hints))
        return kind(*(_read(hint, one) for hint, one in zip(hints, data, strict=True)))
    if issubclass(kind, enum.Enum):
        return kind(data)
    return _READERS[kind](data)


def _read_items(origin: Any, inner: tuple[Any, ...], data: Any) -> Any:
    _require(type(data) is list and len(data) <= MOST_ITEMS)
    if origin is dict:
        return {_read(inner[0], k): _read(inner[1], v) for k, v in data}
    if origin is tuple and inner[-1] is not ...:
        return tuple(_read(hint, one) for hint, one in zip(inner, data, strict=True))
    return origin(_read(inner[0], one) for one in data)


def _number(data: Any) -> int:
    _require(type(data) is int and abs(data) < LARGEST_NUMBER)
    return int(data)


def _fraction(data: Any) -> Fraction:
    above, below = (_number(n) for n in data)
    _require(below > 0)
    return Fraction(above, below)


def _of(kind: type[T], bound: Callable[[T], bool]) -> Callable[[Any], T]:
    def read(data: Any) -> T:
        _require(type(data) is kind and bound(data))
        made: T = data
        return made

    return read


_READERS: dict[Any, Callable[[Any], Any]] = {
    int: _number,
    bool: _of(bool, lambda data: True),
    float: _of(float, lambda data: abs(data) < float(LARGEST_NUMBER)),
    str: _of(str, lambda data: len(data) <= LONGEST_TEXT),
    bytes: lambda data: bytes.fromhex(_READERS[str](data)),
    Fraction: _fraction,
}


@cache
def _hints(kind: Any) -> tuple[Any, ...]:
    hints = get_type_hints(kind)
    names = kind._fields if hasattr(kind, "_fields") else (f.name for f in dataclasses.fields(kind))
    return tuple(hints[name] for name in names)


def _only(inner: tuple[Any, ...]) -> Any:
    (kind,) = (one for one in inner if one is not type(None))
    return kind


def _require(holds: bool) -> None:
    if not holds:
        raise Untrusted("a message that makes no sense")
