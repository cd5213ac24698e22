"""What was done to each track, without pixels and without embeddings."""

from __future__ import annotations

from dataclasses import dataclass, field

from ganonymization.track.policy import Treatment


@dataclass(frozen=True, slots=True)
class Risk:
    """A frame that a person should look at.

    Attributes:
        frame_index: from 0.
        time_s: when it is shown.
        reason: what may be wrong.
        severity: 0..1, higher is worse.
    """

    frame_index: int
    time_s: float
    reason: str
    severity: float


@dataclass(frozen=True, slots=True)
class TrackReceipt:
    """What happened to one track.

    Attributes:
        track: its number, from 1, in the order of appearance.
        person: number of the person; tracks that look alike share it; 0 when it was not seen well enough.
        treatment: what was decided.
        reason: why, or why it was obscured as a whole.
        identity: seed of the invented person, the last one if it was changed; None when there was none.
        first_frame: first frame in which it was covered or kept, from 0.
        last_frame: likewise the last.
        first_s: time of the first.
        last_s: time of the last.
        synthesized: frames in which the face was replaced.
        obscured: frames in which it was covered by a plain patch.
        kept: frames in which it was left as it was, as asked for.
        bridged: frames, among the replaced and covered ones, in which it was not seen itself.
        attempts: identities that were tried.
        checks: frames in which the result was compared with the original.
        identity_distance: least distance of the recogniser's embeddings before and after, over these frames.
        identity_threshold: distance at FAR 1 %; below it, faces count as one person's.
        expression: mean size of each measure's change over these frames, and the share that was detected again.
        risks: frames to look at, riskiest first.
    """

    track: int
    person: int
    treatment: Treatment
    reason: str
    identity: int | None
    first_frame: int
    last_frame: int
    first_s: float
    last_s: float
    synthesized: int = 0
    obscured: int = 0
    kept: int = 0
    bridged: int = 0
    attempts: int = 0
    checks: int = 0
    identity_distance: float | None = None
    identity_threshold: float | None = None
    expression: dict[str, float] = field(default_factory=dict)
    risks: tuple[Risk, ...] = ()
