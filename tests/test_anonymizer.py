import dataclasses

import numpy as np
import pytest
from fakes import (
    FakeDetect,
    FakeLandmark,
    FakePalette,
    FakeSegment,
    FakeSynthesize,
    FakeVerify,
    face_of,
    inside_hull,
    landmarks,
    noise_picture,
    shape_model,
)
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.anonymizer import MAX_ATTEMPTS, Anonymizer, Obscurer, derive
from ganonymization.blend import SeamlessBlend
from ganonymization.decide import Decision, Treatment, anonymize_for_good
from ganonymization.detail import damp_detail
from ganonymization.landmark.topology import CHIN, FOREHEAD_TOP
from ganonymization.obscure import FILL, SolidFill
from ganonymization.region import GROWTH, hull, outline
from ganonymization.reshape import Reshape
from ganonymization.types import Box, Face, Outcome, Region

HEIGHT, WIDTH = 220, 300
LEFT = landmarks(1, center=(80, 100), height_px=70, yaw_deg=10)
RIGHT = landmarks(2, center=(215, 110), height_px=90, roll_deg=-15)


def image_of(seed=0):
    return noise_picture(HEIGHT, WIDTH, seed)


def scene(*found, **stages):
    """An anonymizer for a picture with these faces; None stands for a face without landmarks."""
    faces = [face_of(points) if points is not None else BLIND for points in found]
    return anonymizer(faces, list(zip(faces, found, strict=True)), **stages)


BLIND = Face(Box(230, 20, 270, 70), 0.8, np.full((5, 2), 40, np.float32))


def anonymizer(faces, known, **stages):
    stages = {
        "detect": FakeDetect(faces),
        "landmark": FakeLandmark(known),
        "reshape": Reshape(shape_model()),
        "choose_palette": FakePalette(),
        "synthesize": FakeSynthesize(),
        "blend": SeamlessBlend(),
        "obscure": SolidFill(),
        "segment": FakeSegment(),
        "shape_model": shape_model(),
    } | stages
    return Anonymizer(**stages)


def region_of(found, region=Region.FACE):
    """Which pixels of the picture lie in the region of a face."""
    placed = shape_model().pose_of(found)
    points = outline(placed.undo(found.points.astype(np.float64)), placed, growth=GROWTH[region])
    return inside_hull(hull(points), HEIGHT, WIDTH)


def inside_box(box):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (columns + 1 > box.left) & (columns < box.right) & (rows + 1 > box.top) & (rows < box.bottom)


def scrambled(image, where, seed=99):
    other = image.copy()
    other[where] = np.random.default_rng(seed).integers(0, 256, (where.sum(), 3))
    return other


def test_a_picture_without_faces_keeps_every_byte():
    result = scene()(image_of(), identity=1)
    np.testing.assert_array_equal(result.image, image_of())
    assert result.receipts == ()


def test_every_face_ends_synthesized_or_obscured_in_the_order_of_detection():
    result = scene(LEFT, None, RIGHT)(image_of(), identity=1)
    outcomes = [receipt.outcome for receipt in result.receipts]
    assert outcomes == [Outcome.SYNTHESIZED, Outcome.OBSCURED, Outcome.SYNTHESIZED]
    assert (result.count(Outcome.SYNTHESIZED), result.count(Outcome.OBSCURED)) == (2, 1)
    assert result.receipts[1].box == BLIND.box
    assert result.receipts[0].box.left == pytest.approx(face_of(LEFT).box.left, abs=0.05)
    assert [receipt.score for receipt in result.receipts] == [0.9, 0.8, 0.9]


def test_a_synthesized_face_is_changed_inside_its_region_and_the_rest_of_the_picture_is_not():
    image = image_of()
    result = scene(LEFT)(image, identity=1).image
    under = region_of(LEFT)
    assert (result[under] != image[under]).any(axis=1).mean() > 0.9
    far = ~inside_box(Box(20, 30, 140, 170))
    np.testing.assert_array_equal(result[far], image[far])


def test_a_face_without_landmarks_is_obscured_not_kept():
    result = scene(None)(image_of(), identity=1)
    np.testing.assert_array_equal(result.image[inside_box(BLIND.box)], np.tile(FILL, (40 * 50, 1)))
    (receipt,) = result.receipts
    assert receipt.outcome is Outcome.OBSCURED
    assert "no landmarks" in receipt.reason
    assert receipt.identity is None


def test_landmarks_that_drifted_to_another_face_do_not_stand_for_this_one():
    first, second = face_of(LEFT), face_of(RIGHT)
    drifted = anonymizer([first, second], [(first, LEFT), (second, LEFT)])
    result = drifted(image_of(), identity=1)
    assert [receipt.outcome for receipt in result.receipts] == [Outcome.SYNTHESIZED, Outcome.OBSCURED]
    assert "not on it" in result.receipts[1].reason
    assert (result.image[inside_box(second.box)] == FILL).all()


def test_a_face_that_the_crop_does_not_hold_is_obscured():
    points = LEFT.points.copy()
    points[CHIN, 1] += 1.5 * (points[CHIN, 1] - points[FOREHEAD_TOP, 1])
    dropped = dataclasses.replace(LEFT, points=points)
    face = face_of(LEFT)
    result = anonymizer([face], [(face, dropped)])(image_of(), identity=1)
    assert [receipt.outcome for receipt in result.receipts] == [Outcome.OBSCURED]
    assert "beyond the crop" in result.receipts[0].reason
    assert (result.image[inside_box(face.box)] == FILL).all()


def test_keypoints_a_little_off_the_landmarks_are_still_the_same_face():
    face = face_of(LEFT)
    blurred = Face(face.box, face.score, face.keypoints + np.float32(0.1 * face.box.width))
    result = anonymizer([blurred], [(blurred, LEFT)])(image_of(), identity=1)
    assert result.count(Outcome.SYNTHESIZED) == 1


def test_an_identity_that_passes_is_kept():
    result = scene(LEFT, verify=FakeVerify([0.7]))(image_of(), identity=5)
    (receipt,) = result.receipts
    assert (receipt.outcome, receipt.attempts) == (Outcome.SYNTHESIZED, 1)
    assert receipt.identity == derive(derive(5, 0), 0)
    assert (receipt.identity_distance, receipt.identity_threshold) == (0.7, 0.6)
    assert receipt.expression == {"redetected": True, "smile_change": 0.25}


def test_an_identity_that_resembles_the_original_is_exchanged_for_another():
    verify = FakeVerify([0.2, 0.59, 0.61])
    result = scene(LEFT, verify=verify)(image_of(), identity=5)
    (receipt,) = result.receipts
    assert (receipt.outcome, receipt.attempts, receipt.identity_distance) == (Outcome.SYNTHESIZED, 3, 0.61)
    assert receipt.identity == derive(derive(5, 0), 2)
    np.testing.assert_array_equal(result.image, verify.results[2])
    # each attempt starts from the picture, not from the one before
    fresh = scene(LEFT, verify=FakeVerify([0.2, 0.7]))(image_of(), identity=5)
    np.testing.assert_array_equal(fresh.image, verify.results[1])
    assert not np.array_equal(verify.results[0], verify.results[1])


def test_an_identity_as_unlike_the_original_as_a_stranger_is_preferred():
    verify = FakeVerify([0.85], glances=[0.7, 0.75, 0.85, 0.9], stranger_distance=0.8)
    result = scene(LEFT, verify=verify)(image_of(), identity=5)
    (receipt,) = result.receipts
    assert (receipt.identity, receipt.attempts) == (derive(derive(5, 0), 2), 3)
    np.testing.assert_array_equal(result.image, verify.results[0])


def test_the_most_unlike_identity_is_taken_when_none_is_as_a_stranger():
    verify = FakeVerify([0.78], glances=[0.7, 0.78, *[0.65] * (MAX_ATTEMPTS - 2)], stranger_distance=0.8)
    (receipt,) = scene(LEFT, verify=verify)(image_of(), identity=5).receipts
    assert (receipt.identity, receipt.attempts) == (derive(derive(5, 0), 1), MAX_ATTEMPTS)
    assert receipt.outcome is Outcome.SYNTHESIZED


def test_of_people_with_flaws_the_clearest_is_taken(flaws):
    (receipt,) = scene(LEFT, clear=0.0)(image_of(), identity=5).receipts
    assert len(set(flaws)) == MAX_ATTEMPTS
    assert receipt.identity == derive(derive(5, 0), int(np.argmin(flaws)))


def test_the_first_with_clear_skin_is_taken_and_nobody_else_is_drawn(flaws):
    scene(LEFT, clear=0.0)(image_of(), identity=5)
    clear = sorted(flaws)[2] + 1e-9
    first = next(place for place, flawed in enumerate(flaws) if flawed < clear)
    flaws.clear()
    (receipt,) = scene(LEFT, clear=clear)(image_of(), identity=5).receipts
    assert receipt.identity == derive(derive(5, 0), first)
    assert len(flaws) == first + 1


def test_people_are_tried_from_the_clearest_on_until_one_passes(flaws):
    verify = FakeVerify([0.2, 0.2, 0.7], glances=[0.9] * 3)
    (receipt,) = scene(LEFT, clear=0.0, verify=verify)(image_of(), identity=5).receipts
    assert receipt.identity == derive(derive(5, 0), int(np.argsort(flaws)[2]))
    assert receipt.attempts == 3


def test_a_lasting_identity_is_not_exchanged_for_clearer_skin():
    (receipt,) = scene(LEFT, clear=0.0, decide=anonymize_for_good)(image_of(), identity=5).receipts
    assert receipt.identity == derive(derive(5, 0), 0)


def test_a_lasting_identity_is_kept_while_it_passes():
    verify = FakeVerify([0.65], glances=[0.65], stranger_distance=0.8)
    (receipt,) = scene(LEFT, verify=verify, decide=anonymize_for_good)(image_of(), identity=5).receipts
    assert (receipt.identity, receipt.attempts) == (derive(derive(5, 0), 0), 1)


def test_who_is_chosen_is_drawn_again_from_corrected_landmarks():
    moved = dataclasses.replace(LEFT, points=LEFT.points + np.float32(3))
    calls = []

    def correct(asked, found, /):
        calls.append((asked, found))
        return moved

    verify = FakeVerify([0.85], glances=[0.7, 0.85], stranger_distance=0.8)
    synthesize = FakeSynthesize()
    (receipt,) = scene(LEFT, verify=verify, synthesize=synthesize, correct=correct)(image_of(), identity=1).receipts
    ((asked, found),) = calls
    np.testing.assert_array_equal(asked.points, Reshape(shape_model())(LEFT, receipt.identity).points)
    np.testing.assert_array_equal(found.points, LEFT.points)
    assert len(synthesize.patches) == 3
    assert receipt.attempts == 2


def test_a_corrected_face_that_resembles_the_original_gives_way_to_the_first_take():
    verify = FakeVerify([0.5, 0.7], glances=[0.7], stranger_distance=0.6)
    stages = {"verify": verify, "correct": lambda asked, _found, /: asked}
    (receipt,) = scene(LEFT, **stages)(image_of(), identity=1).receipts
    assert receipt.outcome is Outcome.SYNTHESIZED
    assert (receipt.attempts, receipt.identity_distance) == (1, 0.7)


def test_a_first_take_on_which_no_face_is_found_stands():
    class FindsOnce(FakeLandmark):
        def __call__(self, image, face, /):
            found = super().__call__(image, face)
            self.known = []
            return found

    face = face_of(LEFT)
    stages = {"verify": FakeVerify([0.85]), "correct": lambda *_: pytest.fail("there is nothing to correct by")}
    result = anonymizer([face], [], landmark=FindsOnce([(face, LEFT)]), **stages)(image_of(), identity=1)
    assert result.count(Outcome.SYNTHESIZED) == 1


def test_nothing_of_an_audition_stays_in_the_picture():
    image = image_of()
    verify = FakeVerify([0.5], glances=[0.5] * MAX_ATTEMPTS, stranger_distance=0.8)
    result = scene(LEFT, verify=verify, obscure=lambda picture, _face: picture)(image, identity=5)
    assert result.receipts[0].outcome is Outcome.OBSCURED
    np.testing.assert_array_equal(result.image, image)


def test_a_face_that_no_identity_hides_is_obscured():
    verify = FakeVerify([0.5] * MAX_ATTEMPTS)
    result = scene(LEFT, RIGHT, verify=verify)
    verify.distances.append(0.9)
    result = result(image_of(), identity=5)
    assert [receipt.outcome for receipt in result.receipts] == [Outcome.OBSCURED, Outcome.SYNTHESIZED]
    assert f"{MAX_ATTEMPTS} identities still resemble the original" in result.receipts[0].reason
    assert len(verify.results) == MAX_ATTEMPTS + 1
    assert (result.image[inside_box(face_of(LEFT).box)] == FILL).all()


@pytest.mark.parametrize("stage", ["detect", "landmark", "reshape", "choose_palette", "synthesize", "blend"])
def test_anything_unforeseen_raises(stage):
    class Broken:
        size_px = 64

        def __call__(self, *_, **__):
            raise RuntimeError("unforeseen")

    with pytest.raises(RuntimeError, match="unforeseen"):
        scene(LEFT, **{stage: Broken()})(image_of(), identity=1)


def test_an_obscuring_stage_that_fails_raises():
    def broken(_image, _face):
        raise MemoryError

    with pytest.raises(MemoryError):
        scene(None, obscure=broken)(image_of(), identity=1)


def test_the_same_identity_gives_the_same_bytes():
    first, second = (scene(LEFT, RIGHT, None)(image_of(), identity=7) for _ in range(2))
    assert first.image.tobytes() == second.image.tobytes()
    assert [receipt.identity for receipt in first.receipts] == [receipt.identity for receipt in second.receipts]


def test_another_identity_gives_another_person_and_faces_of_a_picture_differ():
    first, second = (scene(LEFT, RIGHT)(image_of(), identity=identity) for identity in (7, 8))
    for found in (LEFT, RIGHT):
        under = region_of(found)
        assert (first.image[under] != second.image[under]).any(axis=1).mean() > 0.9
    identities = [receipt.identity for receipt in (*first.receipts, *second.receipts)]
    assert len(set(identities)) == 4


def test_the_input_is_not_changed():
    image = image_of()
    result = scene(LEFT, None)(image, identity=7)
    np.testing.assert_array_equal(image, image_of())
    assert not np.shares_memory(result.image, image)
    untouched = scene()(image, identity=7)
    assert not np.shares_memory(untouched.image, image)


@given(
    height_px=st.floats(8, 300),
    roll_deg=st.floats(-180, 180),
    yaw_deg=st.floats(-45, 45),
    center=st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)),
    seed=st.integers(0, 100),
)
def test_the_face_s_own_pixels_have_no_influence(height_px, roll_deg, yaw_deg, center, seed):
    """The privacy argument: landmarks kept, pixels under the hull scrambled, and nothing in the result changes."""
    found = landmarks(seed, center=center, height_px=height_px, roll_deg=roll_deg, yaw_deg=yaw_deg)
    image = image_of(seed)
    results, patches = [], []
    for picture in (image, scrambled(image, region_of(found))):
        synthesize = FakeSynthesize()
        results.append(scene(found, synthesize=synthesize)(picture, identity=seed).image)
        patches.append(synthesize.patches[0].image)
    np.testing.assert_array_equal(*patches)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("region", list(Region))
def test_the_law_holds_for_every_region(region):
    image = image_of()
    crop_shows = inside_box(Box(28, 44, 132, 148))  # what of the head region lies beyond the crop cannot be replaced
    under = region_of(LEFT, region) & crop_shows
    first, second = (
        scene(LEFT, region=region)(picture, identity=1).image for picture in (image, scrambled(image, under))
    )
    np.testing.assert_array_equal(first, second)
    assert (first[under] != image[under]).any(axis=1).mean() > 0.9


def test_the_new_shape_is_cut_out_together_with_the_old_one():
    synthesize = FakeSynthesize()
    wide = dataclasses.replace(LEFT, points=LEFT.points + np.array([12, 0, 0], np.float32))
    image = image_of()

    def reshape(_landmarks, _identity):
        return wide

    both = region_of(LEFT) | region_of(wide)
    patches = []
    for picture in (image, scrambled(image, both)):
        scene(LEFT, synthesize=synthesize, reshape=reshape)(picture, identity=1)
        patches.append(synthesize.patches.pop().image)
    np.testing.assert_array_equal(*patches)


@pytest.mark.parametrize("neighbour", ["with landmarks", "without landmarks"])
def test_a_neighbour_s_pixels_never_enter_a_surround(neighbour):
    near = landmarks(4, center=(135, 105), height_px=60)
    face, other = face_of(LEFT), face_of(near)
    known = [(face, LEFT), (other, near if neighbour == "with landmarks" else None)]
    where = region_of(near) if neighbour == "with landmarks" else inside_box(other.box)
    where &= ~region_of(LEFT)
    surrounds = []
    for picture in (image_of(), scrambled(image_of(), where)):
        synthesize = FakeSynthesize()
        anonymizer([face, other], known, synthesize=synthesize)(picture, identity=1)
        surrounds.append(synthesize.surrounds[0])
    np.testing.assert_array_equal(surrounds[0].image, surrounds[1].image)
    np.testing.assert_array_equal(surrounds[0].known, surrounds[1].known)


def test_an_obscured_neighbour_is_covered_even_where_a_synthesized_patch_overlaps():
    near = landmarks(4, center=(110, 105), height_px=60)
    face, other = face_of(LEFT), face_of(near)
    for order in ([face, other], [other, face]):
        result = anonymizer(order, [(face, LEFT)])(image_of(), identity=1)
        assert (result.image[inside_box(other.box)] == FILL).all()
        assert result.count(Outcome.SYNTHESIZED) == 1


def test_two_overlapping_faces_both_lose_their_pixels():
    near = landmarks(4, center=(120, 105), height_px=60)
    image = image_of()
    both = region_of(LEFT) | region_of(near)
    first, second = (scene(LEFT, near)(picture, identity=3).image for picture in (image, scrambled(image, both)))
    np.testing.assert_array_equal(first, second)


def test_times_are_told_for_each_stage():
    result = scene(LEFT, None, verify=FakeVerify([0.9]))(image_of(), identity=1)
    assert list(result.stage_ms) == ["detect", "obscure"]
    stages = ["remember", "reshape", "surround", "synthesize", "blend", "verify"]
    assert list(result.receipts[0].stage_ms) == stages
    assert all(value >= 0 for value in result.receipts[0].stage_ms.values())


def test_a_cut_out_is_the_new_person_on_black_and_tells_nothing_of_the_picture():
    synthesize = FakeSynthesize()
    isolate = scene(LEFT, None, synthesize=synthesize).isolate
    person, nobody = isolate(image_of(), identity=1)
    drawn = damp_detail(synthesize.patches[0], synthesize.landmarks[0].points, scale=1.0).image
    np.testing.assert_array_equal(person[:, :32], drawn[:, :32])
    np.testing.assert_array_equal(person[:, 32:], 0)
    np.testing.assert_array_equal(nobody, np.zeros((64, 64, 3)))
    assert synthesize.surrounds[0].known.max() == 0
    again, _ = isolate(image_of(5), identity=1)
    np.testing.assert_array_equal(again, person)
    other, _ = isolate(image_of(), identity=2)
    assert not np.array_equal(other, person)


def test_the_obscurer_covers_every_face_and_synthesizes_none():
    faces = [face_of(LEFT), face_of(RIGHT)]
    image = image_of()
    result = Obscurer(detect=FakeDetect(faces), obscure=SolidFill())(image, identity=3)
    for face in faces:
        assert (result.image[inside_box(face.box)] == FILL).all()
    assert result.count(Outcome.OBSCURED) == 2
    assert {receipt.reason for receipt in result.receipts} == {"asked for"}
    np.testing.assert_array_equal(image, image_of())
    np.testing.assert_array_equal(result.image[:, :20], image[:, :20])


@given(st.integers(0, 2**63), st.integers(0, 1000))
def test_a_derived_identity_is_a_function_of_both_numbers(identity, index):
    assert derive(identity, index) == derive(identity, index)
    assert 0 <= derive(identity, index) < 2**32
    assert derive(identity, index) != derive(identity, index + 1)


def test_derived_identities_stay_the_same_for_ever():
    assert (derive(0, 0), derive(1, 2), derive(2**40, 7)) == (2968811710, 1596810411, 2437431422)


@pytest.mark.parametrize("numbers", [(-1, 0), (0, -1)])
def test_a_negative_identity_is_refused(numbers):
    with pytest.raises(ValueError, match="0 or more"):
        derive(*numbers)


def decide_by_side(treatments, asked=None):
    """Treat the faces from left to right as it is said."""

    def decide(_image, seen, *, identities):
        if asked is not None:
            asked.append(list(identities))
        order = np.argsort(np.argsort([found.points[0, 0] for found in seen]))
        return [Decision(treatments[place], identity=50 + int(place), reason="chosen") for place in order]

    return decide


def test_a_kept_face_keeps_every_byte_and_the_receipt_says_so():
    image = image_of()
    decide = decide_by_side([Treatment.KEEP, Treatment.ANONYMIZE])

    result = scene(LEFT, RIGHT, decide=decide)(image, identity=1)

    kept, replaced = result.receipts
    assert (kept.outcome, kept.reason, kept.identity) == (Outcome.KEPT, "chosen", None)
    assert replaced.outcome is Outcome.SYNTHESIZED
    np.testing.assert_array_equal(result.image[region_of(LEFT)], image[region_of(LEFT)])
    assert (result.image != image).any(axis=2)[region_of(RIGHT)].mean() > 0.9


def test_a_chosen_identity_takes_the_place_of_the_one_that_was_drawn():
    asked = []
    decide = decide_by_side([Treatment.ANONYMIZE, Treatment.ANONYMIZE], asked)

    result = scene(LEFT, RIGHT, decide=decide)(image_of(), identity=1)

    assert asked == [[derive(1, 0), derive(1, 1)]]
    assert [receipt.identity for receipt in result.receipts] == [derive(50, 0), derive(51, 0)]


def test_a_face_may_be_covered_by_choice():
    image = image_of()

    result = scene(LEFT, decide=decide_by_side([Treatment.OBSCURE]))(image, identity=1)

    assert (result.receipts[0].outcome, result.receipts[0].reason) == (Outcome.OBSCURED, "chosen")
    assert (result.image[inside_box(face_of(LEFT).box)] == FILL).all()


def test_a_face_without_landmarks_is_covered_and_never_asked_about():
    asked = []

    result = scene(None, LEFT, decide=decide_by_side([Treatment.KEEP], asked))(image_of(), identity=1)

    assert asked == [[derive(1, 1)]]
    assert [receipt.outcome for receipt in result.receipts] == [Outcome.OBSCURED, Outcome.KEPT]


def test_no_pixel_of_a_kept_face_reaches_the_synthesizer():
    beside = landmarks(2, center=(140, 105), height_px=90)
    synthesizers = [FakeSynthesize(), FakeSynthesize()]
    images = [image_of(), scrambled(image_of(), region_of(LEFT))]

    for image, synthesize in zip(images, synthesizers, strict=True):
        decide = decide_by_side([Treatment.KEEP, Treatment.ANONYMIZE])
        scene(LEFT, beside, decide=decide, synthesize=synthesize)(image, identity=1)

    np.testing.assert_array_equal(*(one.surrounds[0].image for one in synthesizers))


def test_who_does_not_suit_the_surround_is_passed_over_unless_meant_to_last():
    wanted = derive(derive(5, 0), 3)

    def suit(_surround, _landmarks):
        return lambda identity: identity == wanted

    (receipt,) = scene(LEFT, suit=suit)(image_of(), identity=5).receipts
    assert receipt.identity == wanted
    (lasting,) = scene(LEFT, suit=suit, decide=anonymize_for_good)(image_of(), identity=5).receipts
    assert lasting.identity == derive(derive(5, 0), 0)
