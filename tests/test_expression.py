import numpy as np
import pytest
from mean_face import mean_face

from ganonymization.alignment import Framing
from ganonymization.expression import EMOTION, FACE_EXPRESSION, ClassifierSpec, Expression, ExpressionClassifier

SPEC = ClassifierSpec("fake", 16, Framing(padding=0.0), ("anger", "happiness", "neutral"))


class ShareOfColour:
    """A network whose probabilities are the shares of red, green and blue; remembers the size of its batches."""

    def __init__(self):
        self.batches = []

    def __call__(self, image):
        self.batches.append(image.shape)
        colour = image.mean(axis=(2, 3))
        return [colour / colour.sum(axis=1, keepdims=True)]


def halves():
    image = np.zeros((100, 200, 3), np.uint8)
    image[:, :100] = (50, 150, 50)
    image[:, 100:] = (120, 60, 60)
    return image, [mean_face(80, left_top=(10, 10)), mean_face(80, left_top=(110, 10))]


def test_probabilities_carry_the_labels_of_the_network():
    image, (left, _) = halves()
    expression = ExpressionClassifier(ShareOfColour(), spec=SPEC)(image, left)
    assert expression.labels == SPEC.labels
    np.testing.assert_allclose(expression.probabilities, (0.2, 0.6, 0.2), atol=1e-6)
    assert expression.label == "happiness"


def test_several_faces_are_classified_in_one_run_and_in_order():
    image, faces = halves()
    network = ShareOfColour()
    expressions = ExpressionClassifier(network, spec=SPEC).classify_all(image, faces)
    assert [expression.label for expression in expressions] == ["happiness", "anger"]
    assert network.batches == [(2, 3, 16, 16)]


def test_a_probability_is_found_by_its_label():
    expression = Expression(("anger", "neutral"), (0.25, 0.75))
    assert expression.probability_of("anger") == 0.25
    assert expression.probability_of("neutral") == 0.75


def test_an_unknown_label_is_named():
    with pytest.raises(ValueError, match=r"'joy' is not among the expressions anger, neutral"):
        Expression(("anger", "neutral"), (0.25, 0.75)).probability_of("joy")


@pytest.mark.parametrize("spec", [FACE_EXPRESSION, EMOTION], ids=lambda spec: spec.weights)
def test_the_packaged_network_takes_the_spec(spec):
    image, faces = halves()
    classifier = ExpressionClassifier.load(spec)
    together = classifier.classify_all(image, faces)
    assert sum(together[0].probabilities) == pytest.approx(1, abs=1e-4)
    assert together[0].probabilities == pytest.approx(classifier(image, faces[0]).probabilities, abs=1e-4)
    assert together[0].probabilities != together[1].probabilities
