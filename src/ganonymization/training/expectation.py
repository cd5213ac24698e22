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
from ganonymization.shape import NUANCES, ShapeModel
from ganonymization.types import Landmarks

Array = npt.NDArray[np.float64]

NAMES: Final = ("middle", "scale", "features", "logits")

FARTHEST: Final = 4.0
"""Deviations from the mean of photos; what does more counts as that much, since no photo shows it."""

_FIRST, _SECOND = np.triu_indices(MEASURES)

DOING_SIZE: Final = MOTION_SIZE + NUANCES
"""What a face does: its motion (`correct.MOTION_SIZE`), and its nuances (`shape.ShapeModel.nuances`)."""

TERMS: Final = 1 + DOING_SIZE + len(_FIRST)


class Doings:
    """Tell what faces do.

    Args:
        model: the shape model.
    """

    def __init__(self, model: ShapeModel) -> None:
        self._model = model
        self._motions = Motions(model)

    def of(self, landmarks: Landmarks) -> Array:
        """Return the (15,) motion and nuances from the mean face to a face."""
        difference = self._model.shape_of(landmarks) - self._model.mean
        return np.concatenate([self._motions.of(landmarks), self._model.nuances @ difference.ravel()])


def explain(doings: Array, *, middle: Array, scale: Array) -> Array:
    """Return the (N, 1 + D + 36) constant, doings, and products of named measures that an expectation is linear in.

    Args:
        doings: (N, D) rows of which the first 8 values are the named measures, see `DOING_SIZE`.
        middle: (D,) mean over photos.
        scale: (D,) their deviation.
    """
    placed = np.clip((doings - middle) / scale, -FARTHEST, FARTHEST)
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
        self._doings = Doings(ShapeModel.load())
        for name in ("features", "logits"):
            self.register_buffer(name, torch.from_numpy(arrays[name].astype(np.float32)), persistent=False)

    @torch.no_grad()
    def forward(self, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """Return the (B, 256) features and the (B, 7) probabilities that are expected.

        Args:
            landmarks: (B, 478, 3) in shares of the crop's side, of faces that do what is to be shown.
        """
        points = landmarks.float().cpu().numpy()
        doings = np.array([self._doings.of(Landmarks(face, presence=1.0)) for face in points])
        rows = explain(doings.reshape(-1, DOING_SIZE), middle=self._middle, scale=self._scale)
        terms = torch.from_numpy(rows).to(self.features)
        return terms @ self.features, (terms @ self.logits).softmax(dim=1)
