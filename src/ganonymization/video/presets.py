"""A whole video anonymizer as a plain constructor call: read it, copy it, change a stage."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from ganonymization.audition import CLEAR
from ganonymization.blend import SeamlessBlend
from ganonymization.casting import SuitFace
from ganonymization.correct import Anticipate
from ganonymization.detect import CenterFace
from ganonymization.draw import Draw
from ganonymization.expression import ExpressionClassifier
from ganonymization.landmark import FaceMesh
from ganonymization.matte import Matte
from ganonymization.obscure import SolidFill
from ganonymization.onnx import Runtime
from ganonymization.palette_bank import load_choice
from ganonymization.presets import DEFAULT_MIN_FACE_PX, DEFAULT_THRESHOLD
from ganonymization.recognise import Recogniser
from ganonymization.reshape import Reshape
from ganonymization.segment import Segment
from ganonymization.shape import ShapeModel
from ganonymization.synthesize import Pix2Pix
from ganonymization.track.cast import Cast
from ganonymization.track.policy import TrackPolicy
from ganonymization.track.scan import Scanner
from ganonymization.track.search import Search
from ganonymization.track.tracker import Tracker, TrackerOptions
from ganonymization.track.trail import Reach
from ganonymization.traits import load_reader
from ganonymization.types import Region, Tone, Traits
from ganonymization.verify import Verify
from ganonymization.video.anonymizer import LostFace, StreamOptions, VideoAnonymizer

HELD_BYTES: Final = 320 * 2**20
"""Frames that are held back take no more memory than this, pixels and decoded samples together, if eight fit in."""

_BYTES_PER_PIXEL: Final = 5
"""RGB, and YUV beside it."""

AGAIN: Final = 0.5
"""Where a face is expected, this share of the score is enough."""

WHOLE_EVERY: Final = 5
"""Scans of what has changed after which the whole frame is scanned."""

LIVE_LOOK_AHEAD: Final = 2
"""Frames by which a live stream is late."""

_MARGIN_S: Final = 0.15
_SCAN_S: Final = 0.6
_STIR_S: Final = 0.2
_PATIENCE_S: Final = 0.6
_BRIDGE_S: Final = 0.25
_CHECK_S: Final = 2


def stream_options(fps: Fraction, size_wh: tuple[int, int], *, lost_face: LostFace = LostFace.OBSCURE) -> StreamOptions:
    """Return how a file is anonymized: times in frames, and fewer frames at hand where they are large.

    Args:
        fps: frames per second.
        size_wh: width and height in pixels.
        lost_face: what is covered while a face is not seen.
    """
    rate = float(fps)
    margin = max(3, round(_MARGIN_S * rate))
    most = max(8, int(HELD_BYTES / (_BYTES_PER_PIXEL * size_wh[0] * size_wh[1])))
    patience = min(max(4, round(_PATIENCE_S * rate)), most)
    scan_every = min(max(2, round(_SCAN_S * rate)), most)
    tracker = TrackerOptions(
        look_ahead=max(patience, scan_every) + margin,
        scan_every=scan_every,
        stir_every=max(1, round(_STIR_S * rate)),
        reach=Reach(margin=margin, bridge=max(3, round(_BRIDGE_S * rate))),
        patience=patience,
    )
    return StreamOptions(tracker, check_every=max(1, round(_CHECK_S * rate)), lost_face=lost_face)


def live_options(
    fps: Fraction, *, lost_face: LostFace = LostFace.OBSCURE, look_ahead: int = LIVE_LOOK_AHEAD
) -> StreamOptions:
    """Return how a live stream is anonymized: every frame is scanned, as hardly any can be mended.

    Args:
        fps: frames per second.
        lost_face: what is covered while a face is not seen.
        look_ahead: frames that are held back, so that a face that one of them misses is covered by the others.
    """
    rate = float(fps)
    patience = max(4, round(_PATIENCE_S * rate))
    reach = Reach(margin=patience, bridge=look_ahead + 1)
    tracker = TrackerOptions(look_ahead=look_ahead, scan_every=1, reach=reach, patience=patience)
    check_every = max(1, round(_CHECK_S * rate))
    return StreamOptions(tracker, check_every=check_every, lost_face=lost_face, first_views=1)


def video_anonymizer(
    policy: TrackPolicy,
    options: StreamOptions,
    *,
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    threshold: float = DEFAULT_THRESHOLD,
    min_face_px: float = DEFAULT_MIN_FACE_PX,
    strength: float = 1.0,
    region: Region = Region.FACE,
    tone: Tone = Tone.MATCH,
    traits: Traits = Traits.MATCH,
) -> VideoAnonymizer:
    """Return an anonymizer for one stream.

    Args:
        policy: decides on tracks.
        options: from `stream_options` or `live_options`.
        runtime: provider and threads of the networks.
        threshold: score of the detector from which a box counts as a face, 0..1.
        min_face_px: size of the smallest face that is looked for.
        strength: 0 copies the landmarks, as published, 1 exchanges the identity in them.
        region: how much of the head is replaced.
        tone: of the skin: what the surround suggests, any, or one that is named.
        traits: whether sex, and being a child, follow the face.
    """
    detect = CenterFace.load(score_threshold=threshold, minimum_face_px=min_face_px, runtime=runtime)
    landmark = FaceMesh.load(runtime=runtime)
    recognise = Recogniser.load(runtime=runtime)
    shape_model = ShapeModel.load()
    synthesize = Pix2Pix.load(runtime=runtime)
    draw = Draw(
        reshape=Reshape(shape_model, strength=strength),
        synthesize=synthesize,
        blend=SeamlessBlend(),
        shape_model=shape_model,
        region=region,
        matte=Matte(Segment.load(runtime=runtime)),
        anticipate=Anticipate(shape_model, synthesize.habits),
    )
    read = load_reader(traits, shape_model, runtime=runtime)
    cast = Cast(
        draw=draw,
        follow=landmark.follow,
        choose_palette=load_choice(tone, read),
        verify=Verify(
            detect=detect,
            landmark=landmark,
            recognise=recognise,
            classify=ExpressionClassifier.load(runtime=runtime),
            shape_model=shape_model,
        ),
        policy=policy,
        same_person=recognise.thresholds.far_0_1_percent,
        threshold=recognise.thresholds.far_1_percent,
        suit=SuitFace(read, synthesize.traits) if traits is Traits.MATCH else None,
        clear=CLEAR,
    )
    return VideoAnonymizer(
        tracker=Tracker(_search(detect, landmark, runtime, threshold), options.tracker),
        cast=cast,
        draw=draw,
        obscure=SolidFill(),
        shape_model=shape_model,
        options=options,
        threshold=recognise.thresholds.far_1_percent,
    )


def _search(detect: CenterFace, landmark: FaceMesh, runtime: Runtime, threshold: float) -> Search:
    again = CenterFace.load(score_threshold=AGAIN * threshold, runtime=runtime)
    return Search(Scanner(detect, whole_every=WHOLE_EVERY), again, landmark, landmark.follow)
