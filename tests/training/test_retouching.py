"""Strokes on the skin of training faces become faint, and nothing else changes."""

import fakes
import numpy as np
import pytest
from tiny import face_set

from ganonymization.complexion import bare_skin
from ganonymization.geometry import Pose
from ganonymization.landmark import topology
from ganonymization.palette import SPREAD
from ganonymization.training.retouching import brightened, retouch, retouched

SIDE_PX = 320
LIMIT = 0.12
MIDDLE = np.array([160.0, 160.0, 0.0])
POINTS = Pose(190.0, np.eye(3), MIDDLE).apply(fakes.shape_model().mean).astype(np.float32)
ROWS, COLUMNS = np.mgrid[:SIDE_PX, :SIDE_PX]
SKIN = bare_skin(POINTS, np.ones((SIDE_PX, SIDE_PX), np.float32)) > 0


def grey(change):
    return np.clip(np.broadcast_to(128.0 + change[..., None], (SIDE_PX, SIDE_PX, 3)), 0, 255).astype(np.uint8)


def strokes(levels):
    """Dark columns on the cheeks, four pixels wide, 28 apart."""
    return grey(np.where(COLUMNS % 28 < 4, -float(levels), 0.0))


def contrast(image):
    """Deviation of skin on both cheeks, below the eyes and beside the nose."""
    height = POINTS[topology.NOSE_BASE[0], 1]
    cheeks = SKIN & (abs(ROWS - height) < 20) & (abs(COLUMNS - 160) > 50)
    return image[cheeks].astype(np.float64).std()


def test_strokes_become_faint():
    strong = strokes(60)
    assert contrast(retouch(strong, POINTS, limit=LIMIT)) < 0.6 * contrast(strong)


def test_the_stronger_a_stroke_is_the_more_of_it_goes():
    faint, strong = strokes(6), strokes(60)
    left = [contrast(retouch(image, POINTS, limit=LIMIT)) / contrast(image) for image in (faint, strong)]
    assert left[1] < 0.7 * left[0]
    assert left[0] > 0.9


def test_a_large_limit_changes_nothing():
    np.testing.assert_allclose(retouch(strokes(60), POINTS, limit=100.0), strokes(60), atol=1)


@pytest.mark.parametrize("feature", [topology.RIGHT_EYE, topology.LIPS_OUTER, topology.LEFT_BROW, topology.NOSE_BASE])
def test_features_and_nostrils_stay(feature):
    x, y = POINTS[list(feature), :2].mean(axis=0)
    dot = np.hypot(COLUMNS - x, ROWS - y) < 4
    image = grey(-80.0 * dot)
    np.testing.assert_array_equal(retouch(image, POINTS, limit=LIMIT), image)


def test_what_surrounds_the_face_stays():
    outside = np.hypot(COLUMNS - 160, ROWS - 160) > 130
    image = strokes(60)
    changed = retouch(image, POINTS, limit=LIMIT)
    np.testing.assert_array_equal(changed[outside], image[outside])
    assert (changed != image).any()


def test_a_set_keeps_everything_but_its_skin():
    faces = face_set()
    found = retouched(faces, limit=0.01)
    assert found.images.shape == faces.images.shape
    assert found.images.dtype == np.uint8
    assert found.landmarks is faces.landmarks
    assert (found.images != faces.images).any()


def test_brightened_faces_have_brighter_palettes_and_softer_shadows():
    faces = face_set()
    found = brightened(faces, exponent=0.7)
    assert found.images.dtype == np.uint8
    assert (found.images >= faces.images).all()
    assert found.images.mean() > faces.images.mean() + 10
    np.testing.assert_allclose(brightened(faces, exponent=1.0).palettes, faces.palettes, atol=1e-6)
    assert (np.delete(found.palettes, SPREAD, axis=1) > np.delete(faces.palettes, SPREAD, axis=1)).all()
