"""Identity terms: who is drawn must follow from the identity code, and not from the surround.

The recogniser must take a generated face for somebody else than the training face in whose surround it was drawn; two
codes in one surround must give two people; and one code in two surrounds must give one (the second in the spirit of Mao
et al., "Mode seeking generative adversarial networks", 2019).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ganonymization import weights
from ganonymization.recognise import FACE_RECOGNITION
from ganonymization.training.data import Batch
from ganonymization.training.frozen import FrozenNetwork
from ganonymization.training.regions import cut_aligned, place_squares, shaken

STRANGERS: Final = 0.825
"""Distance from which on two faces are different enough: the mean between people in LFW."""

SAME_PERSON: Final = 0.5
"""Distance up to which two faces are alike enough: about the mean between photos of one person in LFW."""

JITTER: Final = 0.02
"""How far, in shares of its side, the square that the recogniser sees is moved, turned and scaled."""


def twin_conditions(batch: Batch, count: int) -> Batch:
    """Return a batch in which the second half of its first `count` rows repeats the first half."""
    half = count // 2
    rows = torch.arange(len(batch.image))
    rows[half : 2 * half] = rows[:half]
    return Batch(*(part[rows.to(part.device)] for part in batch))


def twin_codes(noise: Tensor, count: int) -> Tensor:
    """Return codes of which the second half of the first `count` rows repeats the first half, moved on by one row."""
    half = count // 2
    return torch.cat([noise[:half], noise[:half].roll(-1, dims=0), noise[2 * half :]])


class IdentityTerms(nn.Module):
    """Compare generated faces with training faces and with each other by the receipts' recogniser."""

    def __init__(self) -> None:
        super().__init__()
        self.recogniser = FrozenNetwork(weights.locate(FACE_RECOGNITION.weights), FACE_RECOGNITION.output)

    def forward(
        self, fake: Tensor, real: Tensor, landmarks: tuple[Tensor, Tensor], *, random: torch.Generator
    ) -> Tensor:
        """Return by how much distances are missed, in those of strangers: to the training face, of twins, of codes.

        Args:
            fake: (2 N, 3, S, S) in -1..1, drawn from `twin_conditions` with `twin_codes`.
            real: (N, 3, S, S) in -1..1, the training faces in whose surrounds they were drawn.
            landmarks: of both, (2 N, 478, 3) and (N, 478, 3) in shares of the crop's side.
            random: moves the squares that the recogniser sees.
        """
        half = len(real)
        with torch.autocast(fake.device.type, enabled=False):
            with torch.no_grad():
                wanted = self._embed(real.float(), landmarks[1], random)
            found = self._embed(fake.float(), landmarks[0], random)
        first, second = found[:half], found[half:]
        own = STRANGERS - _distance(found, torch.cat([wanted, wanted]))
        twins = STRANGERS - _distance(first, second)
        codes = _distance(first.roll(-1, dims=0), second) - SAME_PERSON
        missed = torch.stack([_mean(part.clamp_min(0)) for part in (own, twins, codes)])
        return missed.sum() / STRANGERS

    def _embed(self, image: Tensor, landmarks: Tensor, random: torch.Generator) -> Tensor:
        squares = shaken(place_squares(landmarks, FACE_RECOGNITION.framing), random, amount=JITTER)
        square = cut_aligned(image, squares, size_px=FACE_RECOGNITION.size_px)
        embedding: Tensor = self.recogniser(127.5 * (square + 1))
        return embedding


def _distance(first: Tensor, second: Tensor) -> Tensor:
    return (first - second).square().sum(dim=1).clamp_min(1e-6).sqrt()


def _mean(values: Tensor) -> Tensor:
    """Return the mean, and 0 for a batch too small to hold any."""
    return values.sum() / max(1, len(values))
