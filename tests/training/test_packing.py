import dataclasses

import numpy as np
import pytest
from tiny import face_set

from ganonymization.errors import InputError, OutputError
from ganonymization.training.packing import QUALITIES, pack_faces, shrink_faces, unpack_faces
from ganonymization.training.prepare import MARGIN


@pytest.fixture
def faces():
    return face_set()


def test_packed_faces_come_back_close_to_what_they_were(faces, tmp_path):
    packed = pack_faces(faces, tmp_path / "faces.pack")
    assert packed.size_bytes == (tmp_path / "faces.pack").stat().st_size
    assert packed.quality == QUALITIES[0]
    found = unpack_faces(tmp_path / "faces.pack")
    np.testing.assert_array_equal(found.names, faces.names)
    np.testing.assert_array_equal(found.palettes, faces.palettes)
    np.testing.assert_array_equal(found.valid, faces.valid)
    np.testing.assert_allclose(found.people, faces.people, atol=9)
    np.testing.assert_allclose(found.landmarks, faces.landmarks, atol=5 / 65535)
    np.testing.assert_allclose(found.outlines, faces.outlines, atol=2e-3)
    assert found.images.shape == faces.images.shape
    assert np.abs(found.images.astype(int) - faces.images).mean() < 6


def test_larger_pictures_are_reduced(faces, tmp_path):
    packed = pack_faces(faces, tmp_path / "faces.pack", largest_px=20)
    assert packed.side_px == 20
    assert unpack_faces(tmp_path / "faces.pack").images.shape == (4, 20, 20, 3)


def noisy(faces):
    noise = np.random.default_rng(0).integers(0, 256, faces.images.shape, np.uint8)
    return dataclasses.replace(faces, images=noise)


def test_quality_gives_way_to_the_limit(faces, tmp_path):
    best = pack_faces(noisy(faces), tmp_path / "best.pack")
    packed = pack_faces(noisy(faces), tmp_path / "small.pack", max_bytes=best.size_bytes - 1)
    assert packed.quality < best.quality
    assert packed.size_bytes < best.size_bytes


def test_faces_that_do_not_fit_at_all_are_refused(faces, tmp_path):
    with pytest.raises(OutputError, match="allowed are 1000; pack fewer faces"):
        pack_faces(faces, tmp_path / "faces.pack", max_bytes=1000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, b"no faces"])
def test_what_holds_no_faces_is_told(tmp_path, content):
    path = tmp_path / "faces.pack"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"faces\.pack: holds no packed faces"):
        unpack_faces(path)


def test_shrunk_faces_are_averages_and_smaller_ones_stay(faces):
    shrunk = shrink_faces(faces, size_px=16)
    assert shrunk.images.shape[1] == round(16 * MARGIN)
    expected = faces.images.reshape(4, 20, 2, 20, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(shrunk.images, expected, atol=1)
    assert shrink_faces(faces, size_px=64) is faces
