import pytest
from fakes import landmarks

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

import torch.nn.functional as F  # noqa: E402 - torch may be missing
from tiny import smooth_picture  # noqa: E402

from ganonymization import weights  # noqa: E402
from ganonymization.recognise import FACE_RECOGNITION  # noqa: E402
from ganonymization.training.frozen import FrozenNetwork  # noqa: E402
from ganonymization.training.perception import Perception  # noqa: E402

POINTS = torch.from_numpy(landmarks(2, center=(48, 52), height_px=50).points / 96)[None]


@pytest.fixture(scope="module")
def perception():
    return Perception(FrozenNetwork(weights.locate(FACE_RECOGNITION.weights), FACE_RECOGNITION.output))


def faces(*seeds):
    pictures = [torch.from_numpy(smooth_picture(seed, 96)).permute(2, 0, 1) for seed in seeds]
    return torch.stack(pictures).float() / 127.5 - 1


def apart(perception, first, second):
    points = POINTS.expand(len(first), -1, -1)
    return perception(first, second, points, random=torch.Generator().manual_seed(1))


def test_the_same_faces_are_not_apart_and_others_are_the_farther_the_less_alike(perception):
    face, other = faces(1), faces(2)
    assert apart(perception, face, face).item() == pytest.approx(0, abs=1e-6)
    near = apart(perception, face, 0.9 * face + 0.1 * other).item()
    assert 0 < near < 0.5 * apart(perception, face, other).item()


def test_a_change_of_light_counts_less_than_a_loss_of_shape(perception):
    face = faces(1)
    soft = F.avg_pool2d(F.pad(face, (6, 6, 6, 6), mode="reflect"), 13, 1)
    moved = (face - soft).abs().mean().item()
    assert apart(perception, face, face + moved).item() < 0.5 * apart(perception, face, soft).item()


def test_the_picture_learns_from_it(perception):
    face = faces(1, 3).requires_grad_()
    apart(perception, face, faces(2, 4)).backward()
    assert torch.isfinite(face.grad).all()
    assert face.grad.abs().amax(dim=(1, 2, 3)).min() > 0


def test_no_faces_cost_nothing(perception):
    assert apart(perception, faces(1)[:0], faces(1)[:0]).item() == 0
