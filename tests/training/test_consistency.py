import numpy as np
import pytest
from fakes import landmarks

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.landmark.face_mesh import INPUT_PX, ROI_SCALE  # noqa: E402 - torch may be missing
from ganonymization.training.consistency import EXPRESSIVE_WEIGHT, LandmarkConsistency, _cut  # noqa: E402


class FakeMesh(torch.nn.Module):
    """Finds the landmarks that it was given, in pixels of its input, whatever it sees; remembers what it saw."""

    def __init__(self, points):
        super().__init__()
        self.points, self.seen = points, []

    def forward(self, image):
        self.seen.append(image)
        return self.points


WANTED = torch.from_numpy(landmarks(2, center=(48, 52), height_px=50).points / 96)[None]


def in_region(points):
    """Where landmarks in shares of the crop lie in the mesh's input around them."""
    low, high = points[..., :2].amin(dim=1), points[..., :2].amax(dim=1)
    side = (high - low).amax(dim=1)[:, None, None] * ROI_SCALE
    placed = (points[..., :2] - ((low + high) / 2)[:, None]) / side + 0.5
    return torch.cat([placed * INPUT_PX, points[..., 2:]], dim=2)


@pytest.fixture(scope="module")
def consistency():
    return LandmarkConsistency()


def loss_of(consistency, found, wanted=WANTED):
    consistency.mesh = FakeMesh(found)
    return consistency(torch.zeros(len(wanted), 3, 96, 96), wanted).item()


def test_landmarks_that_are_found_where_they_were_asked_for_cost_nothing(consistency):
    assert loss_of(consistency, in_region(WANTED)) == pytest.approx(0, abs=1e-3)


def test_the_loss_is_the_distance_in_percent_of_the_face(consistency):
    extent_px = INPUT_PX / ROI_SCALE
    shifted = in_region(WANTED) + torch.tensor([0.03 * extent_px, -0.01 * extent_px, 5])
    assert loss_of(consistency, shifted) == pytest.approx(3 + 1, rel=1e-3)


def test_points_that_carry_the_expression_weigh_more(consistency):
    losses = []
    for index in (13, 4):  # the upper lip and the tip of the nose
        found = in_region(WANTED)
        found[0, index, 0] += 10
        losses.append(loss_of(consistency, found))
    assert losses[0] == pytest.approx(EXPRESSIVE_WEIGHT * losses[1], rel=1e-2)


def test_a_face_that_reaches_beyond_the_crop_does_not_count(consistency):
    both = torch.cat([WANTED, WANTED + torch.tensor([0.5, 0, 0])])
    found = in_region(both)
    found[1] += 50
    assert loss_of(consistency, found, both) == pytest.approx(0, abs=1e-3)
    assert loss_of(consistency, found[1:], both[1:]) == 0


def test_the_mesh_sees_the_square_around_the_face_from_zero_to_one():
    rows, columns = torch.meshgrid(torch.arange(96) + 0.5, torch.arange(96) + 0.5, indexing="ij")
    image = torch.stack([columns / 96, rows / 96, 0 * rows])[None]
    region = _cut(image, torch.tensor([[0.4, 0.6]]), torch.tensor([0.5]))
    steps = (np.arange(INPUT_PX) + 0.5) / INPUT_PX - 0.5
    np.testing.assert_allclose(region[0, 0, 50], 0.4 + 0.5 * steps, atol=1e-3)
    np.testing.assert_allclose(region[0, 1, :, 50], 0.6 + 0.5 * steps, atol=1e-3)
