import dataclasses

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import CONFIG, face_set  # noqa: E402 - torch may be missing

from ganonymization.condition import MAP_NAMES  # noqa: E402
from ganonymization.palette import BEARD, LUMA, SKIN  # noqa: E402
from ganonymization.training.data import FaceViews  # noqa: E402
from ganonymization.training.tint import SHARE, Tinted, tint, tint_missed  # noqa: E402


def views(count=4, **changes):
    config = dataclasses.replace(CONFIG, batch_size=count, grey_share=0.0, **changes)
    return next(iter(FaceViews(face_set(), config))).to(torch.device("cpu"))


def random(seed=1):
    return torch.Generator().manual_seed(seed)


def brightness(palettes):
    return (palettes[:, SKIN] + 1) @ torch.from_numpy(LUMA)


def test_invented_faces_are_given_another_s_colours_in_their_own_light():
    batch = views(64)
    tinted = tint(batch, torch.ones(64), random())
    swapped = tinted.swapped > 0
    assert swapped.float().mean().item() == pytest.approx(SHARE, abs=0.2)
    assert tinted.palette[~swapped].equal(batch.palette[~swapped])
    other = batch.palette.roll(1, dims=0)
    strange = swapped & ((batch.palette - other).abs().amax(dim=1) > 0.1)
    moved = (tinted.palette - batch.palette).abs().amax(dim=1)
    assert moved[strange].min() > 0.01
    ratio = brightness(tinted.palette) / brightness(batch.palette)
    assert ratio[swapped].sub(1).abs().median() < 0.1
    hue = (other[:, 0] + 1) / (other[:, 2] + 1)
    found = (tinted.palette[:, 0] + 1) / (tinted.palette[:, 2] + 1)
    unclipped = swapped & (tinted.palette[:, SKIN].abs() < 1).all(dim=1)
    torch.testing.assert_close(found[unclipped], hue[unclipped], rtol=1e-3, atol=0)


def test_faces_with_a_code_of_their_own_and_grey_ones_keep_their_colours():
    batch = views(16)
    assert tint(batch, torch.zeros(16), random()).palette.equal(batch.palette)
    palette = batch.palette.clone()
    palette[3, SKIN] = 0.2
    grey = batch._replace(palette=palette)
    for seed in range(8):
        swapped = tint(grey, torch.ones(16), random(seed)).swapped
        assert swapped[3] == swapped[4] == 0  # neither takes nor gives


def test_the_training_face_misses_nothing_in_its_own_colours_but_where_the_grid_is_coarse():
    batch = views(4, isolated_share=1.0)
    missed = tint_missed(batch.image, batch, Tinted(batch.palette, torch.zeros(4)), torch.ones(4)).item()
    darker = tint_missed(batch.image - 0.4, batch, Tinted(batch.palette, torch.zeros(4)), torch.ones(4)).item()
    assert missed < 0.3 * darker
    assert darker == pytest.approx(0.4, abs=0.15)


def test_what_was_asked_for_is_what_counts():
    batch = views(4, isolated_share=1.0)
    asked = Tinted((batch.palette - 0.4).clamp(-1, 1), torch.ones(4))
    as_it_is = tint_missed(batch.image, batch, asked, torch.ones(4)).item()
    as_asked = tint_missed(batch.image - 0.4, batch, asked, torch.ones(4)).item()
    assert as_asked < 0.5 * as_it_is


def test_faces_without_weight_do_not_count():
    batch = views(4)
    tinted = Tinted(batch.palette, torch.zeros(4))
    weight = torch.tensor([1.0, 0.0, 0.0, 0.0])
    changed = batch.image.clone()
    changed[1:] = -1
    first = tint_missed(batch.image, batch, tinted, weight)
    assert tint_missed(changed, batch, tinted, weight).equal(first)
    assert tint_missed(batch.image, batch, tinted, torch.zeros(4)).item() == 0


def test_a_dark_jaw_is_a_miss_where_the_palette_tells_none():
    batch = views(4, isolated_share=1.0)
    tinted, weight = Tinted(batch.palette, torch.zeros(4)), torch.ones(4)
    lips = batch.maps[:, MAP_NAMES.index("lips")].sum(dim=2)
    middle = ((lips * torch.arange(lips.shape[1])).sum(dim=1) / lips.sum(dim=1)).long()
    dark = batch.image.clone()
    for face, row in zip(dark, middle.tolist(), strict=True):
        face[:, row + 1 :] -= 0.4
    asked = batch.palette.clone()
    asked[:, BEARD] -= 0.4
    plain = tint_missed(dark, batch, tinted, weight)
    bearded = tint_missed(dark, batch, Tinted(asked, torch.ones(4)), weight)
    assert bearded < plain
