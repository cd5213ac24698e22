import numpy as np
import pytest
from mean_face import mean_face

from ganonymization.alignment import Framing
from ganonymization.errors import WeightsError
from ganonymization.recognise import (
    FACE_RECOGNITION,
    FACERES,
    Recogniser,
    RecogniserSpec,
    Thresholds,
    distance,
)

SPEC = RecogniserSpec("fake", "embedding", 16, Framing(padding=0.0))
THRESHOLDS = Thresholds(far_1_percent=0.6, far_0_1_percent=0.5, far_0_01_percent=0.4, stranger=0.8)


class MeanColour:
    """A network whose embedding is the mean colour; remembers the size of its batches."""

    def __init__(self):
        self.batches = []

    def __call__(self, image):
        self.batches.append(image.shape)
        return [image.mean(axis=(2, 3))]


def halves():
    image = np.zeros((100, 200, 3), np.uint8)
    image[:, :100] = (200, 100, 50)
    image[:, 100:] = (10, 20, 30)
    return image, [mean_face(80, left_top=(10, 10)), mean_face(80, left_top=(110, 10))]


def test_an_embedding_is_made_of_the_face_alone():
    image, (left, right) = halves()
    recogniser = Recogniser(MeanColour(), spec=SPEC, thresholds=THRESHOLDS)
    np.testing.assert_allclose(recogniser(image, left), (200, 100, 50))
    np.testing.assert_allclose(recogniser(image, right), (10, 20, 30))


def test_several_faces_are_embedded_in_one_run_and_in_order():
    image, faces = halves()
    network = MeanColour()
    embeddings = Recogniser(network, spec=SPEC, thresholds=THRESHOLDS).embed_all(image, faces)
    np.testing.assert_allclose(embeddings, [(200, 100, 50), (10, 20, 30)])
    assert network.batches == [(2, 3, 16, 16)]


def test_distance_is_euclidean():
    assert distance(np.array([0, 3], np.float32), np.array([4, 0], np.float32)) == 5


@pytest.mark.parametrize("spec", [FACE_RECOGNITION, FACERES], ids=lambda spec: spec.weights)
def test_a_stricter_rate_has_a_smaller_threshold(spec):
    thresholds = Thresholds.load(spec.weights)
    assert 0 < thresholds.far_0_01_percent < thresholds.far_0_1_percent < thresholds.far_1_percent < 2


def test_a_recogniser_without_thresholds_is_refused():
    with pytest.raises(WeightsError, match=r"fake.*fit_thresholds"):
        Thresholds.load("fake")


@pytest.mark.parametrize("spec", [FACE_RECOGNITION, FACERES], ids=lambda spec: spec.weights)
def test_the_packaged_network_takes_the_spec(spec):
    image, faces = halves()
    recogniser = Recogniser.load(spec)
    embeddings = recogniser.embed_all(image, faces)
    assert embeddings.shape == (2, {"face_recognition": 128, "faceres": 1024}[spec.weights])
    np.testing.assert_allclose(embeddings[0], recogniser(image, faces[0]), atol=1e-4)
    assert distance(embeddings[0], embeddings[1]) > 0.01
