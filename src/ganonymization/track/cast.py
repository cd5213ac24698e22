"""Give each track its role: whether it is anonymized, as whom, in which colours; and prove that this hides the person.

The roles are given before the first frame of a track is shown, from the frames that are held back, and proved again
every few seconds. Of several invented people one is taken who is as unlike the original as a stranger is. Who resembles
the original later is exchanged; if none hides the original, the track is obscured.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ganonymization.anonymizer import draw_people
from ganonymization.audition import best_first, clearest_first
from ganonymization.draw import Canvas, Draw, Motion, Seen, Sketch
from ganonymization.errors import FaceError
from ganonymization.palette import PaletteVector
from ganonymization.stages import ChoosePalette, Follow, Suit
from ganonymization.timing import Stopwatch
from ganonymization.track.people import People
from ganonymization.track.policy import Decision, Evidence, TrackPolicy, Treatment, View
from ganonymization.types import Face, Image, Manner, Points
from ganonymization.verify import Check, Reference, Verify

_NO_KEYPOINTS: Final = np.empty((0, 2), np.float32)

UNSEEN: Final = "its landmarks were never found"
ALIKE: Final = "every identity that was tried still resembles the original"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A view of a track that is drawn and checked.

    Attributes:
        view: the face as it came.
        time_s: when the frame is shown.
        others: outlines of the other faces in the frame, in its pixels.
    """

    view: View
    time_s: float
    others: tuple[Points, ...] = ()

    @property
    def face(self) -> Face:
        """The face as a detector would give it."""
        return Face(self.view.box, self.view.landmarks.presence, _NO_KEYPOINTS)


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """A sample, and what is remembered of the original in it.

    Attributes:
        sample: the view.
        seen: the face, ready to be drawn.
        reference: to check against.
    """

    sample: Sample
    seen: Seen
    reference: Reference


@dataclass(frozen=True, slots=True)
class Proof:
    """A check of one frame.

    Attributes:
        frame_index: of the frame.
        time_s: when it is shown.
        distance: of the recogniser's embeddings before and after.
        expression: as in a receipt.
    """

    frame_index: int
    time_s: float
    distance: float
    expression: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Role:
    """What a track is.

    Attributes:
        decision: of the policy.
        person: number of the person; 0 when unknown.
        identity: seed of the invented person; None when there is none.
        palette: colours of that person; None when there is none.
        manner: how that person, drawn over this face, does what is asked; None when nobody looked.
        reason: why the track is obscured as a whole.
        attempts: identities that were tried.
        proofs: the latest checks, which the identity passed.
    """

    decision: Decision
    person: int = 0
    identity: int | None = None
    palette: PaletteVector | None = field(default=None, repr=False)
    manner: Manner | None = field(default=None, repr=False)
    reason: str = ""
    attempts: int = 0
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Somebody whom a track may become.

    Attributes:
        identity: seed of the invented person.
        palette: colours; None where they are not chosen yet.
        attempts: identities that were tried for the role up to now.
        manner: as in a role; None when nobody looked yet.
    """

    identity: int
    palette: PaletteVector | None = field(repr=False)
    attempts: int
    manner: Manner | None = field(default=None, repr=False)


NO_ROLE: Final = Role(Decision(Treatment.OBSCURE), reason=UNSEEN)


class Cast:
    """Gives roles to the tracks of one stream.

    Args:
        draw: draws faces.
        follow: looks at them once they are drawn, for what they miss.
        choose_palette: chooses their colours, once for each track.
        verify: measures them against the originals.
        policy: decides.
        same_person: distance of embeddings below which two tracks show one person.
        threshold: distance below which a face counts as the original's, at FAR 1 %.
        suit: says who suits a face; by default everybody does.
        clear: people whose skin is less flawed (see `audition.CLEAR`) are tried first; by default all as they come.
    """

    def __init__(
        self,
        *,
        draw: Draw,
        follow: Follow,
        choose_palette: ChoosePalette,
        verify: Verify,
        policy: TrackPolicy,
        same_person: float,
        threshold: float,
        suit: Suit | None = None,
        clear: float = math.inf,
    ) -> None:
        self._draw = draw
        self._follow = follow
        self._suit = suit
        self._clear = clear
        self._choose_palette = choose_palette
        self._verify = verify
        self._policy = policy
        self._people = People(same_person)
        self._threshold = threshold
        self._taken: dict[int, int] = {}
        """Who was taken for an identity that was decided on: people who come back are the same again."""

    def give(self, track: int, samples: Sequence[Sample], *, present: Collection[int]) -> Role:
        """Return the role of a new track.

        Args:
            track: its number.
            samples: views of it.
            present: numbers of the people who are in the same frames.
        """
        memories = self._remember(samples)
        if not memories:
            return NO_ROLE
        embeddings = np.stack([memory.reference.embedding for memory in memories])
        person = self._people.recognise(embeddings, present=present)
        decision = self._decide(track, person, memories)
        return self._prove(Role(decision, person), memories)

    def renew(self, track: int, role: Role, samples: Sequence[Sample]) -> Role:
        """Return the role of a track from now on, by fresh views; the same if nothing speaks against it.

        A track that was kept is covered while there is no view of it: it may have gone over to somebody else.
        """
        memories = self._remember(samples)
        if not memories:
            return NO_ROLE if role.decision.treatment is Treatment.KEEP else dataclasses.replace(role, proofs=())
        if role.reason == UNSEEN:
            return self.give(track, samples, present=())
        decision = self._decide(track, role.person, memories)
        if decision != role.decision:
            return self._prove(Role(decision, role.person), memories)
        return self._prove(role, memories)

    def _remember(self, samples: Sequence[Sample]) -> list[Memory]:
        """Return what is needed of the views that can be drawn."""
        memories = []
        for sample in samples:
            view = sample.view
            try:
                seen = self._draw.see(sample.face, view.landmarks)
                reference = self._verify.remember(view.image, sample.face, view.landmarks)
            except FaceError:
                continue
            memories.append(Memory(sample, seen, reference))
        return memories

    def _decide(self, track: int, person: int, memories: Sequence[Memory]) -> Decision:
        evidence = Evidence(
            track=track,
            person=person,
            views=tuple(memory.sample.view for memory in memories),
            embeddings=np.stack([memory.reference.embedding for memory in memories]),
            threshold=self._threshold,
        )
        return self._policy(evidence)

    def _prove(self, role: Role, memories: Sequence[Memory]) -> Role:
        """Return the role with an identity that hides the original in all views; its present one, if that does."""
        if role.decision.treatment is not Treatment.ANONYMIZE or role.reason:
            return dataclasses.replace(role, proofs=())
        attempts = role.attempts
        try:
            for candidate in self._candidates(role, memories[0]):
                attempts = max(attempts, candidate.attempts)
                tried = self._try(memories, candidate)
                if tried is not None:
                    taken, proofs = tried
                    self._taken[role.decision.identity] = taken.identity
                    return dataclasses.replace(
                        role,
                        identity=taken.identity,
                        palette=taken.palette,
                        manner=taken.manner,
                        attempts=attempts,
                        proofs=proofs,
                    )
        except FaceError as error:
            return dataclasses.replace(role, reason=str(error), identity=None, attempts=attempts, proofs=())
        return dataclasses.replace(role, reason=ALIKE, identity=None, attempts=attempts, proofs=())

    def _candidates(self, role: Role, memory: Memory) -> Iterator[_Candidate]:
        """Yield the present identity of a role, the one that was taken for the same person before, and new ones."""
        known = self._taken.get(role.decision.identity)
        if role.identity is not None:
            yield _Candidate(role.identity, role.palette, role.attempts, role.manner)
        elif known is not None:
            yield _Candidate(known, None, role.attempts + 1)
        # whoever stands for somebody elsewhere is not exchanged for somebody better
        enough = 0.0 if role.decision.lasting else self._verify.stranger_distance
        yield from best_first(self._auditions(role, memory), enough=enough)

    def _auditions(self, role: Role, memory: Memory) -> Iterator[tuple[float, _Candidate]]:
        """Yield new identities, each with its distance from the original in one view."""
        sketches = self._sketches(role, memory)
        if not role.decision.lasting:
            sketches = clearest_first(sketches, flaws=lambda tried: self._draw.flaws(tried[1]), clear=self._clear)
        for attempt, sketch in sketches:
            image = memory.sample.view.image.copy()
            self._draw.fit(image, sketch.canvas, sketch.patch, clock=Stopwatch()).put_into(image)
            distance = self._verify.distance(memory.reference, image, sketch.canvas.drawn)
            yield distance, _Candidate(sketch.identity, sketch.palette, attempt)

    def _sketches(self, role: Role, memory: Memory) -> Iterator[tuple[int, Sketch]]:
        """Yield new identities, drawn over one view, each with how many of the role were drawn by then."""
        image, others, clock = memory.sample.view.image, memory.sample.others, Stopwatch()
        for attempt, identity in enumerate(self._seeds(role, memory), role.attempts + 1):
            yield (
                attempt,
                self._draw.sketch(image, memory.seen, others, self._choose_palette, identity=identity, clock=clock),
            )

    def _seeds(self, role: Role, memory: Memory) -> Iterator[int]:
        """Yield the identities that may be tried."""
        identity = role.decision.identity
        if self._suit is None or role.decision.lasting:
            return draw_people(identity, tried=role.attempts)
        view, clock = memory.sample.view, Stopwatch()
        anybody = self._draw.prepare(view.image, memory.seen, memory.sample.others, identity=identity, clock=clock)
        return draw_people(
            identity, self._suit(anybody.surround, anybody.in_crop(memory.seen.landmarks)), tried=role.attempts
        )

    def _paint(self, memory: Memory, candidate: _Candidate) -> tuple[Image, Canvas, PaletteVector]:
        """Return a view with an invented person, what that person was drawn from, and the colours."""
        image, identity, clock = memory.sample.view.image.copy(), candidate.identity, Stopwatch()
        canvas = self._draw.prepare(image, memory.seen, memory.sample.others, identity=identity, clock=clock)
        palette = candidate.palette
        if palette is None:
            palette = self._choose_palette(canvas.surround, canvas.in_crop(memory.seen.landmarks), identity)
        painted = self._draw.paint(
            image, canvas, palette=palette, identity=identity, clock=clock, manner=candidate.manner
        )
        painted.put_into(image)
        return image, canvas, palette

    def _look_back(self, memories: Sequence[Memory], candidate: _Candidate) -> _Candidate:
        """Return somebody of whom it is known how he does what is asked, by looks at him in all views."""
        looks = list[tuple[Canvas, Motion]]()
        for memory in memories:
            image, canvas, palette = self._paint(memory, candidate)
            candidate = dataclasses.replace(candidate, palette=palette)
            (found,) = self._follow(image, [canvas.drawn])
            motion = self._draw.look_back(canvas, found) if found.presence > 0 else None
            if motion is not None:
                looks.append((canvas, motion))
        if candidate.palette is None or not looks:
            return candidate
        missed = np.mean([motion for _, motion in looks], axis=0)
        openings = self._draw.open_mouths(
            looks[0][0], self._follow, palette=candidate.palette, identity=candidate.identity, missed=missed
        )
        return dataclasses.replace(candidate, manner=Manner(missed, openings))

    def _try(self, memories: Sequence[Memory], candidate: _Candidate) -> tuple[_Candidate, tuple[Proof, ...]] | None:
        """Draw one invented person into all views; None when a view still resembles the original."""
        if candidate.manner is None:
            candidate = self._look_back(memories, candidate)
        proofs = []
        for memory in memories:
            image, canvas, palette = self._paint(memory, candidate)
            candidate = dataclasses.replace(candidate, palette=palette)
            check = self._verify(memory.reference, image, canvas.drawn)
            if not check.passed:
                return None
            proofs.append(_proof(memory.sample, check))
        return candidate, tuple(proofs)


def _proof(sample: Sample, check: Check) -> Proof:
    return Proof(
        sample.view.frame_index,
        sample.time_s,
        check.identity_distance,
        {"redetected": check.redetected} | check.expression,
    )
