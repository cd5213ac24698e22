"""Whether new faces tremble: how much frames differ once the motion that they show is taken out."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ganonymization.types import Image, Points

_MARGIN_PX: Final = 16
"""Room around the face, so that motion into it is seen."""


def change_without_motion(last: Image, current: Image, outline: Points) -> float:
    """Return the mean difference, in levels of 255, of a face from the frame before, moved to where it is now.

    The motion is measured between the two frames themselves (dense inverse search; Kroeger et al., "Fast optical flow
    using dense inverse search", 2016), so that what a method draws is judged by its own motion.

    Args:
        last: (H, W, 3) the frame before.
        current: (H, W, 3) the frame.
        outline: (N, 2) points around the face in the current frame; the change is measured inside their hull.

    Raises:
        ValueError: the outline lies outside of the frame.
    """
    part = _around(outline, current)
    if min(side.stop - side.start for side in part) < _MARGIN_PX:
        raise ValueError(f"the outline leaves {part} of the frame; it must lie inside")
    before, now = (cv2.cvtColor(np.ascontiguousarray(image[part]), cv2.COLOR_RGB2GRAY) for image in (last, current))
    still = np.zeros((*now.shape, 2), np.float32)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(now, before, still)
    rows, columns = np.indices(now.shape, np.float32)
    moved = cv2.remap(before, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)
    mask = np.zeros(now.shape, np.uint8)
    corners = cv2.convexHull(outline[:, :2].astype(np.float32)).reshape(-1, 2) - (part[1].start, part[0].start)
    cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 1)
    difference = cv2.absdiff(moved, now)[mask > 0]
    return float(difference.mean()) if difference.size else 0.0


def _around(outline: Points, image: Image) -> tuple[slice, slice]:
    height, width = image.shape[:2]
    left, top = np.floor(outline[:, :2].min(axis=0)).astype(int) - _MARGIN_PX
    right, bottom = np.ceil(outline[:, :2].max(axis=0)).astype(int) + _MARGIN_PX
    return slice(max(0, top), max(0, min(height, bottom))), slice(max(0, left), max(0, min(width, right)))
