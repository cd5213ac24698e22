"""The main path: every detected face ends SYNTHESIZED or OBSCURED, or KEPT if asked for; all unforeseen raises."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ganonymization.audition import best_first, clearest_first
from ganonymization.decide import DecideFaces, Decision, Treatment, anonymize_everybody
from ganonymization.detail import damp_detail
from ganonymization.draw import Draw, Painted, Seen, Sketch, require_same_face
from ganonymization.errors import FaceError, IdentityNotRemovedError, LandmarksNotFoundError
from ganonymization.obscure import cover_outline
from ganonymization.segment import Segment
from ganonymization.shape import ShapeModel
from ganonymization.stages import (
    Blend,
    ChoosePalette,
    Correct,
    Detect,
    Landmark,
    Matte,
    Obscure,
    Reshape,
    Suit,
    Synthesize,
)
from ganonymization.timing import Stopwatch
from ganonymization.types import Box, Face, Image, Outcome, Points, Receipt, Region, Result
from ganonymization.verify import Check, Reference, Verify

MAX_ATTEMPTS: Final = 8
"""Identities tried before a face is obscured."""

MOST_DRAWN: Final = 1000
"""Identities among which those who suit are looked for; one in twenty does at worst."""


class Anonymizer:
    """Replace every face in a picture; pass the stages in.

    Args:
        detect: finds faces.
        landmark: finds the landmarks of one.
        reshape: exchanges the identity in them.
        choose_palette: chooses colours.
        synthesize: draws the invented person.
        blend: puts it into the picture.
        obscure: covers what cannot be synthesized.
        segment: cuts the person out in `isolate`.
        shape_model: gives the head's pose.
        verify: measures each replaced face, rejects identities that resemble the original, and prefers those that are
            as unlike it as strangers are; None trusts the first one.
        region: how much of the head is replaced.
        matte: continues the background up to the new head; None leaves what was drawn.
        correct: makes up for what the one who is chosen does otherwise than asked; None takes what comes. Without
            `verify` nobody looks, and nothing is corrected.
        suit: says who suits a face; by default everybody does.
        clear: people whose skin is less flawed (see `audition.CLEAR`) are tried first; by default all as they come.
        decide: says who is left visible, and who is invented; by default everybody is replaced.
    """

    def __init__(
        self,
        *,
        detect: Detect,
        landmark: Landmark,
        reshape: Reshape,
        choose_palette: ChoosePalette,
        synthesize: Synthesize,
        blend: Blend,
        obscure: Obscure,
        segment: Segment,
        shape_model: ShapeModel,
        verify: Verify | None = None,
        region: Region = Region.FACE,
        matte: Matte | None = None,
        correct: Correct | None = None,
        suit: Suit | None = None,
        clear: float = math.inf,
        decide: DecideFaces = anonymize_everybody,
    ) -> None:
        self._detect = detect
        self._landmark = landmark
        self._correct = correct
        self._suit = suit
        self._clear = clear
        self._draw = Draw(
            reshape=reshape,
            synthesize=synthesize,
            blend=blend,
            shape_model=shape_model,
            region=region,
            matte=matte,
        )
        self._choose_palette = choose_palette
        self._obscure = obscure
        self._segment = segment
        self._verify = verify
        self._decide = decide

    def __call__(self, image: Image, *, identity: int) -> Result:
        """Return the picture with every detected face replaced, and a receipt for each.

        Args:
            image: (H, W, 3) uint8 RGB, upright; it is not changed.
            identity: seed of the invented people; each face of the picture gets its own from it.
        """
        clock = Stopwatch()
        with clock("detect"):
            faces = self._detect(image)
        looks = [self._look(image, face) for face in faces]
        plans = self._plan(image, looks, identity)
        originals = {index: _cover(look) for index, look in enumerate(looks)}  # faces still in the result as they came
        result, receipts = image.copy(), list[Receipt]()
        for index, plan in enumerate(plans):
            if isinstance(plan, Receipt):
                receipts.append(plan)
                continue
            others = [points for other, points in originals.items() if other != index]
            receipt = self._replace(image, result, plan, others)
            receipts.append(receipt)
            if receipt.outcome is Outcome.SYNTHESIZED:
                del originals[index]
        with clock("obscure"):
            for face, receipt in zip(faces, receipts, strict=True):
                if receipt.outcome is Outcome.OBSCURED:
                    result = self._obscure(result, face)
        return Result(result, tuple(receipts), clock.milliseconds())

    def isolate(self, image: Image, *, identity: int) -> list[Image]:
        """Return for each face the paper's cut-out: the segmented new head on black, (S, S, 3).

        Where there are no landmarks the cut-out is all black.
        """
        size_px = self._draw.size_px
        looks = [self._look(image, face) for face in self._detect(image)]
        return [
            self._isolate_one(look, derive(identity, index))
            if isinstance(look, Seen)
            else np.zeros((size_px, size_px, 3), np.uint8)
            for index, look in enumerate(looks)
        ]

    def _look(self, image: Image, face: Face) -> Seen | Receipt:
        """Find landmarks and outline of a face, or say why it must be obscured."""
        try:
            seen = self._draw.see(face, self._landmark(image, face))
            require_same_face(seen)
        except FaceError as error:
            return Receipt(face.box, face.score, Outcome.OBSCURED, reason=str(error))
        return seen

    def _plan(self, image: Image, looks: Sequence[Seen | Receipt], identity: int) -> list[_Plan | Receipt]:
        """Ask what is done to each face whose landmarks were found; the receipts of all others stand."""
        plans: list[_Plan | Receipt] = []
        seen = {index: look for index, look in enumerate(looks) if isinstance(look, Seen)}
        identities = [derive(identity, index) for index in seen]
        decided = self._decide(image, [look.landmarks for look in seen.values()], identities=identities)
        decisions = dict(zip(seen, decided, strict=True))
        for index, look in enumerate(looks):
            plans.append(look if isinstance(look, Receipt) else _carry_out(look, decisions[index]))
        return plans

    def _replace(self, image: Image, result: Image, plan: _Plan, others: Sequence[Points]) -> Receipt:
        """Put an invented person who passes into the result, which stays as it is when nobody does."""
        clock = Stopwatch()
        seen = plan.seen
        try:
            if self._verify is None:
                take = self._take(result, next(self._sketches(result, plan, others, clock)), clock)
                take.painted.put_into(result)
                return _receipt(seen, take, None, 1, clock)
            with clock("remember"):
                reference = self._verify.remember(image, seen.face, seen.landmarks)
            return self._cast(result, plan, others, self._verify, reference, clock)
        except FaceError as error:
            return Receipt(seen.face.box, seen.face.score, Outcome.OBSCURED, str(error), stage_ms=clock.milliseconds())

    def _cast(
        self,
        result: Image,
        plan: _Plan,
        others: Sequence[Points],
        verify: Verify,
        reference: Reference,
        clock: Stopwatch,
    ) -> Receipt:
        """Put the best of several people into the result.

        Raises:
            IdentityNotRemovedError: all resemble the original.
        """
        attempts, nearest = 0, float("inf")

        def takes() -> Iterator[tuple[float, _Take]]:
            nonlocal attempts
            for sketch in self._sketches(result, plan, others, clock):
                take = self._take(result, sketch, clock)
                attempts += 1
                with clock("verify"), take.painted.shown_in(result):
                    distance = verify.distance(reference, result, take.sketch.canvas.drawn)
                yield distance, take

        # whoever stands for somebody elsewhere is not exchanged for somebody better
        enough = 0.0 if plan.lasting else verify.stranger_distance
        for first in best_first(takes(), enough=enough):
            # what is truer to the original may be too much like it
            for take in self._takes_of(first, result, plan, clock):
                with clock("verify"), take.painted.shown_in(result):
                    check = verify(reference, result, take.sketch.canvas.drawn)
                if check.passed:
                    take.painted.put_into(result)
                    return _receipt(plan.seen, take, check, attempts, clock)
                nearest = min(nearest, check.identity_distance)
        raise IdentityNotRemovedError(
            f"{attempts} identities still resemble the original: distance {nearest:.3f} "
            f"is below {check.identity_threshold:.3f}"
        )

    def _people(self, result: Image, plan: _Plan, others: Sequence[Points], clock: Stopwatch) -> Iterator[int]:
        """Yield the identities that may be tried."""
        if self._suit is None or plan.lasting:
            return draw_people(plan.identity)
        anybody = self._draw.prepare(result, plan.seen, others, identity=plan.identity, clock=clock)
        with clock("synthesize"):
            suits = self._suit(anybody.surround, anybody.in_crop(plan.seen.landmarks))
        return draw_people(plan.identity, suits)

    def _sketches(self, result: Image, plan: _Plan, others: Sequence[Points], clock: Stopwatch) -> Iterator[Sketch]:
        """Yield the people who may be tried, drawn over a face: those who are drawn well first."""
        sketches = (
            self._draw.sketch(result, plan.seen, others, self._choose_palette, identity=identity, clock=clock)
            for identity in self._people(result, plan, others, clock)
        )
        if plan.lasting:
            return sketches
        return clearest_first(sketches, flaws=self._draw.flaws, clear=self._clear)

    def _take(self, result: Image, sketch: Sketch, clock: Stopwatch) -> _Take:
        """Fit somebody who was drawn into the picture."""
        return _Take(sketch, self._draw.fit(result, sketch.canvas, sketch.patch, clock=clock))

    def _takes_of(self, first: _Take, result: Image, plan: _Plan, clock: Stopwatch) -> Iterator[_Take]:
        """Yield a person drawn again so that he does what was asked, where that can be told, and as drawn first."""
        if self._correct is not None:
            sketch = first.sketch
            try:
                with clock("correct"), first.painted.shown_in(result):
                    found = self._landmark(result, plan.seen.face)
            except LandmarksNotFoundError:
                pass
            else:
                canvas = dataclasses.replace(sketch.canvas, drawn=self._correct(sketch.canvas.drawn, found))
                yield _Take(
                    sketch,
                    self._draw.paint(result, canvas, palette=sketch.palette, identity=sketch.identity, clock=clock),
                )
        yield first

    def _isolate_one(self, seen: Seen, identity: int) -> Image:
        landmarks, surround = self._draw.alone(seen, identity=identity)
        palette = self._choose_palette(surround, landmarks, identity)
        drawn = self._draw.patch(landmarks, surround, palette=palette, identity=identity)
        patch = damp_detail(drawn, landmarks.points, scale=1.0)
        return np.round(patch.image * self._segment(patch.image)[..., None]).astype(np.uint8)


class Obscurer:
    """Cover every face and synthesize none.

    Args:
        detect: finds faces.
        obscure: covers them.
    """

    def __init__(self, *, detect: Detect, obscure: Obscure) -> None:
        self._detect = detect
        self._obscure = obscure

    def __call__(self, image: Image, *, identity: int = 0) -> Result:
        """Return the picture with every detected face covered; `identity` is not used, it is there to fit."""
        del identity
        clock = Stopwatch()
        with clock("detect"):
            faces = self._detect(image)
        result = image.copy()
        with clock("obscure"):
            for face in faces:
                result = self._obscure(result, face)
        receipts = (Receipt(face.box, face.score, Outcome.OBSCURED, reason="asked for") for face in faces)
        return Result(result, tuple(receipts), clock.milliseconds())


def draw_people(identity: int, suits: Callable[[int], bool] | None = None, *, tried: int = 0) -> Iterator[int]:
    """Yield up to `MAX_ATTEMPTS` seeds of invented people, always the same from a seed.

    Args:
        identity: the seed.
        suits: passes over those who do not suit, if somebody does; None takes everybody.
        tried: people that were drawn from the seed before and are not wanted again.
    """

    def seeds() -> Iterator[int]:
        return (derive(identity, index) for index in range(MOST_DRAWN))

    suiting = itertools.chain(filter(suits, seeds()), seeds()) if suits is not None else seeds()
    return itertools.islice(suiting, tried, tried + MAX_ATTEMPTS)


def derive(identity: int, index: int) -> int:
    """Return the seed of one face or attempt from a seed; the same two numbers give the same seed on every machine.

    Raises:
        ValueError: a number is negative.
    """
    if identity < 0 or index < 0:
        raise ValueError(f"identity is {identity} and index {index}; both must be 0 or more")
    return int(np.random.SeedSequence([identity, index]).generate_state(1)[0])


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """A face that is going to be replaced.

    Attributes:
        seen: the face.
        identity: seed of the invented person.
        lasting: whether that seed stands for the same face elsewhere.
    """

    seen: Seen
    identity: int
    lasting: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Take:
    """An invented person, tried on a face.

    Attributes:
        sketch: who it is, as drawn first.
        painted: what was drawn last, in the picture.
    """

    sketch: Sketch
    painted: Painted


def _carry_out(seen: Seen, decision: Decision) -> _Plan | Receipt:
    """Return what is left to be done, or the receipt of a face of which nothing has to be drawn."""
    if decision.treatment is Treatment.ANONYMIZE:
        return _Plan(seen, decision.identity, decision.lasting)
    outcome = Outcome.KEPT if decision.treatment is Treatment.KEEP else Outcome.OBSCURED
    return Receipt(_clean(seen.face.box), seen.face.score, outcome, reason=decision.reason)


def _cover(look: Seen | Receipt) -> Points:
    """Return points whose convex hull covers a face, in pixels of the picture."""
    return look.outline if isinstance(look, Seen) else cover_outline(look.box)


def _receipt(seen: Seen, take: _Take, check: Check | None, attempts: int, clock: Stopwatch) -> Receipt:
    return Receipt(
        box=_clean(seen.face.box),
        score=seen.face.score,
        outcome=Outcome.SYNTHESIZED,
        identity=take.sketch.identity,
        attempts=attempts,
        identity_distance=check.identity_distance if check else None,
        identity_threshold=check.identity_threshold if check else None,
        expression={"redetected": check.redetected} | check.expression if check else {},
        stage_ms=clock.milliseconds(),
    )


def _clean(box: Box) -> Box:
    return Box(*(round(value, 1) for value in (box.left, box.top, box.right, box.bottom)))
