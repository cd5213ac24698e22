"""Faces over time: found again from frame to frame, bridged where they are missed, and given one identity each."""

from ganonymization.decide import Decision, Treatment
from ganonymization.track.policy import Evidence, TrackPolicy, View

__all__ = ["Decision", "Evidence", "TrackPolicy", "Treatment", "View"]
