"""People told apart on the pairs that a set brings with it."""

import itertools

import numpy as np
import PIL.Image
import pytest
import world
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier

from ganonymization.errors import InputError, NotMeasurableError
from ganonymization.evaluation.pairs import best_threshold, held_out_accuracy, place_pairs
from ganonymization.evaluation.readers import Pair, Sample, open_dataset

PEOPLE = 10
FOLDS = 2


@pytest.fixture
def lfw(tmp_path):
    """Ten people with four photos each in the official layout, with genuine and impostor pairs of all of them."""
    root = tmp_path / "lfw"
    for person in range(PEOPLE):
        folder = root / f"P_{person}"
        folder.mkdir(parents=True)
        for number in range(4):
            PIL.Image.fromarray(world.photo(person, number)).save(folder / f"P_{person}_{number + 1:04d}.png")
            (folder / f"P_{person}_{number + 1:04d}.png").rename(folder / f"P_{person}_{number + 1:04d}.jpg")
    photos = list(itertools.combinations(range(1, 5), 2))
    genuine = [f"P_{person}\t{first}\t{second}" for person in range(PEOPLE) for first, second in photos]
    impostor = [
        f"P_{person}\t{first}\tP_{(person + shift) % PEOPLE}\t{second}"
        for person in range(PEOPLE)
        for shift, (first, second) in enumerate(photos, start=1)
    ]
    lines = [f"{FOLDS}\t{len(genuine)}", *(genuine + impostor) * FOLDS]
    (root / "pairs.txt").write_text("\n".join(lines))
    return root


def evaluated(root, tmp_path, method):
    return world.figures_of(world.evaluate(f"lfw:{root}", tmp_path, method))


def test_who_returns_the_input_is_told_apart_on_every_pair(lfw, tmp_path):
    found = evaluated(lfw, tmp_path, "unchanged")
    for side in ("one_side", "both_sides"):
        for end in ("", "_faceres"):
            assert found[f"pairs_accuracy_{side}{end}"] == found[f"pairs_tar_far1_{side}{end}"] == 1
    assert found["pairs_measured"] == 1


def test_strangers_are_told_apart_on_half_of_the_pairs(lfw, tmp_path):
    found = evaluated(lfw, tmp_path, "strangers")
    assert found["pairs_tar_far1_one_side"] == 0
    assert abs(found["pairs_accuracy_one_side"] - 0.5) < 0.25
    assert abs(found["pairs_accuracy_both_sides"] - 0.5) < 0.25


def test_one_face_for_each_person_links_outputs_and_names_nobody(lfw, tmp_path):
    found = evaluated(lfw, tmp_path, "one_stranger_each")
    assert found["pairs_accuracy_both_sides"] == 1
    assert found["pairs_tar_far1_one_side"] == 0


def test_a_set_without_pairs_has_no_such_figures(tmp_path):
    root = world.write_people(tmp_path / "people", [3] * 4)
    found = world.figures_of(world.evaluate(root, tmp_path, "unchanged"))
    assert not any(name.startswith("pairs_") for name in found)
    assert open_dataset(str(root)).pairs() == []


def test_damaged_pairs_are_an_error(lfw, tmp_path):
    (lfw / "pairs.txt").write_text("1\t5\nP_0\t1\t2\n")
    with pytest.raises(InputError, match="incomplete"):
        evaluated(lfw, tmp_path, "unchanged")


def test_pairs_with_a_photo_that_was_not_looked_at_are_left_out(tmp_path):
    samples = [Sample(tmp_path / f"{index}.jpg", identity="a" if index < 2 else "b") for index in range(4)]
    pairs = [Pair(samples[0], samples[1], 0), Pair(samples[1], samples[3], 1), Pair(samples[0], samples[2], 1)]
    placed = place_pairs(pairs, [samples[1], samples[3], samples[0]])
    assert placed.given == 3
    assert (placed.first.tolist(), placed.second.tolist()) == ([2, 0], [0, 1])
    assert (placed.genuine.tolist(), placed.fold.tolist()) == ([True, False], [0, 1])


@pytest.mark.parametrize("seed", range(5))
def test_the_best_threshold_tells_as_many_pairs_right_as_scikit_learns_stump(seed):
    random = np.random.default_rng(seed)
    genuine = random.random(60) < 0.5
    distances = np.round(random.normal(np.where(genuine, 0.8, 1.2), 0.3), 1)
    threshold = best_threshold(distances, genuine)
    stump = DecisionTreeClassifier(max_depth=1, criterion="entropy").fit(distances[:, None], genuine)
    mine = accuracy_score(genuine, distances < threshold)
    assert mine >= accuracy_score(genuine, stump.predict(distances[:, None]))
    tried = [np.mean((distances < limit) == genuine) for limit in [*np.unique(distances), np.inf]]
    assert mine == pytest.approx(max(tried))


def test_a_fold_is_decided_by_the_threshold_of_the_others():
    distances = np.array([0.1, 0.9, 0.6, 0.8])
    genuine = np.array([True, False, True, False])
    found = held_out_accuracy(distances, genuine, np.array([0, 0, 1, 1]))
    # The second fold is decided at .5, where .6 is taken for a stranger; the first at .7.
    assert found.value == pytest.approx((1 + 0.5) / 2)
    assert found.low < found.value < found.high


def test_one_fold_decides_nothing():
    with pytest.raises(NotMeasurableError, match="1 folds"):
        held_out_accuracy(np.array([0.1, 0.9]), np.array([True, False]), np.zeros(2, np.intp))
