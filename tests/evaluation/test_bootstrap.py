import numpy as np
import pytest
from scipy.stats import bootstrap, norm

from ganonymization.evaluation import bootstrap as module
from ganonymization.evaluation.bootstrap import interval_over_people, mean_over_people, ratio, totals_by_person


def generator():
    return np.random.default_rng(3)


def test_totals_are_sums_over_the_photos_of_each_person():
    totals = totals_by_person(np.array([[1.0, 1], [2, 1], [5, 1]]), ["b", "a", "b"])
    np.testing.assert_array_equal(totals, [[2, 1], [6, 2]])


def test_the_interval_of_a_mean_is_that_of_scipy():
    values = generator().normal(10, 2, 300)
    people = [str(index) for index in range(300)]
    found = mean_over_people(values, people, random=generator())
    oracle = bootstrap((values,), np.mean, n_resamples=2000, method="percentile", rng=generator()).confidence_interval
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=0.05)


def test_the_interval_of_a_mean_has_the_width_of_the_closed_form():
    values = generator().normal(0, 1, 2000)
    found = mean_over_people(values, [str(index) for index in range(2000)], random=generator())
    assert found.high - found.low == pytest.approx(2 * norm.ppf(0.975) / np.sqrt(2000), rel=0.1)


def test_photos_of_one_person_do_not_make_a_figure_surer():
    people_values = generator().normal(0, 1, 50)
    once = mean_over_people(people_values, [str(index) for index in range(50)], random=generator())
    often = mean_over_people(
        np.repeat(people_values, 20), np.repeat([str(index) for index in range(50)], 20).tolist(), random=generator()
    )
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_the_same_seed_gives_the_same_interval():
    totals = np.stack([generator().random(30), np.ones(30)], axis=1)
    assert interval_over_people(totals, ratio, random=generator()) == interval_over_people(
        totals, ratio, random=generator()
    )


@pytest.mark.parametrize("people", [[], ["a"], ["a", "a"]])
def test_an_interval_needs_two_people(people):
    with pytest.raises(ValueError, match="two or more"):
        mean_over_people(np.ones(len(people)), people, random=generator())


def test_a_figure_that_is_undefined_is_refused():
    with pytest.raises(ValueError, match="undefined"):
        interval_over_people(np.zeros((5, 2)), ratio, random=generator())


def test_rows_without_a_name_are_refused():
    with pytest.raises(ValueError, match="3 rows for 2 photos"):
        totals_by_person(np.ones((3, 1)), ["a", "b"])


def test_drawing_some_rounds_at_a_time_draws_the_same_people(monkeypatch):
    totals = totals_by_person(np.stack([generator().normal(size=70), np.ones(70)], axis=1), list(map(str, range(70))))
    whole = interval_over_people(totals, ratio, random=generator())
    monkeypatch.setattr(module, "_DRAWN", 70 * 9)
    assert interval_over_people(totals, ratio, random=generator()) == whole
