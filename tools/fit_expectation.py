"""Fit what a classifier sees in faces by what they do, for `training.expectation`, to LFW's split `fit`.

Lines over the measures of 2,390 photos and their mirror images; no photo and no person can be read from them.
Usage: `GANONYMIZATION_DATA=... python tools/fit_expectation.py`, after `fit_nuances.py`. Prints how well people who
were left out are foretold.
"""

import numpy as np
import torch
from catalogue import WEIGHTS, register
from fit_shape_model import central_face
from measure_habits import fit_photos
from numpy.typing import NDArray
from scipy.special import softmax, xlogy
from sklearn.linear_model import LogisticRegression

from ganonymization import read_picture, weights
from ganonymization.alignment import aligned_batch
from ganonymization.errors import FaceError
from ganonymization.evaluation.agreement import cohen_kappa
from ganonymization.expression import FACE_EXPRESSION
from ganonymization.landmark import FaceMesh
from ganonymization.shape import ShapeModel
from ganonymization.training.consistency import FEATURES
from ganonymization.training.data import mirror_order
from ganonymization.training.expectation import DOING_SIZE, NAMES, TERMS, Doings, explain
from ganonymization.training.frozen import FrozenNetwork
from ganonymization.types import Image, Landmarks

Array = NDArray[np.float64]

RIDGE = 10.0
"""Strength of the ridge on all terms, for measures of unit variance; best of those tried on people left out."""

FOLDS = 5

SCALE_ERROR = 0.01


def main() -> None:
    """Look at faces, fit, write, enter into the catalogue."""
    faces, features, probabilities, people = look_at_photos()
    doings = Doings(ShapeModel.load())
    rows = np.array([doings.of(face) for face in faces])
    middle, scale = rows.mean(axis=0), rows.std(axis=0)
    terms = explain(rows, middle=middle, scale=scale)
    report(terms, features, probabilities, people)
    lines, logits = fit(terms, features, probabilities)
    tables = (middle, scale, lines, as_sure(terms, logits, probabilities))
    weights.write_arrays(WEIGHTS / "expectation.npz", dict(zip(NAMES, tables, strict=True)))
    register(
        "expectation.npz",
        licence="MIT",
        origin="statistics of expressions over split fit of LFW; fitted by tools/fit_expectation.py",
        input_spec=f"({DOING_SIZE},) motion and nuances, explained by {TERMS} terms",
        output_spec=f"middle, scale ({DOING_SIZE},), features ({TERMS}, 256), logits ({TERMS}, 7), float32",
    )


def look_at_photos() -> tuple[list[Landmarks], Array, Array, NDArray[np.intp]]:
    """Return landmarks, features, answers and the number of the person, of each photo and of its mirror image."""
    look, classify = FaceMesh.load(), FrozenNetwork(weights.locate(FACE_EXPRESSION.weights), "probabilities")
    rows, people = [], []
    for path in fit_photos():
        image = read_picture(path).image
        try:
            found = look(image, central_face(image))
        except FaceError as error:
            print(f"{path}: left out, {error}")
            continue
        for picture, landmarks in ((image, found), mirrored(image, found)):
            rows.append((landmarks, *look_at(classify, picture, landmarks)))
            people.append(path.stem.rpartition("_")[0])
    faces, features, probabilities = zip(*rows, strict=True)
    number = np.unique(people, return_inverse=True)[1]
    return list(faces), np.array(features, np.float64), np.array(probabilities, np.float64), number


def look_at(classify: FrozenNetwork, image: Image, landmarks: Landmarks) -> tuple[Array, Array]:
    """Return the (256,) features and (7,) probabilities of a face."""
    square = aligned_batch(image, [landmarks], framing=FACE_EXPRESSION.framing, size_px=FACE_EXPRESSION.size_px)
    with torch.no_grad():
        features, probabilities = classify.layers(torch.from_numpy(square), (FEATURES, "probabilities"))
    return features[0].numpy(), probabilities[0].numpy()


def mirrored(image: Image, landmarks: Landmarks) -> tuple[Image, Landmarks]:
    """Return a picture and the landmarks in it, mirrored."""
    points = landmarks.points * (-1, 1, 1) + (image.shape[1], 0, 0)
    return np.ascontiguousarray(image[:, ::-1]), Landmarks(points[mirror_order()].astype(np.float32))


def fit(terms: Array, features: Array, probabilities: Array) -> tuple[Array, Array]:
    """Return the (T, 256) and (T, 7) coefficients of features and logits."""
    count, kinds = probabilities.shape
    lines = ridge(terms, features)
    # each face counts as every expression, as much as the classifier takes it for that
    model = LogisticRegression(max_iter=5000, C=1 / (2 * RIDGE), fit_intercept=False)
    model.fit(np.repeat(terms, kinds, axis=0), np.tile(np.arange(kinds), count), sample_weight=probabilities.ravel())
    return lines, model.coef_.T


def ridge(terms: Array, values: Array) -> Array:
    """Return the (T, D) coefficients of (N, D) values on (N, T) terms."""
    return np.linalg.solve(terms.T @ terms + RIDGE * np.eye(terms.shape[1]), terms.T @ values)


def as_sure(terms: Array, logits: Array, probabilities: Array) -> Array:
    """Return logits scaled such that they tell answers as sure as those given to photos.

    A mean over faces that do the same is unsure where these differ; each of them is read without doubt.
    """
    wanted = entropy(probabilities)
    low, high = 1.0, 16.0
    while high - low > SCALE_ERROR:
        factor = (low + high) / 2
        low, high = (factor, high) if entropy(softmax(factor * (terms @ logits), axis=1)) > wanted else (low, factor)
    print(f"answers made {low:.2f} times as sure")
    return low * logits


def entropy(probabilities: Array) -> float:
    """Return the mean entropy of (N, K) answers, in nats."""
    return float(-xlogy(probabilities, probabilities).sum(axis=1).mean())


def report(terms: Array, features: Array, probabilities: Array, people: NDArray[np.intp]) -> None:
    """Print what is foretold of people who were left out."""
    fold = np.random.default_rng(0).integers(0, FOLDS, people.max() + 1)[people]
    foretold, answers = np.empty_like(features), np.empty_like(probabilities)
    for left_out in range(FOLDS):
        chosen = fold == left_out
        lines, logits = fit(terms[~chosen], features[~chosen], probabilities[~chosen])
        foretold[chosen], answers[chosen] = terms[chosen] @ lines, terms[chosen] @ logits
    told = 1 - ((features - foretold) ** 2).sum() / ((features - features.mean(axis=0)) ** 2).sum()
    seen, said = ([FACE_EXPRESSION.labels[i] for i in part.argmax(axis=1)] for part in (probabilities, answers))
    print(f"{len(terms)} faces; {told:.2f} of the features' variance, kappa {cohen_kappa(seen, said):.3f}")


if __name__ == "__main__":
    main()
