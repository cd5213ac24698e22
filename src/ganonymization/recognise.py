"""Tell people apart: embeddings of aligned faces, and the distances below which two count as one person."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization import weights
from ganonymization.alignment import Framing, aligned_batch
from ganonymization.errors import WeightsError
from ganonymization.onnx import Network, Runtime
from ganonymization.types import Embedding, Image, Landmarks


@dataclass(frozen=True, slots=True)
class RecogniserSpec:
    """What a recognition network wants and gives.

    Attributes:
        weights: its name in the catalogue.
        output: the output that holds the embedding.
        size_px: side of its input.
        framing: the square it sees best by, chosen on LFW `fit`.
    """

    weights: str
    output: str
    size_px: int
    framing: Framing


FACE_RECOGNITION: Final = RecogniserSpec("face_recognition", "embedding", 150, Framing(padding=0.25))
"""dlib's network in dlib's own framing."""

FACERES: Final = RecogniserSpec("faceres", "descriptor", 224, Framing(padding=0.35, rise=0.2))
"""A second, independent network."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Distances below which a share of pairs of different people passes for one person (tools/fit_thresholds.py).

    Attributes:
        far_1_percent: distance at a false accept rate of 1 %.
        far_0_1_percent: distance at a false accept rate of 0.1 %.
        far_0_01_percent: distance at a false accept rate of 0.01 %; 79 of 786,339 pairs lie below it.
        stranger: median distance of different people.
    """

    far_1_percent: float
    far_0_1_percent: float
    far_0_01_percent: float
    stranger: float

    @classmethod
    def load(cls, name: str) -> Thresholds:
        """Return the thresholds of a network of the package.

        Raises:
            WeightsError: they are missing or cannot be read.
        """
        path = weights.FOLDER / "thresholds.toml"
        try:
            row = tomllib.loads(path.read_text())[name]
            return cls(*(float(row[name]) for name in cls.__slots__))
        except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
            raise WeightsError(
                f"{path}: no thresholds for {name!r} ({error!r}); run tools/fit_thresholds.py"
            ) from error


class Recogniser:
    """Turn faces into embeddings that are compared by Euclidean distance.

    Args:
        network: takes `image` (N, 3, S, S) RGB in 0..255, gives (N, D).
        spec: what the network wants.
        thresholds: at which distance two faces are one person.
    """

    def __init__(self, network: Network, *, spec: RecogniserSpec, thresholds: Thresholds) -> None:
        self._network = network
        self._spec = spec
        self.thresholds = thresholds

    @classmethod
    def load(cls, spec: RecogniserSpec = FACE_RECOGNITION, *, runtime: Runtime = Runtime()) -> Recogniser:  # noqa: B008 - frozen
        """Return a recogniser with the weights of the package."""
        network = Network(weights.locate(spec.weights), inputs=["image"], outputs=[spec.output], runtime=runtime)
        return cls(network, spec=spec, thresholds=Thresholds.load(spec.weights))

    def __call__(self, image: Image, landmarks: Landmarks, /) -> Embedding:
        """Return the (D,) embedding of one face.

        Raises:
            FaceError: the landmarks cannot be aligned.
        """
        embedding: Embedding = self.embed_all(image, [landmarks])[0]
        return embedding

    def embed_all(self, image: Image, landmarks: Sequence[Landmarks]) -> npt.NDArray[np.float32]:
        """Return the (N, D) embeddings of several faces of one picture, in one run of the network.

        Raises:
            FaceError: one of the faces cannot be aligned.
        """
        batch = aligned_batch(image, landmarks, framing=self._spec.framing, size_px=self._spec.size_px)
        return self._network(image=batch)[0]


def distance(first: Embedding, second: Embedding) -> float:
    """Return the Euclidean distance of two embeddings of the same recogniser; small means alike."""
    return float(np.linalg.norm(first - second))
