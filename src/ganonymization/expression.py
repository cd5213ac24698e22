"""Name the expression of a face: probabilities of seven basic expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ganonymization import weights
from ganonymization.alignment import Framing, aligned_batch
from ganonymization.onnx import Network, Runtime
from ganonymization.types import Image, Landmarks


@dataclass(frozen=True, slots=True)
class ClassifierSpec:
    """What an expression network wants and gives.

    Attributes:
        weights: its name in the catalogue.
        size_px: side of its input.
        framing: the square it sees best by, chosen on LFW `fit`.
        labels: what its outputs mean, in order.
    """

    weights: str
    size_px: int
    framing: Framing
    labels: tuple[str, ...]


FACE_EXPRESSION: Final = ClassifierSpec(
    weights="face_expression",
    size_px=112,
    framing=Framing(padding=0.3),
    labels=("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise"),
)
"""The better of the two: kappa .69 against the labels of LFW `fit`, balanced."""

EMOTION: Final = ClassifierSpec(
    weights="emotion",
    size_px=64,
    framing=Framing(padding=0.2, rise=0.1),
    labels=("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
)
"""A second, independent network: kappa .48 on the same pictures."""


@dataclass(frozen=True, slots=True)
class Expression:
    """How likely a face shows each expression.

    Attributes:
        labels: names of the expressions.
        probabilities: one for each label, 0..1, together 1.
    """

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]

    @property
    def label(self) -> str:
        """The most probable expression."""
        return max(zip(self.probabilities, self.labels, strict=True))[1]

    def probability_of(self, label: str) -> float:
        """Return the probability of one expression.

        Raises:
            ValueError: there is no such label.
        """
        if label not in self.labels:
            raise ValueError(f"{label!r} is not among the expressions {', '.join(self.labels)}")
        return self.probabilities[self.labels.index(label)]


class ExpressionClassifier:
    """Tell what a face expresses.

    Args:
        network: takes `image` (N, 3, S, S) RGB in 0..255, gives `probabilities` (N, 7).
        spec: what the network wants.
    """

    def __init__(self, network: Network, *, spec: ClassifierSpec = FACE_EXPRESSION) -> None:
        self._network = network
        self._spec = spec

    @classmethod
    def load(cls, spec: ClassifierSpec = FACE_EXPRESSION, *, runtime: Runtime = Runtime()) -> ExpressionClassifier:  # noqa: B008 - frozen
        """Return a classifier with the weights of the package."""
        network = Network(weights.locate(spec.weights), inputs=["image"], outputs=["probabilities"], runtime=runtime)
        return cls(network, spec=spec)

    def __call__(self, image: Image, landmarks: Landmarks, /) -> Expression:
        """Return the expression of one face.

        Raises:
            FaceError: the landmarks cannot be aligned.
        """
        return self.classify_all(image, [landmarks])[0]

    def classify_all(self, image: Image, landmarks: Sequence[Landmarks]) -> list[Expression]:
        """Return the expressions of several faces of one picture, found in one run of the network.

        Raises:
            FaceError: one of the faces cannot be aligned.
        """
        batch = aligned_batch(image, landmarks, framing=self._spec.framing, size_px=self._spec.size_px)
        (probabilities,) = self._network(image=batch)
        return [Expression(self._spec.labels, tuple(row)) for row in probabilities.astype(np.float64).tolist()]
