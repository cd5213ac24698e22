import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import CONFIG, SIZE_PX, face_set  # noqa: E402 - torch may be missing

from ganonymization.training import export  # noqa: E402
from ganonymization.training.codes import CodeDistribution, accept_noise, measure_codes  # noqa: E402
from ganonymization.training.loop import build_generator  # noqa: E402


class KnownCodes(torch.nn.Module):
    """Codes from a known normal, whatever the faces."""

    def forward(self, face):
        mixed = torch.randn(len(face), 32)
        mixed[:, 1] = 3 + 0.5 * mixed[:, 0]
        return mixed, mixed


def test_the_codes_mean_and_covariance_are_found():
    torch.manual_seed(2)
    codes = measure_codes(KnownCodes(), face_set(), CONFIG, count=1200)
    covariance = codes.factor @ codes.factor.T
    torch.testing.assert_close(codes.mean[:2], torch.tensor([0.0, 3.0]), atol=0.15, rtol=0)
    wanted = torch.tensor([[1.0, 0.5], [0.5, 0.25]])
    torch.testing.assert_close(covariance[:2, :2], wanted, atol=0.15, rtol=0)


@torch.no_grad()
def test_noise_draws_the_person_of_its_code():
    torch.manual_seed(3)
    taught, shipped = build_generator(CONFIG).eval(), build_generator(CONFIG).eval()
    for parameter in taught.parameters():
        parameter += 0.05 * torch.randn(parameter.shape)
    shipped.load_state_dict(taught.state_dict())
    codes = CodeDistribution(torch.randn(32), torch.randn(32, 32).tril())
    accept_noise(shipped, codes)
    *conditions, noise = export._example(SIZE_PX, 3)
    torch.testing.assert_close(
        shipped(*conditions, noise), taught(*conditions, codes.mean + noise @ codes.factor.T), atol=1e-4, rtol=1e-3
    )
    assert (shipped(*conditions, noise) - taught(*conditions, noise)).abs().max() > 1e-3
