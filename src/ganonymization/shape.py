"""The shape model: what faces look like once the head's pose is taken off, split into identity and expression.

Frame: the mean face looks at the camera, its middle (between top of the forehead and chin) is the origin, its height is
1, and the axes point as in a picture (x right, y down, z away from the camera).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization import weights
from ganonymization.geometry import Pose, PoseFit, fit_pose
from ganonymization.landmark import topology
from ganonymization.types import LANDMARK_COUNT, Landmarks

Array = npt.NDArray[np.float64]

FUNCTIONAL_NAMES: Final = (
    "mouth_open",
    "mouth_width",
    "right_corner",
    "left_corner",
    "right_lids",
    "left_lids",
    "right_brow",
    "left_brow",
)
"""Measures of expression with a name: linear in the points of the pose-free face, in heights of the mean face."""

NUANCES: Final = 2
"""Measures of expression without a name that the package's model holds besides, see `ShapeModel.nuances`."""


@dataclass(frozen=True, slots=True, eq=False)
class ShapeModel:
    """Statistics of pose-free landmarks over people and their expressions.

    Attributes:
        mean: (478, 3) mean face.
        weights: (478,) weight of each point when the pose is fitted; points that expression moves weigh little.
        components: (K, 1434) orthonormal principal components.
        within: (K, K) covariance of one person's faces around the person's mean.
        between: (K, K) covariance of people's means.
        nuances: (L, 1434) measures of expression without a name, linear as the named ones: what tells expressions
            apart where the named ones do not, and people as little as it can (`tools/fit_nuances.py`).
    """

    mean: Array
    weights: Array
    components: Array
    within: Array
    between: Array
    nuances: Array

    @classmethod
    def load(cls, path: Path | None = None) -> ShapeModel:
        """Read a model file; the one of the package when no path is given.

        Raises:
            WeightsError: the file is missing or is no shape model.
        """
        arrays = weights.read_arrays(path or weights.locate("shape_model"), cls.__slots__, what="shape model")
        return cls(**{name: values.astype(np.float64) for name, values in arrays.items()})

    def save(self, path: Path) -> None:
        """Write the model as a compressed array file, in single precision."""
        weights.write_arrays(path, {name: getattr(self, name) for name in self.__slots__})

    def pose_of(self, landmarks: Landmarks) -> Pose:
        """Return the similarity from the model's frame to the picture."""
        return _pose_fit(self)(landmarks.points.astype(np.float64))

    def shape_of(self, landmarks: Landmarks) -> Array:
        """Return the (478, 3) pose-free points."""
        return self.pose_of(landmarks).undo(landmarks.points.astype(np.float64))

    def coefficients_of(self, shape: Array) -> Array:
        """Return the (K,) principal coefficients of a pose-free shape."""
        return self.components @ (shape - self.mean).ravel()

    @property
    def measures(self) -> Array:
        """The (8 + L, 1434) measures of expression that are kept: `expression_functionals`, then the nuances."""
        return np.vstack([expression_functionals(), self.nuances])

    def change_with(self, measures: Array) -> Array:
        """Return how a face changes when measures of it change: the (K, M) most probable change of coefficients.

        With E the measures of coefficients and S the covariance within people this is S E^T (E S E^T)^-1.

        Args:
            measures: (M, 1434) linear measures of flattened shapes.
        """
        of_components = measures @ self.components.T
        covariance = self.within @ of_components.T
        return np.asarray(covariance @ np.linalg.inv(of_components @ covariance))

    def from_coefficients(self, coefficients: Array) -> Array:
        """Return the (478, 3) shape with these principal coefficients."""
        return self.mean + (coefficients @ self.components).reshape(LANDMARK_COUNT, 3)


@functools.lru_cache(maxsize=8)
def _pose_fit(model: ShapeModel) -> PoseFit:
    return PoseFit(model.mean, model.weights)


def expression_functionals() -> Array:
    """Return the (8, 1434) linear measures of `FUNCTIONAL_NAMES` over flattened shapes."""
    lips_middle = [13, 14]
    rows = [
        _difference(1, [14], [13]),
        _difference(0, [291], [61]),
        _difference(1, [61], lips_middle),
        _difference(1, [291], lips_middle),
        _difference(1, [144, 145, 153], [158, 159, 160]),
        _difference(1, [373, 374, 380], [385, 386, 387]),
        _difference(1, topology.RIGHT_BROW, [33, 133]),
        _difference(1, topology.LEFT_BROW, [263, 362]),
    ]
    return np.stack(rows)


def _difference(axis: int, plus: Sequence[int], minus: Sequence[int]) -> Array:
    row = np.zeros((LANDMARK_COUNT, 3))
    row[list(plus), axis] += 1 / len(plus)
    row[list(minus), axis] -= 1 / len(minus)
    return row.ravel()


def fit_shape_model(points: Array, people: Sequence[str], *, component_count: int = 60) -> ShapeModel:
    """Fit the model, without nuances, to landmarks of people of whom several pictures exist.

    Args:
        points: (M, 478, 3) landmarks in pixels of their pictures.
        people: M names; a person with one picture only counts towards the mean and the components.
        component_count: principal components to keep.

    Raises:
        ValueError: fewer than two people have two pictures.
    """
    names, person_of = np.unique(np.asarray(people), return_inverse=True)
    counts = np.bincount(person_of)
    if (counts > 1).sum() < 2:
        raise ValueError(f"need two people with two pictures each, got {(counts > 1).sum()} among {len(names)} people")
    mean, point_weights, shapes = _align(points, person_of)
    flat = (shapes - mean).reshape(len(shapes), -1)
    components = np.linalg.svd(flat, full_matrices=False)[2][:component_count]
    coefficients = flat @ components.T
    within = _within_covariance(coefficients, person_of)
    person_means = _person_means(coefficients, person_of)
    between = np.cov(person_means.T) - within * float(np.mean(1 / counts))
    none = np.empty((0, flat.shape[1]))
    return ShapeModel(mean, point_weights, components, within, nearest_positive(between), none)


def _align(points: Array, person_of: npt.NDArray[np.intp], rounds: int = 4) -> tuple[Array, Array, Array]:
    """Generalised Procrustes alignment in which points that move within a person weigh little."""
    mean = _normalised(_frontal(points))
    point_weights = np.ones(LANDMARK_COUNT)
    for _ in range(rounds):
        shapes = np.stack([fit_pose(mean, sample, point_weights).undo(sample) for sample in points])
        mean = _normalised(shapes.mean(axis=0))
        residual = shapes - _person_means(shapes, person_of)[person_of]
        variance = (residual**2).sum(axis=2).mean(axis=0)
        point_weights = np.median(variance) / (variance + np.median(variance))
    shapes = np.stack([fit_pose(mean, sample, point_weights).undo(sample) for sample in points])
    return mean, point_weights, shapes


def _frontal(points: Array) -> Array:
    """Return the sample that is nearest to its own mirror image, as a start that looks at the camera."""
    eyes = points[:, [topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER]]
    tilt = np.abs(eyes[:, 0, 1:] - eyes[:, 1, 1:]).sum(axis=1) / np.abs(eyes[:, 0, 0] - eyes[:, 1, 0])
    return np.asarray(points[int(np.argmin(tilt))])


def _normalised(shape: Array) -> Array:
    top, chin = shape[topology.FOREHEAD_TOP], shape[topology.CHIN]
    upright = shape - (top + chin) / 2
    eyes = upright[topology.LEFT_EYE_OUTER] - upright[topology.RIGHT_EYE_OUTER]
    x_axis = eyes / np.linalg.norm(eyes)
    down = (chin - top) - ((chin - top) @ x_axis) * x_axis
    y_axis = down / np.linalg.norm(down)
    rotation = np.stack([x_axis, y_axis, np.cross(x_axis, y_axis)])
    return np.asarray(upright @ rotation.T / np.linalg.norm(chin - top))


def _person_means(values: Array, person_of: npt.NDArray[np.intp]) -> Array:
    total = np.zeros((person_of.max() + 1, *values.shape[1:]))
    np.add.at(total, person_of, values)
    return np.asarray(total / np.bincount(person_of).reshape(-1, *[1] * (values.ndim - 1)))


def _within_covariance(coefficients: Array, person_of: npt.NDArray[np.intp]) -> Array:
    residual = coefficients - _person_means(coefficients, person_of)[person_of]
    freedom = len(coefficients) - (person_of.max() + 1)
    return np.asarray(residual.T @ residual / freedom)


def nearest_positive(covariance: Array) -> Array:
    """Return the symmetric (K, K) matrix without negative eigenvalues that is nearest to another."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray((vectors * np.clip(values, 0, None)) @ vectors.T)
