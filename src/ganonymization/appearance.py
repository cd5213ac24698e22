"""Read from the surround, and from nothing else, what the invented person must fit: skin tone, sex, age band and beard.

Hair, ears, neck and clothes stay in the picture, so whoever sees the result sees them too; the face itself is cut out
before anything here runs. The reader was trained on people who do not exist. It says how a person in such a surround
usually looks, not who or what anyone is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization import weights
from ganonymization.onnx import Network, Runtime
from ganonymization.types import Surround

Array = npt.NDArray[np.float32]

READER_PX: Final = 32
"""Side of the reduced surround."""

AGE_BANDS: Final = ("child", "adult", "old")

_READ_SKIN: Final = np.array([0.287, -0.015, -0.168], np.float32)
_SEEN_SKIN: Final = np.array([0.470, 0.124, -0.084], np.float32)
_SKIN_TRUST: Final = np.float32(0.75)
"""On photos the reader answers too dark and too boldly. Mean of its answers, mean of the true skin (420 people of LFW's
split `fit`), and the share of a deviation from the mean that is kept: with them the absolute error falls from 31 to 24
of 255, on 420 other people from 28 to 23. A smaller share would err less on average and more on dark and light skin."""

READER_OUTPUTS: Final = ("skin", "spread", "male", "age", "beard")


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """How a person in this surround usually looks.

    Attributes:
        skin: (3,) mean colour of the face's skin as it would come out in this picture, -1..1.
        spread: standard deviation of the skin's brightness, on the same scale.
        male: probability that the person is taken for a man, 0..1.
        age: (3,) probabilities of `AGE_BANDS`.
        beard: probability of a beard, 0..1.
    """

    skin: Array
    spread: float
    male: float
    age: Array
    beard: float


class AppearanceReader:
    """Read the appearance with `appearance.onnx`.

    Args:
        network: takes `surround` (N, 4, 32, 32) as `reduce_surround` makes it, gives `READER_OUTPUTS`.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    @classmethod
    def load(cls, *, runtime: Runtime = Runtime()) -> AppearanceReader:  # noqa: B008 - frozen
        """Return the reader with the weights of the package."""
        path = weights.locate("appearance")
        return cls(Network(path, inputs=["surround"], outputs=READER_OUTPUTS, runtime=runtime))

    def __call__(self, surround: Surround, /) -> Appearance:
        """Return what the surround says; where it says nothing, the average of the training faces."""
        skin, spread, male, age, beard = self._network(surround=reduce_surround(surround)[None])
        return Appearance(as_in_photos(skin[0]), float(spread[0]), float(male[0]), age[0], float(beard[0]))


def as_in_photos(skin: Array) -> Array:
    """Return the (3,) skin colour, -1..1, that a photo has where the reader, which knows drawn faces, says `skin`."""
    return np.asarray(np.clip(_SEEN_SKIN + _SKIN_TRUST * (skin - _READ_SKIN), -1, 1), np.float32)


def reduce_surround(surround: Surround) -> Array:
    """Return (4, 32, 32): mean colour of the known pixels in -1..1 (zero where there is none), and the share known."""
    known = (surround.known > 0).astype(np.float32)
    size_wh = (READER_PX, READER_PX)
    share = cv2.resize(known, size_wh, interpolation=cv2.INTER_AREA)
    total = cv2.resize(surround.image * known[..., None], size_wh, interpolation=cv2.INTER_AREA)
    colors = total / np.maximum(share, 1e-6)[..., None] / 127.5 - 1
    colors[share <= 0] = 0
    return np.concatenate([colors.transpose(2, 0, 1), share[None]]).astype(np.float32)
