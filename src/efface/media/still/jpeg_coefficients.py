"""The DCT coefficients of a JPEG: read them, turn them upright, and put them into another JPEG.

A JPEG stores blocks of 8 x 8 coefficients. Blocks that are copied as they are lose nothing. The
file that they are put into was encoded by efface: its header, markers, tables and codes are that
encoder's. Only numbers come from the source.

jpegio, with libjpeg-turbo in it, reads and writes the entropy coding. It is an extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from efface.errors import ExtraMissing
from efface.geometry import Size
from efface.media.interfaces import SourceInfo
from efface.media.still.image_reader import traits_of
from efface.media.still.still_facts import MIRRORED_X, MIRRORED_Y, TRANSPOSED

SIDE = 8
"""Coefficients along a side of a block."""

Table = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """One colour of a JPEG.

    factors  how many of its blocks one MCU has, across and down.
    blocks   how many blocks it has, across and down.
    table    its 64 quantisation steps, row by row.
    """

    factors: tuple[int, int]
    blocks: tuple[int, int]
    table: Table

    def turned(self, orientation: int) -> Component:
        """Return it as the upright picture has it."""
        if orientation not in TRANSPOSED:
            return self
        (h, v), (across, down) = self.factors, self.blocks
        return Component((v, h), (down, across), transposed(self.table))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of its coefficients."""
        return SIDE * self.blocks[1], SIDE * self.blocks[0]


Coefficients = NDArray[np.int16]
"""(rows, columns) of one component: whole blocks beside and below each other."""


@dataclass(frozen=True, slots=True, eq=False)
class JpegBlocks:
    """All blocks of a JPEG as it is stored. planes: the coefficients of each component."""

    components: tuple[Component, ...]
    planes: tuple[Coefficients, ...]


@runtime_checkable
class HasBlocks(Protocol):
    """A source that can tell the blocks of a JPEG."""

    def jpeg_blocks(self) -> JpegBlocks:
        """Return the blocks. Raises DamagedSource, WorkerDied, ExtraMissing."""


def transposed(table: Sequence[int]) -> Table:
    """Return quantisation steps for a picture whose rows became columns."""
    if len(table) != SIDE * SIDE:
        return tuple(table)
    return tuple(np.array(table).reshape(SIDE, SIDE).T.ravel().tolist())


def upright_tables(info: SourceInfo) -> SourceInfo:
    """Return what is known of a JPEG, with the quantisation tables that it has when it is turned
    upright."""
    traits = traits_of(info)
    if traits.orientation not in TRANSPOSED:
        return info
    return replace(
        info, private=replace(traits, qtables=[list(transposed(t)) for t in traits.qtables])
    )


def library() -> Any:
    """Return jpegio. Raises ExtraMissing."""
    try:
        import jpegio
    except ImportError as e:
        raise ExtraMissing("jpeg") from e
    return jpegio


def blocks_of(path: Path) -> JpegBlocks:
    """Read the blocks of a file. Raises RuntimeError, OSError, ExtraMissing."""
    read = library().read(str(path))
    components = _components(read)
    planes = tuple(np.asarray(c, np.int16) for c in read.coef_arrays)
    return JpegBlocks(components, planes)


def upright(plane: Coefficients, orientation: int) -> Coefficients:
    """Return coefficients of the picture turned upright. Turning changes no number but its sign."""
    if orientation in TRANSPOSED:
        plane = plane.T
    down, across = (n // SIDE for n in plane.shape)
    cells = plane.reshape(down, SIDE, across, SIDE)
    sign = np.where(np.arange(SIDE) % 2, -1, 1).astype(np.int16)
    if orientation in MIRRORED_X:
        cells = cells[:, :, ::-1] * sign
    if orientation in MIRRORED_Y:
        cells = cells[::-1] * sign[:, None, None]
    return np.asarray(np.ascontiguousarray(cells).reshape(plane.shape), np.int16)


def keep_blocks(
    path: Path, source: JpegBlocks, orientation: int, erased: NDArray[np.bool_], size_wh: Size
) -> str:
    """Put the source's blocks into a JPEG that efface encoded from the painted picture, and write
    it anew. Return why that is not possible; empty if it was done.

    erased   (h, w) bool of the upright picture, whole MCUs.
    size_wh  of the upright picture.
    """
    own = library().read(str(path))
    components = tuple(c.turned(orientation) for c in source.components)
    if why := _mismatch(components, _components(own)):
        return why
    most = max(h for h, _ in _factors(components)), max(v for _, v in _factors(components))
    for ours, plane, component in zip(own.coef_arrays, source.planes, components, strict=True):
        theirs = upright(plane, orientation)
        kept = _kept(component, most, erased, size_wh)
        cells = (component.blocks[1], SIDE, component.blocks[0], SIDE)
        np.copyto(ours.reshape(cells), theirs.reshape(cells), where=kept[:, None, :, None])
    own.optimize_coding = 1  # codes that fit the numbers, computed anew
    try:
        library().write(own, str(path))
    except RuntimeError:  # libjpeg's errors
        return "they hold numbers that no encoder writes"
    return ""


def _components(read: Any) -> tuple[Component, ...]:
    return tuple(
        Component(
            (c.h_samp_factor, c.v_samp_factor),
            (c.width_in_blocks, c.height_in_blocks),
            _table(read, c.quant_tbl_no),
        )
        for c in read.comp_info
    )


def _table(read: Any, number: int) -> Table:
    # jpegio lists the tables that exist, and does not tell their numbers. Where they are not
    # counted from 0 this is another table, and the check of the pixels notices.
    tables = read.quant_tables
    return tuple(tables[number].ravel().tolist()) if number < len(tables) else ()


def _factors(components: tuple[Component, ...]) -> list[tuple[int, int]]:
    # A picture of one colour has no MCU: whatever its factors say, its blocks lie side by side.
    return [c.factors for c in components] if len(components) > 1 else [(1, 1)]


def _mismatch(source: tuple[Component, ...], own: tuple[Component, ...]) -> str:
    """Return why blocks of one file do not fit into the other."""
    if len(source) != len(own):
        return "its colours are stored in another way than efface writes them"
    if _factors(source) != _factors(own) or any(
        a.blocks != b.blocks for a, b in zip(source, own, strict=True)
    ):
        return "its colours have a resolution, or a turned one, that efface does not write"
    if any(a.table != b.table for a, b in zip(source, own, strict=True)):
        return "its quantisation tables are not of the kind that efface writes"
    return ""


def _kept(
    component: Component, most: tuple[int, int], erased: NDArray[np.bool_], size_wh: Size
) -> NDArray[np.bool_]:
    """Return (down, across) bool: which blocks of a component stay as they are.

    A block that reaches beyond the picture does not: what it holds there nobody has seen.
    """
    (across, down), (h, v) = component.blocks, component.factors
    # Pixels of the picture that one block of this component colours.
    width, height = (
        SIDE * m // f for m, f in zip(most, (h, v) if most != (1, 1) else (1, 1), strict=True)
    )
    seen = np.zeros((down * height, across * width), np.bool_)
    rows, columns = min(size_wh[1], len(seen)), min(size_wh[0], seen.shape[1])
    seen[:rows, :columns] = ~erased[:rows, :columns]
    return np.asarray(seen.reshape(down, height, across, width).all(axis=(1, 3)))
