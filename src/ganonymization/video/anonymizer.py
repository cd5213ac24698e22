"""Anonymize a stream of frames: whoever is seen in one of them is covered in all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ganonymization.track import TrackPolicy, Treatment
from ganonymization.types import Box, Outcome
from ganonymization.video.clip import Frame


@dataclass(frozen=True, slots=True)
class CoveredFace:
    """What became of one face in one frame.

    Attributes:
        track: number of its track, from 1.
        box: around it, in pixels of the frame.
        treatment: what was decided.
        outcome: how it ended; None when it was kept.
        bridged: it was not seen in this frame, but before or after it.
        reason: why it was obscured.
    """

    track: int
    box: Box
    treatment: Treatment
    outcome: Outcome | None
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


class VideoAnonymizer:
    """Anonymizes one stream, frame by frame; `presets.video` makes one. Not to be used for a second stream.

    `push` takes frames in the order of showing and returns those that are ready: with a look-ahead of L frames the first
    one comes after L + 1 pushes, with 0 (live) each one at once. `flush` returns the rest. Should an error come out of
    either, no frame that was pushed and not returned may be shown.
    """

    def __init__(self, *, policy: TrackPolicy) -> None:
        self._policy = policy

    def push(self, frame: Frame) -> list[AnonymizedFrame]:
        """Take the next frame and return those that are ready, in the order of showing."""
        raise NotImplementedError

    def flush(self) -> list[AnonymizedFrame]:
        """Return the frames that are still held back; the stream has ended."""
        raise NotImplementedError

    def __call__(self, frames: Iterator[Frame]) -> Iterator[AnonymizedFrame]:
        """Anonymize a whole stream."""
        for frame in frames:
            yield from self.push(frame)
        yield from self.flush()
