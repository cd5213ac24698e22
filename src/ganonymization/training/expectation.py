"""What a classifier may be expected to see in a face, by what the face does.

Two faces that do the same are still read differently: measures of expression, gaze and pose tell less than half of what
a classifier sees. The rest belongs to the person, and to the day. A generator that invents another person cannot know
it; compared with the training face it is told something else each time, and follows nothing. What is expected is the
mean of all that it could be told, without the noise; its answer among the expressions is as sure as those on photos.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ganonymization import weights
from ganonymization.correct import MEASURES, MOTION_SIZE, Motions
from ganonymization.shape import ShapeModel
from ganonymization.types import Landmarks

Array = npt.NDArray[np.float64]

NAMES: Final = ("middle", "scale", "features", "logits")

FARTHEST: Final = 4.0
"""Deviations from the mean of photos; what does more counts as that much, since no photo shows it."""

_FIRST, _SECOND = np.triu_indices(MEASURES)

TERMS: Final = 1 + MOTION_SIZE + len(_FIRST)


def explain(motions: Array, *, middle: Array, scale: Array) -> Array:
    """Return the (N, `TERMS`) constant, motions, and products of measures that an expectation is linear in.

    Args:
        motions: (N, 13), see `correct.MOTION_SIZE`.
        middle: (13,) mean of the motions of photos.
        scale: (13,) their deviation.
    """
    placed = np.clip((motions - middle) / scale, -FARTHEST, FARTHEST)
    return np.hstack([np.ones((len(placed), 1)), placed, placed[:, _FIRST] * placed[:, _SECOND]])


class Expectation(nn.Module):
    """Expect of a face what photos show, on average, of faces that do the same.

    Args:
        path: of the statistics; those of the package when none is given.

    Raises:
        WeightsError: the file is missing or holds something else.
    """

    features: Tensor
    logits: Tensor

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        arrays = weights.read_arrays(path or weights.locate("expectation"), NAMES, what="table of expectations")
        self._middle, self._scale = (arrays[name].astype(np.float64) for name in ("middle", "scale"))
        self._motions = Motions(ShapeModel.load())
        for name in ("features", "logits"):
            self.register_buffer(name, torch.from_numpy(arrays[name].astype(np.float32)), persistent=False)

    @torch.no_grad()
    def forward(self, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """Return the (B, 256) features and the (B, 7) probabilities that are expected.

        Args:
            landmarks: (B, 478, 3) in shares of the crop's side, of faces that do what is to be shown.
        """
        points = landmarks.float().cpu().numpy()
        motions = np.array([self._motions.of(Landmarks(face, presence=1.0)) for face in points])
        rows = explain(motions.reshape(-1, MOTION_SIZE), middle=self._middle, scale=self._scale)
        terms = torch.from_numpy(rows).to(self.features)
        return terms @ self.features, (terms @ self.logits).softmax(dim=1)
