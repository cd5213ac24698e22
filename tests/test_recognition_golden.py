"""The converted recognition and expression networks against the TensorFlow.js packages they come from."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ganonymization import weights
from ganonymization.expression import EMOTION, FACE_EXPRESSION
from ganonymization.onnx import Network

GOLDEN = Path(__file__).parent / "golden" / "recognition.npz"
NETWORKS = {
    "face_recognition": (150, ["embedding"]),
    "face_expression": (112, ["probabilities"]),
    "emotion": (64, ["probabilities"]),
    "faceres": (224, ["descriptor", "age", "gender"]),
}


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def pictures(golden):
    encoded = [golden[f"picture_{index}"] for index in range(8)]
    return [cv2.cvtColor(cv2.imdecode(png, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB) for png in encoded]


def run(name, pictures):
    size_px, outputs = NETWORKS[name]
    network = Network(weights.locate(name), inputs=["image"], outputs=outputs)
    return network(image=batch(pictures, size_px))


def batch(pictures, size_px):
    # as tools/golden_recognition.py prepares the originals' input
    size_wh = (size_px, size_px)
    resized = [cv2.resize(p.astype(np.float32), size_wh, interpolation=cv2.INTER_AREA) for p in pictures]
    return np.ascontiguousarray(np.stack(resized).transpose(0, 3, 1, 2))


def cosines(first, second):
    return (first * second).sum(axis=1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)


def test_face_recognition_gives_the_original_embeddings(pictures, golden):
    (embedding,) = run("face_recognition", pictures)
    assert embedding.shape == (8, 128)
    assert cosines(embedding, golden["embedding"]).min() >= 0.999
    np.testing.assert_allclose(np.linalg.norm(embedding - golden["embedding"], axis=1), 0, atol=0.005)


def test_faceres_gives_the_original_descriptors_at_length_one(pictures, golden):
    descriptor, _, _ = run("faceres", pictures)
    assert descriptor.shape == (8, 1024)
    assert cosines(descriptor, golden["descriptor"]).min() >= 0.999
    np.testing.assert_allclose(np.linalg.norm(descriptor, axis=1), 1, atol=1e-5)


def test_faceres_gives_the_original_age_and_gender(pictures, golden):
    _, age, gender = run("faceres", pictures)
    assert np.ptp(golden["age"]) > 10
    assert np.ptp(golden["gender"]) > 0.5
    np.testing.assert_allclose(age, golden["age"], atol=0.2)
    np.testing.assert_allclose(gender, golden["gender"], atol=0.01)


@pytest.mark.parametrize(("name", "reference"), [("face_expression", "expression"), ("emotion", "emotion")])
def test_classifiers_give_the_original_probabilities(name, reference, pictures, golden):
    (probabilities,) = run(name, pictures)
    assert len(set(golden[reference].argmax(axis=1))) > 1
    np.testing.assert_allclose(probabilities, golden[reference], atol=0.01)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_gives_what_its_faces_give_one_by_one(name, pictures):
    together = run(name, pictures[:3])
    singly = [np.concatenate(parts) for parts in zip(*(run(name, [p]) for p in pictures[:3]), strict=True)]
    for whole, parts in zip(together, singly, strict=True):
        np.testing.assert_allclose(whole, parts, atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_of_none_gives_none(name):
    size_px, outputs = NETWORKS[name]
    network = Network(weights.locate(name), inputs=["image"], outputs=outputs)
    empty = network(image=np.zeros((0, 3, size_px, size_px), np.float32))
    assert [len(output) for output in empty] == [0] * len(outputs)


@pytest.mark.parametrize("spec", [FACE_EXPRESSION, EMOTION], ids=lambda spec: spec.weights)
def test_labels_are_those_of_the_catalogue(spec):
    described = weights.read_catalogue()[spec.weights].output
    assert described.endswith(", ".join(spec.labels))
