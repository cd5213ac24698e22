"""Whether one identity is one person, in cases where that is known."""

import numpy as np
import pytest
import world
from fakes import shape_model
from sklearn.metrics import roc_auc_score

from ganonymization.errors import NothingMadeError, NotMeasurableError
from ganonymization.evaluation.consistency import (
    IDENTITIES,
    PHOTOS,
    Renderings,
    area_under_curve,
    choose_photos,
    compare,
    consistency_figures,
    identities_of,
)
from ganonymization.evaluation.methods.whole import Isolated

COUNT = 6


def renderings(vector_of, identities=COUNT, photos=COUNT):
    identity, photo = (part.ravel() for part in np.indices((identities, photos)))
    return Renderings(np.array([vector_of(*pair) for pair in zip(identity, photo, strict=True)]), identity, photo)


def figures(drawn):
    return {name: one.value for name, one in consistency_figures(drawn, prefix="", suffix="").items()}


def test_an_identity_that_is_one_face_everywhere_is_told_on_every_pair():
    found = figures(renderings(lambda identity, _photo: np.eye(COUNT)[identity]))
    assert (found["auc"], found["within"], found["between"], found["eer"]) == (1, pytest.approx(1), 0, 0)


def test_a_photo_that_decides_the_face_leaves_nothing_to_tell():
    found = figures(renderings(lambda _identity, photo: np.eye(COUNT)[photo]))
    assert found["auc"] == 0.5
    assert found["same_photo"] == pytest.approx(1)


def test_faces_at_random_are_told_at_chance():
    random = np.random.default_rng(0)
    one = consistency_figures(renderings(lambda *_: random.normal(size=8), 20, 20), prefix="", suffix="_x")["auc_x"]
    assert one.value == pytest.approx(0.5, abs=0.02)
    assert one.low < 0.5 < one.high


def test_the_area_is_that_of_scikit_learn():
    random = np.random.default_rng(1)
    within, between = np.round(random.normal(0.8, 0.3, 40), 1), np.round(random.normal(1, 0.3, 70), 1)
    oracle = roc_auc_score(np.r_[np.ones(40), np.zeros(70)], -np.r_[within, between])
    assert area_under_curve(within, between) == pytest.approx(oracle)


def test_two_outputs_of_one_photo_are_no_pair_of_two_people():
    alike = compare(renderings(lambda identity, _photo: np.eye(3)[identity], 3, 4))
    assert len(alike.within) == 3 * 6
    assert len(alike.between) == 3 * 4 * 3
    assert len(alike.same_photo_cosine) == 3 * 4


def test_one_identity_cannot_be_compared():
    with pytest.raises(NotMeasurableError, match="two identities"):
        compare(renderings(lambda *_: np.ones(2), 1, 3))


def test_photos_are_of_different_people_and_usable():
    people = [f"p{index // 3}" for index in range(90)]
    chosen = choose_photos(people, lambda place: place % 3 == 1, random=np.random.default_rng(0))
    assert len(chosen) == PHOTOS == len({people[place] for place in chosen})
    assert all(place % 3 == 1 for place in chosen)
    assert choose_photos(people, lambda place: place == 4, random=np.random.default_rng(0)) == [4]


def test_identities_are_distinct_and_those_of_the_seed():
    assert len(set(identities_of(0))) == IDENTITIES
    assert identities_of(0) == identities_of(0) != identities_of(1)


@pytest.fixture
def people(tmp_path):
    return world.write_people(tmp_path / "people", [2] * 14)


def test_a_method_that_follows_the_identity_is_consistent(people, tmp_path):
    found = world.figures_of(world.evaluate(people, tmp_path, "stranger_by_identity"))
    assert found["identity_consistency_auc"] == found["identity_consistency_auc_faceres"] == 1
    assert found["identity_consistency_faces"] == 1
    assert not any("isolated" in name for name in found)


def test_a_method_that_takes_no_identity_has_no_such_figures(people, tmp_path):
    found = world.figures_of(world.evaluate(people, tmp_path, "unchanged"))
    assert not any(name.startswith("identity_consistency") for name in found)


def subject():
    photo = world.photo(1, 1)
    return photo, world.subject_on(photo)


def test_a_cut_out_knows_where_it_lies():
    photo, one = subject()
    asked = []

    def isolate(_image, *, identity):
        asked.append(identity)
        return [np.full((64, 64, 3), 9, np.uint8)]

    altered = Isolated(isolate, shape_model())(photo, one)
    assert asked == [one.identity]
    assert (altered.image == 9).all()
    nose = altered.altered_from_original @ [*one.landmarks.points[1, :2], 1]
    assert np.abs(nose - 32).max() < 16


@pytest.mark.parametrize("cutouts", [[], [np.zeros((8, 8, 3), np.uint8)], [np.ones((8, 8, 3), np.uint8)] * 2])
def test_no_cut_out_or_several_are_no_output(cutouts):
    photo, one = subject()
    with pytest.raises(NothingMadeError):
        Isolated(lambda _image, *, identity: cutouts, shape_model())(photo, one)  # noqa: ARG005 - by name
