"""Detectors: callables that fit `stages.Detect`."""

from ganonymization.detect.centerface import CenterFace

__all__ = ["CenterFace"]
