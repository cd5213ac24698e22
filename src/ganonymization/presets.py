"""Whole anonymizers as plain constructor calls: read them, copy them, change a stage."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ganonymization.anonymizer import Anonymizer, Obscurer
from ganonymization.audition import CLEAR
from ganonymization.blend import SeamlessBlend
from ganonymization.casting import SuitFace
from ganonymization.correct import Correct
from ganonymization.decide import DecideFaces, anonymize_everybody
from ganonymization.detect import CenterFace
from ganonymization.expression import ExpressionClassifier
from ganonymization.landmark import FaceMesh
from ganonymization.matte import Matte
from ganonymization.obscure import SolidFill
from ganonymization.onnx import Runtime
from ganonymization.palette_bank import load_choice
from ganonymization.recognise import Recogniser
from ganonymization.reshape import Reshape
from ganonymization.segment import Segment
from ganonymization.shape import ShapeModel
from ganonymization.synthesize import Pix2Pix
from ganonymization.traits import load_reader
from ganonymization.types import Region, Tone, Traits
from ganonymization.verify import Verify

DEFAULT_THRESHOLD: Final = 0.3
"""Score of the detector from which a box counts as a face."""

DEFAULT_MIN_FACE_PX: Final = 16.0
"""Size of the smallest face that is looked for."""


def default(
    *,
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    threshold: float = DEFAULT_THRESHOLD,
    min_face_px: float = DEFAULT_MIN_FACE_PX,
    strength: float = 1.0,
    region: Region = Region.FACE,
    tone: Tone = Tone.MATCH,
    traits: Traits = Traits.MATCH,
    decide: DecideFaces = anonymize_everybody,
    generator: Path | None = None,
) -> Anonymizer:
    """Return the anonymizer that `ganonymize run` uses.

    Args:
        runtime: provider and threads of the networks.
        threshold: score of the detector from which a box counts as a face, 0..1.
        min_face_px: size of the smallest face that is looked for.
        strength: 0 copies the landmarks, as published, 1 exchanges the identity in them.
        region: how much of the head is replaced.
        tone: of the skin: what the surround suggests, any, or one that is named.
        traits: whether sex, and being a child, follow the face.
        decide: says who is left visible, and who is invented (see `keep` and `pseudonym`).
        generator: network that draws the faces; None takes that of the package.

    Raises:
        WeightsError: a network is missing, or is none.
    """
    detect = CenterFace.load(score_threshold=threshold, minimum_face_px=min_face_px, runtime=runtime)
    landmark = FaceMesh.load(runtime=runtime)
    shape_model = ShapeModel.load()
    synthesize = Pix2Pix.load(generator, runtime=runtime)
    segment = Segment.load(runtime=runtime)
    read = load_reader(traits, shape_model, runtime=runtime)
    return Anonymizer(
        detect=detect,
        landmark=landmark,
        reshape=Reshape(shape_model, strength=strength),
        choose_palette=load_choice(tone, read),
        synthesize=synthesize,
        blend=SeamlessBlend(),
        obscure=SolidFill(),
        segment=segment,
        shape_model=shape_model,
        matte=Matte(segment),
        verify=Verify(
            detect=CenterFace.load(runtime=runtime),
            landmark=landmark,
            recognise=Recogniser.load(runtime=runtime),
            classify=ExpressionClassifier.load(runtime=runtime),
            shape_model=shape_model,
        ),
        region=region,
        correct=Correct(shape_model),
        suit=SuitFace(read, synthesize.traits) if traits is Traits.MATCH else None,
        clear=CLEAR,
        decide=decide,
    )


def obscure_only(
    *,
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    threshold: float = DEFAULT_THRESHOLD,
    min_face_px: float = DEFAULT_MIN_FACE_PX,
) -> Obscurer:
    """Return an anonymizer that covers every face with a solid fill; it needs no network but the detector."""
    return Obscurer(
        detect=CenterFace.load(score_threshold=threshold, minimum_face_px=min_face_px, runtime=runtime),
        obscure=SolidFill(),
    )
