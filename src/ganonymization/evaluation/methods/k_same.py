"""Generalization by averages: k people share one face.

Newton, Sweeney and Malin, "Preserving privacy by de-identifying face images", 2005, with shapes averaged as well as
colours, as in Gross et al., "Model-based face de-identification", 2006. A person's photos all get the same face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ganonymization.errors import NothingMadeError, NotMeasurableError
from ganonymization.evaluation.method import Altered, Method, Subject
from ganonymization.evaluation.methods.transplant import Texture, mean_texture, texture_of, transplant
from ganonymization.geometry import head_pose_deg
from ganonymization.shape import ShapeModel
from ganonymization.types import Image

K: Final = 10
"""People who share a face."""


def k_same(gallery: Sequence[Subject], /, *, k: int = K) -> Method:
    """Return the method that gives every person the average of k people: themselves and those of the nearest shapes.

    Of each person the photo counts that faces the camera most.

    Args:
        gallery: the whole set.
        k: people who share a face; when people are left over, the last average is shared by more.

    Raises:
        NotMeasurableError: the set has fewer than k people whose landmarks are known.
    """
    model = ShapeModel.load()
    people = _most_frontal(gallery, model)
    if len(people) < k:
        raise NotMeasurableError(f"{len(people)} people with known landmarks; {k} are needed to share a face")
    faces: dict[str, Texture] = {}
    for group in group_alike(people, model, k=k):
        mean = mean_texture([texture_of(people[name].read(), people[name].landmarks, model) for name in group], model)
        faces |= dict.fromkeys(group, mean)
    return _Shared(faces, model)


class _Shared:
    def __init__(self, faces: Mapping[str, Texture], model: ShapeModel) -> None:
        self._faces = faces
        self._model = model

    def __call__(self, image: Image, subject: Subject, /) -> Altered:
        if subject.landmarks.presence <= 0:
            raise NothingMadeError(f"{subject.name}: without landmarks no average can be put in place")
        if subject.person not in self._faces:
            raise NothingMadeError(f"{subject.name}: {subject.person} is not among the people who share faces")
        return Altered(transplant(self._faces[subject.person], image, subject, self._model))


def group_alike(people: Mapping[str, Subject], model: ShapeModel, *, k: int) -> list[list[str]]:
    """Divide people into groups of k or more: the first by name, the k - 1 nearest to that one by shape, and so on."""
    left = sorted(people)
    vectors = {name: model.coefficients_of(model.shape_of(people[name].landmarks)) for name in left}
    groups: list[list[str]] = []
    while len(left) >= k:
        first = vectors[left[0]]
        nearest = sorted(left, key=lambda name: float(np.linalg.norm(vectors[name] - first)))[:k]
        groups.append(nearest)
        left = [name for name in left if name not in nearest]
    groups[-1] += left
    return groups


def _most_frontal(gallery: Sequence[Subject], model: ShapeModel) -> dict[str, Subject]:
    best: dict[str, tuple[float, Subject]] = {}
    for subject in gallery:
        if subject.landmarks.presence > 0:
            yaw_deg, pitch_deg, _ = head_pose_deg(model.pose_of(subject.landmarks).rotation)
            turn = float(np.hypot(yaw_deg, pitch_deg))
            if subject.person not in best or turn < best[subject.person][0]:
                best[subject.person] = (turn, subject)
    return {person: subject for person, (_, subject) in best.items()}
