import numpy as np
import pytest
from fakes import landmarks, noise_picture, pose, shape, shape_model
from tiny import SIZE_PX, face_set, person_mask, picture

from ganonymization.condition import draw_maps
from ganonymization.crop import CROP_RISE, CROP_SIDE, cut, synthesis_crop_from_image
from ganonymization.geometry import transform
from ganonymization.landmark import topology
from ganonymization.palette import measure_palette
from ganonymization.region import hull, outline
from ganonymization.training.prepare import GROWTHS, MARGIN, FaceSet, prepare_faces
from ganonymization.types import Landmarks

WIDE_PX = round(MARGIN * SIZE_PX)
RIM_PX = (WIDE_PX - SIZE_PX) // 2


def crop_of(seed):
    _, image, found = picture(seed)
    crop_from_image = synthesis_crop_from_image(shape_model().pose_of(found), size_px=SIZE_PX)
    return cut(image, crop_from_image, size_px=SIZE_PX), transform(found.points, crop_from_image)


def test_every_face_has_a_row():
    faces = face_set()
    assert list(faces.names) == [f"face {seed}.png" for seed in range(4)]
    assert faces.images.shape == (4, WIDE_PX, WIDE_PX, 3)
    assert faces.images.dtype == faces.valid.dtype == faces.people.dtype == np.uint8
    assert faces.landmarks.shape == (4, 478, 3)
    assert faces.palettes.shape == (4, 16)


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_the_middle_of_a_prepared_picture_is_the_synthesis_crop(seed):
    crop, points = crop_of(seed)
    middle = slice(RIM_PX, RIM_PX + SIZE_PX)
    difference = face_set().images[seed][middle, middle].astype(int) - crop.image
    assert np.abs(difference).max() <= 6  # the averaged blocks of both lie half a block apart
    assert np.abs(difference).mean() < 1
    np.testing.assert_allclose(face_set().landmarks[seed] * SIZE_PX, points, atol=1e-3)


def test_a_face_that_looks_at_the_camera_has_its_place_in_the_crop():
    faces = prepare_faces(
        [("a", noise_picture(200, 200), landmarks(center=(100, 100), height_px=64))],
        shape_model=shape_model(),
        segment=person_mask,
        size_px=SIZE_PX,
    )
    top, chin = faces.landmarks[0, topology.FOREHEAD_TOP, :2], faces.landmarks[0, topology.CHIN, :2]
    np.testing.assert_allclose((top + chin) / 2, (0.5, 0.5 + CROP_RISE / CROP_SIDE), atol=1e-3)
    assert chin[1] - top[1] == pytest.approx(1 / CROP_SIDE, abs=1e-3)


def test_what_lies_beyond_the_picture_is_not_valid():
    faces = face_set()
    np.testing.assert_array_equal(faces.valid[0], 255)
    assert (faces.valid[1] == 0).mean() > 0.2
    assert set(np.unique(faces.valid)) == {0, 255}


def test_people_are_masked_by_the_segmentation():
    np.testing.assert_array_equal(face_set().people[2], 255 * person_mask(face_set().images[2]).astype(np.uint8))


@pytest.mark.parametrize("level", range(len(GROWTHS)))
def test_outlines_are_those_of_the_region_at_each_growth(level):
    placed = pose((62, 64), 40, roll_deg=6)
    found = Landmarks(placed.apply(shape(2)).astype(np.float32))
    model_pose = shape_model().pose_of(found)
    crop_from_image = synthesis_crop_from_image(model_pose, size_px=SIZE_PX)
    region = outline(model_pose.undo(found.points.astype(np.float64)), model_pose, growth=GROWTHS[level])
    expected = hull(transform(region, crop_from_image)) / SIZE_PX
    stored = hull(face_set().outlines[2, level] * SIZE_PX) / SIZE_PX
    assert len(stored) == len(expected)
    np.testing.assert_allclose(np.sort(stored, axis=0), np.sort(expected, axis=0), atol=1e-3)


def test_the_palette_is_measured_in_the_crop():
    crop, points = crop_of(3)
    expected = measure_palette(crop.image, points, draw_maps(points, size_px=SIZE_PX))
    np.testing.assert_allclose(face_set().palettes[3], expected, atol=1e-5)


def test_a_saved_set_is_read_as_it_was(tmp_path):
    face_set().save(tmp_path / "faces.npz")
    loaded = FaceSet.load(tmp_path / "faces.npz")
    for name in FaceSet.__slots__:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(face_set(), name))


def test_taken_faces_are_whole_rows():
    taken = face_set().take(np.array([3, 1]))
    for name in FaceSet.__slots__:
        np.testing.assert_array_equal(getattr(taken, name), getattr(face_set(), name)[[3, 1]])
