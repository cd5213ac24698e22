import pytest
from fakes import landmarks

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import face_set, smooth_picture  # noqa: E402 - torch may be missing

from ganonymization.training.identity import (  # noqa: E402
    LEAST_SPREAD,
    STRANGERS,
    SUITING,
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


def missed(reader, found, *, codes=None, own=None):
    codes = reader.code(found) if codes is None else codes
    return identity_missed(reader, found, codes, found + 1 if own is None else own).item()


@pytest.fixture(scope="module")
def people():
    """A reader, and six people who are far apart."""
    found = embeddings()
    reader = fitted(found)
    return reader, reader.middle + 2 * reader.axes[:, :6].T


def test_strangers_who_are_read_as_asked_cost_nothing(people):
    assert missed(*people) == pytest.approx(0, abs=3e-3)


def test_what_lies_beside_the_code_is_told_in_distances_of_strangers(people):
    reader, found = people
    assert missed(reader, found + 0.2 * reader.axes[:, 9], codes=reader.code(found)) == pytest.approx(
        0.2 / STRANGERS, rel=2e-2
    )


def test_likeness_to_the_face_that_is_replaced_costs_what_is_missing_to_a_stranger(people):
    reader, found = people
    assert missed(reader, found, own=found + 0.3 * reader.axes[:, 9]) == pytest.approx(1 - 0.3 / STRANGERS, rel=2e-2)


def test_people_who_cannot_be_told_from_each_other_cost_one_more(people):
    reader, found = people
    alike = found.mean(dim=0, keepdim=True).expand(6, -1)
    astray = (found - alike).norm(dim=1).mean().item() / STRANGERS
    assert missed(reader, alike, codes=reader.code(found)) > astray + 0.9
    close = found.mean(dim=0) + 1e-3 * (found - found.mean(dim=0))
    assert missed(reader, close) == pytest.approx(1, abs=0.01)


def test_one_face_misses_nothing(reader):
    assert identity_missed(reader, torch.zeros(1, 128), torch.zeros(1, 32), torch.zeros(1, 128)).item() == 0


def test_the_picture_learns_from_what_is_missed_and_the_reader_does_not(reader):
    picture = faces(1, 2).requires_grad_()
    points = POINTS.expand(2, -1, -1)
    found = reader(picture, points, random=torch.Generator().manual_seed(1))
    identity_missed(reader, found, torch.randn(2, 32), reader(faces(3, 4), points)).backward()
    assert torch.isfinite(picture.grad).all()
    assert picture.grad.abs().amax(dim=(1, 2, 3)).min() > 0
    assert not list(reader.parameters())


def telling_men():
    """A reader that takes the third number of the code for what men have more of, and codes and logits for it."""
    codes = torch.randn(500, 32, generator=torch.Generator().manual_seed(4))
    reader = IdentityReader()
    reader.tell_men(codes, 2 * codes[:, 2] + 0.5)
    return reader, codes


def test_the_way_to_men_is_where_they_differ_from_women_whatever_is_usual():
    reader, codes = telling_men()
    assert reader.manly.norm().item() == pytest.approx(1)
    assert reader.manly[2] > 0.95
    shifted = IdentityReader()
    shifted.tell_men(codes + 3, 2 * codes[:, 2] - 40)
    torch.testing.assert_close(shifted.manly, reader.manly, atol=1e-4, rtol=0)


def test_most_invented_people_are_of_the_sex_of_whom_they_replace_and_differ_in_nothing_else():
    reader, own = telling_men()
    random = torch.Generator().manual_seed(5)
    codes = torch.randn(500, 32, generator=random)
    suited = reader.suit(codes, own, random)
    agree = ((suited @ reader.manly) * (own @ reader.manly) > 0).float().mean().item()
    assert agree == pytest.approx(SUITING + (1 - SUITING) / 2, abs=0.04)
    torch.testing.assert_close((suited @ reader.manly).abs(), (codes @ reader.manly).abs(), atol=1e-5, rtol=0)
    along = torch.outer(reader.manly, reader.manly)
    torch.testing.assert_close(suited - suited @ along, codes - codes @ along, atol=1e-5, rtol=0)


def test_a_reader_that_tells_no_men_leaves_codes_as_they_are():
    codes = torch.randn(8, 32)
    assert IdentityReader().suit(codes, codes.flip(0), torch.Generator()).equal(codes)


def test_axes_from_elsewhere_leave_what_is_known_of_men():
    reader, _ = telling_men()
    manly = reader.manly.clone()
    reader.recall(fitted(embeddings()).note())
    assert reader.manly.equal(manly)
