"""Training samples: random views of prepared faces with their landmark maps and surrounds."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from ganonymization.condition import draw_maps
from ganonymization.crop import pixel_centred
from ganonymization.geometry import square_from_image, transform
from ganonymization.region import hull_mask
from ganonymization.shape import ShapeModel
from ganonymization.surround import MARGIN as SURROUND_MARGIN
from ganonymization.training.config import TrainingConfig
from ganonymization.training.prepare import GROWTHS, MARGIN, FaceSet
from ganonymization.types import Affine, Points

Array = npt.NDArray[np.uint8]


class Batch(NamedTuple):
    """B samples. Images are uint8 until they reach the device; see `networks` for shapes."""

    image: Tensor
    maps: Tensor
    known: Tensor
    valid: Tensor
    palette: Tensor
    landmarks: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device with float images in -1..1 and maps and masks in 0..1."""
        image = self.image.to(device, memory_format=torch.channels_last).float() / 127.5 - 1
        maps, known, valid = (
            layer.to(device, memory_format=torch.channels_last).float() / 255
            for layer in (self.maps, self.known, self.valid)
        )
        return Batch(image, maps, known, valid, self.palette.to(device), self.landmarks.to(device))


class FaceViews(IterableDataset[Batch]):
    """An endless stream of batches, each drawn from the seed and its place alone.

    So a resumed run goes on in the stream exactly where it stopped, with any number of workers.

    Args:
        faces: prepared faces.
        config: sizes, shares and the seed.
        start: samples already seen.
    """

    def __init__(self, faces: FaceSet, config: TrainingConfig, *, start: int = 0) -> None:
        super().__init__()
        self._faces = faces
        self._config = config
        self._start = start

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches without end."""
        worker = get_worker_info()
        first, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        cv2.setNumThreads(1)
        for number in itertools.count(first, stride):
            rng = np.random.default_rng([self._config.seed, self._start + number * self._config.batch_size])
            chosen = rng.integers(len(self._faces.names), size=self._config.batch_size)
            yield stack([self.sample(int(index), rng) for index in chosen])

    def sample(self, index: int, rng: np.random.Generator) -> dict[str, npt.NDArray[np.generic]]:
        """Return one random view of a face."""
        faces, size_px = self._faces, self._config.size_px
        view = _random_view(rng, size_px)
        image, valid, person = (
            _resample(layer[index], view, size_px) for layer in (faces.images, faces.valid, faces.people)
        )
        landmarks = transform(faces.landmarks[index] * size_px, view)
        outline = _random_outline(faces.outlines[index], rng, size_px, view)
        hull = hull_mask(outline, size_px=size_px, margin_px=SURROUND_MARGIN * size_px)
        known = np.where(hull > 0, 0, np.where(valid == 255, 255, 0)).astype(np.uint8)
        image, palette = _recolor(image, faces.palettes[index], rng, self._config.grey_share)
        if rng.random() < self._config.isolated_share:
            image = (image * (person[..., None] / np.float32(255))).astype(np.uint8)
            known = np.zeros_like(known)
        maps = draw_maps(landmarks, size_px=size_px)
        sample: dict[str, npt.NDArray[np.generic]] = {
            "image": image.transpose(2, 0, 1),
            "maps": maps,
            "known": known[None],
            "valid": valid[None],
            "palette": palette,
            "landmarks": landmarks / np.float32(size_px),
        }
        return _flip(sample) if rng.random() < 0.5 else sample


def stack(samples: list[dict[str, npt.NDArray[np.generic]]]) -> Batch:
    """Return samples as one batch."""
    return Batch(**{name: torch.from_numpy(np.stack([s[name] for s in samples])) for name in Batch._fields})


def _random_view(rng: np.random.Generator, size_px: int) -> Affine:
    """Return a random similarity of the synthesis crop onto itself."""
    center = size_px * (0.5 + rng.uniform(-0.04, 0.04, 2))
    side_px = size_px * (rng.uniform(0.9, 1.1) if rng.random() < 0.8 else rng.uniform(1.1, MARGIN))
    return square_from_image((center[0], center[1]), side_px, roll_rad=rng.normal(0, 0.07), size_px=size_px)


def _resample(layer: Array, view: Affine, size_px: int) -> Array:
    """Return the view of a prepared layer, which is `MARGIN` wider than the crop."""
    margin_px = (layer.shape[0] - layer.shape[0] / MARGIN) / 2
    scale = layer.shape[0] / MARGIN / size_px
    view_from_layer = view.copy()
    view_from_layer[:, :2] /= scale
    view_from_layer[:, 2] -= view_from_layer[:, :2] @ (margin_px, margin_px)
    matrix = pixel_centred(view_from_layer)
    return np.asarray(cv2.warpAffine(layer, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR), np.uint8)


def _random_outline(outlines: Points, rng: np.random.Generator, size_px: int, view: Affine) -> Points:
    """Return an outline of random growth, stretched at random as the union with another person's hull would be."""
    growth = rng.choice([1.0, rng.uniform(0, 1), rng.uniform(1, 2)], p=[0.4, 0.35, 0.25])
    lower = min(int(growth), len(GROWTHS) - 2)
    points = (1 - (growth - lower)) * outlines[lower] + (growth - lower) * outlines[lower + 1]
    middle = points.mean(axis=0)
    stretched = middle + (points - middle) * rng.uniform(1.0, 1.12, 2)
    return transform((stretched * size_px).astype(np.float32), view)


def _recolor(
    image: Array, palette: npt.NDArray[np.float32], rng: np.random.Generator, grey_share: float
) -> tuple[Array, npt.NDArray[np.float32]]:
    """Change exposure and white balance of the picture and of its palette alike, or turn both grey."""
    gain = rng.uniform(0.8, 1.15) * rng.uniform(0.95, 1.05, 3)
    image = np.clip(image * gain, 0, 255).astype(np.uint8)
    colors = palette[[0, 1, 2, *range(4, 16)]].reshape(5, 3)
    colors = np.clip((colors + 1) * gain - 1, -1, 1)
    if rng.random() < grey_share:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        colors = np.repeat((colors @ (0.299, 0.587, 0.114))[:, None], 3, axis=1)
    spread = palette[3] * gain.mean()
    return image, np.concatenate([colors[0], [spread], colors[1:].ravel()]).astype(np.float32)


def _flip(sample: dict[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[np.generic]]:
    """Mirror a sample; the maps hold both sides alike, the landmarks change places with their counterparts."""
    flipped = {name: _mirrored(value) if value.ndim == 3 else value for name, value in sample.items()}
    landmarks = sample["landmarks"].copy()
    landmarks[:, 0] = 1 - landmarks[:, 0]
    flipped["landmarks"] = landmarks[mirror_order()]
    return flipped


def _mirrored(layers: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return np.ascontiguousarray(layers[..., ::-1])


@functools.cache
def mirror_order() -> npt.NDArray[np.intp]:
    """Return for each landmark the number of its counterpart on the other side of the mean face."""
    mean = ShapeModel.load().mean
    distance = np.linalg.norm(mean[:, None] - (mean * (-1, 1, 1))[None], axis=2)
    return np.asarray(distance.argmin(axis=1))
