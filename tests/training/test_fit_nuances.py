import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import shape_model

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

TOOLS = Path(__file__).parents[2] / "tools"

PEOPLE, PHOTOS = 150, 6


@pytest.fixture(scope="module")
def tool():
    sys.path.insert(0, str(TOOLS))
    try:
        import fit_nuances
    finally:
        sys.path.remove(str(TOOLS))
    return fit_nuances


@pytest.fixture(scope="module")
def faces():
    """Coefficients of faces that move in one way, differ between people in another, and are read by both alike."""
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(PEOPLE), PHOTOS)
    coefficients = random.normal(0, 0.01, (len(people), len(shape_model().components)))
    coefficients[:, 3] = 0.1 * random.normal(size=len(people))
    coefficients[:, 7] = 0.1 * random.normal(size=PEOPLE)[people]
    features = coefficients[:, [3, 7]] @ random.normal(size=(2, 12)) + random.normal(0, 0.02, (len(people), 12))
    return people, coefficients, features


def test_what_moves_is_found_before_what_tells_people_apart(tool, faces):
    people, coefficients, features = faces
    model = shape_model()
    found = tool.find(model, coefficients @ model.components, np.ones((len(people), 1)), features, people)
    told = (coefficients @ model.components) @ found.T
    moves, person = (np.abs([np.corrcoef(one, coefficients[:, place])[0, 1] for one in told.T]) for place in (3, 7))
    assert moves[0] > 0.9
    assert person[0] < 0.5


def test_what_is_told_already_leaves_the_rest_to_be_found(tool, faces):
    people, coefficients, features = faces
    model = shape_model()
    told = np.hstack([np.ones((len(people), 1)), 10 * coefficients[:, [3]]])
    found = tool.find(model, coefficients @ model.components, told, features, people)
    first = (coefficients @ model.components) @ found[0]
    beyond = first - told @ np.linalg.lstsq(told, first)[0]
    assert abs(np.corrcoef(beyond, coefficients[:, 7])[0, 1]) > 0.9


def test_measures_are_parted_from_the_named_ones_and_from_their_mirror_images(tool):
    model = shape_model()
    rows = np.random.default_rng(1).normal(size=(2, model.components.shape[1]))
    parted = tool.apart(model, rows)
    named = model.change_with(tool.expression_functionals())
    np.testing.assert_allclose(parted @ model.components.T @ named, 0, atol=1e-8)
    even = tool.symmetric(model.nuances)
    np.testing.assert_allclose(even, model.nuances, atol=0.1 * np.abs(model.nuances).max())
