import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.training import losses  # noqa: E402 - torch may be missing

RNG = np.random.default_rng(3)


def random(*size):
    return RNG.standard_normal(size).astype(np.float32)


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))


def judgement(*sizes):
    """Logits at several scales, with features of two layers each."""
    return [(random(3, 1, size, size), [random(3, 4, size, size), random(3, 2, size, size)]) for size in sizes]


def as_tensors(judged):
    return [(tensor(logits), [tensor(layer) for layer in layers]) for logits, layers in judged]


def pooled(weight, size):
    """Mean over equal blocks."""
    step = weight.shape[-1] // size
    return weight.reshape(*weight.shape[:2], size, step, size, step).mean(axis=(3, 5))


@pytest.mark.parametrize(
    ("loss", "of_logits"),
    [
        (losses.real_hinge, lambda x: np.maximum(0, 1 - x)),
        (losses.fake_hinge, lambda x: np.maximum(0, 1 + x)),
        (losses.generator_hinge, lambda x: -x),
    ],
    ids=["real", "fake", "generator"],
)
def test_a_hinge_is_a_mean_over_the_patches_in_which_something_is_generated(loss, of_logits):
    judged = judgement(8, 4)
    weight = (RNG.random((3, 1, 16, 16)) > 0.4).astype(np.float32)
    expected = []
    for logits, _ in judged:
        share = pooled(weight, logits.shape[-1])
        expected.append((of_logits(logits) * share).sum() / share.sum())
    assert loss(as_tensors(judged), tensor(weight)).item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_a_patch_that_shows_the_surround_teaches_nothing():
    weight = np.zeros((1, 1, 8, 8), np.float32)
    weight[..., :4] = 1
    logits = np.zeros((1, 1, 8, 8), np.float32)
    logits[..., 4:] = 100
    assert losses.fake_hinge([(tensor(logits), [])], tensor(weight)).item() == pytest.approx(1)
    assert losses.real_hinge([(tensor(logits), [])], torch.zeros(1, 1, 8, 8)).item() == 0


def test_features_are_compared_by_their_mean_difference_in_samples_that_count():
    real, fake = judgement(8, 4), judgement(8, 4)
    weight = np.array([1, 0, 1], np.float32)
    expected = [
        np.abs(a - b).mean(axis=(1, 2, 3))[[0, 2]].mean()
        for (_, real_layers), (_, fake_layers) in zip(real, fake, strict=True)
        for a, b in zip(real_layers, fake_layers, strict=True)
    ]
    found = losses.feature_matching(as_tensors(real), as_tensors(fake), tensor(weight))
    assert found.item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_features_of_training_faces_are_taken_as_constant():
    real, fake = as_tensors(judgement(4)), as_tensors(judgement(4))
    features = [layers[0].requires_grad_() for _, layers in (real[0], fake[0])]
    losses.feature_matching(real, fake, torch.ones(3)).backward()
    assert features[0].grad is None
    assert features[1].grad.abs().sum() > 0


def naive_l1(image, target, pixel_weight, weight):
    total = 0.0
    for a, b, mask, share in zip(image, target, pixel_weight, weight, strict=True):
        total += share * (np.abs(a - b) * mask).sum() / 3 / max(mask.sum(), 1)
    return total / max(weight.sum(), 1)


def test_the_absolute_difference_is_a_mean_over_weighted_pixels_and_samples():
    image, target = random(3, 3, 16, 16), random(3, 3, 16, 16)
    pixel_weight = RNG.random((3, 1, 16, 16)).astype(np.float32)
    weight = np.array([1, 0, 1], np.float32)
    found = losses.masked_l1(tensor(image), tensor(target), tensor(pixel_weight), tensor(weight))
    assert found.item() == pytest.approx(naive_l1(image, target, pixel_weight, weight), rel=1e-5)


def test_a_picture_is_tempered_only_on_the_way_back():
    image = tensor(RNG.uniform(-1, 1, (3, 3, 8, 8))).requires_grad_()
    seen = losses.tempered(image, weight=2.0)
    assert seen.equal(image)
    pull = tensor(random(3, 3, 8, 8)) * torch.tensor([1e-4, 1.0, 50.0])[:, None, None, None]
    (back,) = torch.autograd.grad(seen, image, pull)
    most = losses.MOST_PULL * 2.0 / 3
    assert back[0].equal(pull[0])
    for strong in (1, 2):  # shortened, not turned
        assert back[strong].norm().item() == pytest.approx(most, rel=1e-5)
        torch.testing.assert_close(back[strong] / most, pull[strong] / pull[strong].norm())


def test_a_batch_without_faces_can_be_tempered():
    image = torch.zeros((0, 3, 8, 8), requires_grad=True)
    losses.tempered(image, weight=2.0).sum().backward()
    assert image.grad.shape == image.shape


def test_the_coarse_difference_sees_light_and_not_detail():
    image = random(2, 3, 32, 32)
    detail = np.where(np.indices((32, 32)).sum(axis=0) % 2, 0.5, -0.5)
    everywhere, both = torch.ones(2, 1, 32, 32), torch.ones(2)
    assert losses.coarse_l1(tensor(image + detail), tensor(image), everywhere, both).item() == pytest.approx(
        0, abs=1e-5
    )
    assert losses.coarse_l1(tensor(image + 0.5), tensor(image), everywhere, both).item() == pytest.approx(0.5, rel=1e-4)


def test_the_coarse_difference_leaves_out_pixels_without_weight():
    image, target = random(2, 3, 32, 32), random(2, 3, 32, 32)
    mask = np.zeros((2, 1, 32, 32), np.float32)
    mask[:, :, 8:24, 4:28] = 1
    blocks = [
        (x * mask).reshape(2, 3, 4, 8, 4, 8).mean(axis=(3, 5)) / np.maximum(pooled(mask, 4), 0.05)
        for x in (image, target)
    ]
    expected = naive_l1(*blocks, pooled(mask, 4), np.ones(2))
    found = losses.coarse_l1(tensor(image), tensor(target), tensor(mask), torch.ones(2))
    assert found.item() == pytest.approx(expected, rel=1e-4)
    changed = losses.coarse_l1(tensor(image + 9 * (1 - mask)), tensor(target), tensor(mask), torch.ones(2))
    assert changed.item() == pytest.approx(found.item(), rel=1e-6)


def test_no_samples_and_no_pixels_give_no_loss():
    image, target = tensor(random(2, 3, 16, 16)), tensor(random(2, 3, 16, 16))
    assert losses.masked_l1(image, target, torch.ones(2, 1, 16, 16), torch.zeros(2)).item() == 0
    assert losses.masked_l1(image, target, torch.zeros(2, 1, 16, 16), torch.ones(2)).item() == 0


def test_the_distance_of_landmarks_is_weighted_over_points_and_present_faces():
    found, wanted = random(3, 478, 2), random(3, 478, 2)
    point_weights = RNG.random(478).astype(np.float32)
    point_weights /= point_weights.sum()
    present = np.array([0, 1, 1], np.float32)
    each = (np.abs(found - wanted).sum(axis=2) * point_weights).sum(axis=1)
    distance = losses.landmark_distance(tensor(found), tensor(wanted), tensor(point_weights), tensor(present))
    assert distance.item() == pytest.approx(each[1:].mean(), rel=1e-5)


def test_the_total_is_the_weighted_sum():
    terms = [(2.0, torch.tensor(3.0)), (0.5, torch.tensor(4.0))]
    assert losses.total(terms).item() == 8
