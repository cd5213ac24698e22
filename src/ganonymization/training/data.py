"""Training samples: random views of prepared faces with their landmark maps and surrounds."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from ganonymization.condition import draw_maps
from ganonymization.crop import pixel_centred
from ganonymization.geometry import square_from_image, transform
from ganonymization.landmark import topology
from ganonymization.palette import grey_palette, scale_palette
from ganonymization.region import hull_mask
from ganonymization.reshape import Reshape
from ganonymization.shape import ShapeModel
from ganonymization.surround import MARGIN as SURROUND_MARGIN
from ganonymization.training.config import TrainingConfig
from ganonymization.training.prepare import GROWTHS, MARGIN, FaceSet, outlines_of
from ganonymization.types import Affine, Landmarks, Points

Array = npt.NDArray[np.uint8]

_BROWS: Final = [*topology.RIGHT_BROW, *topology.LEFT_BROW]

LOWEST_TOP: Final = 0.25
"""Where a lowered region ends at least, in shares of the way from the brows to the top of the landmarks."""

BLACK: Final = np.zeros(3, np.float32)
NO_WALL: Final = np.full(3, -1, np.float32)

WALL_LEVELS: Final = (90.0, 255.0)
"""How bright walls are; people are photographed before light ones for the most part."""

WALL_TINT: Final = 0.025
"""Deviation of a wall's red, green and blue from grey, as a share of its brightness."""

Sample: TypeAlias = dict[str, npt.NDArray[np.generic]]
"""One row of a `Batch`, field by field."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A random view of a face.

    Attributes:
        index: place of the face in its set.
        affine: (2, 3) from the synthesis crop to the view, both in pixels of the view's size.
        outline: (M, 2) of the region to be replaced, in pixels of the view.
        own_landmarks: (478, 3) of the face, in pixels of the view.
        landmarks: (478, 3) that are drawn, likewise: those of the face, or of an invented person in its place.
        is_reshaped: whether they are an invented person's.
        gain: (3,) factors of red, green and blue.
        is_grey: whether it is turned grey.
        is_isolated: whether the person is put on black, without a surround.
        wall: (3,) levels, 0..255, of the wall that the person is put before; negative where the background stays.
        is_mirrored: whether it is mirrored.
    """

    index: int
    affine: Affine
    outline: Points
    own_landmarks: Points
    landmarks: Points
    is_reshaped: bool
    gain: npt.NDArray[np.float64]
    is_grey: bool
    is_isolated: bool
    wall: npt.NDArray[np.float32]
    is_mirrored: bool


@dataclass(frozen=True, slots=True)
class _Growth:
    """How far a region grows.

    Attributes:
        growth: place on the scale of `GROWTHS`.
        stretch: (2,) factors of width and height, as the union with another person's hull would be.
    """

    growth: float
    stretch: npt.NDArray[np.float64]


class Batch(NamedTuple):
    """B samples. Images are uint8 until they reach the device; see `networks` for shapes.

    `landmarks` are those that the maps show and `own_landmarks` those of the face in the picture, both (B, 478, 3) in
    shares of the crop's side; `reshaped` is (B,), 1 where they are different people's and 0 where they are the same.
    """

    image: Tensor
    maps: Tensor
    known: Tensor
    valid: Tensor
    palette: Tensor
    landmarks: Tensor
    own_landmarks: Tensor
    reshaped: Tensor

    @property
    def unknown(self) -> Tensor:
        """Where something is to be drawn, (B, 1, S, S): inside the picture, and not in the surround."""
        return self.valid * (1 - self.known)

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device with float images in -1..1 and maps and masks in 0..1."""
        image = self.image.to(device, memory_format=torch.channels_last).float() / 127.5 - 1
        maps, known, valid = (
            layer.to(device, memory_format=torch.channels_last).float() / 255
            for layer in (self.maps, self.known, self.valid)
        )
        return Batch(image, maps, known, valid, *(part.to(device) for part in self[4:]))


class FaceViews(IterableDataset[Batch]):
    """An endless stream of batches, each drawn from the seed and its place alone.

    So a resumed run goes on in the stream exactly where it stopped, with any number of workers.

    Args:
        faces: prepared faces.
        config: sizes, shares and the seed.
        start: samples already seen.
        shares: (N,) how often each face is drawn; None for all alike.
    """

    def __init__(
        self,
        faces: FaceSet,
        config: TrainingConfig,
        *,
        start: int = 0,
        shares: npt.NDArray[np.float64] | None = None,
    ) -> None:
        super().__init__()
        self._shares = shares
        self._faces = faces
        self._config = config
        self._start = start
        self._model = ShapeModel.load()
        self._reshape = Reshape(self._model)

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches without end."""
        for views in self.plans():
            yield stack([self.draw(view) for view in views])

    def plans(self) -> Iterator[list[View]]:
        """Yield what the batches are going to be, without end; each worker its share of them."""
        worker = get_worker_info()
        first, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        cv2.setNumThreads(1)
        for number in itertools.count(first, stride):
            rng = np.random.default_rng([self._config.seed, self._start + number * self._config.batch_size])
            chosen = self._choose(rng)
            yield [self.plan(int(index), rng) for index in chosen]

    def _choose(self, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        count, size = len(self._faces.names), self._config.batch_size
        return rng.integers(count, size=size) if self._shares is None else rng.choice(count, size, p=self._shares)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """Return one random view of a face."""
        return self.draw(self.plan(index, rng))

    def plan(self, index: int, rng: np.random.Generator) -> View:
        """Return what a random view of a face is going to be."""
        size_px = self._config.size_px
        affine = _random_view(rng, size_px)
        growth = _random_growth(rng)
        own = transform(self._faces.landmarks[index] * size_px, affine)
        outline = transform(_grown(self._faces.outlines[index], growth) * size_px, affine)
        is_reshaped = rng.random() < self._config.reshaped_share
        invented = self._invent(own, rng) if is_reshaped else own
        # as when the generator is used: what either person's hull covers is removed
        both = np.concatenate([outline, self._outline(invented, growth)]) if is_reshaped else outline
        if rng.random() < self._config.lowered_share:
            both = _lowered(both, own, float(rng.uniform(LOWEST_TOP, 1)))
        is_grey = rng.random() < self._config.grey_share
        is_isolated = rng.random() < self._config.isolated_share
        return View(
            index=index,
            affine=affine,
            outline=both,
            own_landmarks=own,
            landmarks=invented,
            is_reshaped=is_reshaped,
            gain=rng.uniform(0.8, 1.15) * rng.uniform(0.95, 1.05, 3),
            is_grey=is_grey,
            is_isolated=is_isolated,
            wall=BLACK if is_isolated else self._wall(rng, is_grey=is_grey),
            is_mirrored=rng.random() < 0.5,
        )

    def _wall(self, rng: np.random.Generator, *, is_grey: bool) -> npt.NDArray[np.float32]:
        """Return the (3,) levels of the wall behind a face that has a surround."""
        if rng.random() >= self._config.wall_share:
            return NO_WALL
        tint = np.zeros(3) if is_grey else rng.normal(0, WALL_TINT, 3)
        return np.clip(rng.uniform(*WALL_LEVELS) * (1 + tint), 0, 255).astype(np.float32)

    def _invent(self, points: Points, rng: np.random.Generator) -> Points:
        """Return the landmarks of a person who does not exist in the same pose, with the same expression."""
        return self._reshape(Landmarks(points, presence=1.0), int(rng.integers(2**31))).points

    def _outline(self, points: Points, growth: _Growth) -> Points:
        """Return the (M, 2) outline of landmarks in pixels of the view."""
        pose = self._model.pose_of(Landmarks(points, presence=1.0))
        return _grown(outlines_of(points, pose, np.eye(2, 3)), growth)

    def draw(self, view: View) -> Sample:
        """Return a view with its picture."""
        faces, size_px = self._faces, self._config.size_px
        image, valid, person = (
            _resample(layer[view.index], view.affine, size_px) for layer in (faces.images, faces.valid, faces.people)
        )
        image = _recolor(image, view)
        if view.wall[0] >= 0:
            share = person[..., None] / np.float32(255)
            image = (image * share + view.wall * (1 - share)).astype(np.uint8)
        known = np.where(valid == 255, self.surround(view), 0).astype(np.uint8)
        sample = self.conditions(view) | {
            "image": image.transpose(2, 0, 1),
            "known": known[None],
            "valid": valid[None],
        }
        return flip(sample) if view.is_mirrored else sample

    def surround(self, view: View) -> Array:
        """Return an (S, S) mask, 255 where a view shows its surround if the picture reaches there."""
        size_px = self._config.size_px
        hull = hull_mask(view.outline, size_px=size_px, margin_px=SURROUND_MARGIN * size_px)
        return np.where((hull > 0) | view.is_isolated, 0, 255).astype(np.uint8)

    def conditions(self, view: View) -> Sample:
        """Return maps, landmarks and palette of a view, not yet mirrored."""
        size_px = self._config.size_px
        return {
            "maps": draw_maps(view.landmarks, size_px=size_px),
            "palette": _recolor_palette(self._faces.palettes[view.index], view),
            "landmarks": view.landmarks / np.float32(size_px),
            "own_landmarks": view.own_landmarks / np.float32(size_px),
            "reshaped": np.asarray(view.is_reshaped, np.float32),
        }


def stack(samples: list[Sample]) -> Batch:
    """Return samples as one batch."""
    return Batch(**{name: torch.from_numpy(np.stack([s[name] for s in samples])) for name in Batch._fields})


def _random_view(rng: np.random.Generator, size_px: int) -> Affine:
    """Return a random similarity of the synthesis crop onto itself."""
    center = size_px * (0.5 + rng.uniform(-0.04, 0.04, 2))
    side_px = size_px * (rng.uniform(0.9, 1.1) if rng.random() < 0.8 else rng.uniform(1.1, MARGIN))
    return square_from_image((center[0], center[1]), side_px, roll_rad=rng.normal(0, 0.07), size_px=size_px)


def view_from_layer(affine: Affine, layer_px: int, size_px: int) -> Affine:
    """Return the map from a prepared layer, which is `MARGIN` wider than the synthesis crop, to a view of it."""
    margin_px = (layer_px - layer_px / MARGIN) / 2
    moved = affine.copy()
    moved[:, :2] /= layer_px / MARGIN / size_px
    moved[:, 2] -= moved[:, :2] @ (margin_px, margin_px)
    return moved


def _resample(layer: Array, affine: Affine, size_px: int) -> Array:
    matrix = pixel_centred(view_from_layer(affine, layer.shape[0], size_px))
    return np.asarray(cv2.warpAffine(layer, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR), np.uint8)


def _random_growth(rng: np.random.Generator) -> _Growth:
    growth = rng.choice([1.0, rng.uniform(0, 1), rng.uniform(1, 2)], p=[0.4, 0.35, 0.25])
    return _Growth(float(growth), rng.uniform(1.0, 1.12, 2))


def _grown(outlines: Points, growth: _Growth) -> Points:
    """Return (M, 2) points between those of (3, M, 2) outlines at `GROWTHS`."""
    lower = min(int(growth.growth), len(GROWTHS) - 2)
    share = growth.growth - lower
    points = (1 - share) * outlines[lower] + share * outlines[lower + 1]
    middle = points.mean(axis=0)
    return (middle + (points - middle) * growth.stretch).astype(np.float32)


def _lowered(outline: Points, landmarks: Points, top: float) -> Points:
    """Return an outline that ends on the forehead, `top` of the way from the brows to the top of the landmarks."""
    up = (landmarks[topology.FOREHEAD_TOP] - landmarks[topology.CHIN])[:2].astype(np.float64)
    up /= np.linalg.norm(up) + 1e-9
    brows = float((landmarks[_BROWS, :2] @ up).max())
    above = np.maximum(outline[:, :2] @ up - brows, 0)
    forehead = max(0.0, float(landmarks[topology.FOREHEAD_TOP, :2] @ up - brows))
    share = min(1.0, top * forehead / max(1e-9, float(above.max())))  # squeezed, not cut, so that it stays round
    return (outline - (1 - share) * above[:, None] * up).astype(np.float32)


def _recolor(image: Array, view: View) -> Array:
    """Change exposure and white balance of a picture, or turn it grey."""
    image = np.clip(image * view.gain, 0, 255).astype(np.uint8)
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2) if view.is_grey else image


def _recolor_palette(palette: npt.NDArray[np.float32], view: View) -> npt.NDArray[np.float32]:
    """Change a palette as `_recolor` does its picture."""
    lit = scale_palette(palette, view.gain)
    return grey_palette(lit) if view.is_grey else lit


def flip(sample: Sample) -> Sample:
    """Mirror a sample; the maps hold both sides alike, the landmarks change places with their counterparts."""
    flipped = {name: _mirrored(value) if value.ndim == 3 else value for name, value in sample.items()}
    return flipped | {name: _mirrored_points(sample[name]) for name in ("landmarks", "own_landmarks")}


def _mirrored_points(points: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return (478, 3) landmarks, in shares of the crop's side, of the mirrored face."""
    mirrored = points.copy()
    mirrored[:, 0] = 1 - points[:, 0].astype(np.float32)
    return mirrored[mirror_order()]


def _mirrored(layers: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return np.ascontiguousarray(layers[..., ::-1])


@functools.cache
def mirror_order() -> npt.NDArray[np.intp]:
    """Return for each landmark the number of its counterpart on the other side of the mean face."""
    mean = ShapeModel.load().mean
    distance = np.linalg.norm(mean[:, None] - (mean * (-1, 1, 1))[None], axis=2)
    return np.asarray(distance.argmin(axis=1))
