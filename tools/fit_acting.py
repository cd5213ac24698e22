"""Fit what faces do, for `training.acting`, to LFW's split `fit` and store it in the weights folder.

The file holds means, covariances and a line over 2,390 photos; no photo and no person can be read from it.
Usage: `GANONYMIZATION_DATA=... python tools/fit_acting.py`, after `fit_shape_model.py`.
"""

import numpy as np
from catalogue import WEIGHTS, register
from fit_shape_model import central_face
from measure_habits import fit_photos
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ganonymization import read_picture
from ganonymization.correct import MEASURES, Motions
from ganonymization.errors import FaceError
from ganonymization.expression import ExpressionClassifier
from ganonymization.landmark import FaceMesh
from ganonymization.shape import ShapeModel
from ganonymization.training.acting import Acting

RIDGE = 1.0
"""Strength of the ridge on the slopes of the line, for measures of unit variance."""

LEAST_SPREAD = 0.05
"""Share of the covariance of all faces that is added to that of each expression: some were seen on a few only."""


def main() -> None:
    """Measure and classify faces, fit, write, enter into the catalogue."""
    look, classify, motions = FaceMesh.load(), ExpressionClassifier.load(), Motions(ShapeModel.load())
    measures, probabilities = [], []
    for path in fit_photos():
        image = read_picture(path).image
        try:
            found = look(image, central_face(image))
        except FaceError as error:
            print(f"{path}: left out, {error}")
            continue
        measures.append(motions.of(found)[:MEASURES])
        probabilities.append(classify(image, found).probabilities)
    acting = fit(np.array(measures), np.array(probabilities))
    acting.save(WEIGHTS / "acting.npz")
    register(
        "acting.npz",
        licence="MIT",
        origin="statistics of measures of expression over split fit of LFW; fitted by tools/fit_acting.py",
        input_spec="(8,) measures of expression",
        output_spec="shares (7,), means (7, 8), roots (7, 8, 8), line (7, 9), float32",
    )
    print(f"{len(measures)} photos; shares {np.round(acting.shares, 3).tolist()}")


def fit(measures: NDArray[np.float64], probabilities: NDArray[np.float64]) -> Acting:
    """Fit the statistics.

    Args:
        measures: (N, M) of faces on photos, differences from the mean face.
        probabilities: (N, E) that a classifier gives them.
    """
    count, kinds = probabilities.shape
    scale = measures.std(axis=0)
    total = probabilities.sum(axis=0)
    means = probabilities.T @ measures / total[:, None]
    pooled = np.cov(measures.T) * LEAST_SPREAD
    roots = [
        np.linalg.cholesky((probabilities[:, kind, None] * offset).T @ offset / total[kind] + pooled)
        for kind, offset in enumerate(measures - mean for mean in means)
    ]
    # each face counts as every expression, as much as the classifier takes it for that
    model = LogisticRegression(max_iter=5000, C=1 / RIDGE)
    rows = np.repeat(measures / scale, kinds, axis=0)
    model.fit(rows, np.tile(np.arange(kinds), count), sample_weight=probabilities.ravel())
    line = np.hstack([model.intercept_[:, None], model.coef_ / scale])
    return Acting(total / total.sum(), means, np.stack(roots), line)


if __name__ == "__main__":
    main()
