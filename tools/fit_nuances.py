"""Find measures of expression that have no name, and put them into the shape model (`ShapeModel.nuances`).

The named measures do not tell all that a face expresses: a line from them, gaze and pose to what an expression
classifier sees leaves something that other points of the face do tell. Found are the directions of the pose-free points
that tell most of it, alike on both sides, by a regression of reduced rank (Izenman, "Reduced-rank regression for the
multivariate linear model", 1975), in which a direction that differs between people costs: what tells people apart is
not to be kept. Irises have no part in it; where they look is kept by itself.

Usage: `GANONYMIZATION_DATA=... python tools/fit_nuances.py`, after `fit_shape_model.py` and before
`fit_expectation.py`. Looks at the photos of LFW's split `fit` and their mirror images; neither photo nor person can be
read from what it finds.
"""

from dataclasses import replace

import numpy as np
from catalogue import WEIGHTS
from fit_expectation import Array, look_at_photos, ridge
from fit_shape_model import enter
from numpy.typing import NDArray

from ganonymization.correct import Motions
from ganonymization.evaluation.landmark_attack import covariances
from ganonymization.landmark import topology
from ganonymization.shape import NUANCES, ShapeModel, expression_functionals, nearest_positive
from ganonymization.training.data import mirror_order
from ganonymization.training.expectation import explain

COST = 2.0
"""What a variance between people counts beside the variance of all faces. Two directions tell .050 nats about the
answers for people left out with 2, .051 with 1 and .046 with 4; six tell .062, and people could be told apart by them
half as well again."""

SHRINKAGE = 0.01

DEVIATION = 0.01
"""Of a nuance over photos, in heights of the mean face; about that of the named measures."""


def main() -> None:
    """Look at faces, find, write, enter into the catalogue."""
    model = ShapeModel.load()
    faces, features, _, people = look_at_photos()
    motions = Motions(model)
    moved = np.array([motions.of(face) for face in faces])
    told = explain(moved, middle=moved.mean(axis=0), scale=moved.std(axis=0))
    shapes = np.array([model.shape_of(face) - model.mean for face in faces]).reshape(len(faces), -1)
    features = (features - features.mean(axis=0)) / features.std()
    nuances = apart(model, symmetric(find(model, symmetric(shapes), told, features, people)))
    nuances *= DEVIATION / (shapes @ nuances.T).std(axis=0)[:, None]
    replace(model, nuances=nuances).save(WEIGHTS / "shape_model.npz")
    enter()


def find(model: ShapeModel, shapes: Array, told: Array, features: Array, people: NDArray[np.intp]) -> Array:
    """Return the (L, 1434) measures that tell most of the features beyond what is told.

    Args:
        model: whose components the measures are made of.
        shapes: (N, 1434) differences from the mean face, pose-free.
        told: (N, T) terms of what is known.
        features: (N, F).
        people: (N,) numbers.
    """
    seen = np.ones((len(model.mean), 3))
    seen[list(topology.IRISES)] = 0
    basis = model.components * seen.ravel()
    rest, unknown = (values - told @ ridge(told, values) for values in (shapes @ basis.T, features))
    _, between, _ = covariances(rest, people)
    scatter = rest.T @ rest / len(rest)
    cost = scatter + COST * nearest_positive(between)
    cost += SHRINKAGE * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    values, vectors = np.linalg.eigh(cost)
    root, inverse = ((vectors * values**power) @ vectors.T for power in (0.5, -0.5))
    directions = np.linalg.svd(root @ np.linalg.solve(cost, rest.T @ unknown / len(rest)))[0][:, :NUANCES]
    return np.asarray((inverse @ directions).T @ basis)


def apart(model: ShapeModel, measures: Array) -> Array:
    """Return (L, 1434) measures that do not change with the named ones, within people."""
    named = expression_functionals()
    return measures - (measures @ model.components.T @ model.change_with(named)) @ named


def symmetric(rows: Array) -> Array:
    """Return the mean of (N, 1434) measures or differences of shapes and their mirror images."""
    turned = rows.reshape(len(rows), -1, 3)[:, mirror_order()] * (-1, 1, 1)
    return (rows + turned.reshape(rows.shape)) / 2


if __name__ == "__main__":
    main()
