"""The kinds of objects. The module imports nothing: the options name them, and help must not wait
for NumPy."""

from __future__ import annotations

KINDS = ("face", "plate", "drawn")
"""Kinds of objects. `drawn` is an area that a person marked."""

FACE, PLATE, DRAWN = range(len(KINDS))

FINDABLE = (KINDS[FACE], KINDS[PLATE])
"""Kinds that a detector can look for."""
