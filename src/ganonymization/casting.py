"""Choose invented people who suit the face that they replace: a woman's face under a beard looks wrong.

What an identity looks like is decided by noise: one direction of it makes a face more that of a man, another makes it
older. Both are measured once for a generator and told in its file (tools/measure_traits.py). Identities that are of the
other sex than the face is taken for are passed over, where that is not clear those who look much like either, and for
children all but the youngest and softest. How a face is taken is read from what surrounds it and from its landmarks,
never from its texture (see `traits`). The age of grown-ups is left to chance: it hardly shows in what is drawn, but
helps to tell people apart (docs/privacy.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.appearance import Appearance
from ganonymization.palette_bank import LEAST_KNOWN
from ganonymization.synthesize.pix2pix import draw_noise
from ganonymization.types import Landmarks, Surround

_Line: TypeAlias = npt.NDArray[np.float64]

UNSURE: Final = (0.35, 0.65)
"""Between these probabilities of a man whoever leans little suits: a beard under a woman's hair looks worst."""

LITTLE: Final = 0.8
"""How far an identity may lean either way over a face whose sex is not clear, in units of the logit."""

LEAN: Final = 1.5
"""How far an identity must lean the way that the face does, in units of the logit: faces in pictures lean less."""

CHILD_FROM: Final = 0.5
"""Probability of a child from which on the youngest suit."""

FARTHEST: Final = 1.6
"""Nobody has to lean farther than this from the mean, in deviations over identities: one in twenty leans as far."""

YOUNGEST: Final = -0.7
"""How old the invented people for children may be, in deviations from the mean: a quarter is as young."""

SOFTEST: Final = -0.7
"""Whoever leans towards a woman suits a child, boy or girl, or else the quarter that does most: others look adult."""


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
        if appearance.age[0] >= CHILD_FROM:
            return _for_children(male, years)
        if UNSURE[0] < appearance.male < UNSURE[1]:
            little = max(LITTLE, abs(float(male[0])))  # half of a generator's people at least, if they are of one sex
            return lambda identity: abs(_along(male, draw_noise(identity))) <= little
        sign = 1 if appearance.male > UNSURE[0] else -1
        enough = min(LEAN, sign * male[0] + FARTHEST * float(np.linalg.norm(male[1:])))
        return lambda identity: sign * _along(male, draw_noise(identity)) >= enough


def _for_children(male: _Line, years: _Line) -> Callable[[int], bool]:
    oldest = YOUNGEST * float(np.linalg.norm(years[1:]))
    softest = max(0.0, float(male[0]) + SOFTEST * float(np.linalg.norm(male[1:])))

    def suits(identity: int) -> bool:
        noise = draw_noise(identity)
        return float(noise @ years[1:]) <= oldest and _along(male, noise) <= softest

    return suits


def _along(line: _Line, noise: npt.NDArray[np.float32]) -> float:
    """Return what a line, constant first, says of (32,) noise."""
    return float(line[0] + noise @ line[1:])


def _everybody(_identity: int) -> bool:
    return True
