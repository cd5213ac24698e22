"""The pix2pix generator: landmarks, surround, palette and identity in, a face out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization import weights
from ganonymization.condition import draw_maps
from ganonymization.errors import WeightsError
from ganonymization.onnx import Network, Runtime
from ganonymization.surround import is_grey
from ganonymization.types import Image, Landmarks, Patch, Surround

NOISE_SIZE: Final = 32
"""Numbers drawn from the identity that decide what landmarks, surround and palette leave open."""

TRAITS_KEY: Final = "traits_by_noise"
"""Entry of a generator's file: constant and slopes, over the noise, of the logit of being taken for a man, and of the
apparent age in years."""

TRAITS_SHAPE: Final = (2, 1 + NOISE_SIZE)

HABITS_KEY: Final = "habits"
"""Entry of a generator's file: what it misses of the motion that is asked for (see `correct.Anticipate`)."""

HABITS_SHAPE: Final = (14, 13)

INPUTS: Final = ("maps", "surround", "known", "palette", "noise")


class Pix2Pix:
    """Synthesize a face with `generator.onnx`; fits `stages.Synthesize`.

    Args:
        network: maps (N, 7, S, S) in 0..1, surround (N, 3, S, S) in -1..1, known (N, 1, S, S), palette (N, 16), noise
            (N, 32); output image (N, 3, S, S) in -1..1.

    Raises:
        WeightsError: the network does not say how large its crop is.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        side = network.input_shape("maps")[-1]
        if not isinstance(side, int):
            raise WeightsError(f"the generator works in crops of any size, {side!r}; export it for one")
        self.size_px = side
        self.traits = _read_numbers(network.metadata, TRAITS_KEY, TRAITS_SHAPE)
        self.habits = _read_numbers(network.metadata, HABITS_KEY, HABITS_SHAPE)

    @classmethod
    def load(cls, path: Path | None = None, *, runtime: Runtime = Runtime()) -> Pix2Pix:  # noqa: B008 - frozen
        """Return the generator in a file, or that of the package.

        Raises:
            WeightsError: the file is no such network.
        """
        return cls(Network(path or weights.locate("generator"), inputs=INPUTS, outputs=["image"], runtime=runtime))

    def __call__(
        self, landmarks: Landmarks, surround: Surround, *, palette: npt.NDArray[np.float32], identity: int
    ) -> Patch:
        """Return the face for landmarks in crop pixels, on the surround."""
        pixels, known = surround_tensor(surround)
        (image,) = self._network(
            maps=draw_maps(landmarks.points, size_px=self.size_px)[None].astype(np.float32) / 255,
            surround=pixels[None],
            known=known[None],
            palette=palette[None].astype(np.float32),
            noise=draw_noise(identity)[None],
        )
        drawn = cv2.merge([_levels(layer) for layer in image[0]]).astype(np.uint8, copy=False)
        return Patch(_without_color(drawn) if is_grey(surround) else drawn)


def _read_numbers(metadata: Mapping[str, str], key: str, shape: tuple[int, ...]) -> npt.NDArray[np.float64] | None:
    """Return an entry of a generator's file; None where it has none.

    Raises:
        WeightsError: the entry holds other numbers than it should.
    """
    text = metadata.get(key)
    if text is None:
        return None
    try:
        numbers = np.array(json.loads(text), np.float64)
    except (ValueError, TypeError) as error:
        raise WeightsError(f"the generator's {key} is no list of numbers ({error}); measure it anew") from error
    if numbers.shape != shape:
        raise WeightsError(f"the generator's {key} has the shape {numbers.shape}, not {shape}; measure it anew")
    return numbers


def _levels(layer: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return a layer in -1..1 as 0..255."""
    return np.asarray(cv2.convertScaleAbs(np.clip(layer, -1, 1), alpha=127.5, beta=127.5), np.uint8)


def _without_color(image: Image) -> Image:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8, copy=False)


def draw_noise(identity: int) -> npt.NDArray[np.float32]:
    """Return the (32,) noise of an identity."""
    return np.random.default_rng([identity, 2]).standard_normal(NOISE_SIZE).astype(np.float32)


def surround_tensor(surround: Surround) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return (3, S, S) pixels in -1..1, zero where unknown, and the (1, S, S) mask of what is known."""
    known = (surround.known > 0).astype(np.float32)
    layers = [(layer.astype(np.float32) / 127.5 - 1) * known for layer in cv2.split(surround.image)]
    return np.stack(layers), known[None]
