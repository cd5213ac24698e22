"""Palettes of other people: the face must take on the colours that are asked for, the hair those of the surround.

A training face and its hair go together, so a generator that is always told the palette of the face reads the colour of
the hair off the brows. When it is used, brows and hair belong to two people, and fair hair would meet a dark fringe.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

from ganonymization.palette import BEARD, BROWS, IRISES, LIPS, LUMA, SKIN, SPREAD
from ganonymization.training.data import Batch
from ganonymization.training.layers import features_of, named_layers

SHARE: Final = 0.6
"""Of the faces that have no code of their own, so many get the palette of another face, in their own light."""

PARTS: Final = {"brows": BROWS, "irises": IRISES, "lips": LIPS}
"""Maps whose mean colour a palette tells, and the fields that do."""

_GAINS: Final = (0.5, 2.0)

_LEAST: Final = 0.05


class Tinted(NamedTuple):
    """B palettes to draw with.

    Attributes:
        palette: (B, 16).
        swapped: (B,) 1 where it is another face's.
    """

    palette: Tensor
    swapped: Tensor


def tint(batch: Batch, invented: Tensor, random: torch.Generator) -> Tinted:
    """Return the palettes of a batch, some of them exchanged.

    Args:
        batch: B faces.
        invented: (B,) 1 where they have no code of their own.
        random: chooses.
    """
    own = batch.palette
    other = own.roll(1, dims=0)
    luma = torch.from_numpy(LUMA).to(own)
    gain = ((own[:, SKIN] + 1) @ luma + _LEAST) / ((other[:, SKIN] + 1) @ luma + _LEAST)
    lit = (other + 1) * gain.clamp(*_GAINS)[:, None] - 1
    lit[:, SPREAD] = other[:, SPREAD] * gain.clamp(*_GAINS)
    coloured = (own[:, 0] - own[:, 2]).abs() > 1e-3  # a grey face stays grey
    drawn = (torch.rand(len(own), generator=random) < SHARE).to(own.device)
    swapped = drawn & coloured & coloured.roll(1) & (invented > 0)
    return Tinted(torch.where(swapped[:, None], lit.clamp(-1, 1), own), swapped.float())


def tint_missed(image: Tensor, batch: Batch, tinted: Tinted, weight: Tensor) -> Tensor:
    """Return how far the mean colours of drawn skin, jaw, brows, irises and lips are from those asked for.

    Args:
        image: (B, 3, S, S) in -1..1, drawn with the palettes.
        batch: the faces.
        tinted: the palettes.
        weight: (B,) of each face.
    """
    layers = named_layers(batch.maps)
    visible = batch.unknown
    skin = layers["hull"] * (1 - features_of(layers)) * visible
    areas, wanted = [skin, skin * _below(layers["lips"])], list[Tensor]()
    for area, field in zip(areas, (SKIN, BEARD), strict=True):
        # a palette tells the colour of a part of the skin; that of all of it differs as in the training face
        share = (tinted.palette[:, field] + 1) / (batch.palette[:, field] + 1 + _LEAST)
        wanted.append(((_mean(batch.image, area) + 1) * share - 1).clamp(-1, 1))
    wanted += [tinted.palette[:, field] for field in PARTS.values()]
    areas += [layers[part] * visible for part in PARTS]
    off = [
        (_mean(image, area) - colour).abs().mean(dim=1) * _seen(area)
        for area, colour in zip(areas, wanted, strict=True)
    ]
    return (torch.stack(off).mean(dim=0) * weight).sum() / weight.sum().clamp_min(1)


def _below(area: Tensor) -> Tensor:
    """Return (B, 1, S, 1) 1 in rows below the middle of a (B, 1, S, S) area."""
    rows = torch.arange(area.shape[2]).to(area)[:, None]
    middle = (area * rows).sum(dim=(1, 2, 3)) / area.sum(dim=(1, 2, 3)).clamp_min(1)
    return (rows > middle[:, None, None, None]).to(area)


def _mean(image: Tensor, area: Tensor) -> Tensor:
    return (image * area).sum(dim=(2, 3)) / area.sum(dim=(2, 3)).clamp_min(1)


def _seen(area: Tensor) -> Tensor:
    """Return (B,) 1 where there is something of an area: closed eyes have no irises."""
    return (area.sum(dim=(1, 2, 3)) > 4).float()
