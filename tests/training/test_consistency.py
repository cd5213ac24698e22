import numpy as np
import pytest
from fakes import landmarks

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.landmark.face_mesh import INPUT_PX, ROI_SCALE  # noqa: E402 - torch may be missing
from ganonymization.training.consistency import (  # noqa: E402
    DEPTH_WEIGHT,
    EXPRESSIVE_WEIGHT,
    FEATURES,
    ExpressionConsistency,
    LandmarkConsistency,
)


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
    return torch.cat([placed, points[..., 2:] / side], dim=2) * INPUT_PX


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


def test_depth_counts_but_not_from_which_plane_it_is_measured(consistency):
    deeper = in_region(WANTED)
    deeper[..., 2] += 7
    assert loss_of(consistency, deeper) == pytest.approx(0, abs=1e-3)
    flat = in_region(WANTED)
    flat[..., 2] = 0
    depth = WANTED[0, :, 2] - WANTED[0, :, 2].mean()
    extent = (WANTED[0, :, :2].amax(dim=0) - WANTED[0, :, :2].amin(dim=0)).max()
    expected = 100 * DEPTH_WEIGHT * (depth.abs() / extent) @ consistency.point_weights
    assert loss_of(consistency, flat) == pytest.approx(expected.item(), rel=1e-3)


class FakeClassifier(torch.nn.Module):
    """Knows the mean brightness of each colour, tells it as three probabilities, and remembers what it saw."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def layers(self, image, names):
        assert names == (FEATURES, "probabilities")
        self.seen.append(image)
        brightness = image.mean(dim=(2, 3))
        return [brightness / 255, brightness / brightness.sum(dim=1, keepdim=True)]


class FakeExpectation(torch.nn.Module):
    """Everybody is expected to be of a middle grey."""

    def forward(self, points):
        return torch.full((len(points), 3), 0.5), torch.full((len(points), 3), 1 / 3)


def loss_of_expressions(fake, real, invented=None):
    expression = ExpressionConsistency()
    expression.classifier = FakeClassifier()
    expression.expect = FakeExpectation()
    random = torch.Generator().manual_seed(3)
    both = WANTED.expand(len(real), -1, -1)
    invented = torch.zeros(len(real)) if invented is None else torch.tensor(invented)
    loss = expression(fake, real, (both, both), invented=invented, random=random)
    return loss.item(), expression.classifier.seen


def colour(*levels):
    return torch.tensor(levels)[None, :, None, None].expand(1, 3, 96, 96) / 127.5 - 1


def test_the_loss_is_the_divergence_of_the_answers_and_how_far_apart_what_is_known_lies():
    # two training faces that lie .2 apart, in one colour; the drawn ones lie .1 from them, in another
    real = torch.cat([colour(102.0, 102.0, 102.0), colour(153.0, 102.0, 102.0)])
    fake = torch.cat([colour(102.0, 127.5, 102.0), colour(153.0, 127.5, 102.0)])
    loss, _ = loss_of_expressions(fake, real)
    divergence = 0.0
    for red in (0.4, 0.6):
        wanted, found = np.array([red, 0.4, 0.4]), np.array([red, 0.5, 0.4])
        wanted, found = wanted / wanted.sum(), found / found.sum()
        divergence += (wanted * np.log(wanted / found)).sum() / 2
    assert loss == pytest.approx(0.1**2 / 0.2**2 + divergence, rel=2e-2)


def test_the_classifier_sees_both_faces_in_the_same_square():
    picture = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(1)) * 2 - 1
    loss, seen = loss_of_expressions(picture, picture)
    assert loss == pytest.approx(0, abs=1e-6)
    assert seen[0].equal(seen[1])
    assert 0 < seen[0].mean() < 255


def test_of_an_invented_person_that_is_wanted_which_the_measures_lead_to_expect():
    real = torch.cat([colour(102.0, 102.0, 102.0), colour(153.0, 102.0, 102.0)])
    grey = torch.cat([colour(127.5, 127.5, 127.5), colour(127.5, 127.5, 127.5)])
    as_seen, _ = loss_of_expressions(grey, real, [0.0, 0.0])
    as_expected, _ = loss_of_expressions(grey, real, [1.0, 1.0])
    both, _ = loss_of_expressions(grey, real, [1.0, 0.0])
    assert as_expected == pytest.approx(0, abs=1e-2)
    assert as_expected < both < as_seen


def test_the_shipped_classifier_passes_gradients_back():
    picture = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1)) * 2 - 1
    fake = (-picture).requires_grad_()
    both = WANTED.expand(2, -1, -1)
    invented = torch.tensor([1.0, 0.0])
    ExpressionConsistency()(fake, picture, (both, both), invented=invented, random=torch.Generator()).backward()
    assert torch.isfinite(fake.grad).all()
    assert fake.grad.abs().amax(dim=(1, 2, 3)).min() > 0
