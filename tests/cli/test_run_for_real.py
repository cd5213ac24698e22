"""`ganonymize run` with the networks of the package, on a face that was drawn."""

import cv2
import numpy as np
import PIL.Image
import pytest
from typer.testing import CliRunner

from ganonymization.cli import app
from ganonymization.errors import WeightsError
from ganonymization.files import read_picture
from ganonymization.weights import locate

pytestmark = pytest.mark.slow

FACE = (slice(60, 124), slice(100, 164))
"""Rows and columns of the drawn head."""


def ellipse(image, center_xy, radii_xy, colour):
    cv2.ellipse(image, center_xy, radii_xy, 0, 0, 360, colour, -1, cv2.LINE_AA)


def draw_head():
    """Draw a head of 256 px as a child would, with soft edges."""
    head = np.full((256, 256, 3), (120, 140, 160), np.uint8)
    ellipse(head, (128, 110), (82, 100), (60, 40, 30))
    ellipse(head, (128, 130), (66, 86), (224, 178, 150))
    for x in (102, 154):
        ellipse(head, (x, 102), (18, 5), (70, 45, 35))
        ellipse(head, (x, 118), (14, 7), (250, 250, 250))
        ellipse(head, (x, 118), (6, 6), (50, 35, 30))
    ellipse(head, (128, 152), (12, 5), (180, 130, 110))
    ellipse(head, (128, 178), (24, 9), (170, 70, 70))
    return cv2.GaussianBlur(head, (0, 0), 2)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    picture = np.full((200, 280, 3), (120, 140, 160), np.uint8)
    picture[FACE] = cv2.resize(draw_head(), (64, 64), interpolation=cv2.INTER_AREA)
    path = tmp_path_factory.mktemp("drawn") / "drawn.png"
    PIL.Image.fromarray(picture).save(path)
    return path


def ganonymize(*words):
    return CliRunner().invoke(app, ["run", *(str(word) for word in words)], catch_exceptions=False)


def assert_only_the_head_changed(result, source):
    before, after = read_picture(source).image, read_picture(result).image
    changed = (before != after).any(axis=2)
    assert changed[FACE][24:48, 20:44].mean() > 0.95
    changed[30:154, 70:194] = False
    assert not changed.any()


def require_generator():
    try:
        locate("generator")
    except WeightsError as error:
        pytest.skip(f"the generator is not in this package yet ({error})")


def test_a_face_is_covered_and_the_rest_stays(drawn, tmp_path):
    result = ganonymize(drawn, "-o", tmp_path / "out.png", "--obscure-only")

    assert result.exit_code == 0
    assert ["drawn.png", "1", "0", "1"] in [line.split()[:4] for line in result.stdout.splitlines()]
    assert_only_the_head_changed(tmp_path / "out.png", drawn)


def test_a_face_is_replaced_or_covered_and_the_same_identity_gives_the_same_bytes(drawn, tmp_path):
    require_generator()
    for name in ("a.png", "b.png"):
        result = ganonymize(drawn, "-o", tmp_path / name, "--identity", 3, "--receipt", tmp_path / f"{name}.json")
        assert result.exit_code == 0

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert_only_the_head_changed(tmp_path / "a.png", drawn)
    assert "NaN" not in (tmp_path / "a.png.json").read_text()


def test_a_cutout_is_written_for_the_face(drawn, tmp_path):
    require_generator()

    assert ganonymize(drawn, "-o", tmp_path / "out", "--isolated").exit_code == 0

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["drawn.face1.png"]


def test_a_picture_without_faces_keeps_every_pixel(tmp_path):
    PIL.Image.fromarray(np.full((64, 96, 3), 77, np.uint8)).save(tmp_path / "a.png")

    result = ganonymize(tmp_path / "a.png", "--obscure-only")

    assert ["a.png", "0", "0", "0"] in [line.split()[:4] for line in result.stdout.splitlines()]
    np.testing.assert_array_equal(read_picture(tmp_path / "a.anonymized.png").image, np.full((64, 96, 3), 77))
