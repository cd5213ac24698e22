"""Suppression: nothing of the face is left."""

from __future__ import annotations

from ganonymization.evaluation.method import Altered, Subject
from ganonymization.obscure import SolidFill
from ganonymization.types import Image


def suppression(image: Image, subject: Subject, /) -> Altered:
    """Return the photo with the face filled with one colour."""
    return Altered(SolidFill()(image, subject.face))
