"""Blotches, strokes and lines on bare skin, of which an invented face is to have no more than a real one.

Discriminators hardly mind them: a dark spot over the nose and a stroke down the chin are read as wrinkles, which real
faces have. They stand out more than these, though, and at other places on every face. Etched lines are finer, and
everywhere on a face; how many there are ranks faces as an eye does (see `complexion`).
"""

from __future__ import annotations

from typing import Final

from torch import Tensor
from torch.nn import functional

from ganonymization.training.layers import features_of, named_layers

_FINE: Final = 3
_COARSE: Final = 17
"""Sides, in pixels of the picture at half its size, of the squares whose means are compared: a spot is as large
as the first, and its surroundings as the second."""

_MARGIN: Final = 7
"""By how much, in the same pixels, brows, eyes and lips are wider than drawn: lashes and shadows are no blemishes."""

_POWER: Final = 4
"""What stands out counts more than what is everywhere."""

_AROUND: Final = 7
"""Side of the square with whose mean each single pixel is compared, in the same pixels, where lines are looked for."""

_LINED: Final = 0.075
"""How lined skin may be: the photos of both test sets have medians of .07 and .08, the training faces of .11."""


def blemish_excess(image: Tensor, real: Tensor, skin: Tensor, weight: Tensor) -> Tensor:
    """Return by how much more stands out on the skin of drawn faces than on those of real ones.

    Args:
        image: (B, 3, S, S) drawn, in -1..1.
        real: likewise, faces in the same light.
        skin: (B, 1, S / 2, S / 2) 1 where it is bare (see `bare_skin`).
        weight: (B,) of each face.
    """
    return _mean_surplus(standing_out(image, skin) - standing_out(real, skin), weight)


def line_excess(image: Tensor, skin: Tensor, weight: Tensor) -> Tensor:
    """Return by how much more lined the skin of drawn faces is than that of photos; arguments as `blemish_excess`."""
    return _mean_surplus(lined(image, skin) - _LINED, weight)


def bare_skin(maps: Tensor, visible: Tensor) -> Tensor:
    """Return (B, 1, S / 2, S / 2) 1 where a drawn face has neither brows nor eyes nor a mouth.

    Args:
        maps: (B, M, S, S) landmark maps in 0..1.
        visible: (B, 1, S, S) 1 where something is drawn.
    """
    layers = named_layers(maps)
    features = functional.max_pool2d(_halved(features_of(layers)), _MARGIN, stride=1, padding=_MARGIN // 2)
    return (_halved(layers["hull"] * visible) > 0.99).float() * (features < 0.01).float()


def standing_out(image: Tensor, skin: Tensor) -> Tensor:
    """Return the (B,) difference of skin from its surroundings, on the scale of the image, spots before all.

    Args:
        image: (B, 3, S, S).
        skin: (B, 1, S / 2, S / 2), 1 where it is bare.
    """
    small = _halved(image.float())
    return _power_mean(_mean_around(small, skin, _FINE) - _mean_around(small, skin, _COARSE), skin, _POWER)


def lined(image: Tensor, skin: Tensor) -> Tensor:
    """Return the (B,) difference of pixels of skin from those around them; arguments as of `standing_out`."""
    small = _halved(image.float())
    return _power_mean(small - _mean_around(small, skin, _AROUND), skin, 2)


def _mean_surplus(difference: Tensor, weight: Tensor) -> Tensor:
    return (difference.relu() * weight).sum() / weight.sum().clamp_min(1)


def _power_mean(difference: Tensor, skin: Tensor, power: int) -> Tensor:
    mean = (difference**power * skin).sum(dim=(1, 2, 3)) / (3 * skin.sum(dim=(1, 2, 3))).clamp_min(1)
    return (mean + 1e-8) ** (1 / power)


def _halved(layer: Tensor) -> Tensor:
    return functional.avg_pool2d(layer, 2)


def _mean_around(image: Tensor, area: Tensor, side: int) -> Tensor:
    """Return the mean over a square around each pixel, of what lies in the area."""
    return _summed(image * area, side) / _summed(area, side).clamp_min(1e-3)


def _summed(layer: Tensor, side: int) -> Tensor:
    """Return the sum over a square around each pixel, in units of the square: columns first, which is far faster."""
    columns = functional.avg_pool2d(layer, (side, 1), stride=1, padding=(side // 2, 0))
    return functional.avg_pool2d(columns, (1, side), stride=1, padding=(0, side // 2))
