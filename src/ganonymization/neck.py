"""Read the skin under the chin, which stays in the picture: where it is evenly lit, the face has about its tone.

Over a plain wall nothing else in the surround tells a tone, and a face that is brighter than its neck looks like a
mask. Shadows, collars and beards tell a wrong one. Neck and face agree where the neck is even (on portraits in studio
light at r = .91 in brightness), and are strangers where it is not (on press photos at r < .4).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.landmark.topology import CHIN, LEFT_CHEEK, RIGHT_CHEEK
from ganonymization.palette import LUMA
from ganonymization.types import Landmarks, Surround

Array = npt.NDArray[np.float32]

LIGHT_TRUST: Final = 0.85
HUE_TRUST: Final = 0.5
"""How much the neck's brightness and hue count beside those of the surround as a whole, where it is as even as can be.
On London, errors of log brightness, log red to green and log blue to green are .19, .030 and .046 by the surround, with
the neck as trusted as that .10, .028 and .030; on the 57 of 1,000 photos of LFW's split `fit` where a neck counts, they
are .18, .071 and .059, then .16, .067 and .053."""

_CORNERS: Final = ((-0.28, -0.02), (0.28, -0.02), (0.28, 0.4), (-0.28, 0.4))
"""Where the neck is looked for: beside the chin and below it, in widths of the face."""

_FEWEST_PX: Final = 15
_LEAST_LUMA: Final = 20
_SKIN_RED: Final = (4, 50)
_SKIN_BLUE: Final = (-60, -2)
"""Skin in any light: brighter than black, and its differences of red and blue to the brightness, in levels of 255."""

_SHARE: Final = (0.85, 0.95)
_AREA: Final = (0.04, 0.08)
_CONTRAST: Final = (0.35, 0.2)
_MOTLEY: Final = (0.045, 0.025)
"""From which value on the neck counts, and from which on fully: share of skin in what is seen there, area of skin in
squared widths of the face, log brightness between its fifth and its fourth fifth, median deviation of its log ratios of
colour. In studio light the medians are 1, .11, .11 and .013, on press photos .62, .07, .44 and .07."""


def with_neck(skin: Array, surround: Surround, landmarks: Landmarks) -> Array:
    """Return the (3,) skin colour, -1..1, that the surround suggests, nearer to that of the neck where one is seen.

    Args:
        skin: by the surround as a whole.
        surround: of the face, which is cut out of it.
        landmarks: of the face, in pixels of the surround.
    """
    seen, trust = _look(surround, landmarks.points[:, :2].astype(np.float64))
    levels = (np.clip(skin, -1, 1) + 1) * 127.5 + 1
    differences = np.log(seen + 1) - np.log(levels)
    light = float(differences @ LUMA)
    mixed = levels * np.exp(trust * (LIGHT_TRUST * light + HUE_TRUST * (differences - light)))
    return np.asarray(np.clip((mixed - 1) / 127.5 - 1, -1, 1), np.float32)


def _look(surround: Surround, points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """Return the (3,) median colour of the neck's skin, 0..255, and how even it is, 0..1; 0 where none is seen."""
    across = points[LEFT_CHEEK] - points[RIGHT_CHEEK]
    down = np.array([-across[1], across[0]])
    corners = [points[CHIN] + x * across + y * down for x, y in _CORNERS]
    place = np.zeros(surround.known.shape, np.uint8)
    cv2.fillConvexPoly(place, np.round(corners).astype(np.int32), 1)
    pixels = surround.image[(place > 0) & (surround.known > 0)]
    skin = pixels[_like_skin(pixels)]
    if len(skin) < _FEWEST_PX:
        return np.zeros(3), 0.0
    logs = np.log(skin.astype(np.float64) + 1)
    low, high = np.quantile(np.log(skin @ LUMA.astype(np.float64) + 1), (0.2, 0.8))
    ratios = logs[:, [0, 2]] - logs[:, 1:2]
    motley = np.median(np.abs(ratios - np.median(ratios, axis=0)), axis=0).max()
    area = len(skin) / float(across @ across)
    evenness = (
        _ramp(len(skin) / len(pixels), _SHARE)
        * _ramp(area, _AREA)
        * _ramp(high - low, _CONTRAST)
        * _ramp(motley, _MOTLEY)
    )
    return np.asarray(np.median(skin, axis=0), np.float64), evenness


def _like_skin(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    if not len(pixels):
        return np.zeros(0, bool)
    luma, red, blue = cv2.cvtColor(pixels[None], cv2.COLOR_RGB2YCrCb)[0].astype(np.int16).T
    kept = luma > _LEAST_LUMA
    for chroma, (low, high) in ((red - 128, _SKIN_RED), (blue - 128, _SKIN_BLUE)):
        kept &= (chroma > low) & (chroma < high)
    return np.asarray(kept)


def _ramp(value: float, begin_end: tuple[float, float]) -> float:
    """Return 0 on the one side of two values, 1 on the other, and what lies between for between."""
    begin, end = begin_end
    return float(np.clip((value - begin) / (end - begin), 0, 1))
