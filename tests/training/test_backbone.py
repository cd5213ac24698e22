import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.training.backbone import LAYERS, Backbone  # noqa: E402


def test_layers_are_of_one_size_where_there_is_anything_and_let_the_picture_learn():
    torch.manual_seed(0)
    picture = (2 * torch.rand(2, 3, 64, 64) - 1).requires_grad_()
    layers = Backbone()(picture)
    assert [tuple(layer.shape[1:]) for layer in layers] == [
        (width, side, side) for width, side in zip(LAYERS.values(), (8, 4, 2), strict=True)
    ]
    for layer in layers:
        size = layer.square().mean(dim=1)
        assert (size[size > 0] - 1).abs().max() < 1e-3
    layers[-1].square().mul(torch.arange(LAYERS["500"])[:, None, None]).mean().backward()
    assert picture.grad.abs().amax(dim=(1, 2, 3)).min() > 0
