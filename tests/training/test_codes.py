import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import CONFIG, SIZE_PX, face_set  # noqa: E402 - torch may be missing

from ganonymization.training import export  # noqa: E402
from ganonymization.training.codes import CodeDistribution, RunningCodes, accept_noise, measure_codes  # noqa: E402
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


def test_running_moments_come_to_those_of_the_codes_and_noise_is_placed_there():
    random = torch.Generator().manual_seed(4)
    mix = torch.randn(32, 32, generator=random)
    running = RunningCodes()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for _ in range(1500):
            running.see(3 + (torch.randn(16, 32, generator=random)[:, :, None] * mix.T).sum(dim=1))
        placed = running.place(torch.randn(20_000, 32, generator=random))
    assert placed.dtype == torch.float32
    torch.testing.assert_close(placed.mean(dim=0), torch.full((32,), 3.0), atol=1.5, rtol=0)
    wanted = mix @ mix.T
    assert (torch.cov(placed.T) - wanted).norm() < 0.2 * wanted.norm()


def test_noise_is_placed_where_codes_use_a_single_direction():
    running = RunningCodes()
    for _ in range(1500):
        running.see(torch.full((16, 32), 7.0) + torch.arange(-8.0, 8.0)[:, None])
    placed = running.place(torch.randn(1000, 32, generator=torch.Generator().manual_seed(2)))
    assert torch.isfinite(placed).all()
    assert (placed - placed.mean(dim=1, keepdim=True)).abs().max() < 0.1


def test_codes_that_are_no_numbers_are_not_counted():
    running = RunningCodes()
    running.see(torch.full((4, 32), torch.nan))
    assert running.mean.equal(RunningCodes().mean)
    assert running.covariance.equal(RunningCodes().covariance)


def test_before_anything_was_seen_codes_are_standard_normal_noise():
    noise = torch.randn(3, 32, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(RunningCodes().place(noise), noise)


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


def test_widened_codes_lie_around_the_same_mean():
    codes = CodeDistribution(torch.arange(3.0), torch.eye(3))
    wider = codes.widened(1.5)
    assert wider.mean.equal(codes.mean)
    assert wider.factor.equal(1.5 * torch.eye(3))
