"""Which invented person a track becomes, where nobody asked for anything else."""

from __future__ import annotations

import enum

from ganonymization.anonymizer import derive
from ganonymization.track.policy import Decision, Evidence, TrackPolicy, Treatment


class Sharing(enum.Enum):
    """Who shares an invented person; the value is the word on the command line."""

    PER_PERSON = "per-track"
    PER_FILE = "per-file"
    NOBODY = "random"


class ByPerson:
    """Give every person of a clip an invented one, the same when they come back; fits `TrackPolicy`.

    Args:
        seed: of the invented people.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, evidence: Evidence, /) -> Decision:
        """Return the identity of the person."""
        return Decision(identity=derive(self._seed, evidence.person))


class ByTrack:
    """Give every track another invented person, so that nobody is known again; fits `TrackPolicy`.

    Args:
        seed: of the invented people.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, evidence: Evidence, /) -> Decision:
        """Return the identity of the track."""
        return Decision(identity=derive(self._seed, evidence.track))


class OneForAll:
    """Give everybody the same invented person; fits `TrackPolicy`.

    Args:
        seed: of the invented person.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, _evidence: Evidence, /) -> Decision:
        """Return the one identity."""
        return Decision(identity=self._seed)


class ObscureAll:
    """Cover every track by a plain patch; fits `TrackPolicy`."""

    def __call__(self, _evidence: Evidence, /) -> Decision:
        """Return that the track is obscured."""
        return Decision(Treatment.OBSCURE, reason="asked for")


def policy_for(sharing: Sharing, seed: int) -> TrackPolicy:
    """Return the policy that a word stands for."""
    match sharing:
        case Sharing.PER_PERSON:
            return ByPerson(seed)
        case Sharing.PER_FILE:
            return OneForAll(seed)
        case Sharing.NOBODY:
            return ByTrack(seed)
