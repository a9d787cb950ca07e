"""The kinds of objects. The module imports nothing: the options name them, and help must not wait
for NumPy."""

from __future__ import annotations

KINDS = ("face", "plate", "drawn", "text", "code", "person")
"""Kinds of objects. `drawn` is an area that a person marked. Plans and exports hold their numbers
and names: a new kind comes last."""

FACE, PLATE, DRAWN, TEXT, CODE, PERSON = range(len(KINDS))

FINDABLE = (KINDS[FACE], KINDS[PLATE], KINDS[TEXT], KINDS[CODE], KINDS[PERSON])
"""Kinds that a detector can look for."""

BY_DEFAULT = (KINDS[FACE], KINDS[PLATE])
"""Kinds that are looked for unless others are named."""
