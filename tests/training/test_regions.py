import numpy as np
import pytest
from fakes import landmarks
from tiny import smooth_picture

from ganonymization.alignment import Framing, aligned_batch
from ganonymization.types import Landmarks

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.training.regions import cut_aligned, cut_square, place_squares, shaken  # noqa: E402

SIZE_PX = 96
FACE = landmarks(2, center=(48, 52), height_px=50, roll_deg=12)
POINTS = torch.from_numpy(FACE.points / SIZE_PX)[None]


@pytest.mark.parametrize("framing", [Framing(padding=0.3), Framing(padding=0.2, rise=0.1)])
def test_the_square_is_the_one_that_the_recogniser_sees_at_run_time(framing):
    picture = smooth_picture(3, SIZE_PX)
    wanted = aligned_batch(picture, [FACE], framing=framing, size_px=80)
    image = torch.from_numpy(picture.transpose(2, 0, 1).astype(np.float32))[None]
    found = cut_aligned(image, place_squares(POINTS, framing), size_px=80).numpy()
    inside = wanted.max(axis=1, keepdims=True) > 0
    assert inside.mean() > 0.5
    assert np.abs(found - wanted)[np.broadcast_to(inside, wanted.shape)].mean() < 2


def test_a_large_picture_is_averaged_before_it_is_cut():
    stripes = torch.zeros(1, 3, SIZE_PX, SIZE_PX)
    stripes[..., ::2] = 1
    upright = landmarks(2, center=(48, 48), height_px=50)
    squares = place_squares(torch.from_numpy(upright.points / SIZE_PX)[None], Framing(padding=0.3))
    torch.testing.assert_close(cut_aligned(stripes, squares, size_px=32), torch.full((1, 3, 32, 32), 0.5))


def test_a_shaken_square_stays_near_and_the_same_numbers_shake_alike():
    squares = place_squares(POINTS.expand(50, -1, -1), Framing(padding=0.3))
    first, again = (shaken(squares, torch.Generator().manual_seed(5), amount=0.05) for _ in range(2))
    assert first.equal(again)
    middle = [s[:, 1] + s[:, 0] * complex(0.5, 0.5) for s in (squares, first)]
    moved = ((middle[1] - middle[0]) / squares[:, 0]).abs()
    assert 0.02 < moved.mean() < 0.2
    scale = (first[:, 0] / squares[:, 0]).abs()
    assert scale.mean() == pytest.approx(1, abs=0.03)
    assert 0.02 < scale.std() < 0.08


def test_an_upright_square_shows_what_lies_in_it():
    rows, columns = torch.meshgrid(torch.arange(96) + 0.5, torch.arange(96) + 0.5, indexing="ij")
    image = torch.stack([columns / 96, rows / 96, 0 * rows])[None]
    region = cut_square(image, torch.tensor([[0.4, 0.6]]), torch.tensor([0.5]), size_px=60)
    steps = (np.arange(60) + 0.5) / 60 - 0.5
    np.testing.assert_allclose(region[0, 0, 50], 0.4 + 0.5 * steps, atol=1e-3)
    np.testing.assert_allclose(region[0, 1, :, 50], 0.6 + 0.5 * steps, atol=1e-3)


def test_gradients_flow_back_into_the_picture():
    image = torch.rand(1, 3, SIZE_PX, SIZE_PX, requires_grad=True)
    cut_aligned(image, place_squares(POINTS, Framing(padding=0.3)), size_px=40).sum().backward()
    assert image.grad.abs().sum() > 0


def test_landmarks_of_another_scale_give_another_square():
    small = Landmarks(((FACE.points - 50) * 0.5 + 50).astype(np.float32), presence=1.0)
    squares = [
        place_squares(torch.from_numpy(face.points / SIZE_PX)[None], Framing(padding=0.3)) for face in (FACE, small)
    ]
    assert (squares[1][0, 0] / squares[0][0, 0]).abs().item() == pytest.approx(0.5, rel=1e-3)
