"""Fit the matcher of the landmark attack to LFW's split `fit` and store it in the weights folder.

The file holds a mean and two covariances over 2,390 photos in another basis; no photo and no person can be read from
it. Usage: `GANONYMIZATION_DATA=... python tools/fit_landmark_matcher.py`, after `fit_shape_model.py`.
"""

import numpy as np
from catalogue import WEIGHTS, register
from fit_shape_model import landmarks_of_fit

from ganonymization.evaluation.landmark_attack import TwoCovarianceMatcher, shape_coefficients
from ganonymization.shape import ShapeModel
from ganonymization.types import Landmarks


def main() -> None:
    """Find landmarks, fit, write, enter into the catalogue."""
    points, people = landmarks_of_fit()
    coefficients = shape_coefficients(ShapeModel.load(), [Landmarks(face.astype(np.float32)) for face in points])
    TwoCovarianceMatcher.fit(coefficients, people).save(WEIGHTS / "landmark_matcher.npz")
    register(
        "landmark_matcher.npz",
        licence="MIT",
        origin="statistics of landmarks over split fit of LFW; fitted by tools/fit_landmark_matcher.py",
        input_spec="(60,) coefficients of the shape model",
        output_spec="mean (60,), basis (60, 60), between (60,), float32",
    )
    print(f"{len(points)} photos of {len(set(people))} people")


if __name__ == "__main__":
    main()
