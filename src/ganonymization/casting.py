"""Choose invented people who suit what surrounds the face: a beard under long curls looks wrong.

What an identity looks like is decided by noise, and one direction of it makes a face more, or less, that of a man. The
direction is measured once for a generator and told in its file (tools/measure_traits.py). Identities whose noise leans
the other way than the surround are passed over. The surround holds nothing of the face (see `appearance`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.appearance import Appearance
from ganonymization.palette_bank import LEAST_KNOWN
from ganonymization.synthesize.pix2pix import draw_noise
from ganonymization.types import Surround

UNSURE: Final = (0.35, 0.65)
"""Between these probabilities of a man the surround says nothing: anybody suits."""

LEAN: Final = 0.6
"""How far an identity must lean the way that the surround does, in units of the logit; none leans by chance alone."""


class SuitSurround:
    """Tell which identities suit a surround; fits `stages.Suit`.

    Args:
        read: tells the appearance that a surround suggests.
        male: (33,) constant and slope of the logit of being taken for a man over the noise of an identity; None for a
            generator of which it is not known: everybody suits then.
    """

    def __init__(self, read: Callable[[Surround], Appearance], male: npt.NDArray[np.float64] | None) -> None:
        self._read = read
        self._male = male

    def __call__(self, surround: Surround, /) -> Callable[[int], bool]:
        """Return what tells whether an identity suits."""
        model = self._male
        if model is None or (surround.known > 0).mean() < LEAST_KNOWN:
            return _everybody
        probability = self._read(surround).male
        if UNSURE[0] < probability < UNSURE[1]:
            return _everybody
        sign = 1 if probability > UNSURE[0] else -1
        return lambda identity: sign * float(model[0] + draw_noise(identity) @ model[1:]) >= LEAN


def _everybody(_identity: int) -> bool:
    return True
