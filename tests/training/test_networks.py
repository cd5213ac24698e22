import dataclasses

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import SIZE_PX  # noqa: E402 - torch may be missing

from ganonymization.synthesize.pix2pix import NOISE_SIZE  # noqa: E402
from ganonymization.training.config import TrainingConfig  # noqa: E402
from ganonymization.training.graph import stored_as  # noqa: E402
from ganonymization.training.loop import build_generator  # noqa: E402
from ganonymization.training.networks import Discriminator, FilmBlock, halve  # noqa: E402

INPUTS = ("maps", "surround", "known", "palette", "noise")


def inputs_of(batch, size_px=SIZE_PX):
    torch.manual_seed(1)
    return {
        "maps": torch.rand(batch, 7, size_px, size_px),
        "surround": torch.rand(batch, 3, size_px, size_px) * 2 - 1,
        "known": (torch.rand(batch, 1, size_px, size_px) > 0.5).float(),
        "palette": torch.rand(batch, 16) * 2 - 1,
        "noise": torch.randn(batch, NOISE_SIZE),
    }


TINY = TrainingConfig(size_px=SIZE_PX, channels=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,))


def tiny_generator(unshuffle=2):
    torch.manual_seed(0)
    generator = build_generator(dataclasses.replace(TINY, unshuffle=unshuffle)).eval()
    for parameter in generator.parameters():  # fresh blocks pass on what they get
        parameter.data += 0.05 * torch.randn(parameter.shape)
    return generator


@pytest.mark.parametrize("unshuffle", [1, 2, 4])
@torch.no_grad()
def test_the_generator_draws_an_image_of_the_crop_s_size(unshuffle):
    image = tiny_generator(unshuffle)(**inputs_of(3))
    assert image.shape == (3, 3, SIZE_PX, SIZE_PX)
    assert image.abs().max() <= 1


@pytest.mark.parametrize("name", INPUTS)
@torch.no_grad()
def test_every_input_changes_the_image(name):
    generator, inputs = tiny_generator(), inputs_of(1)
    changed = inputs | {name: 1 - inputs[name]}
    assert (generator(**changed) - generator(**inputs)).abs().max() > 1e-4


@torch.no_grad()
def test_a_face_does_not_depend_on_the_others_in_its_batch():
    generator, inputs = tiny_generator(), inputs_of(3)
    alone = generator(**{name: value[1:2] for name, value in inputs.items()})
    torch.testing.assert_close(generator(**inputs)[1:2], alone, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_block_lets_its_input_pass_and_the_style_scale_its_change():
    torch.manual_seed(0)
    block = FilmBlock(32)
    x, style = torch.randn(2, 32, 8, 8), torch.randn(2, 128)
    fresh = block(x, style) - x
    assert fresh.std(dim=(2, 3)).max() < 1e-6  # at first a block only adds its bias
    torch.nn.init.normal_(block.convolutions[1].weight, std=0.1)
    assert (block(x, style) - block(x, -style)).abs().max() > 1e-3


def test_the_shipped_generator_stays_under_twelve_megabytes():
    generator = build_generator(TrainingConfig())
    count = sum(parameter.numel() for parameter in generator.parameters())
    assert 4e6 < count < 12e6
    stored = [stored_as(parameter.detach().numpy()) for parameter in generator.parameters()]
    scales = sum(scale.nbytes for _, scale in stored if scale is not None)
    assert sum(values.nbytes for values, _ in stored) + scales < 11.9e6


@torch.no_grad()
def test_the_discriminator_judges_patches_at_every_scale_down_to_64_px():
    discriminator = Discriminator(256, (8, 16, 16, 24))
    judged = discriminator(torch.rand(2, 3, 256, 256), torch.rand(2, 7, 256, 256))
    assert list(discriminator.scales) == ["256", "128", "64"]
    assert [tuple(logits.shape) for logits, _ in judged] == [(2, 1, 16, 16), (2, 1, 16, 16), (2, 1, 4, 4)]
    assert [[layer.shape[1] for layer in layers] for _, layers in judged] == [[8, 16, 16], [8, 16, 16], [8, 16, 16, 24]]


@torch.no_grad()
def test_a_generator_that_grows_draws_the_same_faces_larger():
    small = tiny_generator()
    config = dataclasses.replace(TINY, size_px=2 * SIZE_PX, detail_channels=16)
    large = build_generator(config).eval()
    large.load_state_dict(large.state_dict() | small.state_dict())
    inputs = inputs_of(2, 2 * SIZE_PX)
    coarse = halve(inputs["maps"], inputs["surround"], inputs["known"])
    maps, surround, known = torch.split(coarse, [7, 3, 1], dim=1)
    wanted = small(maps, surround, known, inputs["palette"], inputs["noise"])
    found = torch.nn.functional.avg_pool2d(large(**inputs), 2)
    assert (found - wanted).abs().mean() < 0.05 * wanted.std()


@torch.no_grad()
def test_a_pixel_of_the_halved_conditioning_is_known_where_all_four_were():
    known = torch.ones(1, 1, 4, 4)
    known[0, 0, 1, 2] = 0
    halved = halve(torch.zeros(1, 7, 4, 4), torch.full((1, 3, 4, 4), 0.5) * known, known)
    assert halved[0, -1].tolist() == [[1, 0], [1, 1]]
    assert halved[0, 7].tolist() == [[0.5, 0], [0.5, 0.5]]


@torch.no_grad()
def test_a_patch_is_judged_by_its_own_neighbourhood_and_the_maps_count():
    torch.manual_seed(0)
    discriminator = Discriminator(64, (8, 16, 16)).eval()
    image, maps = torch.rand(1, 3, 64, 64), torch.rand(1, 7, 64, 64)
    other_maps = discriminator(image, maps.flip(3))
    for (logits, _), (other, _) in zip(discriminator(image, maps), other_maps, strict=True):
        assert (logits - other).abs().max() > 1e-4


@torch.no_grad()
def test_layers_of_another_network_are_judged_place_by_place():
    discriminator = Discriminator(64, (8, 16, 16), features=(8, 16)).eval()
    layers = [torch.rand(2, 8, 12, 12), torch.rand(2, 16, 6, 6)]
    before = discriminator.judge_features(layers)
    assert [tuple(logits.shape) for logits in before] == [(2, 1, 12, 12), (2, 1, 6, 6)]
    layers[0][0, :, 0, 0] += 1
    after = discriminator.judge_features(layers)
    assert (after[0] - before[0]).abs().amax(dim=(1, 2, 3)).gt(0).tolist() == [True, False]
    assert after[0][0, 0, 4:, 4:].equal(before[0][0, 0, 4:, 4:])
