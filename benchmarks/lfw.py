"""Photos of LFW with the people on them."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.settings import data_folder
from ganonymization import Box, Face

CENTRAL_FACE = Face(
    box=Box(70, 70, 180, 180),  # LFW is funneled: the face stands upright in the middle of 250 px
    score=0.0,
    keypoints=np.array([[102, 113], [148, 113], [125, 135], [105, 160], [145, 160]], np.float32),
)


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of one person.

    Attributes:
        path: the file.
        person: name.
        index: place in the whole split, from which the photo's identity is derived.
    """

    path: Path
    person: str
    index: int


def read_split(split: str, *, people_limit: int | None = None) -> list[Photo]:
    """Return the photos of `fit` or `test`; with a limit, of that many people with two photos or more."""
    folder = data_folder("lfw")
    with (folder / "index.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == split]
    rows.sort(key=lambda row: row["file"])
    photos = [Photo(folder / "images" / row["file"], row["identity"], index) for index, row in enumerate(rows)]
    return photos if people_limit is None else _of_some_people(photos, people_limit)


def training_photos(*, people_limit: int | None = None, per_person: int = 3) -> list[Photo]:
    """Return photos of `fit` to learn an attack from: of people with two photos or more, the first few of each."""
    photos = _of_some_people(read_split("fit"), people_limit)
    groups = itertools.groupby(photos, key=lambda photo: photo.person)
    return [photo for _, group in groups for photo in list(group)[:per_person]]


def _of_some_people(photos: list[Photo], people_limit: int | None) -> list[Photo]:
    counts = Counter(photo.person for photo in photos)
    chosen = set([person for person, count in counts.items() if count > 1][:people_limit])
    return [photo for photo in photos if photo.person in chosen]
