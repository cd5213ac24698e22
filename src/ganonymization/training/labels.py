"""What training faces look like: sex, age band and beard, by which the bank is sorted; and their expressions.

Sex and age come from the shipped `faceres` network. Nothing shipped knows beards: a ridge regression learns them over
the same network's descriptors, from faces that were looked at one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization import weights
from ganonymization.alignment import aligned_batch
from ganonymization.appearance import AGE_BANDS
from ganonymization.expression import ExpressionClassifier
from ganonymization.onnx import Network, Runtime
from ganonymization.recognise import FACERES
from ganonymization.shape import ShapeModel
from ganonymization.training.prepare import MARGIN, FaceSet
from ganonymization.traits import ShapeTraits, told
from ganonymization.types import Landmarks

Array = npt.NDArray[np.float32]

CHILD_BELOW_YEARS: Final = 13.0
OLD_FROM_YEARS: Final = 52.0
"""Bounds of the age bands in years as `faceres` guesses them; it guesses old people ten years too young."""

RIDGE: Final = 0.3
"""Strength of the ridge for descriptors of unit variance; best of six in cross-validation (0.90 right, AUC 0.95)."""


LEAST_SHARE: Final = 0.02
"""No label counts as rarer: a handful of faces must not be seen all the time."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceLabels:
    """Apparent traits of N faces.

    Attributes:
        male: (N,) float32, 1 where the face is taken for a man's, from 0 to 1.
        age: (N,) intp, place in `appearance.AGE_BANDS`.
        beard: (N,) bool.
    """

    male: Array
    age: npt.NDArray[np.intp]
    beard: npt.NDArray[np.bool_]

    @classmethod
    def load(cls, path: Path) -> FaceLabels:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in cls.__slots__})

    def save(self, path: Path) -> None:
        """Write an array file."""
        np.savez_compressed(path, allow_pickle=False, **{name: getattr(self, name) for name in self.__slots__})


def label_faces(faces: FaceSet, seen: Mapping[str, bool], *, runtime: Runtime = Runtime()) -> FaceLabels:  # noqa: B008 - frozen
    """Label every face of a set.

    Args:
        faces: the set.
        seen: for some of its file names, whether a beard was seen; grown men and youths.
        runtime: for the network.
    """
    male, age, descriptors = _traits(faces, runtime)
    grown_men = (male > 0.5) & (age > 0)
    return FaceLabels(male, age, grown_men & find_beards(descriptors, faces.names, seen))


def label_expressions(faces: FaceSet, *, runtime: Runtime = Runtime()) -> npt.NDArray[np.intp]:  # noqa: B008 - frozen
    """Return the (N,) most probable expression of each face, a place in the labels of the receipts' classifier."""
    classify = ExpressionClassifier.load(runtime=runtime)
    found = [classify(faces.images[index], picture_landmarks(faces, index)) for index in range(len(faces.names))]
    return np.array([int(np.argmax(expression.probabilities)) for expression in found], np.intp)


def label_looks(faces: FaceSet, *, runtime: Runtime = Runtime()) -> npt.NDArray[np.intp]:  # noqa: B008 - frozen
    """Return the (N,) look of each face: one number for every combination of expression, apparent sex and age band."""
    male, age, _ = _traits(faces, runtime)
    expressions = label_expressions(faces, runtime=runtime)
    return np.asarray((2 * expressions + (male > 0.5)) * len(AGE_BANDS) + age, np.intp)


def male_by_shape(faces: FaceSet) -> npt.NDArray[np.float64]:
    """Return the (N,) logits of being taken for a man that the landmarks of faces suggest (see `traits`)."""
    model, traits = ShapeModel.load(), ShapeTraits.load()
    shapes = [model.shape_of(picture_landmarks(faces, index)) for index in range(len(faces.names))]
    return told(traits.male, np.array([model.coefficients_of(shape) for shape in shapes]))


def rare_more_often(labels: npt.NDArray[np.intp], power: float) -> npt.NDArray[np.float64]:
    """Return how often each of N faces is to be drawn, as shares: the more often, the rarer its label.

    Args:
        labels: (N,) of the faces.
        power: 0 for every face alike, 1 for every label alike.
    """
    shares = np.maximum(np.bincount(labels)[labels] / len(labels), LEAST_SHARE) ** -power
    return np.asarray(shares / shares.sum())


def find_beards(descriptors: Array, names: npt.NDArray[np.str_], seen: Mapping[str, bool]) -> npt.NDArray[np.bool_]:
    """Return (N,) whether each face has a beard, learnt from those that were seen; what was seen stands.

    Args:
        descriptors: (N, D).
        names: (N,) file names.
        seen: name to beard, for some of them.
    """
    known = np.array([name in seen for name in names])
    answers = np.array([seen.get(str(name), False) for name in names])
    scores = _ridge_scores(descriptors[known], answers[known], descriptors)
    return np.where(known, answers, scores > 0)


def _ridge_scores(samples: Array, answers: npt.NDArray[np.bool_], queries: Array) -> npt.NDArray[np.float64]:
    """Return above zero where `answers` would be true; both answers weigh alike in the offset."""
    middle, scale = samples.mean(axis=0), samples.std()
    x, y = (samples - middle) / scale, 2.0 * answers - 1
    kernel = x @ x.T / x.shape[1]
    dual = np.linalg.solve(kernel + RIDGE * np.eye(len(x)), y - y.mean())
    return np.asarray((queries - middle) / scale @ x.T / x.shape[1] @ dual + y.mean())


def _traits(faces: FaceSet, runtime: Runtime) -> tuple[Array, npt.NDArray[np.intp], Array]:
    """Return how male each of N faces looks, (N,) from 0 to 1, their (N,) age bands, and the (N, D) descriptors."""
    outputs = ["age", "gender", "descriptor"]
    network = Network(weights.locate("faceres"), inputs=["image"], outputs=outputs, runtime=runtime)
    rows = [network(image=_square(faces, index)) for index in range(len(faces.names))]
    years, male, descriptors = (np.concatenate(column) for column in zip(*rows, strict=True))
    return male, (years >= CHILD_BELOW_YEARS).astype(np.intp) + (years >= OLD_FROM_YEARS), descriptors


def _square(faces: FaceSet, index: int) -> Array:
    points = [picture_landmarks(faces, index)]
    return aligned_batch(faces.images[index], points, framing=FACERES.framing, size_px=FACERES.size_px)


def picture_landmarks(faces: FaceSet, index: int) -> Landmarks:
    """Return the landmarks of a face in pixels of its prepared picture."""
    side_px = faces.images.shape[1]
    size_px = side_px / MARGIN
    shift = np.array([(side_px - size_px) / 2, (side_px - size_px) / 2, 0])
    return Landmarks((faces.landmarks[index] * size_px + shift).astype(np.float32))
