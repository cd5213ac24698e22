import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.condition import MAP_COUNT, MAP_NAMES  # noqa: E402 - torch may be missing
from ganonymization.training.blemishes import (  # noqa: E402
    bare_skin,
    blemish_excess,
    line_excess,
    lined,
    standing_out,
)

SIZE = 128
EVERYWHERE = torch.ones(1, 1, SIZE, SIZE)


def maps():
    """A round face with lips."""
    layers = torch.zeros(1, MAP_COUNT, SIZE, SIZE)
    y, x = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    layers[0, MAP_NAMES.index("hull")] = ((y - 64) ** 2 + (x - 64) ** 2 < 50**2).float()
    layers[0, MAP_NAMES.index("lips"), 84:92, 52:76] = 1
    return layers


SKIN = bare_skin(maps(), EVERYWHERE)


def face():
    """Skin that is lit from the left."""
    return (0.4 * torch.linspace(-1, 1, SIZE)).expand(1, 3, SIZE, SIZE).clone()


def spotted(*, top, left, side, darker=0.4):
    image = face()
    image[..., top : top + side, left : left + side] -= darker
    return image


def more(image, *, visible=EVERYWHERE, weight=1.0):
    return blemish_excess(image, face(), bare_skin(maps(), visible), torch.tensor([weight])).item()


def test_a_spot_stands_out_and_light_from_the_side_does_not():
    spot = standing_out(spotted(top=30, left=60, side=8), SKIN)
    assert spot > 3 * standing_out(face(), SKIN)
    assert spot > 3 * standing_out(face() - 0.4, SKIN)


def test_one_dark_spot_counts_more_than_many_faint_ones():
    random = torch.rand(1, 1, SIZE // 8, SIZE // 8, generator=torch.Generator().manual_seed(0))
    faint = face() + 0.05 * torch.nn.functional.interpolate(random, SIZE)
    assert more(spotted(top=30, left=60, side=8)) > 2 * more(faint) > 0


@pytest.mark.parametrize(
    ("top", "left", "side"),
    [pytest.param(86, 56, 4, id="between the lips"), pytest.param(2, 2, 8, id="beside the face")],
)
def test_what_is_no_skin_does_not_count(top, left, side):
    assert more(spotted(top=top, left=left, side=side)) == pytest.approx(0, abs=1e-4)


def test_nothing_counts_where_nothing_is_drawn_nor_without_weight_and_no_face_misses_itself():
    image = spotted(top=30, left=60, side=8)
    hidden = EVERYWHERE.clone()
    hidden[..., :60, :] = 0
    assert more(image, visible=hidden) == pytest.approx(0, abs=1e-4)
    assert more(image, weight=0.0) == 0
    assert more(face()) == 0
    assert more(image) > 0.05


def test_a_step_against_the_gradient_makes_the_spot_fainter():
    image = spotted(top=30, left=60, side=8).requires_grad_()
    blemish_excess(image, face(), SKIN, torch.ones(1)).backward()
    inside, outside = image.grad[..., 32:36, 62:66], image.grad[..., 100:104, 62:66]
    assert (inside < 0).all()
    assert inside.abs().mean() > 10 * outside.abs().mean()


def etched(share=1.0):
    """Dark and bright columns, two pixels wide."""
    columns = torch.where(torch.arange(SIZE) // 2 % 2 > 0, 0.2, -0.2)
    return face() + share * columns


def test_fine_lines_are_seen_and_neither_light_from_the_side_nor_what_is_no_skin():
    assert lined(etched(), SKIN) > 10 * lined(face(), SKIN)
    assert lined(spotted(top=86, left=56, side=4), SKIN) == pytest.approx(lined(face(), SKIN).item(), abs=1e-4)
    assert standing_out(etched(), SKIN) < lined(etched(), SKIN)


@pytest.mark.parametrize(("share", "excessive"), [(0.2, False), (0.6, True)])
def test_skin_may_be_as_lined_as_that_of_photos(share, excessive):
    found = line_excess(etched(share), SKIN, torch.ones(1)).item()
    assert (found > 0) == excessive
    assert line_excess(etched(), SKIN, torch.zeros(1)) == 0


def test_a_step_against_the_gradient_makes_lines_fainter():
    image = etched().requires_grad_()
    line_excess(image, SKIN, torch.ones(1)).backward()
    assert lined(image.detach() - 10 * image.grad, SKIN) < lined(image.detach(), SKIN)
