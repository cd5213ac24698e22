import numpy as np
import pytest

from ganonymization.appearance import AppearanceReader, as_in_photos, reduce_surround
from ganonymization.surround import no_surround
from ganonymization.types import Surround

SIZE_PX = 128


def striped(known_rows):
    """A picture whose top half is red and whose bottom half is blue, known in some rows."""
    image = np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)
    image[: SIZE_PX // 2, :, 0] = 255
    image[SIZE_PX // 2 :, :, 2] = 255
    known = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    known[known_rows] = 1
    return Surround((image * (known > 0)[..., None]).astype(np.uint8), known, np.ones_like(known))


def test_reduced_colours_are_means_of_the_known_pixels_only():
    reduced = reduce_surround(striped(slice(0, 2)))  # half of the first row of cells of 4 px
    np.testing.assert_allclose(reduced[:, 0], np.repeat([[1], [-1], [-1], [0.5]], 32, axis=1), atol=1e-5)
    assert not reduced[:, 1:].any()


def test_a_larger_picture_of_the_same_reduces_to_the_same():
    small = striped(slice(0, 60))
    image, known = (layer.repeat(2, axis=0).repeat(2, axis=1) for layer in (small.image, small.known))
    large = Surround(image, known, known)
    np.testing.assert_allclose(reduce_surround(large), reduce_surround(small), atol=1e-5)


def test_what_lies_under_the_cut_cannot_be_read():
    clean, dirty = striped(slice(0, 60)), striped(slice(0, 60))
    dirty.image[60:] = 77
    np.testing.assert_array_equal(reduce_surround(clean), reduce_surround(dirty))


@pytest.mark.parametrize("surround", [striped(slice(None)), no_surround(SIZE_PX)])
def test_the_shipped_reader_gives_probabilities_and_a_colour(surround):
    appearance = AppearanceReader.load()(surround)
    assert appearance.skin.shape == (3,)
    assert np.abs(appearance.skin).max() <= 1
    assert 0 <= appearance.male <= 1
    assert 0 <= appearance.beard <= 1
    assert appearance.age.sum() == pytest.approx(1, abs=1e-5)
    assert 0 <= appearance.spread <= 1


def test_skin_is_taken_to_be_lighter_and_nearer_to_the_mean_than_the_reader_says():
    dark, light = (as_in_photos(np.full(3, level, np.float32)) for level in (-0.5, 0.5))
    assert (dark > -0.5).all()
    np.testing.assert_allclose(light - dark, 0.75, atol=1e-6)
    assert as_in_photos(np.full(3, 5, np.float32)).max() == 1
