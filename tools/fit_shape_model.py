"""Fit the shape model to the landmarks of LFW's split `fit` and store it in the weights folder, without nuances yet.

The file holds statistics over 2,390 photos only: a mean, principal components and two covariances; no photo and no
person can be read from it. Usage: `GANONYMIZATION_DATA=... python tools/fit_shape_model.py`.
"""

import csv
import os
import sys
from pathlib import Path

import numpy as np
from catalogue import WEIGHTS, register

from ganonymization import read_picture
from ganonymization.errors import FaceError
from ganonymization.landmark import FaceMesh
from ganonymization.shape import fit_shape_model
from ganonymization.types import Box, Face, Image

CENTRAL_SHARE = 0.45
"""LFW's deep-funneled photos hold the face in their middle; the mesh then finds its own region."""


def main() -> None:
    """Find landmarks, fit, write, enter into the catalogue."""
    points, people = landmarks_of_fit()
    fit_shape_model(points, people).save(WEIGHTS / "shape_model.npz")
    enter()
    print(f"{len(points)} photos of {len(set(people))} people")


def enter() -> None:
    """Enter the shape model into the catalogue."""
    register(
        "shape_model.npz",
        licence="MIT",
        origin="statistics of landmarks over split fit of LFW; fitted by tools/fit_shape_model.py and fit_nuances.py",
        input_spec="(478, 3) landmarks",
        output_spec="mean (478, 3), weights (478,), components (60, 1434), within (60, 60), between (60, 60), "
        "nuances (2, 1434), float32",
    )


def landmarks_of_fit() -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], list[str]]:
    """Return (M, 478, 3) landmarks of LFW's split `fit`, in pixels of the photos, and M names."""
    folder = Path(os.environ.get("GANONYMIZATION_DATA", "")) / "lfw"
    if not (folder / "index.csv").is_file():
        sys.exit(f"{folder / 'index.csv'}: not found; set GANONYMIZATION_DATA to the folder that holds lfw/index.csv")
    mesh = FaceMesh.load()
    points, people = [], []
    with (folder / "index.csv").open() as rows:
        for row in csv.DictReader(rows):
            if row["split"] != "fit":
                continue
            image = read_picture(folder / "images" / row["file"]).image
            try:
                points.append(mesh(image, central_face(image)).points.astype(np.float64))
                people.append(row["identity"])
            except FaceError as error:
                print(f"{row['file']}: left out, {error}")
    return np.stack(points), people


def central_face(image: Image) -> Face:
    """Return a face that fills the middle of the picture."""
    height, width = image.shape[:2]
    half = CENTRAL_SHARE * min(height, width) / 2
    x, y = width / 2, height / 2
    eyes = [[x - half / 2, y - half / 3], [x + half / 2, y - half / 3]]
    keypoints = np.array([*eyes, [x, y], [x - half / 3, y + half / 2], [x + half / 3, y + half / 2]], np.float32)
    return Face(Box(x - half, y - half, x + half, y + half), 1.0, keypoints)


if __name__ == "__main__":
    main()
