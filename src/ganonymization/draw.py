"""Draw one invented person over one face: from its landmarks to the picture with the new face in it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.blend import blend_mask
from ganonymization.complexion import flaws
from ganonymization.correct import MOUTH_OPEN
from ganonymization.crop import cut, synthesis_crop_from_image
from ganonymization.detail import damp_detail
from ganonymization.errors import FaceError, LandmarksNotFoundError
from ganonymization.geometry import Pose, invert, scale_of, transform
from ganonymization.region import GROWTH, hull, outline
from ganonymization.shape import ShapeModel
from ganonymization.stages import Anticipate, Blend, ChoosePalette, Follow, Matte, Reshape, Synthesize
from ganonymization.surround import cut_surround, no_surround, ring_px
from ganonymization.timing import Stopwatch
from ganonymization.types import Affine, Crop, Face, Image, Landmarks, Manner, Mask, Patch, Points, Region, Surround

WIDENING: Final = {Region.INNER: 1.0, Region.FACE: 1.0, Region.HEAD: 1.22}
"""How much more of the picture than usual the crop shows, so that it holds the hair."""

_WINDOW_MARGIN_PX: Final = 8
"""Pixels of the picture around the soft edge that resampling may look at."""

_KEYPOINT_SLACK: Final = 0.12
"""How far, in sides of the box, keypoints may lie outside the hull before the landmarks count as another face's."""

_RISE: Final = 1e-6
"""Openings that came out alike are told apart by this."""

Motion: TypeAlias = npt.NDArray[np.float64]
"""A movement of a face (see `correct.Motions`)."""

FindSilhouette: TypeAlias = Callable[[Points, Callable[[], Mask]], Mask]
"""Takes landmarks in crop pixels, and what looks for the person; returns where the person is."""


def look_for_it(_points: Points, look: Callable[[], Mask]) -> Mask:
    """Return where the person is, by a look."""
    return look()


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A detected face whose landmarks were found.

    Attributes:
        face: the detection.
        landmarks: in pixels of the picture.
        pose: from the shape model's frame to the picture.
        outline: (M, 2) points whose convex hull is to be replaced, in pixels of the picture.
    """

    face: Face
    landmarks: Landmarks
    pose: Pose
    outline: Points


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Everything that a face is drawn from but its colours.

    Attributes:
        crop: cut from the picture.
        surround: the crop without any face.
        outline: (M, 2) points in crop pixels whose convex hull is replaced.
        drawn: landmarks of the invented person, in pixels of the picture.
    """

    crop: Crop
    surround: Surround
    outline: Points
    drawn: Landmarks

    @property
    def landmarks(self) -> Landmarks:
        """Landmarks of the invented person, in crop pixels."""
        return self.in_crop(self.drawn)

    def in_crop(self, landmarks: Landmarks) -> Landmarks:
        """Return landmarks in crop pixels that are given in pixels of the picture."""
        return _in_crop(landmarks, self.crop.crop_from_image)


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """The part of a picture that a face was drawn into.

    Attributes:
        part: (h, w, 3) uint8 RGB.
        left: column of the picture where it begins.
        top: row of the picture where it begins.
    """

    part: Image
    left: int
    top: int

    def put_into(self, image: Image) -> None:
        """Put the part into its place; the picture is changed."""
        self._place(image)[:] = self.part

    @contextlib.contextmanager
    def shown_in(self, image: Image) -> Iterator[None]:
        """Put the part into its place for a while; afterwards the picture is as it was."""
        place = self._place(image)
        before = place.copy()
        self.put_into(image)
        try:
            yield
        finally:
            place[:] = before

    def _place(self, image: Image) -> Image:
        height, width = self.part.shape[:2]
        return image[self.top : self.top + height, self.left : self.left + width]


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """An invented person, drawn over a face, but not yet in the picture.

    Attributes:
        identity: seed of that person.
        palette: its colours.
        canvas: what the person is asked to be, and to do.
        patch: what was drawn.
    """

    identity: int
    palette: npt.NDArray[np.float32]
    canvas: Canvas
    patch: Patch


class Draw:
    """Draws invented people; holds the stages and no state.

    Args:
        reshape: exchanges the identity in landmarks.
        synthesize: draws the invented person.
        blend: puts it into the picture.
        shape_model: gives the head's pose.
        region: how much of the head is replaced.
        matte: continues the background up to the new head; None leaves what was drawn.
        anticipate: makes up for the generator's habits; None takes it as it is.
    """

    def __init__(
        self,
        *,
        reshape: Reshape,
        synthesize: Synthesize,
        blend: Blend,
        shape_model: ShapeModel,
        region: Region,
        matte: Matte | None = None,
        anticipate: Anticipate | None = None,
    ) -> None:
        self._matte = matte
        self._anticipate = anticipate
        self._reshape = reshape
        self._synthesize = synthesize
        self._blend = blend
        self._shape_model = shape_model
        self._growth = GROWTH[region]
        self._widening = WIDENING[region]

    @property
    def size_px(self) -> int:
        """Side of the crop that faces are drawn in."""
        return self._synthesize.size_px

    def see(self, face: Face, landmarks: Landmarks) -> Seen:
        """Return a face with its pose and outline.

        Raises:
            FaceError: the crop cannot hold it.
        """
        pose = self._shape_model.pose_of(landmarks)
        _require_inside_crop(landmarks, self._crop_from_image(pose, size_px=1))
        return Seen(face, landmarks, pose, self._outline_of(landmarks, pose))

    def in_crop(self, seen: Seen) -> Points:
        """Return the (478, 2) landmarks of a face in shares of the crop's side, which moves with the head."""
        points: Points = transform(seen.landmarks.points[:, :2], self._crop_from_image(seen.pose, size_px=1))
        return points

    def prepare(self, image: Image, seen: Seen, others: Sequence[Points], *, identity: int, clock: Stopwatch) -> Canvas:
        """Return what a face is drawn from.

        Args:
            image: (H, W, 3) the picture as it is by now.
            seen: the face.
            others: outlines, in pixels of the picture, of the other faces that are still in it.
            identity: seed of the invented person.
            clock: counts the time.
        """
        with clock("reshape"):
            drawn = self._reshape(seen.landmarks, identity)
            replaced = np.concatenate([seen.outline, self._outline_of(drawn, seen.pose)])
        with clock("surround"):
            crop_from_image = self._crop_from_image(seen.pose, size_px=self.size_px)
            crop = cut(image, crop_from_image, size_px=self.size_px)
            own = transform(replaced, crop_from_image)
            surround = cut_surround(crop, [own, *(transform(points, crop_from_image) for points in others)])
        return Canvas(crop, surround, own, drawn)

    def paint(
        self,
        image: Image,
        canvas: Canvas,
        *,
        palette: npt.NDArray[np.float32],
        identity: int,
        clock: Stopwatch,
        manner: Manner | None = None,
    ) -> Painted:
        """Return the part of the picture that is replaced, with the invented person in it; the picture stays."""
        patch = self.synthesize(canvas, palette=palette, identity=identity, clock=clock, manner=manner)
        return self.fit(image, canvas, patch, clock=clock)

    def fit(self, image: Image, canvas: Canvas, patch: Patch, *, clock: Stopwatch) -> Painted:
        """Return the part of the picture that is replaced, with a person in it as drawn; the picture stays."""
        return self.place(image, canvas, self.clear(canvas, patch, clock=clock), clock=clock)

    def synthesize(
        self,
        canvas: Canvas,
        *,
        palette: npt.NDArray[np.float32],
        identity: int,
        clock: Stopwatch,
        manner: Manner | None = None,
    ) -> Patch:
        """Return the invented person, who is not in the picture yet; see `look_back` for the manner."""
        with clock("synthesize"):
            landmarks = canvas.landmarks
            asked = self._anticipate(landmarks, manner) if self._anticipate else landmarks
            patch = self.patch(asked, canvas.surround, palette=palette, identity=identity)
            return damp_detail(patch, landmarks.points, scale=scale_of(canvas.crop.crop_from_image))

    def sketch(
        self,
        image: Image,
        seen: Seen,
        others: Sequence[Points],
        choose_palette: ChoosePalette,
        *,
        identity: int,
        clock: Stopwatch,
    ) -> Sketch:
        """Return an invented person, drawn over a face; arguments as of `prepare`, and what chooses the colours."""
        canvas = self.prepare(image, seen, others, identity=identity, clock=clock)
        with clock("synthesize"):
            palette = choose_palette(canvas.surround, canvas.in_crop(seen.landmarks), identity)
        patch = self.synthesize(canvas, palette=palette, identity=identity, clock=clock)
        return Sketch(identity, palette, canvas, patch)

    def flaws(self, sketch: Sketch) -> float:
        """Return how flawed the skin of a drawn person will look in the picture (see `complexion`)."""
        canvas = sketch.canvas
        scale = scale_of(canvas.crop.crop_from_image)
        return flaws(sketch.patch, canvas.landmarks.points, canvas.surround, sketch.palette, scale=scale)

    def look_back(self, canvas: Canvas, found: Landmarks) -> Motion | None:
        """Return what an invented person misses, by the landmarks of the face that came out; None if nobody minds.

        Args:
            canvas: that it was drawn from.
            found: in pixels of the picture.
        """
        if self._anticipate is None:
            return None
        return self._anticipate.missed(canvas.landmarks, canvas.in_crop(found))

    def open_mouths(
        self, canvas: Canvas, follow: Follow, *, palette: npt.NDArray[np.float32], identity: int, missed: Motion
    ) -> npt.NDArray[np.float64] | None:
        """Return (2, K) openings of the mouth that were asked for, and of the faces that came out; both rise.

        Args:
            canvas: that the person is drawn from.
            follow: finds the landmarks of what is drawn.
            palette: colours.
            identity: seed of the invented person.
            missed: mean of what `look_back` found.

        Returns:
            None if nobody minds, or where a face that came out was not found.
        """
        if self._anticipate is None:
            return None
        as_asked = Manner(np.where(np.arange(len(missed)) == MOUTH_OPEN, 0.0, missed))
        openings = []
        for wanted in self._anticipate.opened(canvas.landmarks):
            asked = self._anticipate(wanted, as_asked)
            patch = self.patch(asked, canvas.surround, palette=palette, identity=identity)
            (found,) = follow(patch.image, [wanted])
            if found.presence <= 0:
                return None
            openings.append([self._anticipate.opening(wanted), self._anticipate.opening(found)])
        asked_for, came_out = np.array(openings).T
        return np.stack([asked_for, np.maximum.accumulate(came_out) + _RISE * np.arange(len(came_out))])

    def clear(
        self, canvas: Canvas, patch: Patch, *, clock: Stopwatch, silhouette: FindSilhouette = look_for_it
    ) -> Patch:
        """Return a patch with the picture's background up to the head.

        Args:
            canvas: that it was drawn from.
            patch: as it was drawn.
            clock: counts the time.
            silhouette: finds where the person is on the patch.
        """
        matte = self._matte
        if matte is None:
            return patch
        landmarks = canvas.landmarks
        with clock("matte"):
            person = silhouette(landmarks.points, lambda: matte.person(patch))
            return matte(patch, canvas.surround, landmarks, person=person)

    def place(self, image: Image, canvas: Canvas, patch: Patch, *, clock: Stopwatch) -> Painted:
        """Return the part of the picture that is replaced, with a patch in it; the picture stays."""
        crop_from_image = canvas.crop.crop_from_image
        with clock("blend"):
            ring = ring_px(canvas.crop)
            rows, columns = _window(image, canvas, ring)
            crop_from_part = crop_from_image @ np.array([[1, 0, columns.start], [0, 1, rows.start], [0, 0, 1]])
            trusted = Crop(canvas.surround.image, crop_from_part, canvas.surround.known)
            mask = blend_mask(canvas.outline, size_px=self.size_px, ring_px=ring)
            return Painted(self._blend(image[rows, columns], trusted, patch, mask), columns.start, rows.start)

    def alone(self, seen: Seen, *, identity: int) -> tuple[Landmarks, Surround]:
        """Return landmarks in crop pixels, and an empty surround, of an invented person without a picture."""
        crop_from_image = self._crop_from_image(seen.pose, size_px=self.size_px)
        return _in_crop(self._reshape(seen.landmarks, identity), crop_from_image), no_surround(self.size_px)

    def patch(
        self, landmarks: Landmarks, surround: Surround, *, palette: npt.NDArray[np.float32], identity: int
    ) -> Patch:
        """Return the invented person alone."""
        return self._synthesize(landmarks, surround, palette=palette, identity=identity)

    def _crop_from_image(self, pose: Pose, *, size_px: int) -> Affine:
        return synthesis_crop_from_image(pose, size_px=size_px, widening=self._widening)

    def _outline_of(self, landmarks: Landmarks, pose: Pose) -> Points:
        return outline(pose.undo(landmarks.points.astype(np.float64)), pose, growth=self._growth)


def _window(image: Image, canvas: Canvas, margin_px: float) -> tuple[slice, slice]:
    """Return rows and columns of the picture that hold whatever is replaced, its soft edge included.

    Args:
        image: the picture.
        canvas: what is drawn.
        margin_px: width of the soft edge around the outline, in crop pixels.
    """
    crop_from_image = canvas.crop.crop_from_image
    points = transform(hull(canvas.outline), invert(crop_from_image))
    margin = 2 * math.ceil(margin_px / scale_of(crop_from_image)) + _WINDOW_MARGIN_PX
    height, width = image.shape[:2]
    (left, top), (right, bottom) = points.min(axis=0) - margin, points.max(axis=0) + margin
    (left, right), (top, bottom) = np.clip([left, right], 0, width), np.clip([top, bottom], 0, height)
    return slice(math.floor(top), math.ceil(bottom)), slice(math.floor(left), math.ceil(right))


def require_same_face(seen: Seen) -> None:
    """Make sure that the mesh did not drift to a neighbour: the detector's keypoints must lie inside the outline.

    Raises:
        LandmarksNotFoundError: they do not.
    """
    face = seen.face
    corners = hull(seen.outline)
    slack_px = _KEYPOINT_SLACK * max(face.box.width, face.box.height)
    reach = [cv2.pointPolygonTest(corners, (float(x), float(y)), True) for x, y in face.keypoints]  # noqa: FBT003 - OpenCV
    if min(reach) < -slack_px:
        raise LandmarksNotFoundError(f"the landmarks found for the face at {face.box} are not on it")


def _in_crop(landmarks: Landmarks, crop_from_image: Affine) -> Landmarks:
    return Landmarks(transform(landmarks.points, crop_from_image), landmarks.presence)


def _require_inside_crop(landmarks: Landmarks, unit_from_image: Affine) -> None:
    """Make sure that the patch can cover the whole face, which a jaw dropped very far may leave.

    Args:
        landmarks: in pixels of the picture.
        unit_from_image: map to the synthesis crop with a side of 1.

    Raises:
        FaceError: a landmark lies outside the crop.
    """
    places = transform(landmarks.points[:, :2], unit_from_image)
    if places.min() < 0 or places.max() > 1:
        raise FaceError("the face reaches beyond the crop that is synthesized")
