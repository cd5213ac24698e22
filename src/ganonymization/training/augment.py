"""Differentiable augmentation of what the discriminator sees (Zhao et al., "Differentiable augmentation", 2020).

With a few thousand faces a discriminator learns them by heart; seeing every image, real or generated, under random
changes keeps it from doing so. The changes must be differentiable because the generator learns through them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def augment(image: Tensor, maps: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return image and maps under the same random shift and cutout, and the image under random colours.

    Args:
        image: (B, 3, S, S) in -1..1.
        maps: (B, C, S, S); shifted with the image.
        generator: source of randomness, on the CPU.
    """
    image = _recolor(image, generator)
    both = _shift(torch.cat([image, maps.to(image)], dim=1), generator)
    both = both * _cutout(both, generator)
    image, maps = torch.split(both, [3, both.shape[1] - 3], dim=1)  # type: ignore[no-untyped-call]
    return image, maps


def _uniform(batch: int, generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.rand(batch, 1, 1, 1, generator=generator).to(like)


def _recolor(image: Tensor, generator: torch.Generator) -> Tensor:
    batch = len(image)
    image = image + 0.4 * (_uniform(batch, generator, image) - 0.5)
    mean = image.mean(dim=1, keepdim=True)
    image = (image - mean) * (0.5 + _uniform(batch, generator, image)) + mean
    mean = image.mean(dim=(1, 2, 3), keepdim=True)
    return (image - mean) * (0.7 + 0.6 * _uniform(batch, generator, image)) + mean


def _shift(x: Tensor, generator: torch.Generator) -> Tensor:
    reach = x.shape[-1] // 16
    padded = F.pad(x, (reach, reach, reach, reach))
    moves = torch.randint(0, 2 * reach + 1, (len(x), 2), generator=generator).tolist()
    size = x.shape[-1]
    # taken apart first: the gradient of a slice is as large as what it was sliced from
    views = zip(padded.unbind(), moves, strict=True)
    return torch.stack([view[:, dy : dy + size, dx : dx + size] for view, (dy, dx) in views])


def _cutout(x: Tensor, generator: torch.Generator) -> Tensor:
    size = x.shape[-1]
    side = size // 4
    mask = torch.ones(len(x), 1, size, size, dtype=x.dtype, device=x.device)
    for i, (top, left) in enumerate(torch.randint(-side, size, (len(x), 2), generator=generator).tolist()):
        mask[i, :, max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)] = 0
    return mask
