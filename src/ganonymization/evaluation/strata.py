"""Divide faces into strata, so that a figure which is good on average cannot hide whom it is bad for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError

Floats: TypeAlias = npt.NDArray[np.floating]
Flags: TypeAlias = npt.NDArray[np.bool_]

UNKNOWN: Final = "unknown"

SIZE_BANDS: Final = ((0, "under 32 px"), (32, "32 to 64 px"), (64, "64 to 128 px"), (128, "128 px and more"))
"""By the longer side of the face's box."""

YAW_BANDS: Final = ((0, "frontal, under 15 deg"), (15, "turned, 15 to 30 deg"), (30, "profile, 30 deg and more"))
"""By the head's turn to either side."""

TONE_BANDS: Final = (
    (-90, "dark"),
    (-30, "brown"),
    (10, "tan"),
    (28, "intermediate"),
    (41, "light"),
    (55, "very light"),
)
"""By the individual typology angle in degrees: Chardon, Cretois and Hourseau, "Skin colour typology and suntanning
pathways", 1991, with the class "dark" of Del Bino and Bernerd, 2013."""

AGE_BANDS: Final = ((0, "under 20 years"), (20, "20 to 34 years"), (35, "35 to 49 years"), (50, "50 years and more"))


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """Some of the faces.

    Attributes:
        name: what they have in common.
        members: (N,) which of all faces they are.
    """

    name: str
    members: Flags


def by_bands(values: Floats, bands: Sequence[tuple[float, str]]) -> list[Stratum]:
    """Return the strata of (N,) values that have members, in the order of the bands; NaN is unknown and comes last.

    Args:
        values: measured on each face.
        bands: lower end, inclusive, and name of each band, rising; what lies below the first belongs to it.
    """
    known = np.isfinite(values)
    edges = [low for low, _ in bands[1:]]
    band = np.where(known, np.searchsorted(edges, np.where(known, values, 0), side="right"), len(bands))
    names = [*(name for _, name in bands), UNKNOWN]
    return _with_members([Stratum(name, band == index) for index, name in enumerate(names)])


def by_label(labels: Sequence[str | None]) -> list[Stratum]:
    """Return a stratum for each label that occurs, sorted by name; None is unknown and comes last."""
    known = sorted({label for label in labels if label is not None})
    flags = {name: np.array([label == name for label in labels], np.bool_) for name in known}
    unknown = np.array([label is None for label in labels], np.bool_)
    return _with_members([*(Stratum(name, members) for name, members in flags.items()), Stratum(UNKNOWN, unknown)])


def by_size(sides_px: Floats) -> list[Stratum]:
    """Return strata of (N,) longer sides of the faces' boxes in pixels."""
    return by_bands(sides_px, SIZE_BANDS)


def by_yaw(yaw_deg: Floats) -> list[Stratum]:
    """Return strata of (N,) head turns in degrees, to either side."""
    return by_bands(np.abs(yaw_deg), YAW_BANDS)


def by_skin_tone(angles_deg: Floats) -> list[Stratum]:
    """Return strata of (N,) individual typology angles, from dark to light skin."""
    return by_bands(angles_deg, TONE_BANDS)


def by_age(years: Sequence[float | None]) -> list[Stratum]:
    """Return strata of N ages; None is unknown."""
    return by_bands(np.array([np.nan if age is None else age for age in years], np.float64), AGE_BANDS)


def individual_typology_angle(skin: npt.NDArray[np.uint8]) -> float:
    """Return atan((L* - 50) / b*) in degrees, of the median colour of pixels of skin: from -90, dark, to 90, light.

    The light of a photo is unknown, so this tells groups apart and not shades.

    Args:
        skin: (N, 3) sRGB.

    Raises:
        NotMeasurableError: there are no pixels.
    """
    if not len(skin):
        raise NotMeasurableError("no pixels of skin; the tone cannot be told")
    color = np.median(skin, axis=0).astype(np.float32)[None, None] / 255
    lightness, _, yellowness = cv2.cvtColor(color, cv2.COLOR_RGB2LAB)[0, 0].astype(np.float64)
    # for skin b* is positive; where light has made it blue, the angle is that of the same lightness without hue
    return float(np.degrees(np.arctan2(lightness - 50, max(yellowness, 0.0))))


def _with_members(strata: Sequence[Stratum]) -> list[Stratum]:
    return [stratum for stratum in strata if stratum.members.any()]
