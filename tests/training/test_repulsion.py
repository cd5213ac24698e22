import pytest
from fakes import landmarks

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.training.repulsion import STRANGERS, IdentityRepulsion  # noqa: E402 - torch may be missing

POINTS = torch.from_numpy(landmarks(2, center=(48, 52), height_px=50).points / 96)[None]


class FakeRecogniser(torch.nn.Module):
    """Takes the mean colour, 0..1, for the embedding."""

    def forward(self, image):
        return image.mean(dim=(2, 3)) / 255


def colours(*levels):
    return torch.tensor(levels)[:, :, None, None].expand(-1, 3, 96, 96) * 2 - 1


def loss_of(fake, real):
    repulsion = IdentityRepulsion()
    repulsion.recogniser = FakeRecogniser()
    both = (POINTS.expand(len(fake), -1, -1),) * 2
    return repulsion(fake, real, both, random=torch.Generator().manual_seed(1)).item()


def test_faces_that_are_all_strangers_cost_nothing():
    fake = colours([0.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    real = colours([0.0, 1.0, 0.0], [1.0, 1.0, 0.0])
    assert loss_of(fake, real) == 0


def test_likeness_to_the_training_face_costs_what_is_missing_to_strangers():
    fake = colours([0.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    real = colours([0.2, 0.0, 0.0], [1.0, 0.2, 0.0])
    assert loss_of(fake, real) == pytest.approx(1 - 0.2 / STRANGERS, rel=1e-3)


def test_likeness_of_generated_faces_to_each_other_costs_too():
    fake = colours([0.0, 0.0, 0.0], [0.3, 0.0, 0.0])
    real = colours([0.0, 1.0, 0.0], [0.0, 1.0, 0.0])
    assert loss_of(fake, real) == pytest.approx(1 - 0.3 / STRANGERS, rel=1e-3)


def test_the_shipped_recogniser_finds_a_picture_like_itself_and_passes_gradients_back():
    picture = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1)) * 2 - 1
    fake = picture.clone().requires_grad_()
    both = (POINTS.expand(2, -1, -1),) * 2
    loss = IdentityRepulsion()(fake, picture, both, random=torch.Generator().manual_seed(1))
    loss.backward()
    assert loss > 0.5
    assert torch.isfinite(fake.grad).all()
    assert fake.grad.abs().max() > 0
