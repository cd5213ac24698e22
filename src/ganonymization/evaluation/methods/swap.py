"""Randomization: everybody gets the face of somebody else of the set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganonymization.errors import NothingMadeError, NotMeasurableError
from ganonymization.evaluation.method import Altered, Method, Subject
from ganonymization.evaluation.methods.transplant import texture_of, transplant
from ganonymization.shape import ShapeModel
from ganonymization.types import Image


def swap(gallery: Sequence[Subject], /) -> Method:
    """Return the method that puts another person's face, drawn by the subject's identity, in the subject's pose.

    Raises:
        NotMeasurableError: the set has fewer than two people whose landmarks are known.
    """
    donors: dict[str, list[int]] = {}
    for index, subject in enumerate(gallery):
        if subject.landmarks.presence > 0:
            donors.setdefault(subject.person, []).append(index)
    if len(donors) < 2:
        raise NotMeasurableError(f"{len(donors)} people with known landmarks; faces are swapped among two or more")
    return _Swap(gallery, {person: donors[person] for person in sorted(donors)})


class _Swap:
    def __init__(self, gallery: Sequence[Subject], donors: dict[str, list[int]]) -> None:
        self._gallery = gallery
        self._donors = donors
        self._model = ShapeModel.load()

    def __call__(self, image: Image, subject: Subject, /) -> Altered:
        if subject.landmarks.presence <= 0:
            raise NothingMadeError(f"{subject.name}: without landmarks no other face can be put in place")
        random = np.random.default_rng(subject.identity)
        others = [person for person in self._donors if person != subject.person]
        photos = self._donors[others[random.integers(len(others))]]
        donor = self._gallery[photos[random.integers(len(photos))]]
        texture = texture_of(donor.read(), donor.landmarks, self._model)
        return Altered(transplant(texture, image, subject, self._model))
