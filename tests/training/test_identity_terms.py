import dataclasses

import pytest
from fakes import landmarks

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import CONFIG, face_set  # noqa: E402 - torch may be missing

from ganonymization.training.data import FaceViews  # noqa: E402
from ganonymization.training.identity import (  # noqa: E402
    SAME_PERSON,
    STRANGERS,
    IdentityTerms,
    twin_codes,
    twin_conditions,
)

POINTS = torch.from_numpy(landmarks(2, center=(48, 52), height_px=50).points / 96)[None]


class FakeRecogniser(torch.nn.Module):
    """Takes the mean colour, 0..1, for the embedding."""

    def forward(self, image):
        return image.mean(dim=(2, 3)) / 255


def colours(*levels):
    return torch.tensor(levels)[:, :, None, None].expand(-1, 3, 96, 96) * 2 - 1


def loss_of(fake, real):
    terms = IdentityTerms()
    terms.recogniser = FakeRecogniser()
    both = (POINTS.expand(len(fake), -1, -1), POINTS.expand(len(real), -1, -1))
    return terms(fake, real, both, random=torch.Generator().manual_seed(1)).item()


BLACK, RED, GREEN, YELLOW, BLUE = (
    [0.0, 0.0, 0.0],
    [1.0, 0.0, 0.0],
    [0.0, 1.0, 0.0],
    [1.0, 1.0, 0.0],
    [0.0, 0.0, 1.0],
)


def test_two_codes_that_make_two_people_in_either_surround_cost_nothing():
    assert loss_of(colours(BLACK, RED, RED, BLACK), colours(GREEN, YELLOW)) == 0


def test_likeness_to_the_training_face_costs_what_is_missing_to_strangers():
    near_black, near_red = [0.2, 0.0, 0.0], [1.0, 0.2, 0.0]
    found = loss_of(colours(BLACK, RED, RED, BLACK), colours(near_black, near_red))
    # to each training face, one of its two faces lies .2 away and the other .8, or 1.02
    assert found == pytest.approx(((1 - 0.2 / STRANGERS) * 2 + (1 - 0.8 / STRANGERS)) / 4, rel=1e-3)


def test_two_codes_that_make_one_person_cost_what_is_missing_to_strangers():
    assert loss_of(colours(BLACK, BLACK, BLACK, BLACK), colours(GREEN, YELLOW)) == pytest.approx(1, abs=2e-3)


def test_one_code_that_makes_two_people_costs_what_is_too_much_for_one():
    # the code of the first row is drawn again in the last, that of the second row in the third
    found = loss_of(colours(BLACK, RED, RED, BLUE), colours(GREEN, YELLOW))
    assert found == pytest.approx((1 - SAME_PERSON) / STRANGERS / 2, rel=1e-3)


def test_the_shipped_recogniser_finds_a_picture_like_itself_and_passes_gradients_back():
    picture = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1)) * 2 - 1
    fake = torch.cat([picture, picture]).requires_grad_()
    both = (POINTS.expand(4, -1, -1), POINTS.expand(2, -1, -1))
    loss = IdentityTerms()(fake, picture, both, random=torch.Generator().manual_seed(1))
    loss.backward()
    assert loss > 1
    assert torch.isfinite(fake.grad).all()
    assert fake.grad.abs().max() > 0


def test_twins_share_everything_but_the_code_and_each_code_is_drawn_twice():
    batch = next(iter(FaceViews(face_set(), dataclasses.replace(CONFIG, batch_size=6))))
    twins = twin_conditions(batch, 4)
    for before, after in zip(batch, twins, strict=True):
        assert after[[0, 1, 4, 5]].equal(before[[0, 1, 4, 5]])
        assert after[2:4].equal(before[:2])
    assert twin_codes(torch.arange(6)[:, None], 4)[:, 0].tolist() == [0, 1, 1, 0, 4, 5]
