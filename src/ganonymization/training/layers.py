"""Landmark maps by name."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ganonymization.condition import MAP_NAMES

_FEATURES: Final = ("brows", "eyes", "lips", "mouth")


def named_layers(maps: Tensor) -> dict[str, Tensor]:
    """Return the (B, 1, S, S) layer of each name in `MAP_NAMES`, of (B, M, S, S) landmark maps."""
    return dict(zip(MAP_NAMES, maps[:, :, None].unbind(dim=1), strict=True))


def features_of(layers: dict[str, Tensor]) -> Tensor:
    """Return (B, 1, S, S) where a face has brows, eyes or a mouth instead of bare skin, 0..1."""
    return torch.stack([layers[name] for name in _FEATURES]).amax(dim=0)
