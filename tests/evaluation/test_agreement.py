import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from ganonymization.evaluation.agreement import (
    agreement_of_confusion,
    cohen_kappa,
    confusion_rows,
    correlation_of_products,
    label_agreement,
    within_person_correlation,
    within_person_rows,
)

LABELS = ["anger", "joy", "none"]


def random_labels(count=300):
    random = np.random.default_rng(5)
    before = random.choice(LABELS, count)
    after = np.where(random.random(count) < 0.6, before, random.choice(LABELS, count))
    return before.tolist(), after.tolist()


def test_kappa_is_that_of_scikit_learn():
    before, after = random_labels()
    assert cohen_kappa(before, after) == pytest.approx(cohen_kappa_score(before, after))


def test_agreement_is_the_share_of_equal_labels():
    before, after = random_labels()
    rows = confusion_rows(before, after, LABELS)
    np.testing.assert_array_equal(rows.sum(axis=0).reshape(3, 3), confusion_matrix(before, after, labels=LABELS))
    assert label_agreement(before, after) == pytest.approx(agreement_of_confusion(rows.sum(axis=0)))


def test_labels_that_stay_have_kappa_one_and_labels_that_know_nothing_kappa_zero():
    assert cohen_kappa(["a", "b", "a"], ["a", "b", "a"]) == 1
    assert cohen_kappa(["a", "a", "b", "b"], ["a", "b", "a", "b"]) == 0
    assert cohen_kappa(["a", "b"], ["a", "a"]) == 0


def test_one_label_everywhere_has_no_kappa():
    with pytest.raises(ValueError, match="two labels"):
        cohen_kappa(["joy"] * 3, ["joy"] * 3)


def test_no_photos_and_unequal_lists_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        cohen_kappa([], [])
    with pytest.raises(ValueError, match="equally many"):
        label_agreement(["a"], ["a", "b"])


def test_a_label_that_is_not_known_is_named():
    with pytest.raises(ValueError, match="rage"):
        confusion_rows(["rage"], ["joy"], LABELS)


def test_correlation_within_people_ignores_what_differs_between_them():
    random = np.random.default_rng(1)
    people = np.repeat([f"p{index}" for index in range(40)], 5)
    inside = random.normal(size=200)
    noise = random.normal(size=200)
    first = inside + np.repeat(random.normal(0, 50, 40), 5)
    second = inside + 0.5 * noise + np.repeat(random.normal(0, 50, 40), 5)
    centre = lambda values: values - np.repeat(values.reshape(40, 5).mean(axis=1), 5)  # noqa: E731
    oracle = pearsonr(centre(first), centre(second)).statistic
    assert within_person_correlation(first, second, people.tolist()) == pytest.approx(oracle)
    assert oracle > 0.8


def test_a_measure_scaled_and_shifted_correlates_fully_and_reversed_it_anticorrelates():
    values = np.array([1.0, 2, 4, 9])
    people = ["a", "a", "b", "b"]
    assert within_person_correlation(values, 3 * values + 7, people) == pytest.approx(1)
    assert within_person_correlation(values, -values, people) == pytest.approx(-1)


def test_a_person_with_one_photo_adds_nothing():
    rows = within_person_rows(np.array([1.0, 2, 100]), np.array([1.0, 2, -100]), ["a", "a", "b"])
    assert not rows[2].any()
    assert correlation_of_products(rows.sum(axis=0)) == pytest.approx(1)


def test_one_photo_of_each_person_has_no_correlation_within_people():
    with pytest.raises(ValueError, match="varies within a person"):
        within_person_correlation(np.arange(3.0), np.arange(3.0), ["a", "b", "c"])


def test_a_measure_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        within_person_correlation(np.array([1, np.nan]), np.ones(2), ["a", "a"])
