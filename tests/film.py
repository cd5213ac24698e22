"""Films whose faces are squares of one colour, and stages that see nothing else, so that every answer is known.

A square that is red is a face that the stages see. A blue one is a face that they miss. The green of a square tells
people apart.
"""

from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace

import cv2
import fakes
import numpy as np

from ganonymization.blend import SeamlessBlend
from ganonymization.draw import Draw
from ganonymization.errors import LandmarksNotFoundError
from ganonymization.geometry import bounding_box
from ganonymization.obscure import SolidFill
from ganonymization.reshape import Reshape
from ganonymization.track.cast import Cast
from ganonymization.track.identity import ByPerson
from ganonymization.track.scan import Scanner
from ganonymization.track.search import Search
from ganonymization.track.tracker import Tracker, TrackerOptions
from ganonymization.track.trail import Reach
from ganonymization.types import Box, Face, Landmarks, Region
from ganonymization.verify import Check
from ganonymization.video.anonymizer import StreamOptions, VideoAnonymizer
from ganonymization.video.clip import Frame

SIZE_WH = (320, 240)
SIDE = 40
THRESHOLD = 0.6
OPTIONS = TrackerOptions(look_ahead=14, scan_every=6, reach=Reach(margin=3, bridge=5), patience=10)


@dataclass(frozen=True)
class Actor:
    """A face in one frame: centre, whether the stages see it, and who it is."""

    x: float
    y: float = 120.0
    seen: bool = True
    person: int = 40

    @property
    def box(self):
        return Box(self.x - SIDE / 2, self.y - SIDE / 2, self.x + SIDE / 2, self.y + SIDE / 2)


def picture(actors, *, background=20):
    """One frame; a background differs by scene."""
    width, height = SIZE_WH
    image = np.full((height, width, 3), background, np.uint8)
    for actor in actors:
        box = actor.box
        left, top, right, bottom = (round(side) for side in (box.left, box.top, box.right, box.bottom))
        colour = (220, actor.person, 0) if actor.seen else (0, actor.person, 220)
        cv2.rectangle(image, (left, top), (right - 1, bottom - 1), colour, -1)
    return image


def frames(script, *, background=20):
    """A film: one list of actors for each frame."""
    return [Frame(picture(actors, background=background), n, Fraction(1, 25), 1) for n, actors in enumerate(script)]


def _red_boxes(image):
    red = ((image[..., 0] > 120) & (image[..., 2] < 90)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(red)
    return [Box(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h, area in stats[1:count] if area >= 60]


def _face(box):
    (x, y), w, h = box.center, box.width / 4, box.height / 4
    points = [(x - w, y - h), (x + w, y - h), (x, y), (x - w, y + h), (x + w, y + h)]
    return Face(box, 0.9, np.array(points, np.float32))


class Detector:
    """Finds red squares, and counts how often it was asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, image, /):
        self.calls += 1
        return [_face(box) for box in _red_boxes(image)]


def landmarks_in(box):
    """Landmarks of a frontal face that fill a box from forehead to chin."""
    return fakes.landmarks(center=box.center, height_px=0.9 * box.height)


class Mesh:
    """Finds the landmarks of red squares."""

    def __call__(self, image, face, /):
        return self._near(image, face.box.center)

    def follow(self, image, before, /):
        return [self._followed(image, face) for face in before]

    def _followed(self, image, before):
        try:
            return self._near(image, bounding_box(before.points).center)
        except LandmarksNotFoundError:
            return Landmarks(before.points, 0.0)

    def _near(self, image, center):
        boxes = sorted(
            _red_boxes(image), key=lambda box: np.hypot(box.center[0] - center[0], box.center[1] - center[1])
        )
        if not boxes or np.hypot(boxes[0].center[0] - center[0], boxes[0].center[1] - center[1]) > SIDE:
            raise LandmarksNotFoundError("no red square here")
        return Landmarks(landmarks_in(boxes[0]).points, 0.95)


class Verifier:
    """Knows people by the green in the middle of their square; distances are those that it was given, then 1."""

    def __init__(self, distances=(), *, glances=(), stranger_distance=0.0):
        self.stranger_distance = stranger_distance
        self.distances = list(distances)
        self.glances = list(glances)
        self.checked = 0

    def remember(self, image, _face, landmarks):
        x, y = (round(side) for side in bounding_box(landmarks.points).center)
        return SimpleNamespace(embedding=np.array([image[y, x, 1] / 40, 0], np.float32))

    def distance(self, _reference, _result, _drawn):
        return self.glances.pop(0) if self.glances else 1.0

    def __call__(self, _reference, _result, _drawn):
        self.checked += 1
        distance = self.distances.pop(0) if self.distances else 1.0
        return Check(
            redetected=True,
            identity_distance=distance,
            identity_threshold=THRESHOLD,
            expression={"smile_change": -0.25},
        )


def tracker(options=OPTIONS, *, detector=None, mesh=None):
    detector, mesh = detector or Detector(), mesh or Mesh()
    return Tracker(Search(Scanner(detector, whole_every=5), detector, mesh, mesh.follow), options)


def anonymizer(options=None, *, policy=None, verifier=None, detector=None, mesh=None, synthesize=None):
    options = options or StreamOptions(OPTIONS, check_every=20)
    model = fakes.shape_model()
    draw = Draw(
        reshape=Reshape(model),
        synthesize=synthesize or fakes.FakeSynthesize(),
        blend=SeamlessBlend(),
        shape_model=model,
        region=Region.FACE,
    )
    cast = Cast(
        draw=draw,
        follow=(mesh or Mesh()).follow,
        choose_palette=fakes.FakePalette(),
        verify=verifier or Verifier(),
        policy=policy or ByPerson(1),
        same_person=0.5,
        threshold=THRESHOLD,
    )
    return VideoAnonymizer(
        tracker=tracker(options.tracker, detector=detector, mesh=mesh),
        cast=cast,
        draw=draw,
        obscure=SolidFill(),
        shape_model=model,
        options=options,
        threshold=THRESHOLD,
    )


def uncovered(source, result, actor):
    """Share of the middle of a face that is as it was."""
    x, y = round(actor.x), round(actor.y)
    part = slice(y - 14, y + 14), slice(x - 12, x + 12)
    return float((source[part] == result[part]).all(axis=2).mean())
