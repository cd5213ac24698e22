"""Pure functions on arrays of boxes: overlap, and one box per object."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def iou_with(box: Floats, boxes: Floats) -> Floats:
    """Return the intersection over union of one box (4,) with each of (N, 4), all (left, top, right, bottom).

    Two boxes without area have nothing in common: 0.
    """
    top_left = np.maximum(box[:2], boxes[:, :2])
    bottom_right = np.minimum(box[2:], boxes[:, 2:])
    shared: Floats = np.prod(np.clip(bottom_right - top_left, 0, None), axis=1)
    together = area(box[None]) + area(boxes) - shared
    iou: Floats = np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)
    return iou


def area(boxes: Floats) -> Floats:
    """Return the areas of (N, 4) boxes (left, top, right, bottom)."""
    sizes: Floats = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return sizes


def suppress(boxes: Floats, scores: Floats, *, maximum_iou: float) -> npt.NDArray[np.intp]:
    """Return the indices of boxes that no better one overlaps, best first.

    Greedy non-maximum suppression: one step per box that stays, each vectorized over the boxes still open. Equal scores
    keep their order.

    Args:
        boxes: (N, 4) left, top, right, bottom.
        scores: (N,).
        maximum_iou: a box that overlaps a better one by more than this is dropped, 0..1.
    """
    kept = []
    rest = np.argsort(-scores, kind="stable")
    while rest.size:
        best, rest = rest[0], rest[1:]
        kept.append(best)
        rest = rest[iou_with(boxes[best], boxes[rest]) <= maximum_iou]
    return np.array(kept, dtype=np.intp)
