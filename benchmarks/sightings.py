"""What a stranger with all our networks sees on a photo, remembered by the content of the photo and of the program."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ganonymization
from benchmarks.lfw import CENTRAL_FACE
from benchmarks.methods import Altered
from ganonymization import Box, Face, Landmarks, LandmarksNotFoundError
from ganonymization.detect import CenterFace
from ganonymization.evaluation.quality import sharpness
from ganonymization.expression import EMOTION, FACE_EXPRESSION, ExpressionClassifier
from ganonymization.landmark import FaceMesh
from ganonymization.recognise import FACE_RECOGNITION, FACERES, Recogniser
from ganonymization.shape import ShapeModel
from ganonymization.types import Image
from ganonymization.verify import find_again

PACKAGE = Path(ganonymization.__file__).parent
_BESIDE_THE_PATH = ("training", "evaluation", "cli", "files", "web")
_LOOKING = ("alignment", "crop", "expression", "geometry", "obscure", "onnx", "recognise", "verify")
_LOOKING_NETWORKS = ("centerface", "emotion", "face_expression", "face_mesh", "face_recognition", "faceres")


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """Measurements of the main face of one photo; arrays and texts only, no pixels.

    Attributes:
        box: (4,) left, top, right, bottom, of the detector or where the face ought to be.
        keypoints: (5, 2) of the detector.
        drawn: (478, 3) landmarks that the face was drawn from; on an original those that were found.
        points: (478, 3) landmarks found on the picture; `drawn` where there are none.
        detected: whether the detector sees a face there.
        landmarks_found: whether the mesh sees one.
        face_recognition: (128,) embedding.
        faceres: (1024,) embedding.
        face_expression: (7,) probabilities.
        emotion: (7,) probabilities.
        sharpness: variance of the Laplacian inside the hull of the original's landmarks.
        outcome: see `Altered`; "original" for the original.
        attempts: identities that were tried.
    """

    box: npt.NDArray[np.float32]
    keypoints: npt.NDArray[np.float32]
    drawn: npt.NDArray[np.float32]
    points: npt.NDArray[np.float32]
    detected: npt.NDArray[np.bool_]
    landmarks_found: npt.NDArray[np.bool_]
    face_recognition: npt.NDArray[np.float32]
    faceres: npt.NDArray[np.float32]
    face_expression: npt.NDArray[np.float32]
    emotion: npt.NDArray[np.float32]
    sharpness: npt.NDArray[np.float32]
    outcome: npt.NDArray[np.str_]
    attempts: npt.NDArray[np.int64]

    @property
    def face(self) -> Face:
        """The detection."""
        return Face(Box(*self.box.tolist()), 1.0, self.keypoints)


class Observer:
    """Look at photos with the detector, the mesh, two recognisers and two expression classifiers."""

    def __init__(self) -> None:
        self._detect = CenterFace.load()
        self._landmark = FaceMesh.load()
        self._networks: dict[str, Callable[[Image, Landmarks], npt.NDArray[np.float32]]] = {
            "face_recognition": Recogniser.load(FACE_RECOGNITION),
            "faceres": Recogniser.load(FACERES),
            "face_expression": _probabilities(ExpressionClassifier.load(FACE_EXPRESSION)),
            "emotion": _probabilities(ExpressionClassifier.load(EMOTION)),
        }

    def original(self, image: Image) -> Sighting:
        """Look at a photo of LFW; where nothing is detected in the middle, the face is looked for where LFW puts it."""
        face = central(self._detect(image), image)
        landmarks = self._find(image, face or CENTRAL_FACE)
        flags = (face is not None, landmarks is not None)
        known = landmarks or Landmarks(mean_points())
        return self._see(image, face or CENTRAL_FACE, known, known.points, flags)

    def altered(self, altered: Altered, original: Sighting) -> Sighting:
        """Look at what a method made of a photo."""
        again = find_again(self._detect, altered.image, original.face)
        found = self._find(altered.image, again or original.face)
        flags = (again is not None, found is not None)
        seen = self._see(altered.image, again or original.face, found or altered.drawn, original.points, flags)
        return dataclasses.replace(
            seen,
            drawn=altered.drawn.points,
            outcome=np.array(altered.outcome),
            attempts=np.array(altered.attempts),
        )

    def _find(self, image: Image, face: Face) -> Landmarks | None:
        try:
            return self._landmark(image, face)
        except LandmarksNotFoundError:
            return None

    def _see(
        self,
        image: Image,
        face: Face,
        landmarks: Landmarks,
        hull_points: npt.NDArray[np.float32],
        flags: tuple[bool, bool],
    ) -> Sighting:
        box = face.box
        return Sighting(
            box=np.array([box.left, box.top, box.right, box.bottom], np.float32),
            keypoints=face.keypoints,
            drawn=landmarks.points,
            points=landmarks.points,
            detected=np.array(flags[0]),
            landmarks_found=np.array(flags[1]),
            sharpness=np.array(sharpness(image, hull_points), np.float32),
            outcome=np.array("original"),
            attempts=np.array(0),
            **{name: network(image, landmarks) for name, network in self._networks.items()},
        )


class Cache:
    """Remember sightings in a folder.

    Args:
        folder: one file per photo and method; nothing in it is a picture.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str, make: Callable[[], Sighting]) -> Sighting:
        """Return what is remembered under a key, or make it and remember it."""
        path = self._folder / key[:2] / f"{key}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as arrays:
                return Sighting(**{name: arrays[name] for name in Sighting.__slots__})
        sighting = make()
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(partial, allow_pickle=False, **{name: getattr(sighting, name) for name in Sighting.__slots__})
        partial.replace(path)
        return sighting


def central(faces: Iterable[Face], image: Image) -> Face | None:
    """Return the face nearest to the middle, if the middle lies in its box; None when there is none."""
    x, y = image.shape[1] / 2, image.shape[0] / 2
    inside = [f for f in faces if f.box.left <= x <= f.box.right and f.box.top <= y <= f.box.bottom]
    return min(inside, key=lambda f: np.hypot(f.box.center[0] - x, f.box.center[1] - y), default=None)


def mean_points() -> npt.NDArray[np.float32]:
    """Return the mean face where LFW puts faces, for photos on which no landmarks are found."""
    model = ShapeModel.load()
    height = CENTRAL_FACE.box.height
    return (model.mean * height + np.array([*CENTRAL_FACE.box.center, 0])).astype(np.float32)


def looking_fingerprint() -> str:
    """Return a hash of every part of the program that decides what is seen on a picture."""
    folders = [path for name in ("detect", "landmark") for path in (PACKAGE / name).glob("*.py")]
    modules = [PACKAGE / f"{name}.py" for name in _LOOKING]
    networks = [PACKAGE / "weights" / f"{name}.onnx" for name in _LOOKING_NETWORKS]
    return _hash([*folders, *modules, *networks, Path(__file__), Path(__file__).with_name("methods.py")])


def drawing_fingerprint(generator: Path | None) -> str:
    """Return a hash of every part of the program that decides what is drawn, and of the generator."""
    sources = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in _BESIDE_THE_PATH]
    weights = list((PACKAGE / "weights").glob("*.*"))
    return _hash([*sources, *weights, *([generator] if generator else [])]) + looking_fingerprint()


def key_of(photo: Path, *parts: object) -> str:
    """Return the cache key of a photo under some circumstances."""
    return hashlib.sha256(_digest(photo) + repr(parts).encode()).hexdigest()


def _hash(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(_digest(path) for path in sorted(files))).hexdigest()


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _probabilities(classify: ExpressionClassifier) -> Callable[[Image, Landmarks], npt.NDArray[np.float32]]:
    def call(image: Image, landmarks: Landmarks) -> npt.NDArray[Any]:
        return np.array(classify(image, landmarks).probabilities, np.float32)

    return call
