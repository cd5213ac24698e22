"""Landmark consistency: the face mesh must find on a generated face the landmarks that were asked for."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganonymization import weights
from ganonymization.landmark import topology
from ganonymization.landmark.face_mesh import INPUT_PX, ROI_SCALE
from ganonymization.training.frozen import FrozenNetwork
from ganonymization.training.losses import landmark_distance
from ganonymization.types import LANDMARK_COUNT

EXPRESSIVE_WEIGHT = 4.0
"""Weight of points on lips and brows over all others: they carry the expression."""

EYE_WEIGHT = 10.0
"""Weight of lids and irises, whose movements are the smallest."""


class LandmarkConsistency(nn.Module):
    """Compare landmarks found on images with those that the images were made from.

    Distances are in percent of the face's extent, so that the loss is of the order of one.
    """

    point_weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.mesh = FrozenNetwork(weights.locate("face_mesh"), "landmarks")
        self.register_buffer("point_weights", _point_weights(), persistent=False)

    def forward(self, image: Tensor, landmarks: Tensor) -> Tensor:
        """Return the loss.

        Args:
            image: (B, 3, S, S) in -1..1.
            landmarks: (B, 478, 3) in shares of the crop's side.
        """
        wanted = landmarks[..., :2]
        low, high = wanted.amin(dim=1), wanted.amax(dim=1)
        center, side = (low + high) / 2, (high - low).amax(dim=1) * ROI_SCALE
        with torch.autocast(image.device.type, enabled=False):
            roi = _cut(image.float(), center, side)
            found = self.mesh((roi + 1) / 2)[..., :2] / INPUT_PX
        placed = center[:, None] + (found - 0.5) * side[:, None, None]
        scale = 100 / (high - low).amax(dim=1)[:, None, None]
        inside = ((low > 0) & (high < 1)).all(dim=1).float()
        return landmark_distance(placed * scale, wanted * scale, self.point_weights, inside)


def _cut(image: Tensor, center: Tensor, side: Tensor) -> Tensor:
    """Return (B, 3, 192, 192) squares with centre (B, 2) and side (B,) in shares of the image's side."""
    theta = torch.zeros(len(image), 2, 3, device=image.device)
    theta[:, 0, 0] = theta[:, 1, 1] = side
    theta[:, :, 2] = 2 * center - 1
    grid = F.affine_grid(theta, [len(image), 3, INPUT_PX, INPUT_PX], align_corners=False)
    return F.grid_sample(image, grid, padding_mode="border", align_corners=False)


def _point_weights() -> Tensor:
    point_weights = torch.ones(LANDMARK_COUNT)
    lips_and_brows = topology.LIPS_OUTER + topology.LIPS_INNER + topology.RIGHT_BROW + topology.LEFT_BROW
    irises = tuple(range(topology.RIGHT_IRIS_CENTER, LANDMARK_COUNT))
    point_weights[list(lips_and_brows)] = EXPRESSIVE_WEIGHT
    point_weights[list(topology.RIGHT_EYE + topology.LEFT_EYE + irises)] = EYE_WEIGHT
    return point_weights / point_weights.sum()
