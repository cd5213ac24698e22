"""Outputs that were made elsewhere: a folder with a picture for each photo, matched by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from ganonymization.alignment import fit_similarity
from ganonymization.errors import InputError, NothingMadeError
from ganonymization.evaluation.method import Altered, Subject
from ganonymization.evaluation.readers.layout import pictures_below
from ganonymization.files import read_picture
from ganonymization.stages import Detect
from ganonymization.types import Affine, Image

_ENDINGS: Final = ("_anonymized", ".anonymized", "_out", ".face1")
"""What tools add to a file's name: deface, this program, DeepPrivacy2."""

_ASPECT_SLACK: Final = 0.01


class Folder:
    """Look up what another program made of each photo.

    An output of other proportions than its original is taken for a cut-out, in which the face is looked for.

    Args:
        root: of the outputs.
        detect: finds the face on cut-outs.

    Raises:
        InputError: there is no such folder, or no picture in it.
    """

    def __init__(self, root: Path, *, detect: Detect) -> None:
        self.paths = tuple(pictures_below(root))
        if not self.paths:
            raise InputError(f"{root}: holds no picture; give the folder with the outputs of an anonymizer")
        self._root = root
        self._detect = detect
        self._path_of = index_names(self.paths, root)

    def __call__(self, image: Image, subject: Subject, /) -> Altered:
        """Return the output for a photo.

        Raises:
            NothingMadeError: there is none, or no face on a cut-out.
        """
        made = read_picture(self.find(subject.name)).image
        return Altered(made, self._place(image, made, subject))

    def find(self, name: str) -> Path:
        """Return the path of an output: same folders and name below the root, or the same file name alone.

        Raises:
            NothingMadeError: there is none.
        """
        stem = name.rpartition(".")[0] or name
        for key in (stem, stem.rpartition("/")[2]):
            if key in self._path_of:
                return self._path_of[key]
        raise NothingMadeError(f"{self._root}: holds no output for {name}")

    def _place(self, original: Image, made: Image, subject: Subject) -> Affine:
        across, down = made.shape[1] / original.shape[1], made.shape[0] / original.shape[0]
        if abs(across / down - 1) < _ASPECT_SLACK:
            return np.array([[across, 0, 0], [0, down, 0]], np.float64)
        faces = self._detect(made)
        if not faces:
            raise NothingMadeError(f"{self._root}: the output for {subject.name} is a cut-out without a face")
        largest = max(faces, key=lambda face: face.box.width)
        return fit_similarity(subject.face.keypoints, largest.keypoints.astype(np.float64))


def index_names(paths: Iterable[Path], root: Path) -> dict[str, Path]:
    """Return outputs by their name below the root and by their mere file name, both without ending.

    A file name that occurs in two folders belongs to neither.
    """
    full: dict[str, Path] = {}
    bare: dict[str, Path] = {}
    repeated: set[str] = set()
    for path in paths:
        stem = plain_stem(path.relative_to(root).with_suffix("").as_posix())
        name = stem.rpartition("/")[2]
        repeated |= {name} & bare.keys()
        full[stem], bare[name] = path, path
    return {name: path for name, path in bare.items() if name not in repeated} | full


def plain_stem(stem: str) -> str:
    """Return a name without what tools add to it."""
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return stem
