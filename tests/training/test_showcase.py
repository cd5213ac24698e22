import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import CONFIG, face_set  # noqa: E402 - torch may be missing

from ganonymization.training.data import FaceViews  # noqa: E402
from ganonymization.training.loop import Trainer  # noqa: E402
from ganonymization.training.showcase import FaceShowcase, ratio, sharpness, spread  # noqa: E402


def pictures(count=3, size_px=8):
    return torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (count, 3, size_px, size_px)).astype(np.float32))


def test_a_plain_picture_has_no_sharpness_and_half_the_contrast_has_half():
    everywhere = torch.ones(3, 1, 8, 8)
    assert sharpness(torch.full((3, 3, 8, 8), 0.3), everywhere) == pytest.approx(0, abs=1e-6)
    assert sharpness(pictures() / 2, everywhere) == pytest.approx(sharpness(pictures(), everywhere) / 2, rel=1e-5)


def test_the_same_picture_again_has_no_spread_and_a_shift_of_half_of_them_has_half_of_it():
    everywhere = torch.ones(4, 1, 8, 8)
    same = pictures(1).repeat(4, 1, 1, 1)
    assert spread(same, everywhere) == pytest.approx(0, abs=1e-6)
    shift = torch.tensor([0.0, 0.0, 0.6, 0.6])[:, None, None, None]
    assert spread(same + shift, everywhere) == pytest.approx(0.3, rel=1e-5)


@pytest.mark.parametrize("measure", [sharpness, spread])
def test_pixels_without_weight_do_not_count(measure):
    weight = torch.zeros(3, 1, 8, 8)
    weight[..., :4] = 1
    changed = pictures()
    changed[..., 6:] = 9
    assert measure(changed, weight) == pytest.approx(measure(pictures(), weight))


def test_nothing_to_compare_with_gives_nothing():
    assert ratio(1.0, 0.0) == 0
    assert ratio(1.0, 4.0) == 0.25


def test_figures_are_shares_and_the_same_for_the_same_weights():
    trainer = Trainer(CONFIG, torch.device("cpu"))
    batch = next(iter(FaceViews(face_set(), dataclasses.replace(CONFIG, batch_size=3, isolated_share=1.0))))
    showcase = FaceShowcase(trainer, batch)
    figures = showcase.measure()
    assert set(figures) == {"landmark_error", "told_apart", "sharpness", "spread"}
    assert 0 <= figures["told_apart"] <= 1
    assert figures["spread"] < 0.5  # fresh weights draw grey
    assert showcase.measure() == figures
    assert trainer.discriminator.training
