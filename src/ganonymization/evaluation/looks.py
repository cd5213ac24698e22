"""How good outputs look: distances to the set of real faces, diversity, sharpness, seams."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.bootstrap import Interval
from ganonymization.evaluation.distribution import (
    Scaled,
    extrapolated_frechet_distance,
    kernel_sums,
    sample_frechet_distance,
    scaled,
    share,
    spread_sums,
)
from ganonymization.evaluation.figures import Figure, measured
from ganonymization.evaluation.jackknife import group_people, interval_of, jackknife_over_people
from ganonymization.evaluation.privacy import Faces
from ganonymization.evaluation.sighting import column
from ganonymization.recognise import FACE_RECOGNITION, FACERES

FRECHET_PHOTOS: Final = 1000
"""Photos that the Frechet distance is taken of at most, drawn by the run's seed."""


def look_figures(faces: Faces, *, seed: int) -> dict[str, Figure]:
    """Return the figures of quality."""
    return {
        "frechet_distance": measured(lambda: frechet(faces, seed=seed)),
        "kernel_distance": measured(lambda: kernel(faces)),
        "diversity": measured(lambda: _diversity(faces, FACE_RECOGNITION.weights)),
        f"diversity_{FACERES.weights}": measured(lambda: _diversity(faces, FACERES.weights)),
        "sharpness_ratio": measured(lambda: median_ratio(faces, "sharpness")),
        "seam_energy": measured(lambda: median_ratio(faces, "seam")),
    }


def frechet(faces: Faces, *, seed: int) -> Interval:
    """Return the Frechet distance at infinitely many photos; its interval is that of the distance at hand.

    Raises:
        NotMeasurableError: there are fewer than eight photos, or fewer than two people.
    """
    count = min(len(faces.people), FRECHET_PHOTOS)
    chosen = np.sort(np.random.default_rng(seed).choice(len(faces.people), count, replace=False))
    before, after = (scaled(rows.pick(chosen)[FACERES.weights]) for rows in (faces.real, faces.altered))
    estimate = extrapolated_frechet_distance(before, after, random=np.random.default_rng(seed))
    return jackknife_over_people(
        lambda some: sample_frechet_distance(before[some], after[some]),
        [faces.people[index] for index in chosen],
        value=estimate.value,
    )


def kernel(faces: Faces) -> Interval:
    """Return the squared maximum mean discrepancy between outputs and originals.

    Raises:
        NotMeasurableError: there are fewer than two people.
    """
    before, after = (Scaled(rows.column(FACERES.weights)) for rows in (faces.real, faces.altered))
    sums = kernel_sums(before, after, faces.people, group_people(faces.people))
    return interval_of(sums.mean(), sums.means_without())


def median_ratio(faces: Faces, name: str) -> Interval:
    """Return the median over photos of a measure after the method, as a share of that before.

    Raises:
        NotMeasurableError: it cannot be told on any photo, or there are fewer than two people.
    """
    before, after = column(faces.real, name), column(faces.altered, name)
    usable = np.isfinite(before) & np.isfinite(after) & (before > 0)
    if not usable.any():
        raise NotMeasurableError(f"the {name} of the originals is nowhere known")
    ratios = after[usable] / before[usable]
    people = [faces.people[index] for index in np.flatnonzero(usable)]
    return jackknife_over_people(lambda some: _median(ratios[some]), people)


def _median(values: npt.NDArray[np.float64]) -> float:
    if not len(values):
        raise NotMeasurableError("too few photos for an interval")
    return float(np.median(values))


def _diversity(faces: Faces, network: str) -> Interval:
    groups = group_people(faces.people)
    before, after = (spread_sums(rows.column(network), faces.people, groups) for rows in (faces.real, faces.altered))
    value = share(after.mean(), before.mean())
    return interval_of(value, after.means_without() / before.means_without())
