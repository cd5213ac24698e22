"""What an invented person must fit, by the surround and by the shape of the face."""

import numpy as np
import pytest
from fakes import landmarks, noise_picture, shape_model

from ganonymization.appearance import Appearance
from ganonymization.errors import WeightsError
from ganonymization.shape import ShapeModel
from ganonymization.traits import ReadTraits, ShapeTraits, load_reader
from ganonymization.types import Landmarks, Surround, Traits

SIZE_PX = 48
SURROUND = Surround(
    noise_picture(SIZE_PX, SIZE_PX), np.ones((SIZE_PX, SIZE_PX), np.float32), np.ones((SIZE_PX, SIZE_PX))
)
COUNT = len(shape_model().components)


def lines(**constants):
    """Lines that tell the same of every shape."""
    return ShapeTraits(
        **{name: np.concatenate([[constants.get(name, 0.0)], np.zeros(COUNT)]) for name in ("male", "child", "years")}
    )


def reading(traits, male=0.5, beard=0.5):
    shown = Appearance(np.full(3, 0.2, np.float32), 0.1, male, np.float32([0.2, 0.5, 0.3]), beard)
    return ReadTraits(lambda _surround: shown, shape_model(), traits)(SURROUND, landmarks(3))


def test_surround_and_shape_both_have_a_say_in_the_sex():
    by_shape = [reading(lines(male=logit)).male for logit in (-2, 0, 2)]
    by_surround = [reading(lines(), male=male).male for male in (0.0, 0.5, 1.0)]
    assert by_shape == sorted(by_shape)
    assert by_surround == sorted(by_surround)
    assert by_shape[1] == by_surround[1] == pytest.approx(0.5)
    assert 0 < by_surround[0] < 0.1
    assert 0.9 < by_surround[2] < 1


def test_age_bands_are_probabilities_that_follow_the_years():
    bands = [reading(lines(years=years, child=-5.0)).age for years in (20, 52, 80)]
    np.testing.assert_allclose(np.sum(bands, axis=1), 1, atol=1e-6)
    assert [band.argmax() for band in bands] == [1, 1, 2] or bands[1][1] == pytest.approx(bands[1][2], abs=0.01)
    assert bands[0][2] < 0.01 < 0.99 < bands[2][2]
    child = reading(lines(years=60, child=3.0))
    assert child.age.argmax() == 0


def test_whoever_is_no_man_has_no_beard_and_the_skin_is_the_surround_s():
    woman, man = reading(lines(male=-4.0)), reading(lines(male=4.0))
    assert woman.beard < 0.02 < 0.45 < man.beard <= 0.5
    np.testing.assert_array_equal(woman.skin, np.full(3, 0.2, np.float32))


def test_a_line_is_taken_over_the_shape_whatever_its_pose():
    rng = np.random.default_rng(0)
    model = shape_model()
    traits = ShapeTraits(*(np.concatenate([[0.0], rng.normal(0, 2, COUNT)]) for _ in range(3)))
    read = ReadTraits(
        lambda _surround: Appearance(np.zeros(3, np.float32), 0.1, 0.5, np.ones(3) / 3, 0.0), model, traits
    )
    upright, turned = (landmarks(3, roll_deg=roll, height_px=size) for roll, size in ((0, 60), (20, 90)))
    one, two = read(SURROUND, upright), read(SURROUND, turned)
    assert one.male == pytest.approx(two.male, abs=1e-3)
    wanted = traits.male[1:] @ model.coefficients_of(model.shape_of(upright))
    assert one.male == pytest.approx(1 / (1 + np.exp(-wanted)))
    assert read(SURROUND, landmarks(4)).male != pytest.approx(one.male, abs=1e-3)


def test_the_lines_of_the_package_fit_its_shape_model():
    traits, model = ShapeTraits.load(), ShapeModel.load()
    assert all(len(line) == 1 + len(model.components) for line in (traits.male, traits.child, traits.years))
    mean = Landmarks((model.mean * 100).astype(np.float32))
    appearance = ReadTraits.load()(SURROUND, mean)
    assert 30 < traits.years[0] < 55
    assert appearance.age[0] < 0.2


def test_lines_come_back_as_they_were_saved(tmp_path):
    saved = lines(male=0.25, years=40)
    saved.save(tmp_path / "traits.npz")
    again = ShapeTraits.load(tmp_path / "traits.npz")
    np.testing.assert_array_equal(again.years, saved.years)
    np.testing.assert_array_equal(again.male, saved.male)


def test_a_file_that_holds_something_else_is_named(tmp_path):
    (tmp_path / "traits.npz").write_bytes(b"no")
    with pytest.raises(WeightsError, match=r"traits\.npz: not a file of traits"):
        ShapeTraits.load(tmp_path / "traits.npz")


def test_where_any_traits_will_do_landmarks_are_not_asked():
    surround = SURROUND
    by_surround, by_both = (load_reader(traits, shape_model()) for traits in (Traits.ANY, Traits.MATCH))
    one, other = landmarks(3), landmarks(4)
    assert by_surround(surround, one).male == by_surround(surround, other).male
    assert by_both(surround, one).male != by_both(surround, other).male
