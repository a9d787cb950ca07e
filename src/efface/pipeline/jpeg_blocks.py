"""Whole blocks of a JPEG: areas grow to them, and outside of them a copy may keep what was stored.

A JPEG stores blocks of pixels. A block across the rim of an erased area was computed from both
sides, so what stays of it bears a trace of what went. Areas that end where blocks end leave none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.containers.admission import admit
from efface.errors import DamagedSource
from efface.geometry import Size
from efface.media.interfaces import Source, SourceInfo
from efface.options import Options, ReadOptions
from efface.pipeline.sources import format_of, opened
from efface.planning.plan import Plan
from efface.regions import BlockGrid

NOT_EXACT = "its blocks could not be kept as they are, so all of it was encoded anew"
"""Note on a source for which `--jpeg exact` was asked."""

TURNED_STEPS = 6
"""Steps of 255 by which the decoded pixels of a picture may differ after it was turned: decoders
round rows and columns in turn. Pictures that were not turned must be the same."""


def grid_of(info: SourceInfo, options: Options) -> BlockGrid | None:
    """Return the blocks to which areas grow; None where they do not."""
    if info.medium != "photo" or info.format != "jpeg":
        return None
    from efface.media.still.image_reader import traits_of  # loads Pillow, as below

    is_asked = options.paint.rim == "blocks" or options.write.jpeg == "exact"
    return traits_of(info).grid if is_asked else None


def on_blocks(plan: Plan, info: SourceInfo, options: Options) -> Plan:
    """Return the plan with areas that end where blocks end, if the options ask for it."""
    grid = grid_of(info, options)
    return plan if grid == plan.grid else replace(plan, grid=grid)


def is_exact(info: SourceInfo, options: Options, target: Path) -> bool:
    """Return whether the target keeps blocks as they are."""
    is_asked = info.format == "jpeg" and options.write.jpeg == "exact"
    return is_asked and format_of(target, info) == "jpeg"


def exactly(
    draft: Path, source: Source, plan: Plan, write: Callable[[SourceInfo], None], read: ReadOptions
) -> Plan:
    """Write a draft whose blocks outside of the erased areas are those of the source, and return
    the plan with the areas that it erases.

    write  writes a draft from what is known of a source.

    Where that is not possible the draft is an ordinary one, and a note says why. Raises what
    reading the source and the draft, and writing the draft, raise.
    """
    from efface.media.still.jpeg_coefficients import upright_tables

    write(upright_tables(source.info))
    grid, size_wh = plan.grid, plan.size_at(0)
    kept = replace(plan, grid=replace(grid, reach=0)) if grid is not None else plan
    why = _kept(draft, source, kept, size_wh, read) if grid is not None else "its header is odd"
    if not why:
        return kept
    source.info.notes.append(f"{NOT_EXACT}: {why}")
    write(source.info)
    return plan


def _kept(draft: Path, source: Source, plan: Plan, size_wh: Size, read: ReadOptions) -> str:
    """Put the source's blocks into the draft. Return why that is not possible, or empty."""
    from efface.media.still.image_reader import traits_of
    from efface.media.still.jpeg_coefficients import HasBlocks, keep_blocks

    if not isinstance(source, HasBlocks):
        return "this kind of source does not tell them"
    if plan.is_black(0):
        return "the whole picture is black"
    erased, orientation = _erased(plan, size_wh), traits_of(source.info).orientation
    if orientation != 1 and _is_cut(plan.grid, size_wh):
        return "the picture is turned, and its size is not a multiple of its blocks'"
    try:
        blocks = source.jpeg_blocks()
    except DamagedSource:
        return "they cannot be read"
    if why := keep_blocks(draft, blocks, orientation, erased, size_wh):
        return why
    most = 0 if orientation == 1 else TURNED_STEPS
    if _is_same(source, draft, _changed(erased, plan.grid, size_wh), most, read):
        return ""
    return "they do not show the picture that was looked at"


def _erased(plan: Plan, size_wh: Size) -> NDArray[np.bool_]:
    """Return (h, w) bool: the pixels of all blocks that are erased."""
    mask = np.zeros((size_wh[1], size_wh[0]), np.bool_)
    for x1, y1, x2, y2 in (r.box for r in plan.regions(0)):
        mask[y1:y2, x1:x2] = True
    return mask


def _is_cut(grid: BlockGrid | None, size_wh: Size) -> bool:
    return grid is None or any(n % side for n, side in zip(size_wh, grid.block_wh, strict=True))


def _changed(erased: NDArray[np.bool_], grid: BlockGrid | None, size_wh: Size) -> NDArray[np.uint8]:
    """Return (h, w) uint8: 0 where the copy may differ. These are erased blocks, blocks that reach
    beyond the picture, and one pixel beside them, which takes colour from them."""
    kept = (~erased).astype(np.uint8)
    assert grid is not None
    across, down = ((n // side) * side for n, side in zip(size_wh, grid.block_wh, strict=True))
    kept[down:], kept[:, across:] = 0, 0
    return np.asarray(cv2.erode(kept, np.ones((3, 3), np.uint8), borderValue=1), np.uint8)


def _is_same(
    source: Source, draft: Path, kept: NDArray[np.uint8], most: int, read: ReadOptions
) -> bool:
    """Return whether both decode to the same pixels where nothing was changed. Only then are the
    blocks those of the picture that was looked at."""
    before = next(iter(source.frames())).unpack()
    with opened(admit(draft), replace(read, bad_frames="fail")) as made:
        after = next(iter(made.frames())).unpack()
    if (before.size_wh, before.layout) != (after.size_wh, after.layout):
        return False
    return all(_step(a, b, kept) <= most for a, b in zip(before.planes, after.planes, strict=True))


def _step(a: NDArray[np.generic], b: NDArray[np.generic], kept: NDArray[np.uint8]) -> float:
    return cv2.norm(np.ascontiguousarray(a), np.ascontiguousarray(b), cv2.NORM_INF, kept)
