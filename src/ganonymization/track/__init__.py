"""Faces over time: found again from frame to frame, bridged where they are missed, and given one identity each."""

from ganonymization.track.policy import Decision, Evidence, TrackPolicy, Treatment, View

__all__ = ["Decision", "Evidence", "TrackPolicy", "Treatment", "View"]
