"""Expressions for invented people to act, so that a generator meets what its training faces hardly ever do.

Portraits smile or look at the camera; nobody gapes or glares. A generator that has seen no more draws a gaping mouth on
an otherwise calm face. What faces on photos do, and how a classifier reads it, is known as statistics over measures of
expression: a normal distribution for each basic expression, and a line for the logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization import weights

Array = npt.NDArray[np.float64]

EVENNESS: Final = 0.7
"""How much more often rare expressions are acted: 0 as often as on photos, 1 as often as all others."""


@dataclass(frozen=True, slots=True, eq=False)
class Act:
    """An expression to be acted.

    Attributes:
        measures: (8,) in the order of `shape.FUNCTIONAL_NAMES`, differences from the mean face.
        read_as: (7,) probabilities in the order of the labels of `expression.FACE_EXPRESSION`.
    """

    measures: Array
    read_as: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Acting:
    """What faces do: E basic expressions over M measures.

    Attributes:
        shares: (E,) how often each expression is seen; they add up to 1.
        means: (E, M) of the measures.
        roots: (E, M, M) lower triangular roots of their covariances.
        line: (E, 1 + M) constant and slopes of the logits of how a face is read.
    """

    shares: Array
    means: Array
    roots: Array
    line: Array

    @classmethod
    def load(cls, path: Path | None = None) -> Acting:
        """Return the statistics in a file, or those of the package.

        Raises:
            WeightsError: the file is missing or holds something else.
        """
        arrays = weights.read_arrays(path or weights.locate("acting"), cls.__slots__, what="table of expressions")
        return cls(**{name: values.astype(np.float64) for name, values in arrays.items()})

    def save(self, path: Path) -> None:
        """Write the statistics as a compressed array file, in single precision."""
        weights.write_arrays(path, {name: getattr(self, name) for name in self.__slots__})

    def draw(self, rng: np.random.Generator) -> Act:
        """Return an expression at random."""
        shares = self.shares ** (1 - EVENNESS)
        which = rng.choice(len(shares), p=shares / shares.sum())
        measures = self.means[which] + self.roots[which] @ rng.standard_normal(self.means.shape[1])
        return Act(measures, self.read(measures))

    def read(self, measures: Array) -> npt.NDArray[np.float32]:
        """Return the (E,) probabilities with which a face of (M,) measures is read as each expression."""
        logits = self.line[:, 0] + self.line[:, 1:] @ measures
        odds = np.exp(logits - logits.max())
        return (odds / odds.sum()).astype(np.float32)
