import pytest
from fakes import landmarks

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import face_set, smooth_picture  # noqa: E402 - torch may be missing

from ganonymization.training.identity import (  # noqa: E402
    LEAST_SPREAD,
    STRANGERS,
    IdentityReader,
    embed_faces,
    identity_missed,
)

CPU = torch.device("cpu")
POINTS = torch.from_numpy(landmarks(2, center=(48, 52), height_px=50).points / 96)[None]


@pytest.fixture(scope="module")
def reader():
    return IdentityReader()


def embeddings(count=400, seed=1):
    """People who differ along 40 axes, along each less than along the one before."""
    random = torch.Generator().manual_seed(seed)
    mix = torch.linalg.qr(torch.randn(128, 40, generator=random))[0] * torch.linspace(0.3, 0.05, 40)
    return 0.1 + torch.randn(count, 40, generator=random) @ mix.T


def fitted(found):
    other = IdentityReader()
    other.fit(found)
    return other


def faces(*seeds):
    pictures = [torch.from_numpy(smooth_picture(seed, 96)).permute(2, 0, 1) for seed in seeds]
    return torch.stack(pictures).float() / 127.5 - 1


def test_codes_of_the_faces_that_it_was_fitted_on_are_normalised():
    found = embeddings()
    codes = fitted(found).code(found)
    torch.testing.assert_close(codes.mean(dim=0), torch.zeros(32), atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.cov(codes.T), torch.eye(32), atol=1e-2, rtol=0)


def test_the_axes_are_those_along_which_faces_differ_most():
    found = embeddings()
    reader = fitted(found)
    told = reader.middle + (reader.code(found) * reader.spread) @ reader.axes.T
    assert (found - told).square().sum() < 0.05 * (found - found.mean(dim=0)).square().sum()
    assert (reader.spread.diff() <= 0).all()


def test_the_order_of_the_faces_does_not_turn_the_axes():
    found = embeddings()
    torch.testing.assert_close(fitted(found.flip(0)).axes, fitted(found).axes, atol=1e-3, rtol=0)


def test_a_handful_of_faces_gives_codes_that_are_numbers():
    found = embeddings(3)
    reader = fitted(found)
    assert torch.isfinite(reader.code(found)).all()
    assert reader.spread[-1] == LEAST_SPREAD


def test_a_face_is_embedded_alike_as_a_crop_and_as_a_prepared_picture(reader):
    found = embed_faces(reader, face_set(), CPU)
    assert found.shape == (4, 128)
    inner = face_set().images[0, 4:-4, 4:-4]  # the synthesis crop: 32 of 40 pixels
    crop = torch.from_numpy(inner).permute(2, 0, 1)[None] / 127.5 - 1
    again = reader(crop, torch.from_numpy(face_set().landmarks[:1]))[0]
    distances = (found - again).norm(dim=1)
    assert distances.argmin() == 0
    assert distances[0] < 0.3 * distances[1:].min()


def test_squares_are_moved_only_where_numbers_are_given_for_it(reader):
    still = [reader(faces(1), POINTS) for _ in range(2)]
    assert still[0].equal(still[1])
    moved = reader(faces(1), POINTS, random=torch.Generator().manual_seed(1))
    assert 0 < (moved - still[0]).norm() < 0.3


def test_a_stranger_who_is_read_as_asked_costs_nothing():
    found = embeddings()
    reader = fitted(found)
    assert identity_missed(reader, found[:3], reader.code(found[:3]), found[:3] + 1).item() == pytest.approx(
        0, abs=3e-3
    )


def test_what_is_missed_is_told_in_distances_of_strangers():
    found = embeddings()
    reader = fitted(found)
    aside = found[:3] + 0.2 * reader.axes[:, 0]
    assert identity_missed(reader, aside, reader.code(found[:3]), found[:3] + 1).item() == pytest.approx(
        0.2 / STRANGERS, 2e-2
    )
    near = found[:3] + 0.3 * reader.axes[:, 0]
    wanted = (0.3 + STRANGERS - 0.3) / STRANGERS
    assert identity_missed(reader, near, reader.code(found[:3]), found[:3]).item() == pytest.approx(wanted, 2e-2)


def test_no_faces_miss_nothing(reader):
    assert identity_missed(reader, torch.zeros(0, 128), torch.zeros(0, 32), torch.zeros(0, 128)).item() == 0


def test_the_picture_learns_from_what_is_missed_and_the_reader_does_not(reader):
    picture = faces(1, 2).requires_grad_()
    points = POINTS.expand(2, -1, -1)
    found = reader(picture, points, random=torch.Generator().manual_seed(1))
    identity_missed(reader, found, torch.randn(2, 32), reader(faces(3, 4), points)).backward()
    assert torch.isfinite(picture.grad).all()
    assert picture.grad.abs().amax(dim=(1, 2, 3)).min() > 0
    assert not list(reader.parameters())
