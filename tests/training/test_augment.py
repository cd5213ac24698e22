import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.training.augment import augment  # noqa: E402 - torch may be missing

SIZE_PX = 32


def source(seed):
    return torch.Generator().manual_seed(seed)


def pictures(count=6, channels=1, seed=0):
    return torch.rand(count, channels, SIZE_PX, SIZE_PX, generator=source(seed)) + 0.1


@pytest.mark.parametrize("seed", range(5))
def test_image_and_maps_are_shifted_and_cut_out_alike(seed):
    """Grey pictures can only become brighter or richer in contrast, so that the shape must be that of the maps."""
    grey = pictures()
    image, maps = augment(grey.repeat(1, 3, 1, 1), grey, source(seed))
    for changed, moved in zip(image, maps, strict=True):
        kept = moved[0] != 0
        assert 0.4 * SIZE_PX**2 < kept.sum() < SIZE_PX**2
        x, y = moved[0][kept], changed[0][kept]
        slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
        torch.testing.assert_close(y, y.mean() + slope * (x - x.mean()), atol=1e-4, rtol=1e-4)
        assert 0.69 < slope < 1.31
        assert changed[:, ~kept].abs().max() == 0


def test_maps_are_moved_but_not_recoloured():
    maps = pictures(channels=7)
    _, moved = augment(pictures(channels=3), maps, source(4))
    for before, after in zip(maps, moved, strict=True):
        assert set(after.flatten().tolist()) <= {0.0, *before.flatten().tolist()}


def test_shifts_stay_within_a_sixteenth():
    spot = torch.zeros(40, 1, SIZE_PX, SIZE_PX)
    spot[:, :, 16, 16] = 1
    _, moved = augment(torch.zeros(40, 3, SIZE_PX, SIZE_PX), spot, source(1))
    places = moved[:, 0].nonzero()[:, 1:]
    assert (places - 16).abs().max() == SIZE_PX // 16
    assert len({tuple(place.tolist()) for place in places}) > 10


def test_colours_change_from_image_to_image():
    flat = torch.full((40, 3, SIZE_PX, SIZE_PX), 0.25) + torch.tensor([0.1, 0.0, -0.1])[:, None, None]
    image, _ = augment(flat, torch.ones(40, 1, SIZE_PX, SIZE_PX), source(2))
    levels = image.amax(dim=(2, 3))
    brightness, saturation = levels.mean(dim=1), levels[:, 0] - levels[:, 2]
    assert brightness.max() - brightness.min() > 0.2
    assert brightness.min() > 0.04
    assert saturation.max() > 0.22
    assert saturation.min() < 0.15


def test_the_same_randomness_gives_the_same_change():
    image, maps = pictures(channels=3), pictures(channels=7)
    first, again, other = (augment(image, maps, source(seed)) for seed in (5, 5, 6))
    assert first[0].equal(again[0])
    assert first[1].equal(again[1])
    assert not first[1].equal(other[1])


def test_the_generator_can_learn_through_the_changes():
    image = pictures(channels=3).requires_grad_()
    changed, _ = augment(image, pictures(channels=7), source(5))
    changed[:, :, 10:20].square().sum().backward()
    assert image.grad.abs().sum(dim=(1, 2, 3)).min() > 0
