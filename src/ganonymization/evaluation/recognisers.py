"""The recognisers that judge: those of the package, and any third network in the convention of ArcFace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ganonymization import weights
from ganonymization.alignment import aligned_batch, fit_similarity
from ganonymization.crop import warp
from ganonymization.errors import WeightsError
from ganonymization.landmark import topology
from ganonymization.onnx import Network, Runtime, only_names
from ganonymization.recognise import FACE_RECOGNITION, FACERES, Thresholds
from ganonymization.types import LANDMARK_COUNT, Affine, Embedding, Image, Landmarks, Points

ARCFACE_PX: Final = 112

ARCFACE_POINTS: Final = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Right eye, left eye, nose tip, mouth corners in the 112 px square (insightface, `face_align.arcface_dst`)."""

_NOSE_TIP: Final = 1
_KEYPOINTS: Final = (topology.RIGHT_IRIS_CENTER, topology.LEFT_IRIS_CENTER, _NOSE_TIP, 61, 291)


@dataclass(frozen=True, slots=True)
class Judge:
    """A recogniser with its place in the report.

    Attributes:
        name: of the network.
        suffix: added to the names of its figures; empty for the network that receipts use.
        size: D, the length of an embedding.
        thresholds: fixed elsewhere, for sets too small to fix their own; None for a network that has none.
    """

    name: str
    suffix: str
    size: int
    thresholds: Thresholds | None


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """What `faceres` says of a face.

    Attributes:
        embedding: (1024,).
        age_years: apparent age.
        male: apparent probability, 0..1.
    """

    embedding: Embedding
    age_years: float
    male: float


class PortraitNetwork:
    """The held-out recogniser, which tells apparent age and sex in the same run.

    Args:
        network: `faceres.onnx`.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    @classmethod
    def load(cls, *, runtime: Runtime = Runtime()) -> PortraitNetwork:  # noqa: B008 - frozen
        """Return the network of the package."""
        outputs = ["descriptor", "age", "gender"]
        return cls(Network(weights.locate(FACERES.weights), inputs=["image"], outputs=outputs, runtime=runtime))

    def __call__(self, image: Image, landmarks: Landmarks, /) -> Portrait:
        """Return embedding, age and sex of one face.

        Raises:
            FaceError: the landmarks cannot be aligned.
        """
        batch = aligned_batch(image, [landmarks], framing=FACERES.framing, size_px=FACERES.size_px)
        descriptor, age, gender = self._network(image=batch)
        return Portrait(descriptor[0], float(age[0]), float(gender[0]))


class ArcFace:
    """A recogniser in the convention of ArcFace: (N, 3, 112, 112) RGB in -1..1 in, (N, D) out, compared by angle.

    Args:
        network: with one input.
        names: of its input and of the output that holds the embedding.
    """

    def __init__(self, network: Network, names: tuple[str, str]) -> None:
        self._network = network
        self._input = names[0]

    @classmethod
    def load(cls, path: Path, *, runtime: Runtime = Runtime()) -> ArcFace:  # noqa: B008 - frozen
        """Return the recogniser in a file.

        Raises:
            WeightsError: the file is no such network.
        """
        names = only_names(path)
        network = Network(path, inputs=[names[0]], outputs=[names[1]], runtime=runtime)
        shape = network.input_shape(names[0])
        if len(shape) != 4 or shape[1:] not in ([3, ARCFACE_PX, ARCFACE_PX], [3, None, None]):
            raise WeightsError(f"{path}: its input is {shape}; a recogniser takes (N, 3, {ARCFACE_PX}, {ARCFACE_PX})")
        return cls(network, names)

    def __call__(self, image: Image, landmarks: Landmarks, /) -> Embedding:
        """Return the (D,) embedding of length 1, so that Euclidean distance orders faces as their angle does.

        Raises:
            FaceError: the landmarks cannot be aligned.
        """
        square = warp(image, arcface_from_image(landmarks.points), size_px=ARCFACE_PX)
        batch = (square.transpose(2, 0, 1)[None].astype(np.float32) - 127.5) / 127.5
        embedding = self._network(**{self._input: batch})[0].reshape(-1)
        return np.asarray(embedding / max(float(np.linalg.norm(embedding)), 1e-12), np.float32)


def arcface_from_image(points: Points) -> Affine:
    """Return the similarity that lays eyes, nose and mouth corners onto `ARCFACE_POINTS`.

    Raises:
        FaceError: the points are all in one place.
    """
    return fit_similarity(points[list(_KEYPOINTS), :2].astype(np.float64), ARCFACE_POINTS)


def package_judges() -> tuple[Judge, ...]:
    """Return the recogniser that receipts are written by, and the one held out from training and receipts.

    Raises:
        WeightsError: their thresholds cannot be read.
    """
    first, second = FACE_RECOGNITION.weights, FACERES.weights
    return (
        Judge(first, "", 128, Thresholds.load(first)),
        Judge(second, f"_{second}", 1024, Thresholds.load(second)),
    )


def third_judge(path: Path, embed: ArcFace) -> Judge:
    """Return the place of a recogniser that a user brings; its figures end in the name of its file.

    Raises:
        WeightsError: the name is that of a network of the package.
    """
    if path.stem in {judge.name for judge in package_judges()}:
        raise WeightsError(f"{path}: a network of the package has this name; rename the file")
    blank = np.zeros((ARCFACE_PX, ARCFACE_PX, 3), np.uint8)
    points = np.zeros((LANDMARK_COUNT, 3), np.float32)
    points[list(_KEYPOINTS), :2] = ARCFACE_POINTS
    return Judge(path.stem, f"_{path.stem}", len(embed(blank, Landmarks(points))), None)
