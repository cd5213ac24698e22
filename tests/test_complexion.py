"""What counts as a flaw of drawn skin, and what does not."""

import fakes
import numpy as np
import pytest

from ganonymization.complexion import TINT_WEIGHT, bare_skin, flaws
from ganonymization.geometry import Pose
from ganonymization.landmark import topology
from ganonymization.palette import PALETTE_SIZE, SKIN
from ganonymization.surround import no_surround
from ganonymization.types import Patch

SIZE_PX = 256
TONE = np.array([40.0, 0.0, -20.0])
POINTS = Pose(190.0, np.eye(3), np.array([128.0, 128.0, 0.0])).apply(fakes.shape_model().mean).astype(np.float32)
SURROUND = no_surround(SIZE_PX)


def palette_of(tone):
    palette = np.zeros(PALETTE_SIZE, np.float32)
    palette[SKIN] = (tone + 127.5) / 127.5 - 1
    return palette


ASKED = palette_of(TONE)


def face(change=0.0):
    levels = np.broadcast_to(TONE + 127.5, (SIZE_PX, SIZE_PX, 3)) + np.asarray(change, np.float64)
    return Patch(np.clip(np.round(levels), 0, 255).astype(np.uint8))


def stripes(width_px):
    """Bright and dark columns, 20 levels about the tone."""
    return np.where(np.arange(SIZE_PX) // width_px % 2, 20.0, -20.0)[None, :, None]


def test_even_skin_of_the_colour_that_was_asked_for_has_no_flaws():
    assert flaws(face(), POINTS, SURROUND, ASKED) < 0.005


def test_lines_are_flaws_and_broad_shadows_hardly():
    fine, broad = (flaws(face(stripes(width)), POINTS, SURROUND, ASKED) for width in (4, 64))
    assert fine > 0.08
    assert broad < 0.4 * fine


def test_the_fainter_lines_are_the_clearer_is_the_skin():
    found = [flaws(face(share * stripes(4)), POINTS, SURROUND, ASKED) for share in (0.25, 0.5, 1)]
    assert found[0] < found[1] < found[2]


@pytest.mark.parametrize("feature", [topology.RIGHT_EYE, topology.LIPS_OUTER, topology.LEFT_BROW])
def test_eyes_brows_and_lips_may_stand_out(feature):
    middle = POINTS[list(feature), :2].mean(axis=0)
    rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
    dot = np.hypot(columns - middle[0], rows - middle[1]) < 4
    changed = flaws(face(-100.0 * dot[..., None]), POINTS, SURROUND, ASKED)
    assert changed == pytest.approx(flaws(face(), POINTS, SURROUND, ASKED), abs=1e-6)


def test_another_colour_than_was_asked_for_is_a_flaw():
    other = palette_of(TONE + 25.5)
    assert flaws(face(), POINTS, SURROUND, other) == pytest.approx(0.2 * TINT_WEIGHT, abs=0.005)


def test_what_a_small_picture_cannot_show_is_overlooked():
    near, far = (flaws(face(stripes(4)), POINTS, SURROUND, ASKED, scale=scale) for scale in (0.5, 6.0))
    assert near == flaws(face(stripes(4)), POINTS, SURROUND, ASKED, scale=1.0)
    assert far < 0.5 * near


def test_skin_is_bare_inside_the_face_where_something_is_to_be_seen():
    visible = np.ones((SIZE_PX, SIZE_PX), np.float32)
    skin = bare_skin(POINTS, visible)
    assert 0.05 < skin.mean() < 0.5
    visible[:, : SIZE_PX // 2] = 0
    half = bare_skin(POINTS, visible)
    assert not half[:, : SIZE_PX // 2].any()
    np.testing.assert_array_equal(half[:, SIZE_PX // 2 :], skin[:, SIZE_PX // 2 :])


def test_a_face_without_bare_skin_has_no_flaws():
    everywhere = type(SURROUND)(SURROUND.image, np.ones((SIZE_PX, SIZE_PX), np.float32), SURROUND.valid)
    assert flaws(face(stripes(4)), POINTS, everywhere, ASKED) == 0
