"""The four classic families: what they change, what they leave, and whose face is put where."""

import dataclasses

import cv2
import numpy as np
import PIL.Image
import pytest
from fakes import face_of, inside_hull, landmarks, noise_picture, shape_model

from ganonymization.errors import NothingMadeError, NotMeasurableError
from ganonymization.evaluation.method import Subject
from ganonymization.evaluation.methods.blur import DEVIATION, blur
from ganonymization.evaluation.methods.ellipse import enlarged
from ganonymization.evaluation.methods.k_same import group_alike, k_same
from ganonymization.evaluation.methods.mosaic import SQUARES, mosaic
from ganonymization.evaluation.methods.noise import DEVIATION_LEVELS, noise
from ganonymization.evaluation.methods.suppression import suppression
from ganonymization.evaluation.methods.swap import swap
from ganonymization.evaluation.methods.transplant import mean_texture, mesh_triangles, texture_of, transplant
from ganonymization.obscure import FILL
from ganonymization.region import hull
from ganonymization.types import Box, Face, Landmarks

SIDE = 200
ON_ELLIPSE = [mosaic, blur, noise]


def subject(path, person, seed, *, identity=0, color=None, **place):
    """A person on a photo of noise, or of one colour."""
    found = landmarks(seed, center=(SIDE / 2, SIDE / 2), height_px=90, **place)
    picture = noise_picture(SIDE, SIDE, seed) if color is None else np.full((SIDE, SIDE, 3), color, np.uint8)
    file = path / f"{person}_{seed}.png"
    PIL.Image.fromarray(picture).save(file)
    return Subject(file.name, file, person, identity, face_of(found), found)


@pytest.fixture
def one(tmp_path):
    return subject(tmp_path, "ann", 1)


def ellipse(one):
    place = enlarged(one.face.box, one.read())
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    width, height = place.right - place.left, place.bottom - place.top
    return ((x - place.left - width / 2) * 2 / width) ** 2 + ((y - place.top - height / 2) * 2 / height) ** 2


def test_suppression_fills_the_face_and_leaves_the_corners(one):
    result = suppression(one.read(), one).image
    box = one.face.box
    inner = result[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
    assert (inner == FILL).all()
    np.testing.assert_array_equal(result[:10], one.read()[:10])


@pytest.mark.parametrize("method", ON_ELLIPSE)
def test_the_ellipse_changes_and_nothing_else_does(one, method):
    before = one.read()
    given = before.copy()
    result = method(given, one).image
    np.testing.assert_array_equal(given, before)
    changed = (result != before).any(axis=2)
    assert not changed[ellipse(one) > 1.1].any()
    assert changed[ellipse(one) < 0.9].mean() > 0.98


@pytest.mark.parametrize("method", ON_ELLIPSE)
def test_a_face_outside_of_the_photo_cannot_be_changed(tmp_path, method):
    outside = Face(Box(-80, -80, -40, -40), 1.0, np.zeros((5, 2), np.float32))
    gone = Subject("a.png", tmp_path / "a.png", "ann", 0, outside, landmarks(1))
    with pytest.raises(NothingMadeError, match="outside of the photo"):
        method(noise_picture(50, 50), gone)


@pytest.mark.parametrize("method", ON_ELLIPSE)
def test_a_face_that_reaches_beyond_the_photo_and_a_face_of_a_few_pixels_are_changed(tmp_path, method):
    for box in (Box(-20, 10, 30, 60), Box(10, 10, 13, 12)):
        cut_off = Subject(
            "a.png", tmp_path / "a.png", "ann", 0, Face(box, 1.0, np.zeros((5, 2), np.float32)), landmarks(1)
        )
        before = noise_picture(50, 50)
        assert (method(before, cut_off).image != before).any()


def test_a_blurred_edge_is_as_wide_as_the_gaussian(one):
    step = np.zeros((SIDE, SIDE, 3), np.uint8)
    step[:, SIDE // 2 :] = 255
    place = enlarged(one.face.box, step)
    row = blur(step, one).image[(place.top + place.bottom) // 2, :, 0].astype(float)
    slope = np.diff(row).max() / 255
    deviation = (place.right - place.left) * DEVIATION
    assert slope == pytest.approx(1 / (deviation * np.sqrt(2 * np.pi)), rel=0.1)


def test_a_mosaic_has_squares_of_the_mean_colour(one):
    before = one.read()
    place = enlarged(one.face.box, before)
    row = mosaic(before, one).image[(place.top + place.bottom) // 2, place.left : place.right]
    edges = np.flatnonzero((np.diff(row.astype(int), axis=0) != 0).any(axis=1))
    assert len(edges) <= SQUARES + 1
    inner = mosaic(before, one).image[ellipse(one) < 0.9]
    assert inner.mean() == pytest.approx(before[ellipse(one) < 0.9].mean(), abs=2)


def test_noise_has_its_deviation_and_is_drawn_by_the_identity(tmp_path):
    grey, other = (subject(tmp_path, "ann", 1, identity=identity, color=128) for identity in (5, 6))
    first, again, second = (noise(grey.read(), some).image for some in (grey, grey, other))
    np.testing.assert_array_equal(first, again)
    assert (first != second)[ellipse(grey) < 0.9].mean() > 0.8
    inside = first[ellipse(grey) < 0.9].astype(float)
    clipped = np.clip(np.random.default_rng(0).normal(128, DEVIATION_LEVELS, 100_000), 0, 255)
    assert inside.std() == pytest.approx(clipped.std(), rel=0.03)


def face_pixels(one):
    return inside_hull(hull(one.landmarks.points), SIDE, SIDE)


def test_a_face_put_back_in_its_own_place_is_the_same_face(tmp_path):
    smooth = cv2.resize(noise_picture(10, 10), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    own = subject(tmp_path, "ann", 3, yaw_deg=8, roll_deg=-10)
    PIL.Image.fromarray(smooth).save(own.path)
    result = transplant(texture_of(smooth, own.landmarks, shape_model()), smooth, own, shape_model())
    difference = np.abs(result[face_pixels(own)].astype(int) - smooth[face_pixels(own)])
    assert np.quantile(difference, 0.999) <= 3
    assert difference.max() < 30  # where a fold of the mesh is a pixel wide


def test_nothing_of_the_subject_is_left_in_the_hull(tmp_path):
    ann, bob = subject(tmp_path, "ann", 1), subject(tmp_path, "bob", 2)
    texture = texture_of(bob.read(), bob.landmarks, shape_model())
    other_noise = np.where(face_pixels(ann)[..., None], noise_picture(SIDE, SIDE, 99), ann.read())
    first, second = (transplant(texture, image, ann, shape_model()) for image in (ann.read(), other_noise))
    core = cv2.erode(face_pixels(ann).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    np.testing.assert_array_equal(first[core], second[core])
    np.testing.assert_array_equal(first[:10], ann.read()[:10])


def test_everybody_gets_somebody_elses_face(tmp_path):
    colors = {"ann": (200, 40, 40), "bob": (40, 200, 40), "cyd": (40, 40, 200)}
    people = [subject(tmp_path, name, index, color=color) for index, (name, color) in enumerate(colors.items())]
    method = swap(people)
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    seen = set()
    for identity in range(12):
        target = Subject("t.png", tmp_path / "t.png", "ann", identity, people[0].face, people[0].landmarks)
        middle = method(black, target).image[face_pixels(people[0])].mean(axis=0)
        seen.add(int(middle.argmax()))
        np.testing.assert_array_equal(method(black, target).image, method(black, target).image)
    assert seen == {1, 2}


def test_k_people_share_the_average_face(tmp_path):
    people = [subject(tmp_path, f"p{index}", index, color=(index * 40,) * 3) for index in range(4)]
    method = k_same(people, k=4)
    grey = np.full((SIDE, SIDE, 3), 60, np.uint8)
    results = [
        method(grey, Subject("t", people[0].path, one.person, 0, people[0].face, people[0].landmarks)) for one in people
    ]
    for result in results[1:]:
        np.testing.assert_array_equal(result.image, results[0].image)
    assert results[0].image[face_pixels(people[0])].mean() == pytest.approx(60, abs=3)


def test_the_average_of_faces_has_their_mean_colour_and_shape(tmp_path):
    first, second = (subject(tmp_path, name, seed, color=value) for name, seed, value in (("a", 1, 20), ("b", 2, 220)))
    textures = [texture_of(one.read(), one.landmarks, shape_model()) for one in (first, second)]
    mean = mean_texture(textures, shape_model())
    np.testing.assert_allclose(mean.image, 120, atol=1)
    np.testing.assert_allclose(mean.shape, (textures[0].shape + textures[1].shape) / 2)


def test_groups_hold_k_people_or_more_and_everybody_once(tmp_path):
    people = {f"p{index}": subject(tmp_path, f"p{index}", index) for index in range(11)}
    groups = group_alike(people, shape_model(), k=3)
    assert [len(group) for group in groups] == [3, 3, 5]
    assert sorted(name for group in groups for name in group) == sorted(people)
    twins = people | {"p99": subject(tmp_path, "p99", 0)}  # the shape of p0
    assert {"p0", "p99"} <= set(group_alike(twins, shape_model(), k=3)[0])


def test_the_triangles_of_the_mesh_cover_it_once():
    corners = np.unique(mesh_triangles())
    np.testing.assert_array_equal(corners, np.arange(len(corners)))


@pytest.mark.parametrize(("method", "count"), [(swap, 1), (k_same, 9)])
def test_too_few_people_are_refused(tmp_path, method, count):
    with pytest.raises(NotMeasurableError, match=f"{count} people"):
        method([subject(tmp_path, f"p{index}", index) for index in range(count)])


def test_faces_without_landmarks_are_neither_given_nor_replaced(tmp_path):
    people = [subject(tmp_path, f"p{index}", index) for index in range(2)]
    unknown = Landmarks(people[0].landmarks.points, presence=0.0)
    lost = Subject("t.png", people[0].path, "p0", 0, people[0].face, unknown)
    with pytest.raises(NotMeasurableError):
        swap([lost, people[1]])
    for method in (swap(people), k_same(people, k=2)):
        with pytest.raises(NothingMadeError, match="without landmarks"):
            method(lost.read(), lost)


def test_a_person_who_was_not_in_the_set_shares_no_face(tmp_path):
    people = [subject(tmp_path, f"p{index}", index) for index in range(3)]
    with pytest.raises(NothingMadeError, match="p2 is not among"):
        k_same(people[:2], k=2)(people[2].read(), people[2])


def test_of_each_person_the_photo_that_faces_the_camera_is_averaged(tmp_path):
    turned = subject(tmp_path, "ann", 1, color=240, yaw_deg=35)
    frontal = subject(tmp_path, "ann", 2, color=40)
    unknown = subject(tmp_path, "ann", 3, color=240)
    unknown = dataclasses.replace(unknown, landmarks=Landmarks(unknown.landmarks.points, presence=0.0))
    bob = subject(tmp_path, "bob", 4, color=80)
    for order in ([turned, frontal, unknown, bob], [unknown, bob, frontal, turned]):
        result = k_same(order, k=2)(np.zeros((SIDE, SIDE, 3), np.uint8), frontal).image
        assert result[face_pixels(frontal)].mean() == pytest.approx(60, abs=2)
