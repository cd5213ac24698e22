import json

import numpy as np
import pytest
from fakes import landmarks, noise_picture
from models import save_doubler, save_generator

from ganonymization.condition import draw_maps
from ganonymization.correct import MOTION_SIZE
from ganonymization.errors import WeightsError
from ganonymization.onnx import Network
from ganonymization.palette import PALETTE_SIZE
from ganonymization.surround import no_surround
from ganonymization.synthesize import Pix2Pix, pix2pix
from ganonymization.synthesize.pix2pix import NOISE_SIZE, draw_noise, surround_tensor
from ganonymization.types import Surround

SIZE_PX = 32
NAMES = ["maps", "surround", "known", "palette", "noise"]
FACE = landmarks(center=(16, 16), height_px=20)


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    path = save_generator(tmp_path_factory.mktemp("networks") / "generator.onnx", size_px=SIZE_PX)
    return Pix2Pix(Network(path, inputs=NAMES, outputs=["image"]))


def half_known():
    known = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    known[:, :16] = 1
    image = (noise_picture(SIZE_PX, SIZE_PX) * known[..., None]).astype(np.uint8)
    return Surround(image, known, np.ones_like(known))


def palette_of(red):
    return np.full(PALETTE_SIZE, red, np.float32)


def test_the_generator_says_how_large_its_crop_is(generator):
    assert generator.size_px == SIZE_PX


def test_the_network_sees_the_surround_and_gives_it_back(generator):
    surround = half_known()
    patch = generator(FACE, surround, palette=palette_of(0), identity=3)
    np.testing.assert_array_equal(patch.image[:, :16], surround.image[:, :16])
    assert patch.image.dtype == np.uint8


@pytest.mark.parametrize(("red", "level"), [(-1.0, 0), (0.0, 128), (1.0, 255), (3.0, 255), (-3.0, 0)])
def test_values_from_minus_one_to_one_become_grey_levels(generator, red, level):
    patch = generator(FACE, half_known(), palette=palette_of(red), identity=3)
    np.testing.assert_array_equal(patch.image[:, 16:, 0], level)


def test_the_network_sees_the_maps_of_the_landmarks(generator):
    patch = generator(FACE, no_surround(SIZE_PX), palette=palette_of(0), identity=3)
    hull_map = draw_maps(FACE.points, size_px=SIZE_PX)[0]
    np.testing.assert_allclose(patch.image[..., 2], 127.5 + hull_map / 2, atol=0.51)


def test_the_network_sees_noise_that_the_identity_alone_decides(generator):
    surround = no_surround(SIZE_PX)
    first, again, other = (generator(FACE, surround, palette=palette_of(0), identity=i).image for i in (3, 3, 4))
    expected = np.clip(np.round(127.5 * (1 + draw_noise(3)[0])), 0, 255)
    np.testing.assert_array_equal(first[..., 1], expected)
    np.testing.assert_array_equal(first, again)
    assert (first[..., 1] != other[..., 1]).all()


def test_noise_is_standard_normal():
    drawn = np.stack([draw_noise(identity) for identity in range(400)])
    assert drawn.shape == (400, NOISE_SIZE)
    assert drawn.dtype == np.float32
    assert drawn.mean() == pytest.approx(0, abs=0.03)
    assert drawn.std() == pytest.approx(1, rel=0.03)


def test_unknown_pixels_are_zero_whatever_lies_there():
    surround = half_known()
    leaking = Surround(noise_picture(SIZE_PX, SIZE_PX, 5), surround.known, surround.valid)
    pixels, known = surround_tensor(leaking)
    assert pixels.shape == (3, SIZE_PX, SIZE_PX)
    assert known.shape == (1, SIZE_PX, SIZE_PX)
    np.testing.assert_array_equal(pixels[:, :, 16:], 0)
    np.testing.assert_allclose((pixels[:, :, :16] + 1) * 127.5, leaking.image.transpose(2, 0, 1)[:, :, :16], atol=1e-3)
    np.testing.assert_array_equal(known[0], surround.known)


def test_a_network_without_a_fixed_crop_is_refused(tmp_path):
    path = save_generator(tmp_path / "free.onnx", free_size=True)
    with pytest.raises(WeightsError, match="crop"):
        Pix2Pix(Network(path, inputs=NAMES, outputs=["image"]))


def test_another_network_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="inputs are"):
        Network(save_doubler(tmp_path / "doubler.onnx"), inputs=NAMES, outputs=["image"])


def test_a_grey_picture_gets_a_grey_face(generator):
    surround = half_known()
    grey = Surround(np.repeat(surround.image[..., :1], 3, axis=2), surround.known, surround.valid)
    palette = np.linspace(-1, 1, PALETTE_SIZE, dtype=np.float32)
    assert np.ptp(generator(FACE, grey, palette=palette, identity=3).image.astype(int), axis=2).max() == 0
    assert np.ptp(generator(FACE, surround, palette=palette, identity=3).image.astype(int), axis=2).max() > 0


@pytest.mark.parametrize(
    ("key", "shape"),
    [(pix2pix.TRAITS_KEY, pix2pix.TRAITS_SHAPE), (pix2pix.HABITS_KEY, (1 + MOTION_SIZE, MOTION_SIZE))],
)
def test_a_generator_that_tells_nothing_of_itself_is_fine_and_one_that_tells_nonsense_is_not(key, shape):
    numbers = np.full(shape, 0.5)
    assert pix2pix._read_numbers({}, key, shape) is None
    assert pix2pix._read_numbers({key: json.dumps(numbers.tolist())}, key, shape).tolist() == numbers.tolist()
    for nonsense in ("[1, 2]", "men", '["a"]', "{}"):
        with pytest.raises(WeightsError, match="measure it anew"):
            pix2pix._read_numbers({key: nonsense}, key, shape)
