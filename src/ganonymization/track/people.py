"""Who is who among the tracks of one run: in memory only, never written, gone when the run ends."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from ganonymization.types import Embedding

_MOST_KEPT = 24
"""Embeddings that are remembered of a person; later ones take the place of the oldest."""


class People:
    """Numbers people by their looks.

    Args:
        threshold: distance of the mean embeddings below which two tracks show one person.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._known: dict[int, list[Embedding]] = {}

    def recognise(self, embeddings: npt.NDArray[np.float32], *, present: Collection[int]) -> int:
        """Return the number of the person that a new track shows, a new number for a stranger.

        Args:
            embeddings: (N, D) of the track.
            present: people who are in the same frames, and so are others.
        """
        mean = embeddings.mean(axis=0)
        distances = {
            number: float(np.linalg.norm(np.mean(known, axis=0) - mean))
            for number, known in self._known.items()
            if number not in present
        }
        nearest = min(distances, key=lambda number: distances[number], default=None)
        if nearest is None or distances[nearest] >= self._threshold:
            nearest = len(self._known) + 1
            self._known[nearest] = []
        self.remember(nearest, embeddings)
        return nearest

    def remember(self, number: int, embeddings: npt.NDArray[np.float32]) -> None:
        """Add looks of a person."""
        self._known[number] = [*self._known[number], *embeddings][-_MOST_KEPT:]
