import numpy as np
import pytest
from scipy.stats import multivariate_normal

from ganonymization.errors import WeightsError
from ganonymization.evaluation.landmark_attack import TwoCovarianceMatcher, shape_coefficients
from ganonymization.evaluation.verification import identify, same_person, without_own_photo
from ganonymization.shape import ShapeModel
from ganonymization.types import Landmarks


def covariances(random, size=4):
    roots = random.normal(size=(2, size, size))
    between, within = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(size)
    return between, within


def sample_people(random, between, within, *, people=200, photos=4):
    persons = random.multivariate_normal(np.zeros(len(between)), between, people)
    vectors = np.repeat(persons, photos, axis=0) + random.multivariate_normal(
        np.zeros(len(within)), within, people * photos
    )
    return vectors, np.repeat([f"p{index}" for index in range(people)], photos).tolist()


def test_scores_are_the_log_likelihood_ratios_of_the_joint_normals():
    random = np.random.default_rng(2)
    between, within = covariances(random)
    mean = random.normal(size=4)
    x, y = random.normal(size=(2, 5, 4))
    scores = TwoCovarianceMatcher.from_covariances(mean, between=between, within=within).scores(x, y)
    total = between + within
    joint = multivariate_normal(np.r_[mean, mean], np.block([[total, between], [between, total]]))
    alone = multivariate_normal(mean, total)
    oracle = [[joint.logpdf(np.r_[a, b]) - alone.logpdf(a) - alone.logpdf(b) for b in y] for a in x]
    np.testing.assert_allclose(scores, oracle, atol=1e-8)


def test_fitting_finds_the_covariances_that_the_people_were_drawn_from():
    random = np.random.default_rng(4)
    between, within = covariances(random)
    vectors, people = sample_people(random, between, within, people=4000)
    fitted = TwoCovarianceMatcher.fit(vectors, people)
    true = TwoCovarianceMatcher.from_covariances(np.zeros(4), between=between, within=within)
    np.testing.assert_allclose(fitted.between, true.between, rtol=0.05, atol=0.03)


def test_people_who_differ_are_found_and_people_who_do_not_are_found_by_chance():
    random = np.random.default_rng(6)
    within = np.eye(8)
    for spread, low, high in ((400.0, 0.99, 1.0), (0.0, 0.0, 0.02)):
        vectors, people = sample_people(random, spread * np.eye(8), within)
        others, other_people = sample_people(random, spread * np.eye(8), within)
        matcher = TwoCovarianceMatcher.fit(others, other_people)
        distances = without_own_photo(-matcher.scores(vectors, vectors))
        assert low <= identify(distances, same_person(people, people)).rate <= high


@pytest.mark.parametrize("people", [["a", "a", "a"], ["a", "b", "c"], ["a", "a", "b"]])
def test_a_matcher_needs_two_people_with_two_photos(people):
    with pytest.raises(ValueError, match="two such people"):
        TwoCovarianceMatcher.fit(np.random.default_rng(0).normal(size=(3, 2)), people)


def test_a_covariance_without_an_inverse_is_refused():
    with pytest.raises(ValueError, match="positive definite"):
        TwoCovarianceMatcher.from_covariances(np.zeros(2), between=np.eye(2), within=np.zeros((2, 2)))


def test_people_photographed_once_do_not_pass_their_noise_for_a_difference_between_people():
    # as in wild sets, whoever is seen once is seen in a worse photo
    random = np.random.default_rng(12)
    between, within = np.diag([4.0, 1.0]), np.diag([1.0, 4.0])
    vectors, people = sample_people(random, between, within, people=300, photos=6)
    once, _ = sample_people(random, between, 4 * within, people=600, photos=1)
    names = people + [f"once {index}" for index in range(600)]
    fitted = TwoCovarianceMatcher.fit(np.concatenate([vectors, once]), names)
    worst = np.cov(np.concatenate([vectors.reshape(300, 6, 2).mean(axis=1), once]).T)  # everybody weighs the same
    true, noisy = sorted(fitted.between), float(worst[1, 1])
    assert noisy > 10
    assert true[0] == pytest.approx(1 / 4, abs=0.75)
    assert true[1] == pytest.approx(4, rel=0.3)


def test_the_shipped_matcher_is_read_as_it_was_written(tmp_path):
    random = np.random.default_rng(1)
    fitted = TwoCovarianceMatcher.fit(*sample_people(random, *covariances(random)))
    fitted.save(tmp_path / "matcher.npz")
    x, y = random.normal(size=(2, 5, 4))
    read = TwoCovarianceMatcher.load(tmp_path / "matcher.npz")
    np.testing.assert_allclose(read.scores(x, y), fitted.scores(x, y), rtol=1e-4, atol=1e-4)


def test_the_matcher_of_the_package_knows_faces():
    model, matcher = ShapeModel.load(), TwoCovarianceMatcher.load()
    random = np.random.default_rng(2)
    people = random.multivariate_normal(np.zeros(60), model.between, 100)
    photos = [people + random.multivariate_normal(np.zeros(60), model.within, 100) for _ in range(2)]
    names = [str(index) for index in range(100)]
    assert identify(-matcher.scores(*photos), same_person(names, names)).rate > 0.6


@pytest.mark.parametrize("content", [b"", b"PK nothing"])
def test_a_file_that_is_no_matcher_is_refused(tmp_path, content):
    (tmp_path / "matcher.npz").write_bytes(content)
    with pytest.raises(WeightsError, match="not a matcher"):
        TwoCovarianceMatcher.load(tmp_path / "matcher.npz")


def test_coefficients_do_not_depend_on_place_and_size():
    model = ShapeModel.load()
    faces = [Landmarks((model.mean * scale + scale).astype(np.float32)) for scale in (80, 200)]
    small, large = shape_coefficients(model, faces)
    np.testing.assert_allclose(small, large, atol=1e-4)
    np.testing.assert_allclose(small, 0, atol=1e-4)


def test_no_landmarks_are_refused():
    with pytest.raises(ValueError, match="no landmarks"):
        shape_coefficients(ShapeModel.load(), [])
