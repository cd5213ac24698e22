import numpy as np
import pytest
from fakes import face_of, landmarks, pose, shape, shape_model
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.errors import WeightsError
from ganonymization.landmark import topology
from ganonymization.shape import FUNCTIONAL_NAMES, NUANCES, ShapeModel, expression_functionals, fit_shape_model
from ganonymization.types import Landmarks

IDENTITY_DEVIATION = 0.02
EXPRESSION_DEVIATION = 0.03
PICTURES_OF_ONE = 6


def wide_jaw():
    """A way in which the people of the tests differ."""
    mean = shape_model().mean
    lower = np.clip(mean[:, 1] / 0.5, 0, 1)
    return unit(np.stack([mean[:, 0] * lower, 0 * lower, 0 * lower], axis=1))


def open_mouth():
    """A way in which their faces move."""
    mean = shape_model().mean
    below_lips = (mean[:, 1] > mean[14, 1] - 1e-3) & (np.abs(mean[:, 0]) < 0.25)
    return unit(np.stack([0 * below_lips, below_lips, 0 * below_lips], axis=1))


def unit(direction):
    """Take off what a pose could do, so that the factor is one of shape; length 1."""
    mean = shape_model().mean
    shifts = [np.tile(axis, (478, 1)) for axis in np.eye(3)]
    turns = [np.cross(mean, axis) for axis in np.eye(3)]
    basis, _ = np.linalg.qr(np.stack([*shifts, *turns, mean]).reshape(7, -1).T)
    flat = direction.ravel() - basis @ (basis.T @ direction.ravel())
    return (flat / np.linalg.norm(flat)).reshape(478, 3)


@pytest.fixture(scope="module")
def population():
    """Landmarks of people in any pose, and who they are."""
    rng = np.random.default_rng(5)
    points, people = [], []
    for person in range(30):
        base = shape_model().mean + rng.normal(0, IDENTITY_DEVIATION) * wide_jaw() * np.sqrt(478)
        for _ in range(PICTURES_OF_ONE):
            face = base + rng.normal(0, EXPRESSION_DEVIATION) * open_mouth() * np.sqrt(478)
            face = face + rng.normal(0, 0.0005, face.shape)
            yaw_deg, pitch_deg, roll_deg = rng.uniform(-30, 30, 3)
            center, height_px = rng.uniform(50, 400, 2), rng.uniform(40, 300)
            placed = pose(center, height_px, yaw_deg=yaw_deg, pitch_deg=pitch_deg, roll_deg=roll_deg)
            points.append(placed.apply(face))
            people.append(f"person {person}")
    return np.stack(points), people


@pytest.fixture(scope="module")
def fitted(population):
    points, people = population
    return fit_shape_model(points, people, component_count=10)


def variance_along(model, covariance, direction):
    coefficients = model.components @ direction.ravel()
    return float(coefficients @ covariance @ coefficients)


def test_what_people_differ_in_is_between_and_what_faces_do_is_within(fitted):
    identity, expression = wide_jaw(), open_mouth()
    between, within = 478 * IDENTITY_DEVIATION**2, 478 * EXPRESSION_DEVIATION**2
    assert variance_along(fitted, fitted.within, expression) == pytest.approx(within, rel=0.3)
    assert variance_along(fitted, fitted.between, identity) == pytest.approx(between, rel=0.6)
    assert variance_along(fitted, fitted.within, identity) < 0.1 * between
    assert variance_along(fitted, fitted.between, expression) < 0.15 * within


def test_points_that_faces_move_weigh_less_than_points_that_stay(fitted):
    moved = np.linalg.norm(open_mouth(), axis=1)
    assert fitted.weights[moved > 0.5 * moved.max()].max() < 0.5 * np.median(fitted.weights[moved < 0.1 * moved.max()])


def test_two_factors_need_two_components(fitted, population):
    points, _ = population
    shapes = np.stack([fitted.shape_of(Landmarks(sample.astype(np.float32))) for sample in points[::7]])
    left_over = [
        face
        - fitted.mean
        - (fitted.components[:2].T @ (fitted.components[:2] @ (face - fitted.mean).ravel())).reshape(478, 3)
        for face in shapes
    ]
    assert np.abs(left_over).max() < 0.1 * np.abs(shapes - fitted.mean).max()


def test_the_mean_face_is_upright_of_height_one_and_around_the_origin(fitted):
    for model in (fitted, shape_model()):
        top, chin = model.mean[topology.FOREHEAD_TOP], model.mean[topology.CHIN]
        eyes = model.mean[topology.LEFT_EYE_OUTER] - model.mean[topology.RIGHT_EYE_OUTER]
        np.testing.assert_allclose(top + chin, 0, atol=1e-6)
        assert np.linalg.norm(chin - top) == pytest.approx(1)
        np.testing.assert_allclose(eyes / np.linalg.norm(eyes), (1, 0, 0), atol=0.02)
        assert chin[1] > 0.49
        assert model.mean[1, 2] < model.mean[topology.FACE_OVAL[8], 2]


@pytest.mark.parametrize(
    "pictures", [["a", "b", "c", "d"], ["a", "a", "b", "c"]], ids=["nobody twice", "one person twice"]
)
def test_people_of_whom_there_is_one_picture_are_not_enough(pictures):
    with pytest.raises(ValueError, match="two people with two pictures"):
        fit_shape_model(np.zeros((4, 478, 3)), pictures)


@given(
    seed=st.integers(0, 1000),
    center=st.tuples(st.floats(-100, 900), st.floats(-100, 900)),
    height_px=st.floats(10, 900),
    yaw_deg=st.floats(-90, 90),
    pitch_deg=st.floats(-90, 90),
    roll_deg=st.floats(-180, 180),
)
def test_the_pose_does_not_show_in_the_shape(seed, center, height_px, **angles_deg):
    face = landmarks(seed, center=center, height_px=height_px, **angles_deg)
    expected = shape_model().shape_of(Landmarks(shape(seed).astype(np.float32)))
    np.testing.assert_allclose(shape_model().shape_of(face), expected, atol=2e-3)


def test_the_pose_of_the_mean_face_is_the_one_that_it_was_put_in():
    placed = pose(center=(200, 120), height_px=80, yaw_deg=25, pitch_deg=-10, roll_deg=40)
    found = shape_model().pose_of(Landmarks(placed.apply(shape()).astype(np.float32)))
    assert found.scale == pytest.approx(80, rel=1e-5)
    np.testing.assert_allclose(found.rotation, placed.rotation, atol=1e-5)
    np.testing.assert_allclose(found.translation, placed.translation, atol=1e-3)


def test_coefficients_come_back_from_the_shape_that_they_make():
    model = shape_model()
    coefficients = np.random.default_rng(2).normal(0, 0.1, len(model.components))
    np.testing.assert_allclose(model.coefficients_of(model.from_coefficients(coefficients)), coefficients, atol=1e-6)


def moved(*changes):
    """The mean face with some of its points moved by (x, y)."""
    face = shape().copy()
    for indices, x, y in changes:
        face[list(indices), :2] += (x, y)
    return face


RIGHT_UPPER_LID, RIGHT_LOWER_LID = (158, 159, 160), (144, 145, 153)
LEFT_UPPER_LID, LEFT_LOWER_LID = (385, 386, 387), (373, 374, 380)


@pytest.mark.parametrize(
    ("name", "face", "change"),
    [
        ("mouth_open", moved(([14], 0, 0.1)), 0.1),
        ("mouth_width", moved(([291], 0.03, 0), ([61], -0.03, 0)), 0.06),
        ("right_corner", moved(([61], 0, -0.02)), -0.02),
        ("left_corner", moved(([291], 0, -0.02)), -0.02),
        ("right_lids", moved((RIGHT_UPPER_LID, 0, -0.01), (RIGHT_LOWER_LID, 0, 0.005)), 0.015),
        ("left_lids", moved((LEFT_UPPER_LID, 0, -0.01), (LEFT_LOWER_LID, 0, 0.005)), 0.015),
        ("right_brow", moved((topology.RIGHT_BROW, 0, -0.04)), -0.04),
        ("left_brow", moved((topology.LEFT_BROW, 0, -0.04)), -0.04),
    ],
)
def test_a_functional_measures_its_own_movement_and_no_other(name, face, change):
    difference = expression_functionals() @ (face - shape()).ravel()
    expected = np.zeros(len(FUNCTIONAL_NAMES))
    expected[FUNCTIONAL_NAMES.index(name)] = change
    if name == "mouth_open":  # the corners are measured against the middle of both lips
        expected[2:4] = -change / 2
    np.testing.assert_allclose(difference, expected, atol=1e-12)


def test_a_functional_does_not_see_where_the_face_is():
    np.testing.assert_allclose(expression_functionals().reshape(8, 478, 3).sum(axis=1), 0, atol=1e-12)


def test_a_saved_model_is_read_as_it_was(tmp_path, fitted):
    path = tmp_path / "model.npz"
    fitted.save(path)
    loaded = ShapeModel.load(path)
    for name in ShapeModel.__slots__:
        np.testing.assert_allclose(getattr(loaded, name), getattr(fitted, name), atol=1e-6)


def test_a_file_that_is_no_shape_model_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", mean=np.zeros((478, 3)))
    (tmp_path / "text.npz").write_text("no arrays")
    for name in ("other.npz", "text.npz", "missing.npz"):
        with pytest.raises(WeightsError, match="not a shape model"):
            ShapeModel.load(tmp_path / name)


def test_the_shipped_model_has_orthonormal_components_and_true_covariances():
    model = shape_model()
    np.testing.assert_allclose(model.components @ model.components.T, np.eye(len(model.components)), atol=1e-5)
    for covariance in (model.within, model.between):
        np.testing.assert_allclose(covariance, covariance.T, atol=1e-8)
        assert np.linalg.eigvalsh(covariance).min() > -1e-8
    assert face_of(landmarks()).box.height == pytest.approx(100, rel=0.02)


def test_nuances_do_not_see_irises_and_are_alike_in_a_mirror():
    nuances = shape_model().nuances.reshape(NUANCES, 478, 3)
    size = np.abs(nuances).sum(axis=(1, 2))
    assert not nuances[:, topology.IRISES].any()
    mean = shape_model().mean
    counterpart = np.linalg.norm(mean[:, None] - (mean * (-1, 1, 1))[None], axis=2).argmin(axis=1)
    turned = nuances[:, counterpart] * (-1, 1, 1)
    assert (np.abs(turned - nuances).sum(axis=(1, 2)) < 0.1 * size).all()


def test_measures_change_by_what_they_are_changed_by_and_nuances_by_themselves():
    model = shape_model()
    change = model.components.T @ model.change_with(model.measures)
    np.testing.assert_allclose(model.measures @ change, np.eye(len(FUNCTIONAL_NAMES) + NUANCES), atol=1e-4)
    named = model.components.T @ model.change_with(expression_functionals())
    np.testing.assert_allclose(model.nuances @ named, 0, atol=1e-4)
