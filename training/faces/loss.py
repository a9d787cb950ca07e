"""What the network should have said. SimOTA (Ge et al. 2021, "YOLOX", arXiv 2107.08430) chooses the
cells that answer for a face."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.faces.network import STRIDES

RADIUS = 2.5
"""Cells around the middle of a face that may answer for it."""

BEST = 10
"""Overlaps that decide how many cells answer for a face."""

BOX = 5.0
"""Weight of the boxes, as YuNet was trained."""


def flat(maps: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """All cells in one row: score logits (b, n, 2), boxes in pixels (b, n, 4) as corners, cells (n,
    3): middle, stride."""
    scores, boxes, cells = [], [], []
    for (score, box), stride in zip(maps, STRIDES, strict=True):
        height, width = score.shape[2:]
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        corner = torch.stack([x, y], -1).reshape(-1, 2).float()
        rows = box.float().permute(0, 2, 3, 1).reshape(len(box), -1, 4)
        middle, half = (
            (rows[..., :2] + corner) * stride,
            rows[..., 2:].clamp(-6, 6).exp() * stride / 2,
        )
        scores.append(score.float().permute(0, 2, 3, 1).reshape(len(score), -1, 2))
        boxes.append(torch.cat([middle - half, middle + half], -1))
        cells.append(torch.cat([corner * stride, torch.full((len(corner), 1), float(stride))], 1))
    return torch.cat(scores, 1), torch.cat(boxes, 1), torch.cat(cells)


def loss(maps: list[tuple[Tensor, Tensor]], faces: list[Tensor]) -> tuple[Tensor, Tensor]:
    """(of scores, of boxes), for each face that is there.

    faces  for each picture rows (x1, y1, x2, y2, ignore, loose).
    """
    scores, boxes, cells = flat(maps)
    of_scores, of_boxes, count = scores.new_zeros(()), scores.new_zeros(()), 0.0
    for score, box, rows in zip(scores, boxes, faces, strict=True):
        known, unknown = rows[rows[:, 4] == 0], rows[rows[:, 4] > 0]
        cell, face, overlap = assigned(score.detach(), box.detach(), cells, known[:, :4])
        wanted = torch.zeros_like(score)
        wanted[cell, 0], wanted[cell, 1] = (
            torch.where(known[face, 5] > 0, overlap.clamp(min=0.7), overlap),
            1.0,
        )
        counts = ~_inside(cells, unknown[:, :4]).any(1)
        counts[cell] = True
        of_there = functional.binary_cross_entropy_with_logits(
            score[:, 1], wanted[:, 1], reduction="none"
        )
        of_scores = of_scores + (of_there * counts).sum()
        of_scores = of_scores + functional.binary_cross_entropy_with_logits(
            score[cell, 0], wanted[cell, 0], reduction="sum"
        )
        has_box = known[face, 5] == 0
        of_boxes = of_boxes + _eiou(box[cell[has_box]], known[face[has_box], :4]).sum()
        count += len(cell)
    return of_scores / max(count, 1.0), BOX * of_boxes / max(count, 1.0)


@torch.no_grad()
def assigned(
    score: Tensor, box: Tensor, cells: Tensor, faces: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Cells that answer (m,), the face that each answers for (m,), and how well its box fits (m,),
    0 to 1."""
    none = torch.zeros(0, dtype=torch.long)
    if not len(faces):
        return none, none, score.new_zeros(0)
    middle = (faces[:, :2] + faces[:, 2:]) / 2
    is_near = ((cells[:, None, :2] - middle[None]).abs() < RADIUS * cells[:, None, 2:]).all(-1)
    is_inside = _inside(cells, faces)
    candidates = torch.nonzero((is_near | is_inside).any(1))[:, 0]
    if not len(candidates):
        return none, none, score.new_zeros(0)
    overlap = _iou(box[candidates], faces)
    chance = (
        (score[candidates, 0].sigmoid() * score[candidates, 1].sigmoid())
        .sqrt()
        .clamp(1e-6, 1 - 1e-6)[:, None]
    )
    is_both = (is_near & is_inside)[candidates]
    cost = -chance.log() - 3 * (overlap + 1e-8).log() + 1e5 * ~is_both
    chosen = torch.zeros_like(overlap, dtype=torch.bool)
    many = overlap.topk(min(BEST, len(candidates)), dim=0).values.sum(0).int().clamp(min=1)
    for f, k in enumerate(many.tolist()):
        chosen[cost[:, f].topk(min(k, len(candidates)), largest=False).indices, f] = True
    twice = chosen.sum(1) > 1
    if twice.any():
        best = cost[twice].argmin(1)
        chosen[twice] = False
        chosen[torch.nonzero(twice)[:, 0], best] = True
    row, face = torch.nonzero(chosen, as_tuple=True)
    return candidates[row], face, overlap[row, face]


def _inside(cells: Tensor, boxes: Tensor) -> Tensor:
    """(n, m) whether a cell's middle lies in a box."""
    return (
        (cells[:, None, :2] > boxes[None, :, :2]) & (cells[:, None, :2] < boxes[None, :, 2:])
    ).all(-1)


def _iou(a: Tensor, b: Tensor) -> Tensor:
    sides = torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(
        a[:, None, :2], b[None, :, :2]
    )
    shared = sides.clamp(min=0).prod(-1)
    areas = (a[:, 2:] - a[:, :2]).prod(-1)[:, None] + (b[:, 2:] - b[:, :2]).prod(-1)[None]
    return shared / (areas - shared).clamp(min=1e-6)


def _eiou(a: Tensor, b: Tensor) -> Tensor:
    """EIoU loss (Zhang et al. 2021, arXiv 2101.08158) of pairs of boxes."""
    shared = (
        (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2]))
        .clamp(min=0)
        .prod(-1)
    )
    overlap = shared / (
        (a[:, 2:] - a[:, :2]).prod(-1) + (b[:, 2:] - b[:, :2]).prod(-1) - shared
    ).clamp(min=1e-6)
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=1e-6)
    apart = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2
    sizes = (a[:, 2:] - a[:, :2]) - (b[:, 2:] - b[:, :2])
    return (
        1
        - overlap
        + apart.square().sum(-1) / hull.square().sum(-1)
        + (sizes / hull).square().sum(-1)
    )
