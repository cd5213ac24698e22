"""Cut the squares that frozen networks want out of generated pictures, so that losses flow back through the cut."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ganonymization.alignment import ANCHORS, MEAN_ANCHORS, Framing

_SHRINK_FROM = 1.5
"""Pictures that are that many times as large as the square are averaged first."""


def cut_square(image: Tensor, center: Tensor, side: Tensor, *, size_px: int) -> Tensor:
    """Return (B, 3, size_px, size_px) upright squares.

    Args:
        image: (B, 3, S, S).
        center: (B, 2) in shares of the image's side.
        side: (B,) likewise.
        size_px: side of the result.
    """
    theta = torch.zeros(len(image), 2, 3, device=image.device)
    theta[:, 0, 0] = theta[:, 1, 1] = side
    theta[:, :, 2] = 2 * center - 1
    return _sample(image, theta, size_px)


def cut_aligned(image: Tensor, squares: Tensor, *, size_px: int) -> Tensor:
    """Return (B, 3, size_px, size_px) squares that `place_squares` has placed on (B, 3, S, S) images."""
    # the picture's share of the square is not known here; that of the synthesis crop is about one
    while image.shape[-1] > _SHRINK_FROM * size_px:
        image = F.avg_pool2d(image, 2)
    factor, shift = squares.unbind(dim=1)
    rows = [torch.stack([factor.real, -factor.imag], dim=1), torch.stack([factor.imag, factor.real], dim=1)]
    linear = torch.stack(rows, dim=1)
    # from 0..1 to the -1..1 of `affine_grid`
    center = linear.sum(dim=2) / 2 + torch.stack([shift.real, shift.imag], dim=1)
    return _sample(image, torch.cat([linear, (2 * center - 1)[:, :, None]], dim=2), size_px)


def place_squares(landmarks: Tensor, framing: Framing) -> Tensor:
    """Return the (B, 2) complex factor and shift from places in a network's square to places in the crop.

    Both are in shares of their sides, x + iy. The square is that of `alignment.aligned_from_image`.

    Args:
        landmarks: (B, 478, 3) in shares of the crop's side.
        framing: how the square lies around the face.
    """
    offset = torch.tensor([framing.padding, framing.padding + framing.rise])
    mean = (torch.from_numpy(MEAN_ANCHORS).float() + offset) / (1 + 2 * framing.padding)
    target = torch.view_as_complex(mean.contiguous()).to(landmarks.device)
    source = torch.view_as_complex(landmarks[:, list(ANCHORS), :2].float().contiguous())
    source_mean, target_mean = source.mean(dim=1, keepdim=True), target.mean()
    centered = source - source_mean
    square_from_crop = (centered.conj() * (target - target_mean)).sum(dim=1) / centered.abs().square().sum(dim=1)
    factor = 1 / square_from_crop
    return torch.stack([factor, source_mean[:, 0] - factor * target_mean], dim=1)


def shaken(squares: Tensor, random: torch.Generator, *, amount: float) -> Tensor:
    """Return squares moved, turned and scaled at random by about `amount` of their side.

    A network that always sees a face in the same place is easily pleased by a pattern that no eye sees.
    """
    factor, shift = squares.unbind(dim=1)
    noise = amount * torch.randn(len(squares), 4, generator=random).to(squares.device)
    change = torch.complex(1 + noise[:, 0], noise[:, 1])
    moved = shift + factor * torch.complex(noise[:, 2], noise[:, 3])
    middle = factor * complex(0.5, 0.5)
    return torch.stack([factor * change, moved + middle * (1 - change)], dim=1)


def _sample(image: Tensor, theta: Tensor, size_px: int) -> Tensor:
    grid = F.affine_grid(theta, [len(image), 3, size_px, size_px], align_corners=False)
    return F.grid_sample(image, grid, padding_mode="border", align_corners=False)
