"""Where the irises lie between the corners of the eyes: the part of gaze that landmarks tell."""

from __future__ import annotations

from typing import Final

import numpy as np

from ganonymization.landmark import topology
from ganonymization.shape import Array

_EYES: Final = (
    (topology.RIGHT_EYE_OUTER, topology.RIGHT_EYE_INNER, (topology.RIGHT_IRIS_CENTER, *topology.RIGHT_IRIS)),
    (topology.LEFT_EYE_OUTER, topology.LEFT_EYE_INNER, (topology.LEFT_IRIS_CENTER, *topology.LEFT_IRIS)),
)
"""Of each eye both corners and the iris, its center first."""


def iris_offsets(shape: Array) -> Array:
    """Return the (2, 3) places of the irises' centers, from the middle between the eye corners, in eye widths.

    Args:
        shape: (478, 3) pose-free landmarks.
    """
    return np.stack([(shape[iris[0]] - _middle(shape, eye)) / _width(shape, eye) for *eye, iris in _EYES])


def carry_irises(source: Array, target: Array) -> Array:
    """Return `target` with the irises of `source`, placed alike between the eye corners; both (478, 3)."""
    result = target.copy()
    for *eye, iris in _EYES:
        scale = _width(target, eye) / _width(source, eye)
        result[list(iris)] = _middle(target, eye) + scale * (source[list(iris)] - _middle(source, eye))
    return result


def take_gaze(source: Array, target: Array) -> Array:
    """Return `target` with its own irises, moved to where those of `source` are, on average of both eyes.

    Args:
        source: (478, 3) pose-free landmarks of the face whose gaze is wanted.
        target: (478, 3) pose-free landmarks of the face that is to have it.
    """
    aside, down, _ = (iris_offsets(source) - iris_offsets(target)).mean(axis=0)
    return move_irises(target, np.tile([aside, down, 0.0], (2, 1)))


def move_irises(shape: Array, offsets: Array) -> Array:
    """Return (478, 3) landmarks with both irises moved by (2, 3) offsets in eye widths."""
    result = shape.copy()
    for (*eye, iris), offset in zip(_EYES, offsets, strict=True):
        result[list(iris)] += _width(shape, eye) * offset
    return result


def _middle(shape: Array, eye: list[int]) -> Array:
    return np.asarray(shape[eye].mean(axis=0))


def _width(shape: Array, eye: list[int]) -> float:
    return float(np.linalg.norm(shape[eye[1]] - shape[eye[0]]))
