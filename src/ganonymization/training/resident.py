"""Faces that stay in a GPU's memory: workers send only what is drawn, the device cuts, turns and colours pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import IterableDataset

from ganonymization.geometry import invert
from ganonymization.training.data import Batch, FaceViews, Sample, View, flip, view_from_layer
from ganonymization.training.prepare import FaceSet

LARGEST_SHARE: Final = 0.5
"""Of the device's free memory that pictures may take; networks need the rest."""

LUMA: Final = (0.299, 0.587, 0.114)


class PlannedBatch(NamedTuple):
    """B views without their pictures: what `data.View` says in place of `image` and `valid` of `Batch`.

    `chosen` are places in the set, `theta` is that of `theta_of`, `known` is 255 where the surround is
    shown if the picture reaches there.
    """

    chosen: Tensor
    theta: Tensor
    gain: Tensor
    is_grey: Tensor
    wall: Tensor
    is_mirrored: Tensor
    maps: Tensor
    known: Tensor
    palette: Tensor
    landmarks: Tensor
    own_landmarks: Tensor
    reshaped: Tensor

    def to(self, device: torch.device) -> PlannedBatch:
        """Return the batch on a device."""
        return PlannedBatch(*(part.to(device, non_blocking=True) for part in self))


class PlannedViews(IterableDataset[PlannedBatch]):
    """The stream of a `FaceViews`, without pictures.

    Args:
        views: whose stream.
        layer_px: side of the prepared pictures.
    """

    def __init__(self, views: FaceViews, *, layer_px: int) -> None:
        super().__init__()
        self._views, self._layer_px = views, layer_px

    def __iter__(self) -> Iterator[PlannedBatch]:
        """Yield batches without end."""
        for views in self._views.plans():
            rows = [self._row(view) for view in views]
            yield PlannedBatch(
                *(torch.from_numpy(np.stack([row[name] for row in rows])) for name in PlannedBatch._fields)
            )

    def _row(self, view: View) -> Sample:
        drawn = self._views.conditions(view) | {"known": self._views.surround(view)[None]}
        return (flip(drawn) if view.is_mirrored else drawn) | {
            "chosen": np.asarray(view.index),
            "theta": theta_of(view, size_px=drawn["maps"].shape[-1], layer_px=self._layer_px),
            "gain": view.gain.astype(np.float32),
            "is_grey": np.asarray(view.is_grey),
            "wall": view.wall,
            "is_mirrored": np.asarray(view.is_mirrored),
        }


def theta_of(view: View, *, size_px: int, layer_px: int) -> npt.NDArray[np.float32]:
    """Return the (2, 3) map from places in a view to places in its layer, both in -1..1, that `affine_grid` wants."""
    layer_from_view = invert(view_from_layer(view.affine, layer_px, size_px))
    linear = layer_from_view[:, :2] * (size_px / layer_px)
    center = layer_from_view @ (size_px / 2, size_px / 2, 1)
    return np.concatenate([linear, (2 * center / layer_px - 1)[:, None]], axis=1).astype(np.float32)


class ResidentFaces:
    """Pictures and masks of a set in a device's memory.

    Args:
        faces: prepared faces.
        device: torch device.
    """

    def __init__(self, faces: FaceSet, device: torch.device) -> None:
        layers = (torch.from_numpy(layer) for layer in (faces.valid, faces.people))
        images = torch.from_numpy(faces.images).to(device).permute(0, 3, 1, 2)
        self._layers = torch.cat([images, *(layer.to(device)[:, None] for layer in layers)], dim=1)

    def draw(self, planned: PlannedBatch) -> Batch:
        """Return the batch with its pictures; all on the device."""
        size = [len(planned.chosen), self._layers.shape[1], *planned.maps.shape[-2:]]
        grid = F.affine_grid(planned.theta, size, align_corners=False)
        drawn = F.grid_sample(self._layers[planned.chosen].float(), grid, align_corners=False)
        drawn = torch.where(_each(planned.is_mirrored), drawn.flip(3), drawn).round()
        image, valid, person = drawn[:, :3], drawn[:, 3:4], drawn[:, 4:]
        image = (image * _each(planned.gain)).clamp(0, 255)
        grey = (image * image.new_tensor(LUMA)[:, None, None]).sum(dim=1, keepdim=True).expand_as(image)
        image = torch.where(_each(planned.is_grey), grey, image)
        wall, share = _each(planned.wall), person / 255
        image = torch.where(wall >= 0, image * share + wall * (1 - share), image)
        known = torch.where(valid == 255, planned.known, 0)
        conditions = (planned.palette, planned.landmarks, planned.own_landmarks, planned.reshaped)
        return Batch(image.byte(), planned.maps, known, valid.byte(), *conditions)


def _each(values: Tensor) -> Tensor:
    """Return (B,) or (B, C) values such that they meet (B, C, H, W) pictures."""
    return values.reshape(len(values), -1, 1, 1)


def fits(faces: FaceSet, device: torch.device) -> bool:
    """Return whether the pictures of a set have room on a GPU beside the networks; never on a CPU."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    size = sum(layer.nbytes for layer in (faces.images, faces.valid, faces.people))
    # while they are put together they are there twice
    return 2 * size <= LARGEST_SHARE * free
