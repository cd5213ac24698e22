import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.folds import people_folds


@given(people=st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=60).filter(lambda row: len(set(row)) >= 3))
def test_everybody_is_held_out_once_with_all_photos(people):
    folds = list(people_folds(people, count=3))
    np.testing.assert_array_equal(np.sum(folds, axis=0), 1)
    for held_out in folds:
        inside = {name for name, flag in zip(people, held_out, strict=True) if flag}
        outside = {name for name, flag in zip(people, held_out, strict=True) if not flag}
        assert inside
        assert inside.isdisjoint(outside)


def test_fewer_people_than_folds_are_refused():
    with pytest.raises(NotMeasurableError, match="2 people cannot be divided into 3"):
        people_folds(["a", "b", "b"], count=3)
