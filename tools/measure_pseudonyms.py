"""Measure how well people keep one pseudonym, and how often two share one, with and without a gallery, on LFW.

Run `GANONYMIZATION_DATA=<folder> python tools/measure_pseudonyms.py`; prints a table for `fit`, by which
`pseudonym.py` was designed, and one for `test`. `same` is the share of pairs of photos of one person that get the same
face, `shared` that of pairs of photos of two people.
"""

import csv
import os
from pathlib import Path

import numpy as np
from fit_thresholds import CENTRAL_FACE, read
from numpy.typing import NDArray

from ganonymization.landmark import FaceMesh
from ganonymization.recognise import Recogniser

PAIRS = 200_000
PROJECTIONS = 20
PROJECTS = 40
PEOPLE = 20
PHOTOS = 6


def main() -> None:
    """Print both tables."""
    folder = Path(os.environ["GANONYMIZATION_DATA"]) / "lfw"
    recogniser = Recogniser.load()
    for split in ("fit", "test"):
        embeddings, people = embed(folder, split, recogniser)
        print(f"{split}: {len(people)} photos of {len(set(people))} people")
        for bits in (4, 6, 8, 10, 12):
            same, shared = measure_codes(embeddings, people, bits=bits)
            print(f"  code of {bits:2} keyed signs, no gallery:  same {same:.3f}  shared {shared:.5f}")
        for threshold in (0.47, 0.50, recogniser.thresholds.far_0_1_percent, 0.58):
            same, shared, sharing = measure_gallery(embeddings, people, threshold=threshold)
            print(f"  gallery, threshold {threshold:.4f}:  same {same:.3f}  shared {shared:.5f}  people {sharing:.4f}")


def embed(folder: Path, split: str, recogniser: Recogniser) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Return the embeddings of all photos of a split, and the people on them."""
    mesh = FaceMesh.load()
    with (folder / "index.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == split]
    images = (read(folder / "images" / row["file"]) for row in rows)
    embeddings = [recogniser(image, mesh(image, CENTRAL_FACE)) for image in images]
    return np.stack(embeddings).astype(np.float64), np.array([row["identity"] for row in rows])


def measure_codes(embeddings: NDArray[np.float64], people: NDArray[np.str_], *, bits: int) -> tuple[float, float]:
    """Return same and shared for the signs of random projections, as a key would choose them."""
    rng = np.random.default_rng(0)
    first, second = np.triu_indices(len(people), 1)
    is_same = people[first] == people[second]
    strangers = rng.choice(np.flatnonzero(~is_same), PAIRS, replace=False)
    centred = embeddings - embeddings.mean(axis=0)
    rates = []
    for _ in range(PROJECTIONS):
        projection, _ = np.linalg.qr(rng.standard_normal((embeddings.shape[1], embeddings.shape[1])))
        code = centred @ projection[:, :bits] > 0
        rates.append([(code[first[of]] == code[second[of]]).all(axis=1).mean() for of in (is_same, strangers)])
    same, shared = np.mean(rates, axis=0)
    return float(same), float(shared)


def measure_gallery(
    embeddings: NDArray[np.float64], people: NDArray[np.str_], *, threshold: float
) -> tuple[float, float, float]:
    """Return same, shared, and the share of people whose most frequent face is another one's too, over projects."""
    rng = np.random.default_rng(0)
    names, counts = np.unique(people, return_counts=True)
    rates = []
    for _ in range(PROJECTS):
        chosen = rng.choice(names[counts >= PHOTOS // 2], PEOPLE, replace=False)
        photos = np.concatenate([rng.permutation(np.flatnonzero(people == name))[:PHOTOS] for name in chosen])
        rng.shuffle(photos)
        rates.append(rate(number_people(embeddings[photos], threshold), people[photos], chosen))
    same, shared, sharing = np.mean(rates, axis=0)
    return float(same), float(shared), float(sharing)


def number_people(embeddings: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Return the record of the gallery that each photo finds or founds, one after the other."""
    gallery: list[NDArray[np.float64]] = []
    numbers = []
    for embedding in embeddings:
        distances = [float(np.linalg.norm(known - embedding)) for known in gallery]
        if not distances or min(distances) >= threshold:
            gallery.append(embedding)
            distances.append(0.0)
        numbers.append(int(np.argmin(distances)))
    return np.array(numbers)


def rate(numbers: NDArray[np.int64], people: NDArray[np.str_], chosen: NDArray[np.str_]) -> tuple[float, float, float]:
    """Return same, shared and the share of people who share a face in one project."""
    first, second = np.triu_indices(len(people), 1)
    is_same, is_one = people[first] == people[second], numbers[first] == numbers[second]
    usual = [int(np.bincount(numbers[people == name]).argmax()) for name in chosen]
    return float(is_one[is_same].mean()), float(is_one[~is_same].mean()), 1 - len(set(usual)) / len(chosen)


if __name__ == "__main__":
    main()
