import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import polynomial_kernel

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation import distribution
from ganonymization.evaluation.columns import blocks
from ganonymization.evaluation.distribution import (
    diversity,
    extrapolated_frechet_distance,
    kernel_distance,
    kernel_sums,
    paired_kernel_distance,
    sample_frechet_distance,
    scaled,
    spread,
    spread_sums,
)


@pytest.fixture
def random():
    return np.random.default_rng(5)


def names(count):
    return [f"p{index}" for index in range(count)]


def frechet_oracle(first, second):
    """The textbook formula, with scipy's matrix root."""
    a, b = np.cov(first.T), np.cov(second.T)
    shift = first.mean(axis=0) - second.mean(axis=0)
    return shift @ shift + np.trace(a + b - 2 * scipy.linalg.sqrtm(a @ b).real)


def mmd_oracle(first, second):
    kernels = [
        polynomial_kernel(x, y, degree=3, gamma=1 / x.shape[1], coef0=1)
        for x, y in ((first, first), (second, second), (first, second))
    ]
    n, m = len(first), len(second)
    within = [(k.sum() - np.trace(k)) / (c * (c - 1)) for k, c in zip(kernels, (n, m), strict=False)]
    return within[0] + within[1] - 2 * kernels[2].mean()


@pytest.mark.parametrize("size", [4, 60])
def test_the_frechet_distance_is_the_textbook_formula(random, size):
    first, second = random.normal(size=(80, size)), random.normal(0.5, 2, size=(60, size))
    assert sample_frechet_distance(first, second) == pytest.approx(frechet_oracle(first, second), rel=1e-6)


def test_it_is_so_with_fewer_photos_than_dimensions(random):
    first, second = random.normal(size=(12, 40)), random.normal(1, 2, size=(9, 40))
    a, b = np.cov(first.T), np.cov(second.T)
    shared = np.sqrt(np.clip(scipy.linalg.eigvals(a @ b).real, 0, None)).sum()
    shift = first.mean(axis=0) - second.mean(axis=0)
    oracle = shift @ shift + np.trace(a + b) - 2 * shared
    assert sample_frechet_distance(first, second) == pytest.approx(oracle, rel=1e-4)


def test_the_frechet_distance_of_scaled_normals_is_the_closed_form(random):
    # N(0, 1) and N(3, 2^2) in each of 5 dimensions: 5 * (3^2 + (2 - 1)^2)
    first, second = random.normal(size=(200_000, 5)), random.normal(3, 2, size=(200_000, 5))
    assert sample_frechet_distance(first, second) == pytest.approx(50, rel=0.01)


def test_a_set_has_no_distance_to_itself(random):
    same = random.normal(size=(30, 6))
    assert sample_frechet_distance(same, same) == pytest.approx(0, abs=1e-9)
    assert extrapolated_frechet_distance(same, same, random=random).value == pytest.approx(0, abs=1e-9)
    assert paired_kernel_distance(same, same, names(30)) == pytest.approx(0, abs=1e-12)


def test_extrapolation_takes_most_of_the_bias_of_few_photos_away(random):
    first, second = random.normal(size=(2, 400, 40))  # the truth is 0
    found = extrapolated_frechet_distance(first, second, random=random)
    assert found.count == 400
    assert found.sample_value == pytest.approx(sample_frechet_distance(first, second))
    assert found.value < 0.25 * found.sample_value


def test_the_same_seed_extrapolates_alike(random):
    first, second = random.normal(size=(2, 40, 5))
    values = [extrapolated_frechet_distance(first, second, random=np.random.default_rng(1)) for _ in range(2)]
    assert values[0] == values[1]


def test_the_kernel_distance_is_that_of_scikit_learns_kernel(random):
    first, second = random.normal(size=(30, 7)), random.normal(0.3, 1, size=(20, 7))
    assert kernel_distance(first, second) == pytest.approx(mmd_oracle(first, second))


def test_the_kernel_distance_is_unbiased(random):
    values = [kernel_distance(*random.normal(size=(2, 20, 6))) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0 < max(values)


def test_pairs_are_compared_between_different_people_only(random):
    before, after = random.normal(size=(2, 6, 4))
    people = ["a", "a", "b", "c", "c", "c"]
    kernel = lambda x, y: (x @ y / 4 + 1) ** 3  # noqa: E731
    terms = [
        kernel(before[i], before[j]) + kernel(after[i], after[j]) - 2 * kernel(before[i], after[j])
        for i in range(6)
        for j in range(6)
        if people[i] != people[j]
    ]
    assert paired_kernel_distance(before, after, people) == pytest.approx(np.mean(terms))


def test_blocks_do_not_change_the_figures(random, monkeypatch):
    first, second = random.normal(size=(2, 30, 5))
    whole = (
        kernel_distance(first, second[:20]),
        paired_kernel_distance(first, second, names(30)),
        spread(first, names(30)),
    )
    monkeypatch.setattr(distribution, "_BLOCK", 7)
    parts = (
        kernel_distance(first, second[:20]),
        paired_kernel_distance(first, second, names(30)),
        spread(first, names(30)),
    )
    assert parts == pytest.approx(whole)


def test_sums_by_group_give_the_figures_without_each_group(random):
    before, after = random.normal(size=(2, 30, 5))
    groups = np.arange(30) // 2 % 3
    people = np.repeat(names(15), 2).tolist()
    sums, spreads = kernel_sums(before, after, people, groups), spread_sums(before, people, groups)
    assert sums.mean() == pytest.approx(paired_kernel_distance(before, after, people))
    for group in range(3):
        left, who = groups != group, [name for name, own in zip(people, groups, strict=True) if own != group]
        assert sums.means_without()[group] == pytest.approx(paired_kernel_distance(before[left], after[left], who))
        assert spreads.means_without()[group] == pytest.approx(spread(before[left], who))


def test_blocks_of_pairs_do_not_change_the_figures(random, monkeypatch):
    first, second = random.normal(size=(2, 30, 5))
    whole = paired_kernel_distance(first, second, names(30))
    monkeypatch.setattr(distribution, "blocks", lambda count: blocks(count, 7))
    assert paired_kernel_distance(first, second, names(30)) == pytest.approx(whole)


def test_too_few_people_have_no_interval(random):
    sums = spread_sums(random.normal(size=(3, 2)), ["a", "b", "b"], np.array([0, 1, 1]))
    with pytest.raises(NotMeasurableError, match="too few people"):
        sums.means_without()


def test_spread_is_the_mean_distance_of_scipy(random):
    embeddings = random.normal(size=(12, 5))
    assert spread(embeddings, names(12)) == pytest.approx(pdist(embeddings).mean())


def test_photos_of_one_person_do_not_count_as_diversity():
    embeddings = np.array([[0.0], [9.0], [3.0]])
    assert spread(embeddings, ["a", "a", "b"]) == pytest.approx((3 + 6) / 2)


def test_diversity_is_a_share_of_the_real_one(random):
    real = random.normal(size=(15, 4))
    assert diversity(real, real / 4, names(15)) == pytest.approx(0.25)
    assert diversity(real, np.ones((15, 4)), names(15)) == pytest.approx(0, abs=1e-6)


def test_scaled_descriptors_have_mean_square_one(random):
    descriptors = random.normal(size=(5, 1024)).astype(np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    np.testing.assert_allclose((scaled(descriptors) ** 2).mean(axis=1), 1, rtol=1e-5)


def test_too_few_photos_or_people_cannot_be_measured():
    one, three = np.ones((1, 3)), np.ones((3, 3))
    with pytest.raises(NotMeasurableError, match="two or more"):
        sample_frechet_distance(one, three)
    with pytest.raises(NotMeasurableError, match="eight or more"):
        extrapolated_frechet_distance(three, three, random=np.random.default_rng(0))
    with pytest.raises(NotMeasurableError, match="two different people"):
        kernel_distance(three, one)
    with pytest.raises(NotMeasurableError, match="two different people"):
        paired_kernel_distance(three, three, ["a"] * 3)
    with pytest.raises(NotMeasurableError, match="two different people"):
        diversity(three, three, ["a"] * 3)
    with pytest.raises(NotMeasurableError, match="all real faces"):
        diversity(three, three, names(3))


def test_pairs_must_be_as_many():
    with pytest.raises(ValueError, match="equally many"):
        paired_kernel_distance(np.ones((3, 2)), np.ones((2, 2)), names(3))
