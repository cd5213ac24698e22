"""A second detector, of another make than the one that faces are found by: MediaPipe's short-range BlazeFace.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019. It is made for faces that
fill much of the picture, so it is shown the surroundings of one face at a time. Numbers without another source are
those of MediaPipe's graph `modules/face_detection/face_detection_short_range`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization import weights
from ganonymization.crop import warp
from ganonymization.detect.nms import iou_with
from ganonymization.geometry import square_from_image, transform
from ganonymization.onnx import Network, Runtime
from ganonymization.types import Affine, Box, Image

Floats = npt.NDArray[np.float32]

INPUT_PX: Final = 128
SCORE_THRESHOLD: Final = 0.5
LARGEST_LOGIT: Final = 100.0

GRIDS: Final = ((16, 2), (8, 6))
"""Cells to a side and anchors in each: one layer of stride 8 and three of stride 16, two anchors for each layer."""

WINDOW_SCALE: Final = 2.5
"""Side of what is looked at, in longer sides of the face's box."""

SAME_FACE_IOU: Final = 0.3
"""As in `verify.find_again`."""


class BlazeFace:
    """Say whether there is a face in a place.

    Args:
        network: `blazeface.onnx`; input (N, 3, 128, 128) RGB in -1..1, outputs as in the catalogue.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    @classmethod
    def load(cls, *, runtime: Runtime = Runtime()) -> BlazeFace:  # noqa: B008 - frozen
        """Return the detector with the weights of the package."""
        path = weights.locate("blazeface")
        return cls(Network(path, inputs=["image"], outputs=["boxes", "scores"], runtime=runtime))

    def __call__(self, image: Image, box: Box, /) -> bool:
        """Return whether a face is seen in a box of the picture, which may lie partly outside of it."""
        window_from_image = window_around(box)
        window = warp(image, window_from_image, size_px=INPUT_PX)
        boxes, scores = self._network(image=window.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)
        corners = np.array([[box.left, box.top], [box.right, box.bottom]], np.float32)
        expected = transform(corners, window_from_image).reshape(4).astype(np.float32)
        seen = decode_boxes(boxes[0])[decode_scores(scores[0]) >= SCORE_THRESHOLD]
        return bool((iou_with(expected, seen) >= SAME_FACE_IOU).any())


def window_around(box: Box) -> Affine:
    """Return the map from the picture to the square around a box that is looked at."""
    side_px = WINDOW_SCALE * max(box.width, box.height, 1.0)
    return square_from_image(box.center, side_px, roll_rad=0.0, size_px=INPUT_PX)


def anchor_centers() -> Floats:
    """Return the (896, 2) centres (x, y) of the anchors in pixels of the input, row by row; all have its size."""
    layers = []
    for cells, count in GRIDS:
        middle_px = (np.arange(cells, dtype=np.float32) + 0.5) * (INPUT_PX / cells)
        y, x = np.meshgrid(middle_px, middle_px, indexing="ij")
        layers.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), count, axis=0))
    return np.concatenate(layers)


def decode_boxes(values: Floats) -> Floats:
    """Return (N, 4) left, top, right, bottom in pixels of the input, from the network's (N, 16) values."""
    centers, half_sizes = values[:, :2] + anchor_centers(), values[:, 2:4] / 2
    return np.concatenate([centers - half_sizes, centers + half_sizes], axis=1)


def decode_scores(logits: Floats) -> Floats:
    """Return (N,) probabilities, 0..1, of the network's logits."""
    clipped = np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT).astype(np.float64)
    return (1 / (1 + np.exp(-clipped))).astype(np.float32)
