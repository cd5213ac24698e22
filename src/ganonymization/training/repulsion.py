"""Identity terms: a generated face must not look like the training face whose surround it has, nor like another one."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ganonymization import weights
from ganonymization.recognise import FACE_RECOGNITION
from ganonymization.training.frozen import FrozenNetwork
from ganonymization.training.regions import cut_aligned, place_squares, shaken

STRANGERS: Final = 0.8
"""Distance from which on two faces count as different enough; that of two people in the middle of all pairs."""

JITTER: Final = 0.02
"""How far, in shares of its side, the square that the recogniser sees is moved, turned and scaled."""


class IdentityRepulsion(nn.Module):
    """Push generated faces away from the training faces, and from each other, by the receipts' recogniser."""

    def __init__(self) -> None:
        super().__init__()
        self.recogniser = FrozenNetwork(weights.locate(FACE_RECOGNITION.weights), FACE_RECOGNITION.output)

    def forward(
        self, fake: Tensor, real: Tensor, landmarks: tuple[Tensor, Tensor], *, random: torch.Generator
    ) -> Tensor:
        """Return what is missing to the distance of strangers, as a share of it: to the training face, to each other.

        Args:
            fake: (B, 3, S, S) in -1..1, of random identities.
            real: (B, 3, S, S) in -1..1, the training faces in whose surrounds they were drawn.
            landmarks: of both, each (B, 478, 3) in shares of the crop's side.
            random: moves the squares that the recogniser sees.
        """
        with torch.autocast(fake.device.type, enabled=False):
            with torch.no_grad():
                wanted = self._embed(real.float(), landmarks[1], random)
            found = self._embed(fake.float(), landmarks[0], random)
        own = _missing((found - wanted).square().sum(dim=1))
        first, second = torch.triu_indices(len(found), len(found), offset=1).to(found.device)
        others = _missing((found[first] - found[second]).square().sum(dim=1))
        return _mean(own) + _mean(others)

    def _embed(self, image: Tensor, landmarks: Tensor, random: torch.Generator) -> Tensor:
        squares = shaken(place_squares(landmarks, FACE_RECOGNITION.framing), random, amount=JITTER)
        square = cut_aligned(image, squares, size_px=FACE_RECOGNITION.size_px)
        embedding: Tensor = self.recogniser(127.5 * (square + 1))
        return embedding


def _missing(squared_distance: Tensor) -> Tensor:
    distance = squared_distance.clamp_min(1e-6).sqrt()
    return (1 - distance / STRANGERS).clamp_min(0)


def _mean(values: Tensor) -> Tensor:
    """Return the mean, and 0 for a batch too small to hold any."""
    return values.sum() / max(1, len(values))
