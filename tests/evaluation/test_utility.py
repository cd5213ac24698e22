import numpy as np
import pytest
from fakes import landmarks, noise_picture
from sklearn.metrics import f1_score

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.agreement import confusion_rows
from ganonymization.evaluation.utility import (
    describe_face,
    f1_of_confusion,
    mean_f1_of_confusion,
    oriented_gradients,
    predict_held_out,
)

LABELS = ["anger", "joy", "none"]


@pytest.fixture
def random():
    return np.random.default_rng(4)


def toward(angle_deg):
    """Brightness that rises in one direction."""
    y, x = np.mgrid[:64, :64]
    angle = np.radians(angle_deg)
    return (3 * (np.cos(angle) * x + np.sin(angle) * y)).astype(np.float32)


def by_direction(description):
    return description.reshape(4, 9, 49).sum(axis=(0, 2))


@pytest.mark.parametrize("direction", range(9))
def test_a_slope_falls_into_the_bin_of_its_direction(direction):
    angle_deg = (direction + 0.5) * 20
    found = by_direction(oriented_gradients(toward(angle_deg)))
    assert found.argmax() == direction
    assert found[direction] == pytest.approx(found.sum(), rel=1e-4)


def test_a_slope_between_two_bins_is_shared_and_its_sign_does_not_matter():
    found = by_direction(oriented_gradients(toward(40)))
    assert found[1] == pytest.approx(found[2], rel=1e-3)
    np.testing.assert_allclose(oriented_gradients(toward(40)), oriented_gradients(toward(220)), rtol=1e-3)


def test_light_does_not_matter(random):
    levels = random.uniform(0, 200, (64, 64)).astype(np.float32)
    np.testing.assert_allclose(oriented_gradients(levels + 40), oriented_gradients(levels), atol=1e-4)
    np.testing.assert_allclose(oriented_gradients(levels / 2), oriented_gradients(levels), atol=1e-3)
    assert not oriented_gradients(np.full((64, 64), 9, np.float32)).any()


def test_the_description_follows_the_face_not_its_place():
    picture = noise_picture(300, 300)
    moved = np.roll(picture, (20, 10), axis=(0, 1))
    first = describe_face(picture, landmarks(1, center=(120, 120)))
    second = describe_face(moved, landmarks(1, center=(130, 140)))
    assert first.shape == (1764,)
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_f1_is_that_of_scikit_learn(random):
    truth, predicted = random.choice(LABELS, 200).tolist(), random.choice(LABELS, 200).tolist()
    totals = confusion_rows(truth, predicted, LABELS).sum(axis=0)
    np.testing.assert_allclose(f1_of_confusion(totals), f1_score(truth, predicted, labels=LABELS, average=None))
    assert mean_f1_of_confusion(totals) == pytest.approx(f1_score(truth, predicted, average="macro"))


def test_a_label_that_does_not_occur_has_no_f1_and_does_not_lower_the_mean():
    totals = confusion_rows(["joy", "none"], ["joy", "none"], LABELS).sum(axis=0)
    np.testing.assert_array_equal(f1_of_confusion(totals), [np.nan, 1, 1])
    assert mean_f1_of_confusion(totals) == 1
    assert np.isnan(mean_f1_of_confusion(np.zeros(9)))


def sample(random, *, people=40):
    """Descriptions in which the label shows, and the person far more."""
    names = np.repeat([f"p{index}" for index in range(people)], 3).tolist()
    labels = random.choice(LABELS, len(names)).tolist()
    vectors = random.normal(0, 0.3, (len(names), 12))
    vectors[np.arange(len(names)), [LABELS.index(label) for label in labels]] += 2
    vectors[:, 6:] += np.repeat(random.normal(0, 5, (people, 6)), 3, axis=0)
    return vectors, labels, names


def test_labels_are_learnt_from_other_people(random):
    vectors, labels, names = sample(random)
    assert np.mean(np.array(predict_held_out(vectors, vectors, labels, names)) == labels) > 0.95


def test_outputs_without_the_label_teach_nothing(random):
    vectors, labels, names = sample(random)
    predicted = predict_held_out(random.normal(size=vectors.shape), vectors, labels, names)
    assert np.mean(np.array(predicted) == labels) < 0.5


def test_a_label_that_only_the_person_tells_cannot_be_learnt(random):
    vectors, _, names = sample(random)
    labels = np.repeat(random.choice(LABELS, 40), 3).tolist()
    predicted = predict_held_out(vectors, vectors, labels, names)
    assert np.mean(np.array(predicted) == labels) < 0.55


def test_the_figures_are_the_same_every_time(random):
    vectors, labels, names = sample(random)
    assert predict_held_out(vectors, vectors, labels, names) == predict_held_out(vectors, vectors, labels, names)


def test_too_few_people_or_labels_are_refused(random):
    vectors, labels, names = sample(random, people=4)
    with pytest.raises(NotMeasurableError, match="4 people cannot be divided"):
        predict_held_out(vectors, vectors, labels, names)
    vectors, _, names = sample(random)
    with pytest.raises(NotMeasurableError, match="two labels"):
        predict_held_out(vectors, vectors, ["joy"] * 120, names)
    with pytest.raises(ValueError, match="equally many"):
        predict_held_out(vectors, vectors[:3], ["joy"] * 120, names)
