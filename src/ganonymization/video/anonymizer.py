"""Anonymize a stream of frames: whoever is seen in one of them is covered in all of them."""

from __future__ import annotations

import dataclasses
import enum
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.draw import Canvas, Draw, Seen
from ganonymization.errors import FaceError
from ganonymization.obscure import FILL, cover_outline
from ganonymization.shape import ShapeModel
from ganonymization.stages import Obscure
from ganonymization.timing import Stopwatch
from ganonymization.track.cast import UNSEEN, Cast, Role, Sample
from ganonymization.track.ledger import Ledger
from ganonymization.track.places import Basis, Place, ring_of
from ganonymization.track.policy import Treatment, View
from ganonymization.track.receipt import TrackReceipt
from ganonymization.track.smooth import LandmarkSmoother
from ganonymization.track.steady import PatchSteadier
from ganonymization.track.still import Silhouette, Stillness
from ganonymization.track.tracker import Tracker, TrackerOptions
from ganonymization.types import Box, Face, Image, Landmarks, Manner, Outcome, Patch, Points
from ganonymization.video.clip import Frame

_NO_KEYPOINTS: Final = np.empty((0, 2), np.float32)

_KEPT_FRAMES: Final = 5
"""After so many frames, it is looked again whether a face that is left visible is still the same one."""

_RETRY_FRAMES: Final = 3
"""After so many frames, views are looked for again for a track that had none."""


class LostFace(enum.Enum):
    """What is covered while a face cannot be seen that was seen before or after; the value is the option's word."""

    OBSCURE = "obscure"
    WHOLE_FRAME = "whole-frame"


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How a stream is anonymized.

    Attributes:
        tracker: how faces are followed.
        check_every: frames between proofs that a track's identity hides the original.
        lost_face: what is covered while a face is not seen.
        first_views: views of a track that an identity must hide before it is shown for the first time. Consent needs
            two: where the frames at hand lie so close together that they are as good as one, take one.
    """

    tracker: TrackerOptions
    check_every: int = 50
    lost_face: LostFace = LostFace.OBSCURE
    first_views: int = 2


@dataclass(frozen=True, slots=True)
class CoveredFace:
    """What became of one face in one frame.

    Attributes:
        track: number of its track, from 1.
        box: around it, in pixels of the frame.
        treatment: what was decided.
        outcome: how it ended.
        bridged: it was not seen in this frame, but before or after it.
        reason: why it was obscured.
    """

    track: int
    box: Box
    treatment: Treatment
    outcome: Outcome
    bridged: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AnonymizedFrame:
    """A frame that may be shown.

    Attributes:
        frame: with the faces replaced; time and duration are the source's.
        faces: one per track in the frame.
        whole: the whole frame was covered, because it is damaged or a face was lost in it.
    """

    frame: Frame
    faces: tuple[CoveredFace, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PlannedFace:
    """What is to be done to one face.

    Attributes:
        place: where it is.
        role: what its track is.
        seen: the face as it is to be drawn; None when it is to be obscured or kept.
        outline: (M, 2) points whose convex hull holds the original.
        reason: why it is to be obscured.
        is_still: it does what it did when it was drawn last.
    """

    place: Place
    role: Role
    seen: Seen | None
    outline: Points
    reason: str = ""
    is_still: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FramePlan:
    """Everything that a frame is drawn from: drawing one needs no other frame.

    Attributes:
        index: of the frame, from 0.
        frame: as it came; its image still shows the faces.
        faces: what is to be done to each.
        whole: cover everything.
    """

    index: int
    frame: Frame
    faces: tuple[PlannedFace, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFace:
    """An invented person who is not in the frame yet.

    Attributes:
        identity: seed of that person.
        palette: the colours.
        canvas: what the face is drawn from.
        manner: how that person does what is asked.
        patch: the face; None for the same as before.
    """

    identity: int
    palette: npt.NDArray[np.float32]
    canvas: Canvas
    manner: Manner | None
    patch: Patch | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFrame:
    """A plan, and what was drawn for it.

    Attributes:
        plan: the plan.
        faces: for each of its faces what is put over it, or why it is obscured; None when it is kept.
    """

    plan: FramePlan
    faces: tuple[DrawnFace | str | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ShownFace:
    """What is known of the face that a track showed last.

    Attributes:
        steadier: takes the tremble out of it.
        silhouette: where the person was.
    """

    steadier: PatchSteadier = field(default_factory=PatchSteadier)
    silhouette: Silhouette = field(default_factory=Silhouette)


class VideoAnonymizer:
    """Anonymizes one stream, frame by frame; `video.presets` makes one. Not to be used for a second stream.

    `push` takes frames in the order of showing and returns those that are ready: with a look-ahead of L frames the
    first one comes after L + 1 pushes, with 0 (live) each one at once. `flush` returns the rest. Should an error come
    out of either, no frame that was pushed and not returned may be shown.

    Both are `plan`, `draw` and `finish`. Plans must be made one after the other and finished in the same order; in
    between they may be drawn by several threads, in any order.

    Args:
        tracker: follows the faces.
        cast: decides on tracks and gives them identities.
        draw: draws faces.
        obscure: covers what cannot be drawn.
        shape_model: takes the pose off landmarks that are smoothed.
        options: how.
        threshold: distance of embeddings at FAR 1 %, for receipts.
    """

    def __init__(
        self,
        *,
        tracker: Tracker,
        cast: Cast,
        draw: Draw,
        obscure: Obscure,
        shape_model: ShapeModel,
        options: StreamOptions,
        threshold: float,
    ) -> None:
        self._tracker = tracker
        self._cast = cast
        self._draw = draw
        self._obscure = obscure
        self._shape_model = shape_model
        self._options = options
        self._ledger = Ledger(threshold)
        self._held: deque[tuple[int, Frame]] = deque()
        self._count = 0
        self._roles: dict[int, Role] = {}
        self._due: dict[int, int] = {}
        self._smoothers: dict[int, LandmarkSmoother] = {}
        self._stillness: dict[int, Stillness] = {}
        self._shown: dict[tuple[int, int], ShownFace] = {}

    def __call__(self, frames: Iterable[Frame]) -> Iterator[AnonymizedFrame]:
        """Anonymize a whole stream."""
        for frame in frames:
            yield from self.push(frame)
        yield from self.flush()

    def push(self, frame: Frame) -> list[AnonymizedFrame]:
        """Take the next frame and return those that are ready, in the order of showing."""
        return [self.finish(self.draw(plan)) for plan in self.plan(frame)]

    def flush(self) -> list[AnonymizedFrame]:
        """Return the frames that are still held back; the stream has ended."""
        return [self.finish(self.draw(plan)) for plan in self.plan_rest()]

    @property
    def receipts(self) -> tuple[TrackReceipt, ...]:
        """One for each track, by the frames that were drawn until now."""
        return self._ledger.receipts()

    def plan(self, frame: Frame) -> list[FramePlan]:
        """Take the next frame and return the plans of those that are ready."""
        if not frame.corrupt:
            self._tracker.push(self._count, frame.image)
        self._held.append((self._count, frame))
        self._count += 1
        return [self._plan_oldest() for _ in range(len(self._held) - self._options.tracker.look_ahead)]

    def plan_rest(self) -> list[FramePlan]:
        """Return the plans of the frames that are still held back."""
        return [self._plan_oldest() for _ in range(len(self._held))]

    def draw(self, plan: FramePlan) -> DrawnFrame:
        """Draw the faces of a plan."""
        return DrawnFrame(plan, tuple(self._draw_face(plan, index) for index in range(len(plan.faces))))

    def finish(self, drawn: DrawnFrame) -> AnonymizedFrame:
        """Put what was drawn into the frame, in the order of plans."""
        plan = drawn.plan
        image, outcomes = self._cover(drawn)
        if plan.whole:
            image[:] = FILL
        time_s = float(plan.frame.time)
        faces = tuple(_covered(face, reason) for face, reason in zip(plan.faces, outcomes, strict=True))
        for face in faces:
            self._ledger.note_face(
                face.track, frame_index=plan.index, time_s=time_s, outcome=face.outcome, bridged=face.bridged
            )
        return AnonymizedFrame(plan.frame.with_image(image), faces, plan.whole)

    def _plan_oldest(self) -> FramePlan:
        index, frame = self._held[0]
        places = self._tracker.places(index)
        faces = tuple(self._plan_face(index, frame, place, places) for place in places)
        whole = frame.corrupt or (
            self._options.lost_face is LostFace.WHOLE_FRAME and any(_is_lost(face) for face in faces)
        )
        self._held.popleft()
        self._tracker.forget_before(index + 1)
        self._forget_ended()
        return FramePlan(index, frame, faces, whole)

    def _forget_ended(self) -> None:
        live = self._tracker.live_numbers
        for store in (self._roles, self._due, self._smoothers, self._stillness):
            for number in [known for known in store if known not in live]:
                del store[number]

    def _plan_face(self, index: int, frame: Frame, place: Place, places: Sequence[Place]) -> PlannedFace:
        role = self._role_of(index, frame, place, places)
        outline = cover_outline(place.box) if place.landmarks is None else self._outline_of(place)
        if role.decision.treatment is not Treatment.ANONYMIZE or role.reason:
            return PlannedFace(place, role, None, outline, role.reason or role.decision.reason)
        if place.landmarks is None:
            return PlannedFace(place, role, None, outline, "the face was not seen well enough to be replaced")
        try:
            seen = self._smoothed(place, place.landmarks, float(frame.time), outline)
        except FaceError as error:
            return PlannedFace(place, role, None, outline, str(error))
        return PlannedFace(place, role, seen, seen.outline, is_still=self._is_still(place.track, role, seen))

    def _is_still(self, track: int, role: Role, seen: Seen) -> bool:
        """Return whether a face need not be drawn again; to be asked once for every face that is drawn."""
        stillness = self._stillness.get(track)
        if stillness is None or stillness.identity != role.identity:
            stillness = self._stillness[track] = Stillness(role.identity)
        return stillness(self._draw.in_crop(seen))

    def _smoothed(self, place: Place, landmarks: Landmarks, time_s: float, outline: Points) -> Seen:
        """Return the face to be drawn: smooth landmarks, over all that the real ones and the box may show."""
        smoother = self._smoothers.setdefault(place.track, LandmarkSmoother(self._shape_model))
        seen = self._draw.see(_face_of(place), smoother(landmarks, time_s))
        parts = [seen.outline, outline] if place.is_exact else [seen.outline, outline, ring_of(place.box)]
        return Seen(seen.face, seen.landmarks, seen.pose, np.concatenate(parts))

    def _outline_of(self, place: Place) -> Points:
        if place.landmarks is None:
            return cover_outline(place.box)
        try:
            return self._draw.see(_face_of(place), place.landmarks).outline
        except FaceError:
            return cover_outline(place.box)

    def _role_of(self, index: int, frame: Frame, place: Place, places: Sequence[Place]) -> Role:
        """Return the role of a track, given or renewed when that is due."""
        track = place.track
        if index < self._due.get(track, 0):
            return self._roles[track]
        known = self._roles.get(track)
        is_new = known is None or known.reason == UNSEEN
        samples = self._samples(track, most=self._options.first_views if is_new else 1)
        if known is None:
            present = {self._roles[other.track].person for other in places if other.track in self._roles}
            role = self._cast.give(track, samples, present=present)
        else:
            role = self._cast.renew(track, known, samples)
        self._roles[track] = role
        self._due[track] = index + self._pause(role, samples)
        self._ledger.note_role(track, role, frame_index=index, time_s=float(frame.time))
        return role

    def _pause(self, role: Role, samples: Sequence[Sample]) -> int:
        """Return the frames until a role is due again: soon if the face is shown, which may be another's by then."""
        if not samples:
            return _RETRY_FRAMES
        is_kept = role.decision.treatment is Treatment.KEEP
        return min(_KEPT_FRAMES, self._options.check_every) if is_kept else self._options.check_every

    def _samples(self, track: int, *, most: int) -> list[Sample]:
        """Return views of a track, spread over the frames at hand, first the one that comes soonest."""
        views = [
            (View(index, frame.image, place.box, place.landmarks), float(frame.time), places)
            for index, frame in self._held
            for places in [[] if frame.corrupt else self._tracker.places(index)]
            for place in places
            if place.track == track and place.is_exact and place.landmarks is not None
        ]
        chosen = [views[number] for number in _spread(len(views), most)]
        return [
            Sample(view, time_s, tuple(self._outline_of(place) for place in places if place.track != track))
            for view, time_s, places in chosen
        ]

    def _draw_face(self, plan: FramePlan, index: int) -> DrawnFace | str | None:
        """Return a face of a plan, or why it is obscured; None when it is kept."""
        face = plan.faces[index]
        if face.seen is None:
            return None if face.role.decision.treatment is Treatment.KEEP else face.reason
        role, clock = face.role, Stopwatch()
        if role.identity is None or role.palette is None:
            return "the track has no identity"
        others = [other.outline for other in plan.faces if other is not face]
        try:
            canvas = self._draw.prepare(plan.frame.image, face.seen, others, identity=role.identity, clock=clock)
            undrawn = DrawnFace(role.identity, role.palette, canvas, role.manner)
            return undrawn if face.is_still else dataclasses.replace(undrawn, patch=self._synthesize(undrawn))
        except FaceError as error:
            return str(error)

    def _synthesize(self, face: DrawnFace) -> Patch:
        return self._draw.synthesize(
            face.canvas, palette=face.palette, identity=face.identity, clock=Stopwatch(), manner=face.manner
        )

    def _cover(self, drawn: DrawnFrame) -> tuple[Image, list[str | None]]:
        """Return the image with all faces covered, and for each why it was obscured; None when it was drawn or kept."""
        result = drawn.plan.frame.image.copy()
        shown: dict[tuple[int, int], ShownFace] = {}
        reasons: list[str | None] = []
        for face, one in zip(drawn.plan.faces, drawn.faces, strict=True):
            reason = one if isinstance(one, str) else None
            if isinstance(one, DrawnFace):
                key = (face.place.track, one.identity)
                shown[key] = self._shown.get(key, ShownFace())
                try:
                    patch = self._steady(one, shown[key])
                except FaceError as error:
                    reason = str(error)
                else:
                    self._draw.place(result, one.canvas, patch, clock=Stopwatch()).put_into(result)
            reasons.append(reason)
        # whoever is not in this frame is drawn afresh when he comes back
        self._shown = shown
        for face, reason in zip(drawn.plan.faces, reasons, strict=True):
            if reason is not None:
                result = self._obscure(result, _face_of(face.place))
        return result, reasons

    def _steady(self, face: DrawnFace, shown: ShownFace) -> Patch:
        """Return the patch that is shown: the last one again if nothing has changed, not even around the face."""
        canvas = face.canvas
        same = shown.steadier.again(canvas.surround) if face.patch is None else None
        if same is not None:
            return same
        patch = face.patch or self._synthesize(face)
        cleared = self._draw.clear(canvas, patch, clock=Stopwatch(), silhouette=shown.silhouette)
        return shown.steadier(cleared, canvas.landmarks.points, canvas.surround)


def _face_of(place: Place) -> Face:
    return Face(place.box, place.score, _NO_KEYPOINTS)


def _is_lost(face: PlannedFace) -> bool:
    """Return whether nothing tells where exactly the face is in this frame."""
    is_kept = face.role.decision.treatment is Treatment.KEEP
    return face.place.basis is not Basis.SEEN and face.place.landmarks is None and not is_kept


def _covered(face: PlannedFace, reason: str | None) -> CoveredFace:
    treatment = face.role.decision.treatment
    covered = Outcome.SYNTHESIZED if reason is None else Outcome.OBSCURED
    return CoveredFace(
        track=face.place.track,
        box=face.place.box,
        treatment=treatment,
        outcome=Outcome.KEPT if treatment is Treatment.KEEP else covered,
        bridged=not face.place.is_exact and face.place.basis is not Basis.SEEN,
        reason=reason or "",
    )


def _spread(count: int, most: int) -> list[int]:
    """Return up to `most` numbers below `count`, first and last among them."""
    if count <= most:
        return list(range(count))
    return [round(step * (count - 1) / max(1, most - 1)) for step in range(most)]
