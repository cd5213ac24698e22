"""The shipped networks together, on faces of people who do not exist or gave their pictures away (tests/golden)."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import FakeDetect, FakeLandmark, inside_hull, noise_picture, shape_model

from ganonymization import presets
from ganonymization.anonymizer import Anonymizer
from ganonymization.blend import SeamlessBlend
from ganonymization.obscure import FILL, SolidFill
from ganonymization.onnx import Runtime
from ganonymization.palette_bank import load_choice
from ganonymization.region import GROWTH, hull, outline
from ganonymization.reshape import Reshape
from ganonymization.segment import Segment
from ganonymization.synthesize import Pix2Pix
from ganonymization.traits import ReadTraits
from ganonymization.types import Outcome, Region, Tone, Traits

GOLDEN = Path(__file__).parent / "golden" / "face_mesh.npz"
RUNTIME = Runtime(threads=1)


@pytest.fixture(scope="module")
def portrait():
    """A frontal face in the middle of a grey picture."""
    with np.load(GOLDEN) as golden:
        index = list(golden["name"]).index("frontal")
        face = cv2.imdecode(golden[f"webp_{index}"], cv2.IMREAD_COLOR_RGB)
    image = np.full((320, 360, 3), 128, np.uint8)
    image[64:256, 84:276] = face
    return image


@pytest.fixture(scope="module")
def anonymizer():
    return presets.default(runtime=RUNTIME)


@pytest.fixture(scope="module")
def anonymized(anonymizer, portrait):
    return anonymizer(portrait, identity=3)


def region_of(found, image):
    placed = shape_model().pose_of(found)
    points = outline(placed.undo(found.points.astype(np.float64)), placed, growth=GROWTH[Region.FACE])
    return inside_hull(hull(points), *image.shape[:2])


def look(anonymizer, image):
    """The face of the picture and its landmarks."""
    (face,) = anonymizer._detect(image)
    return face, anonymizer._landmark(image, face)


def test_the_face_of_a_portrait_is_exchanged_and_found_again(anonymizer, portrait, anonymized):
    (receipt,) = anonymized.receipts
    assert receipt.outcome is Outcome.SYNTHESIZED
    assert receipt.identity_distance >= receipt.identity_threshold
    assert receipt.expression["redetected"] is True
    under = region_of(look(anonymizer, portrait)[1], portrait)
    assert (anonymized.image[under] != portrait[under]).any(axis=1).mean() > 0.95
    np.testing.assert_array_equal(anonymized.image[:, :40], portrait[:, :40])
    np.testing.assert_array_equal(anonymized.image[300:], portrait[300:])


def test_the_same_identity_gives_the_same_bytes_and_another_another_person(anonymizer, portrait, anonymized):
    np.testing.assert_array_equal(anonymizer(portrait, identity=3).image, anonymized.image)
    assert not np.array_equal(anonymizer(portrait, identity=4).image, anonymized.image)


def test_a_picture_without_faces_keeps_every_byte(anonymizer):
    wall = np.full((200, 240, 3), 180, np.uint8)
    result = anonymizer(wall, identity=1)
    assert result.receipts == ()
    np.testing.assert_array_equal(result.image, wall)


def test_with_the_shipped_networks_too_the_face_s_own_pixels_have_no_influence(anonymizer, portrait):
    face, found = look(anonymizer, portrait)
    blind = Anonymizer(
        detect=FakeDetect([face]),
        landmark=FakeLandmark([(face, found)]),
        reshape=Reshape(shape_model()),
        choose_palette=load_choice(Tone.MATCH, ReadTraits.load(runtime=RUNTIME)),
        synthesize=Pix2Pix.load(runtime=RUNTIME),
        blend=SeamlessBlend(),
        obscure=SolidFill(),
        segment=Segment.load(runtime=RUNTIME),
        shape_model=shape_model(),
    )
    scrambled = portrait.copy()
    under = region_of(found, portrait)
    scrambled[under] = noise_picture(*portrait.shape[:2])[under]
    results = [blind(image, identity=3).image for image in (portrait, scrambled)]
    np.testing.assert_array_equal(*results)


def test_covering_alone_needs_no_more_than_the_detector(portrait):
    result = presets.obscure_only(runtime=RUNTIME)(portrait, identity=0)
    (receipt,) = result.receipts
    assert receipt.outcome is Outcome.OBSCURED
    left, top, right, bottom = (
        round(edge) for edge in (receipt.box.left, receipt.box.top, receipt.box.right, receipt.box.bottom)
    )
    assert (result.image[top:bottom, left:right] == FILL).all()
    np.testing.assert_array_equal(result.image[:20], portrait[:20])


def test_whoever_is_invented_may_be_of_any_sex_and_age(portrait):
    matched, anybody = (presets.default(runtime=RUNTIME, traits=traits) for traits in Traits)
    assert matched._suit is not None
    assert anybody._suit is None
    (receipt,) = anybody(portrait, identity=2).receipts
    assert receipt.outcome is Outcome.SYNTHESIZED
