"""Fix the distances at which two faces count as one person, on real pairs of LFW's `fit` people.

Run `GANONYMIZATION_DATA=<folder> python tools/fit_thresholds.py`; writes `src/ganonymization/weights/thresholds.toml`.
At most two photos of a person are taken, so that nobody weighs more than others.
"""

import csv
import os
from pathlib import Path

import cv2
import numpy as np
from catalogue import WEIGHTS
from numpy.typing import NDArray

from ganonymization import weights
from ganonymization.landmark import FaceMesh
from ganonymization.onnx import Network
from ganonymization.recognise import FACE_RECOGNITION, FACERES, Recogniser, RecogniserSpec, Thresholds
from ganonymization.types import Box, Face, Image

PHOTOS_PER_PERSON = 2
RATES = {"far_1_percent": 0.01, "far_0_1_percent": 0.001, "far_0_01_percent": 0.0001}
STRANGER = 0.5
CENTRAL_FACE = Face(
    box=Box(70, 70, 180, 180),  # LFW is funneled: the face stands upright in the middle of 250 px
    score=1.0,
    keypoints=np.array([[102, 113], [148, 113], [125, 135], [105, 160], [145, 160]], np.float32),
)


def main() -> None:
    """Measure both recognisers and write the table."""
    folder = Path(os.environ["GANONYMIZATION_DATA"]) / "lfw"
    files, people = choose_photos(folder)
    images = [read(folder / "images" / file) for file in files]
    sections = [measure(spec, images, people) for spec in (FACE_RECOGNITION, FACERES)]
    (WEIGHTS / "thresholds.toml").write_text("# written by tools/fit_thresholds.py\n" + "\n".join(sections))
    print("\n".join(sections))


def choose_photos(folder: Path) -> tuple[list[str], NDArray[np.str_]]:
    """Return file names and the people on them: the first photos of every person in `fit`."""
    with (folder / "index.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == "fit"]
    by_person: dict[str, list[str]] = {}
    for row in rows:
        by_person.setdefault(row["identity"], []).append(row["file"])
    chosen = [(file, person) for person, files in by_person.items() for file in sorted(files)[:PHOTOS_PER_PERSON]]
    return [file for file, _ in chosen], np.array([person for _, person in chosen])


def read(path: Path) -> Image:
    """Return a photo as RGB."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def measure(spec: RecogniserSpec, images: list[Image], people: NDArray[np.str_]) -> str:
    """Return one recogniser's section of the table."""
    mesh = FaceMesh.load()
    network = Network(weights.locate(spec.weights), inputs=["image"], outputs=[spec.output])
    recogniser = Recogniser(network, spec=spec, thresholds=Thresholds(0.0, 0.0, 0.0, 0.0))
    embeddings = np.stack([recogniser(image, mesh(image, CENTRAL_FACE)) for image in images])
    genuine, impostor = pair_distances(embeddings, people)
    thresholds = dict(zip(RATES, np.quantile(impostor, list(RATES.values())), strict=True))
    return (
        f"[{spec.weights}]\n"
        + "".join(f"{name} = {threshold:.4f}\n" for name, threshold in thresholds.items())
        + "".join(f"tar_at_{name} = {(genuine < threshold).mean():.4f}\n" for name, threshold in thresholds.items())
        + f"stranger = {np.quantile(impostor, STRANGER):.4f}\n"
        f"genuine_pairs = {len(genuine)}\n"
        f"impostor_pairs = {len(impostor)}\n"
    )


def pair_distances(
    embeddings: NDArray[np.float32], people: NDArray[np.str_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Euclidean distances of all pairs of one person and of all pairs of different people."""
    first, second = np.triu_indices(len(people), 1)
    wide = embeddings.astype(np.float64)
    squared = np.square(wide).sum(axis=1)
    distances = np.sqrt(np.maximum(squared[first] + squared[second] - 2 * (wide @ wide.T)[first, second], 0))
    same = people[first] == people[second]
    return distances[same], distances[~same]


if __name__ == "__main__":
    main()
