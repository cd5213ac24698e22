import numpy as np

from ganonymization.training.bank import build_bank, split
from ganonymization.training.labels import FaceLabels, find_beards


def labels_of(count):
    rng = np.random.default_rng(2)
    male = (np.arange(count) % 2).astype(np.float32)
    return FaceLabels(male, rng.integers(0, 3, count), (male > 0) & (rng.random(count) < 0.5))


def test_splitting_loses_nobody_and_leaves_no_small_group():
    palettes = np.random.default_rng(1).normal(size=(101, 16)).astype(np.float32)
    groups = split(palettes, np.arange(101), smallest=8)
    assert sorted(np.concatenate(groups)) == list(range(101))
    assert min(map(len, groups)) >= 8
    assert max(map(len, groups)) < 16


def test_alike_faces_end_in_one_group():
    palettes = np.repeat(np.float32([[-0.5], [0.5]]), 16, axis=1)[np.arange(16) % 2]
    groups = split(palettes, np.arange(16), smallest=8)
    assert sorted(sorted(group % 2) for group in groups) == [[0] * 8, [1] * 8]


def test_an_entry_is_the_mean_of_its_group():
    palettes = np.random.default_rng(1).normal(size=(300, 16)).astype(np.float32)
    labels = labels_of(300)
    bank = build_bank(palettes, labels)
    assert bank.counts.sum() == 300
    np.testing.assert_allclose(bank.counts @ bank.palettes / 300, palettes.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(bank.counts @ bank.male / 300, labels.male.mean(), atol=1e-5)
    np.testing.assert_allclose(bank.counts @ bank.beard / 300, labels.beard.mean(), atol=1e-5)


def test_traits_do_not_mix_within_an_entry():
    bank = build_bank(np.random.default_rng(1).normal(size=(300, 16)).astype(np.float32), labels_of(300))
    for share in (bank.male, bank.beard, bank.age):
        assert set(np.unique(share)) <= {0.0, 1.0}


def test_too_rare_traits_are_left_out():
    palettes = np.zeros((30, 16), np.float32)
    age = np.where(np.arange(30) < 7, 2, 1)
    bank = build_bank(palettes, FaceLabels(np.zeros(30, np.float32), age, np.zeros(30, bool)))
    assert bank.counts.sum() == 23


def test_beards_are_learnt_from_those_that_were_seen():
    rng = np.random.default_rng(3)
    beard = np.arange(80) % 4 == 0
    descriptors = (rng.normal(size=(80, 32)) + 3 * beard[:, None]).astype(np.float32)
    names = np.array([str(number) for number in range(80)])
    seen = {str(number): bool(beard[number]) for number in range(40)}
    np.testing.assert_array_equal(find_beards(descriptors, names, seen), beard)
