"""Average palettes over groups of alike faces (microaggregation), so that none stands for fewer than k of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ganonymization.appearance import AGE_BANDS
from ganonymization.palette import PaletteVector
from ganonymization.palette_bank import K_ANONYMITY, PaletteBank
from ganonymization.training.labels import FaceLabels

Indices = npt.NDArray[np.intp]


def build_bank(palettes: npt.NDArray[np.float32], labels: FaceLabels, *, smallest: int = K_ANONYMITY) -> PaletteBank:
    """Return the means of groups that share sex, age band and beard and have similar colours.

    Args:
        palettes: (N, 16) of the training faces.
        labels: of the same faces.
        smallest: fewest faces in a group; a trait combination with fewer faces is left out.
    """
    cells = np.stack([labels.male > 0.5, labels.age, labels.beard], axis=1).astype(int)
    members = [np.flatnonzero((cells == cell).all(axis=1)) for cell in np.unique(cells, axis=0)]
    large_enough = [cell for cell in members if len(cell) >= smallest]
    groups = [group for cell in large_enough for group in split(palettes, cell, smallest=smallest)]
    ages = np.eye(len(AGE_BANDS), dtype=np.float32)[labels.age]
    columns = (palettes, labels.male, ages, labels.beard.astype(np.float32))
    means = [np.stack([column[group].mean(axis=0) for group in groups]).astype(np.float32) for column in columns]
    counts = np.array([len(group) for group in groups], np.float32)
    return PaletteBank(means[0], counts, *means[1:])


def split(palettes: npt.NDArray[np.float32], members: Indices, *, smallest: int) -> list[Indices]:
    """Halve a group across its widest direction until every part holds between `smallest` and twice as many faces."""
    if len(members) < 2 * smallest:
        return [members]
    centered = palettes[members] - palettes[members].mean(axis=0)
    widest: PaletteVector = np.linalg.svd(centered, full_matrices=False)[2][0]
    order = members[np.argsort(centered @ widest, kind="stable")]
    half = len(order) // 2
    return [part for side in (order[:half], order[half:]) for part in split(palettes, side, smallest=smallest)]
