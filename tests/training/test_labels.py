import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import face_set

from ganonymization.appearance import AGE_BANDS, Appearance
from ganonymization.expression import FACE_EXPRESSION
from ganonymization.shape import ShapeModel
from ganonymization.surround import no_surround
from ganonymization.training.labels import (
    LEAST_SHARE,
    label_expressions,
    label_looks,
    male_by_shape,
    picture_landmarks,
    rare_more_often,
)
from ganonymization.traits import ReadTraits, ShapeTraits

PLAIN = Appearance(np.zeros(3, np.float32), 0.1, 0.5, np.full(3, 1 / 3, np.float32), 0.1)
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


def test_faces_look_alike_only_where_their_expressions_do():
    faces = face_set()
    looks, expressions = label_looks(faces), label_expressions(faces)
    assert looks.shape == expressions.shape
    np.testing.assert_array_equal(looks // (2 * len(AGE_BANDS)), expressions)


def test_the_sex_of_training_faces_is_what_their_proportions_suggest_when_the_anonymizer_reads_them():
    faces = face_set()
    found = male_by_shape(faces)
    read = ReadTraits(lambda _: PLAIN, ShapeModel.load(), ShapeTraits.load())
    surround = no_surround(32)
    wanted = [read(surround, picture_landmarks(faces, index)).male for index in range(len(faces.names))]
    np.testing.assert_allclose(1 / (1 + np.exp(-found)), wanted, atol=1e-6)
