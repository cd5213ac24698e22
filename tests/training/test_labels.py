import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import face_set

from ganonymization.expression import FACE_EXPRESSION
from ganonymization.training.labels import LEAST_SHARE, label_expressions, rare_more_often

LABELS = np.repeat([0, 1, 2], [80, 19, 1])


@given(st.floats(0, 1))
def test_a_rare_label_is_drawn_more_often_and_no_oftener_than_the_bound_allows(power):
    shares = rare_more_often(LABELS, power)
    common, rare, rarest = (shares[label == LABELS].mean() for label in range(3))
    assert shares.sum() == pytest.approx(1)
    assert common <= rare * (1 + 1e-9)
    assert rare <= rarest * (1 + 1e-9)
    assert rarest / common == pytest.approx((0.8 / LEAST_SHARE) ** power)


def test_the_ends_of_the_scale():
    np.testing.assert_allclose(rare_more_often(LABELS, 0), 0.01)
    both = rare_more_often(LABELS[:99], 1)
    assert both[:80].sum() == pytest.approx(both[80:].sum())


def test_every_face_of_a_set_gets_an_expression():
    labels = label_expressions(face_set())
    assert labels.shape == (len(face_set().names),)
    assert labels.max() < len(FACE_EXPRESSION.labels)
