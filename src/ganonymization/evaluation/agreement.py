"""How well an expression is kept: agreement of labels, Cohen's kappa, and correlation of measures within people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError

Array: TypeAlias = npt.NDArray[np.float64]


def label_agreement(before: Sequence[str], after: Sequence[str]) -> float:
    """Return the share of photos whose label stayed the same.

    Raises:
        NotMeasurableError: there are no photos.
        ValueError: the lists differ in length.
    """
    _require_pairs(len(before), len(after))
    return float(np.mean(np.asarray(before) == np.asarray(after)))


def confusion_rows(before: Sequence[str], after: Sequence[str], labels: Sequence[str]) -> Array:
    """Return (N, C * C), a one in the cell (before, after) of each photo; their sum is the flat confusion matrix.

    Raises:
        NotMeasurableError: there are no photos.
        ValueError: a label is not among `labels`, or the lists differ in length.
    """
    _require_pairs(len(before), len(after))
    place = {label: index for index, label in enumerate(labels)}
    unknown = sorted((set(before) | set(after)) - set(labels))
    if unknown:
        raise ValueError(f"labels {', '.join(unknown)} are not among {', '.join(labels)}")
    rows = np.zeros((len(before), len(labels) ** 2))
    cells = [place[first] * len(labels) + place[second] for first, second in zip(before, after, strict=True)]
    rows[np.arange(len(before)), cells] = 1
    return rows


def kappa_of_confusion(totals: Array) -> Array:
    """Return Cohen's kappa of flat confusion matrices (..., C * C); NaN where all photos have one and the same label.

    Cohen, "A coefficient of agreement for nominal scales", 1960.
    """
    count = round(totals.shape[-1] ** 0.5)
    table = totals.reshape(*totals.shape[:-1], count, count)
    photos = table.sum(axis=(-2, -1))
    observed = np.trace(table, axis1=-2, axis2=-1) * photos
    expected = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1)
    room = photos**2 - expected
    return np.asarray(np.divide(observed - expected, room, out=np.full(room.shape, np.nan), where=room > 0))


def agreement_of_confusion(totals: Array) -> Array:
    """Return the share of photos on the diagonal of flat confusion matrices (..., C * C)."""
    count = round(totals.shape[-1] ** 0.5)
    diagonal = totals[..., :: count + 1].sum(axis=-1)
    photos = totals.sum(axis=-1)
    return np.asarray(np.divide(diagonal, photos, out=np.full(photos.shape, np.nan), where=photos > 0))


def cohen_kappa(before: Sequence[str], after: Sequence[str]) -> float:
    """Return the agreement beyond chance: 1 when all labels stayed, 0 when the new ones know nothing of the old.

    Raises:
        NotMeasurableError: there are no photos, or all of them have one and the same label.
        ValueError: the lists differ in length.
    """
    labels = sorted(set(before) | set(after))
    kappa = float(kappa_of_confusion(confusion_rows(before, after, labels).sum(axis=0)))
    if not np.isfinite(kappa):
        raise NotMeasurableError(
            f"all {len(before)} photos are labelled {labels[0]!r} before and after; kappa needs two labels"
        )
    return kappa


def within_person_rows(first: Array, second: Array, people: Sequence[str]) -> Array:
    """Return (N, 3) squares and product of two measures, each less its mean over the person's photos.

    Args:
        first: (N,) measure on the original photos.
        second: (N,) the same on the anonymized ones.
        people: N names; a person with a single photo adds nothing.

    Raises:
        NotMeasurableError: there are no photos.
        ValueError: the lengths differ, or a measure is not finite.
    """
    _require_pairs(len(first), len(second))
    if not np.isfinite(first).all() or not np.isfinite(second).all():
        raise ValueError("a measure is not finite; leave out photos without landmarks")
    person_of = np.unique(np.asarray(people), return_inverse=True)[1]
    counts = np.bincount(person_of)
    x = first - (np.bincount(person_of, first) / counts)[person_of]
    y = second - (np.bincount(person_of, second) / counts)[person_of]
    return np.stack([x * x, y * y, x * y], axis=1)


def correlation_of_products(totals: Array) -> Array:
    """Return the correlation of sums (..., 3) of squares and product; NaN where a measure does not vary."""
    scale = np.sqrt(totals[..., 0] * totals[..., 1])
    return np.divide(totals[..., 2], scale, out=np.full_like(scale, np.nan), where=scale > 0)


def within_person_correlation(first: Array, second: Array, people: Sequence[str]) -> float:
    """Return how well one measure follows another from photo to photo of the same person.

    Raises:
        NotMeasurableError: nobody has two photos, or a measure does not vary.
    """
    r = float(correlation_of_products(within_person_rows(first, second, people).sum(axis=0)))
    if not np.isfinite(r):
        raise NotMeasurableError("no measure varies within a person; need people with two different photos each")
    return r


def _require_pairs(first: int, second: int) -> None:
    if first != second:
        raise ValueError(f"{first} values before and {second} after; need equally many")
    if not first:
        raise NotMeasurableError("no photos to compare; at least one is needed")
