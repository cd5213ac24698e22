"""Whether anonymized photos can stand in for real ones: train on them, test on originals, F1 for each class.

The classifier is small and fixed, so that the figure tells about the data: histograms of oriented gradients of the
aligned face (Dalal and Triggs, "Histograms of oriented gradients for human detection", 2005) and a logistic regression.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ganonymization.alignment import Framing, aligned_from_image
from ganonymization.crop import warp
from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.columns import Vectors, gathered
from ganonymization.evaluation.folds import people_folds
from ganonymization.types import Image, Landmarks

Array: TypeAlias = npt.NDArray[np.float64]

FACE_PX: Final = 64
FRAMING: Final = Framing(padding=0.2)
FOLDS: Final = 5

_CELL_PX: Final = 8
_BINS: Final = 9
_PENALTY: Final = 0.01
"""Inverse strength of the penalty on weights; features are standardized first."""


def describe_face(image: Image, landmarks: Landmarks) -> npt.NDArray[np.float32]:
    """Return the (1764,) description of one face that the classifier is given.

    Raises:
        FaceError: the landmarks cannot be aligned.
    """
    face = warp(image, aligned_from_image(landmarks, FRAMING, size_px=FACE_PX), size_px=FACE_PX)
    return oriented_gradients(np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), np.float32))


def oriented_gradients(levels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the (B,) histograms of oriented gradients of (S, S) brightness, S a multiple of 8.

    Nine directions without sign in cells of 8 px; each block of 2 x 2 cells has length 1 at most.
    """
    down, right = np.gradient(levels)
    strength = np.hypot(down, right)
    place = np.mod(np.arctan2(down, right), np.pi) * (_BINS / np.pi) - 0.5
    lower = np.floor(place)
    histograms = np.zeros((_BINS, *levels.shape))
    for bins, share in ((lower, 1 - (place - lower)), (lower + 1, place - lower)):
        index = np.mod(bins, _BINS).astype(np.intp)[None]
        np.put_along_axis(
            histograms, index, np.take_along_axis(histograms, index, 0) + (strength * share)[None], axis=0
        )
    count = len(levels) // _CELL_PX
    cells = histograms.reshape(_BINS, count, _CELL_PX, count, _CELL_PX).sum(axis=(2, 4))
    blocks = np.concatenate([cells[:, y : count - 1 + y, x : count - 1 + x] for y in (0, 1) for x in (0, 1)])
    return np.asarray(blocks / np.sqrt((blocks**2).sum(axis=0) + 1.0), np.float32).ravel()


def predict_held_out(
    training: Vectors, tested: Vectors, labels: Sequence[str], people: Sequence[str], *, folds: int = FOLDS
) -> list[str]:
    """Return a label for each photo from a classifier that learnt from other people.

    Args:
        training: (N, D) descriptions of the photos to learn from, anonymized ones for instance.
        tested: (N, D) descriptions of the same photos to be labelled, the originals for instance.
        labels: N true labels.
        people: N names; a person is on one side only.
        folds: parts of which one is labelled at a time.

    Raises:
        NotMeasurableError: there are fewer people than folds, or those to learn from have one label only.
        ValueError: the numbers differ.
    """
    if not len(training) == len(tested) == len(labels) == len(people):
        raise ValueError(f"{len(training)}, {len(tested)}, {len(labels)}, {len(people)} photos; need equally many")
    truth = np.asarray(labels)
    predicted = np.empty(len(truth), truth.dtype)
    for held_out in people_folds(people, count=folds):
        if len(np.unique(truth[~held_out])) < 2:
            raise NotMeasurableError("photos of one label to learn from; a classifier needs two labels on both sides")
        model = make_pipeline(
            StandardScaler(copy=False), LogisticRegression(C=_PENALTY, class_weight="balanced", max_iter=2000)
        )
        model.fit(gathered(training, ~held_out), truth[~held_out])
        predicted[held_out] = model.predict(gathered(tested, held_out))
    return [str(label) for label in predicted]


def f1_of_confusion(totals: Array) -> Array:
    """Return the (..., C) F1 of flat confusion matrices (..., C * C), true labels in rows.

    F1 = 2 TP / (2 TP + FP + FN); NaN where a label neither occurs nor is predicted.
    """
    count = round(totals.shape[-1] ** 0.5)
    table = totals.reshape(*totals.shape[:-1], count, count)
    hits = np.diagonal(table, axis1=-2, axis2=-1)
    seen = table.sum(axis=-1) + table.sum(axis=-2)
    return np.asarray(np.divide(2 * hits, seen, out=np.full(seen.shape, np.nan), where=seen > 0))


def mean_f1_of_confusion(totals: Array) -> Array:
    """Return the (...) mean F1 over the labels that occur; NaN where none does."""
    scores = f1_of_confusion(totals)
    known = np.isfinite(scores)
    total, count = np.where(known, scores, 0).sum(axis=-1), known.sum(axis=-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
