import numpy as np
import pytest

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.jackknife import NORMAL_97_5, jackknife_over_people


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(0).standard_normal(10)
    interval = jackknife_over_people(lambda some: float(values[some].mean()), [str(index) for index in range(10)])
    error = values.std(ddof=1) / np.sqrt(10)
    assert interval.value == pytest.approx(values.mean())
    assert interval.high - interval.value == pytest.approx(NORMAL_97_5 * error)


def test_photos_of_one_person_are_left_out_together():
    people = ["a", "a", "b", "b", "c"]
    seen = []
    jackknife_over_people(lambda some: float(seen.append(tuple(np.asarray(people)[some])) or 0), people)
    assert all("a" not in one or one.count("a") == 2 for one in seen)


def test_one_person_has_no_interval():
    with pytest.raises(NotMeasurableError, match="1 people"):
        jackknife_over_people(lambda _: 0.0, ["a", "a"])
