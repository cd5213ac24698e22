"""What a generated face must keep: the landmarks that were asked for, and the expression of the training face."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganonymization import weights
from ganonymization.expression import FACE_EXPRESSION
from ganonymization.landmark import topology
from ganonymization.landmark.face_mesh import INPUT_PX, ROI_SCALE
from ganonymization.training.expectation import Expectation
from ganonymization.training.frozen import FrozenNetwork
from ganonymization.training.losses import landmark_distance
from ganonymization.training.regions import cut_aligned, cut_square, place_squares, shaken
from ganonymization.types import LANDMARK_COUNT

EXPRESSIVE_WEIGHT = 4.0
"""Weight of points on lips and brows over all others: they carry the expression."""

EYE_WEIGHT = 10.0
"""Weight of lids and irises, whose movements are the smallest."""

DEPTH_WEIGHT: Final = 0.5
"""Weight of depth, which tells where the head points, beside that of the place in the picture."""

JITTER: Final = 0.04
"""How far, in shares of its side, the square that the classifier sees is moved, turned and scaled."""

GRAIN: Final = 8.0
"""Deviation, in levels of 255, of the noise that is added to what the classifier sees."""

FEATURES: Final = "flatten_155"
"""What the classifier knows before it decides: its last layer, averaged over the face."""

_LEAST_PROBABILITY: Final = 1e-4

_LEAST_DISTANCE: Final = 1e-6


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
        low, high = landmarks[..., :2].amin(dim=1), landmarks[..., :2].amax(dim=1)
        center, side = (low + high) / 2, (high - low).amax(dim=1) * ROI_SCALE
        with torch.autocast(image.device.type, enabled=False):
            roi = cut_square(image.float(), center, side, size_px=INPUT_PX)
            found = self.mesh((roi + 1) / 2) / INPUT_PX
        placed = (found[..., :2] - 0.5) * side[:, None, None] + center[:, None]
        placed = torch.cat([placed, _depth(found * side[:, None, None])], dim=2)
        wanted = torch.cat([landmarks[..., :2], _depth(landmarks)], dim=2)
        scale = 100 / (high - low).amax(dim=1)[:, None, None]
        inside = ((low > 0) & (high < 1)).all(dim=1).float()
        return landmark_distance(placed * scale, wanted * scale, self.point_weights, inside)


class ExpressionConsistency(nn.Module):
    """Compare what a classifier sees in generated faces with what it sees in the training faces, or should expect to.

    Seven probabilities say little of a face; what the classifier knows before it decides says more (Danecek et al.,
    "EMOCA: emotion driven monocular face capture and animation", 2022). Of an invented person nothing can be asked but
    what others show who do the same (see `expectation`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.classifier = FrozenNetwork(weights.locate(FACE_EXPRESSION.weights), "probabilities")
        self.expect = Expectation()

    def forward(
        self,
        fake: Tensor,
        real: Tensor,
        landmarks: tuple[Tensor, Tensor],
        *,
        invented: Tensor,
        random: torch.Generator,
    ) -> Tensor:
        """Return how far apart what is seen in both is, plus the divergence of the probabilities, in nats.

        The first is a mean squared distance, in that of two training faces of the batch.

        Args:
            fake: (B, 3, S, S) in -1..1.
            real: (B, 3, S, S) in -1..1, with the same expressions.
            landmarks: of both, each (B, 478, 3) in shares of the crop's side.
            invented: (B,) 1 where another person is drawn, so that what is expected is wanted instead of what is seen.
            random: moves the squares that the classifier sees.
        """
        state = random.get_state()
        with torch.autocast(fake.device.type, enabled=False):
            with torch.no_grad():
                seen = self._classify(real.float(), landmarks[1], random)
                features, wanted = (
                    torch.where(invented[:, None] > 0, expected, own)
                    for expected, own in zip(self.expect(landmarks[1]), seen, strict=True)
                )
            random.set_state(state)  # both are moved alike
            found_features, found = self._classify(fake.float(), landmarks[0], random)
        strangers = (seen[0] - seen[0].roll(1, dims=0)).square().mean().clamp_min(_LEAST_DISTANCE)
        apart = (found_features - features).square().mean() / strangers
        wanted = wanted.clamp_min(_LEAST_PROBABILITY)
        return apart + (wanted * (wanted.log() - found.log())).sum(dim=1).mean()

    def _classify(self, image: Tensor, landmarks: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the (B, 256) features and the (B, 7) probabilities."""
        squares = shaken(place_squares(landmarks, FACE_EXPRESSION.framing), random, amount=JITTER)
        square = 127.5 * (cut_aligned(image, squares, size_px=FACE_EXPRESSION.size_px) + 1)
        features, probabilities = self.classifier.layers(_spoiled(square, random), (FEATURES, "probabilities"))
        return features, probabilities.clamp_min(_LEAST_PROBABILITY)


def _spoiled(square: Tensor, random: torch.Generator) -> Tensor:
    """Return (B, 3, S, S) pictures with grain, each second one soft: what a classifier reads must not hang on detail.

    Else the generator learns to please this one network by patterns that no eye and no other network sees.
    """
    grain = GRAIN * torch.randn(square.shape, generator=random).to(square.device)
    soft = F.interpolate(F.avg_pool2d(square, 2), scale_factor=2.0, mode="bilinear", align_corners=False)
    is_soft = (torch.rand(len(square), 1, 1, 1, generator=random) < 0.5).to(square.device)
    return torch.where(is_soft, soft, square) + grain


def _depth(points: Tensor) -> Tensor:
    """Return the (B, 478, 1) weighted depth of (B, 478, 3) points around its mean."""
    depth = points[..., 2:]
    return DEPTH_WEIGHT * (depth - depth.mean(dim=1, keepdim=True))


def _point_weights() -> Tensor:
    point_weights = torch.ones(LANDMARK_COUNT)
    lips_and_brows = topology.LIPS_OUTER + topology.LIPS_INNER + topology.RIGHT_BROW + topology.LEFT_BROW
    irises = tuple(range(topology.RIGHT_IRIS_CENTER, LANDMARK_COUNT))
    point_weights[list(lips_and_brows)] = EXPRESSIVE_WEIGHT
    point_weights[list(topology.RIGHT_EYE + topology.LEFT_EYE + irises)] = EYE_WEIGHT
    return point_weights / point_weights.sum()
