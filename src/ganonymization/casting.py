"""Choose invented people who suit the face that they replace: a woman's face under a beard looks wrong.

What an identity looks like is decided by noise: one direction of it makes a face more that of a man, another makes it
older. Both are measured once for a generator and told in its file (tools/measure_traits.py). Identities that are of the
other sex than the face is taken for, or of quite another age, are passed over. How a face is taken is read from what
surrounds it and from its landmarks, never from its texture (see `traits`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.appearance import Appearance
from ganonymization.palette_bank import LEAST_KNOWN
from ganonymization.synthesize.pix2pix import draw_noise
from ganonymization.types import Landmarks, Surround

UNSURE: Final = (0.35, 0.65)
"""Between these probabilities of a man either sex suits."""

LEAN: Final = 1.5
"""How far an identity must lean the way that the face does, in units of the logit: faces in pictures lean less."""

CHILD_FROM: Final = 0.5
"""Probability of a child from which on the youngest suit."""

YOUNG_BELOW_YEARS: Final = 38.0
OLD_FROM_YEARS: Final = 53.0
"""Ages that are told apart, in years that a shape is given; of photos, a sixth lies beyond each."""

FARTHEST: Final = 1.6
"""Nobody has to lean farther than this from the mean, in deviations over identities: one in twenty leans as far."""

AGE_STEP: Final = 1.2
"""How much older than the mean the invented people for old faces are, in deviations of their age."""

AGE_REACH: Final = 0.7
"""How far from what is wanted the age of an identity may be, in the same deviations."""


class SuitFace:
    """Tell which identities suit a face; fits `stages.Suit`.

    Args:
        read: tells the appearance that surround and landmarks suggest.
        traits: (2, 33) constant and slopes of the logit of being taken for a man, and of the age in years, over the
            noise of an identity; None for a generator of which they are not known: everybody suits then.
    """

    def __init__(
        self, read: Callable[[Surround, Landmarks], Appearance], traits: npt.NDArray[np.float64] | None
    ) -> None:
        self._read = read
        self._traits = traits

    def __call__(self, surround: Surround, landmarks: Landmarks, /) -> Callable[[int], bool]:
        """Return what tells whether an identity suits."""
        if self._traits is None or (surround.known > 0).mean() < LEAST_KNOWN:
            return _everybody
        male, years = self._traits
        appearance = self._read(surround, landmarks)
        is_child = appearance.age[0] >= CHILD_FROM
        is_unsure = is_child or UNSURE[0] < appearance.male < UNSURE[1]
        sign = 0 if is_unsure else 1 if appearance.male > UNSURE[0] else -1
        older = _unit(years[1:])
        if not is_child:  # men are drawn older than women, but need not be
            manlier = _unit(male[1:])
            older = _unit(older - (older @ manlier) * manlier)
        wanted = _age(appearance)
        enough = min(LEAN, sign * male[0] + FARTHEST * float(np.linalg.norm(male[1:])))

        def suits(identity: int) -> bool:
            noise = draw_noise(identity)
            leans = sign * float(male[0] + noise @ male[1:])
            return (not sign or leans >= enough) and abs(float(noise @ older) - wanted) <= AGE_REACH

        return suits


def _unit(direction: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a direction at length 1; one of no length stays."""
    return direction / max(float(np.linalg.norm(direction)), 1e-9)


def _age(appearance: Appearance) -> float:
    """Return how much older than the mean the invented person should be, in deviations."""
    if appearance.age[0] >= CHILD_FROM or appearance.years < YOUNG_BELOW_YEARS:
        return -AGE_STEP
    return AGE_STEP if appearance.years >= OLD_FROM_YEARS else 0.0


def _everybody(_identity: int) -> bool:
    return True
