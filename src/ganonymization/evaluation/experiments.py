"""The four experiments of the published method, on the sets that they were made on or on what there is.

Hellmann et al., "GANonymization: a GAN-based face anonymization framework for preserving emotional expressions", 2024.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ganonymization.detect import CenterFace
from ganonymization.errors import InputError
from ganonymization.evaluation.readers import READERS, Pair, Sample, open_dataset
from ganonymization.evaluation.readers.layout import pictures_below
from ganonymization.files import read_picture
from ganonymization.onnx import Runtime

DATA_VARIABLE: Final = "GANONYMIZATION_DATA"

PHOTO_LIMIT: Final = 2000
"""Photos of a set unless another limit is given; some of these sets have hundreds of thousands."""

SMALLEST_PX: Final = 24.0
"""Shorter side of the smallest face that is taken from scenes."""

CLASSIC: Final = ("default", "paper", "suppression", "mosaic", "k-same", "blur", "noise", "swap")


@dataclass(frozen=True, slots=True)
class Experiment:
    """One of the published experiments.

    Attributes:
        name: on the command line.
        question: what it asks.
        published: readers of the sets that it was made on.
        substitutes: sets of this project that stand in, the first that is there.
        methods: that take part.
        metrics: figures that answer it, by name or by the start of their names.
    """

    name: str
    question: str
    published: tuple[str, ...]
    substitutes: tuple[str, ...]
    methods: tuple[str, ...]
    metrics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Samples:
    """A set that an experiment runs on.

    Attributes:
        name: of its reader, or of the folder.
        root: folder.
        read: yields its samples, anew at each call.
    """

    name: str
    root: Path
    read: Callable[[], Iterable[Sample]]

    def __iter__(self) -> Iterator[Sample]:
        """Return the samples one by one."""
        return iter(self.read())

    def pairs(self) -> list[Pair]:
        """Return none: no experiment has people told apart."""
        return []


EXPERIMENTS: Final[Mapping[str, Experiment]] = MappingProxyType(
    {
        one.name: one
        for one in (
            Experiment(
                "wider-quality",
                "How well does each method anonymize faces in the wild: is every face replaced, does it still pass for "
                "itself, is it still a face, and how does it look?",
                published=("wider",),
                substitutes=("scenes", "lfw"),
                methods=CLASSIC,
                metrics=(
                    "coverage",
                    "tar_far1_own_original",
                    "redetected",
                    "frechet_distance",
                    "diversity",
                    "sharpness",
                ),
            ),
            Experiment(
                "emotion-shift",
                "How do the probabilities of emotions shift between originals and outputs?",
                published=("affectnet", "ck+", "faces"),
                substitutes=("lfw", "london"),
                methods=("default", "paper", "blur"),
                metrics=("shift_", "recall_", "emotion_"),
            ),
            Experiment(
                "train-on-anonymized",
                "Can a classifier of emotions learn from outputs and work on originals?",
                published=("affectnet", "ck+", "faces"),
                substitutes=("lfw", "london"),
                methods=("default", "paper", "blur", "suppression"),
                metrics=("mean_f1", "f1_"),
            ),
            Experiment(
                "traits",
                "Which share of the traits of a person is removed?",
                published=("celeba",),
                substitutes=("london", "lfw"),
                methods=("default", "paper", "blur"),
                metrics=("trait_",),
            ),
        )
    }
)


def find_sets(experiment: Experiment) -> list[Samples]:
    """Return the published sets that are there, or else the first substitute that is.

    Raises:
        InputError: there is no data.
    """
    data = data_folder()
    published = [_open(name, data / name) for name in experiment.published if (data / name).is_dir()]
    if published:
        return published
    for name in experiment.substitutes:
        if (data / name).is_dir():
            return [_open(name, data / name)]
    wanted = ", ".join(str(data / name) for name in (*experiment.published, *experiment.substitutes))
    raise InputError(f"{experiment.name}: needs one of {wanted}; none is there")


def data_folder() -> Path:
    """Return the folder that holds the sets.

    Raises:
        InputError: it is not named, or not there.
    """
    named = os.environ.get(DATA_VARIABLE)
    if not named:
        raise InputError(
            f"{DATA_VARIABLE} is not set; set it to the folder that holds the sets, each in its own folder"
        )
    if not Path(named).is_dir():
        raise InputError(f"{named}: there is no such folder; {DATA_VARIABLE} must name the folder that holds the sets")
    return Path(named)


def _open(name: str, root: Path) -> Samples:
    if name not in READERS:
        return Samples(name, root, lambda: read_scenes(root))
    dataset = open_dataset(f"{name}:{root}")
    return Samples(name, root, lambda: dataset)


def read_scenes(root: Path) -> Iterator[Sample]:
    """Return every face that is detected on pictures without labels, those of a picture one after the other."""
    detect = CenterFace.load(runtime=Runtime(threads=1))
    for path in pictures_below(root):
        faces = detect(read_picture(path).image)
        for face in faces:
            if min(face.box.width, face.box.height) >= SMALLEST_PX:
                yield Sample(path, box=face.box)
