"""Stages with known answers, and faces whose landmarks, pose and place are known."""

import functools
import hashlib

import numpy as np

from ganonymization.errors import LandmarksNotFoundError
from ganonymization.geometry import Pose, bounding_box
from ganonymization.palette import PALETTE_SIZE
from ganonymization.shape import ShapeModel
from ganonymization.types import Face, Landmarks, Patch
from ganonymization.verify import Check

NOSE_TIP = 1
KEYPOINT_LANDMARKS = (468, 473, NOSE_TIP, 61, 291)


@functools.cache
def shape_model():
    return ShapeModel.load()


def rotation(*, yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0):
    """Rotation from the frontal face to the picture: nose to the right edge, nose down, clockwise."""
    (yaw_cos, yaw_sin), (pitch_cos, pitch_sin), (roll_cos, roll_sin) = (
        (np.cos(angle), np.sin(angle)) for angle in np.radians([yaw_deg, pitch_deg, roll_deg])
    )
    yaw = np.array([[yaw_cos, 0, -yaw_sin], [0, 1, 0], [yaw_sin, 0, yaw_cos]])
    pitch = np.array([[1, 0, 0], [0, pitch_cos, -pitch_sin], [0, pitch_sin, pitch_cos]])
    roll = np.array([[roll_cos, -roll_sin, 0], [roll_sin, roll_cos, 0], [0, 0, 1]])
    return roll @ yaw @ pitch


def pose(center=(100.0, 100.0), height_px=100.0, **angles_deg):
    """Put the shape model's face of height 1 into a picture."""
    return Pose(height_px, rotation(**angles_deg), np.array([*center, 0.0]))


def shape(seed=None, *, off_model=0.0):
    """The mean face, or a face of its own with an expression of its own; `off_model` adds what no component holds."""
    model = shape_model()
    if seed is None:
        return model.mean.copy()
    rng = np.random.default_rng(seed)
    coefficients = rng.multivariate_normal(np.zeros(len(model.within)), model.within + model.between)
    return model.from_coefficients(coefficients) + off_model * rng.standard_normal((478, 3))


def landmarks(seed=None, **place):
    return Landmarks(pose(**place).apply(shape(seed)).astype(np.float32))


def face_of(found):
    """What a perfect detector says of a face with these landmarks."""
    return Face(bounding_box(found.points[:468]), 0.9, found.points[list(KEYPOINT_LANDMARKS), :2].copy())


def noise_picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def inside_hull(corners, height, width):
    """Which pixels of a picture have their centre inside the convex polygon (N, 2), by the sides that they lie on."""
    y, x = np.mgrid[:height, :width] + 0.5
    sides = [
        (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
        for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    return (np.min(sides, axis=0) >= 0) | (np.max(sides, axis=0) <= 0)


def digest(*arrays):
    """One number that changes with any bit of the arrays."""
    joined = hashlib.sha256()
    for array in arrays:
        joined.update(np.ascontiguousarray(array).tobytes())
    return int.from_bytes(joined.digest()[:8])


class FakeDetect:
    """Finds the faces that it was told of, wherever it looks."""

    def __init__(self, faces):
        self.faces = list(faces)

    def __call__(self, _image, /):
        return list(self.faces)


class FakeLandmark:
    """Knows the landmarks of some faces; sees nothing in all others."""

    def __init__(self, known):
        self.known = [(face, found) for face, found in known if found is not None]

    def __call__(self, _image, face, /):
        for other, found in self.known:
            if other is face:
                return found
        raise LandmarksNotFoundError("the fake sees no landmarks here")


class FakePalette:
    """A palette in which every pixel of the surround shows."""

    def __call__(self, surround, landmarks, identity, /):
        del landmarks
        rng = np.random.default_rng(digest(surround.image, surround.known, surround.valid, np.array(identity)))
        return rng.uniform(-1, 1, PALETTE_SIZE).astype(np.float32)


class FakeSynthesize:
    """Noise in which every bit of the inputs shows where nothing is known, the surround elsewhere."""

    def __init__(self, size_px=64):
        self.size_px = size_px
        self.landmarks = []
        self.surrounds = []
        self.patches = []

    def __call__(self, landmarks, surround, *, palette, identity):
        seed = digest(
            landmarks.points, surround.image, surround.known, surround.valid, palette, np.array(identity, np.int64)
        )
        drawn = np.random.default_rng(seed).integers(0, 256, surround.image.shape, np.uint8)
        patch = Patch(np.where(surround.known[..., None] > 0, surround.image, drawn))
        self.landmarks.append(landmarks)
        self.surrounds.append(surround)
        self.patches.append(patch)
        return patch


class FakeSegment:
    """The person is the left half."""

    def __call__(self, image, /):
        mask = np.zeros(image.shape[:2], np.float32)
        mask[:, : image.shape[1] // 2] = 1
        return mask


class FakeVerify:
    """Measures the distances that it was given, one after the other."""

    threshold = 0.6

    def __init__(self, distances, *, glances=(), stranger_distance=0.0):
        self.stranger_distance = stranger_distance
        self.distances = list(distances)
        self.glances = list(glances)
        self.results = []

    def remember(self, _image, face, _landmarks):
        return face

    def distance(self, _reference, _result, _drawn):
        return self.glances.pop(0) if self.glances else 1.0

    def __call__(self, _reference, result, _drawn):
        self.results.append(result.copy())
        return Check(
            redetected=True,
            identity_distance=self.distances.pop(0),
            identity_threshold=self.threshold,
            expression={"smile_change": 0.25},
        )
