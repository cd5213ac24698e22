import dataclasses

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import CONFIG, SIZE_PX, face_set  # noqa: E402 - torch may be missing

from ganonymization import weights  # noqa: E402
from ganonymization.condition import draw_maps  # noqa: E402
from ganonymization.crop import synthesis_crop_from_image  # noqa: E402
from ganonymization.errors import InputError  # noqa: E402
from ganonymization.geometry import Pose, transform  # noqa: E402
from ganonymization.onnx import Network  # noqa: E402
from ganonymization.palette import PALETTE_SIZE  # noqa: E402
from ganonymization.palette_bank import PaletteBank  # noqa: E402
from ganonymization.shape import ShapeModel  # noqa: E402
from ganonymization.synthesize.pix2pix import draw_noise  # noqa: E402
from ganonymization.training.config import ConfigError, load_config  # noqa: E402
from ganonymization.training.data import FaceViews  # noqa: E402
from ganonymization.training.export import INPUTS, _example, examples_of, export_generator, export_run  # noqa: E402
from ganonymization.training.identity import IdentityReader  # noqa: E402
from ganonymization.training.loop import Trainer, build_generator, train  # noqa: E402
from ganonymization.training.quantize import MAX_LEVELS, quantize  # noqa: E402
from ganonymization.training.thaw import freeze_discriminator, thaw  # noqa: E402

DETAILED = dataclasses.replace(CONFIG, detail_channels=16)


def export(path, config):
    torch.manual_seed(4)
    generator = build_generator(config)
    for parameter in generator.parameters():  # layers that begin as nothing would hide what becomes of them
        torch.nn.init.normal_(parameter, 0, 0.08)
    export_generator(generator, path, size_px=SIZE_PX, notes={"samples": "12"})
    return generator


def thawed_generator(path, config):
    generator = build_generator(config).eval()
    generator.load_state_dict(thaw(path).weights)
    return generator


@pytest.mark.parametrize("config", [CONFIG, DETAILED], ids=["coarse", "detailed"])
def test_weights_come_back_as_they_were_written(tmp_path, config):
    written = export(tmp_path / "generator.onnx", config).state_dict()
    weights_found, samples, axes, discriminator = thaw(tmp_path / "generator.onnx")
    assert samples == 12
    assert axes is None
    assert discriminator is None
    assert weights_found.keys() == written.keys()
    for name, value in written.items():
        torch.testing.assert_close(weights_found[name], value, atol=1e-6, rtol=0)


@pytest.mark.parametrize("config", [CONFIG, DETAILED], ids=["coarse", "detailed"])
def test_weights_in_8_bits_come_back_as_what_computes_the_same(tmp_path, config):
    path = tmp_path / "generator.onnx"
    before = export(path, config)
    assert 0 < quantize(path, examples_of(face_set(), CONFIG, count=3)) < MAX_LEVELS
    after = thawed_generator(path, config)
    inputs = _example(SIZE_PX, 3)
    with torch.no_grad():
        difference = (before(*inputs) - after(*inputs)).abs().mean() * 127.5
    assert difference < MAX_LEVELS


def test_the_generator_of_the_package_draws_the_same_when_thawed():
    path = weights.locate("generator")
    generator = thawed_generator(path, load_config("default-256"))
    inputs = mean_person()
    network = Network(path, inputs=INPUTS, outputs=["image"])
    (wanted,) = network(**inputs)
    # as far from the mean as it is drawn
    inputs["noise"] = inputs["noise"] * np.float32(network.metadata.get("variety", 1))
    with torch.no_grad():
        drawn = generator(*(torch.from_numpy(inputs[name]) for name in INPUTS)).numpy()
    inside = inputs["maps"][0, 0] > 0
    assert np.abs(drawn - wanted)[0, :, inside].mean() * 127.5 < MAX_LEVELS
    assert wanted[0, :, inside].std() * 127.5 > 10 * MAX_LEVELS


def mean_person(size_px=256):
    """The mean face on its own, in the colours of the first entry of the bank."""
    pose = Pose(1.0, np.eye(3), np.zeros(3))
    points = pose.apply(ShapeModel.load().mean).astype(np.float32)
    points = transform(points, synthesis_crop_from_image(pose, size_px=size_px))
    return {
        "maps": draw_maps(points, size_px=size_px)[None].astype(np.float32) / 255,
        "surround": np.zeros((1, 3, size_px, size_px), np.float32),
        "known": np.zeros((1, 1, size_px, size_px), np.float32),
        "palette": PaletteBank.load().palettes[:1].reshape(1, PALETTE_SIZE),
        "noise": draw_noise(1)[None],
    }


def test_a_run_goes_on_from_a_file_and_its_generator_waits_for_the_others(tmp_path):
    export(tmp_path / "generator.onnx", CONFIG)
    config = dataclasses.replace(CONFIG, samples=16, settle_samples=2)
    start = thaw(tmp_path / "generator.onnx").weights["stem.weight"]
    waiting = dataclasses.replace(config, samples=14)
    trainer = train(
        waiting, face_set(), tmp_path / "waiting", device=torch.device("cpu"), smaller_run=tmp_path / "generator.onnx"
    )
    assert trainer.samples == 14
    assert trainer.generator.stem.weight.equal(start)
    assert trainer.average.stem.weight.equal(start)
    trainer = train(
        config, face_set(), tmp_path / "learning", device=torch.device("cpu"), smaller_run=tmp_path / "generator.onnx"
    )
    assert not trainer.generator.stem.weight.equal(start)
    assert not trainer.average.stem.weight.equal(start)


def test_the_discriminator_alone_learns_while_the_generator_waits(tmp_path):
    export(tmp_path / "generator.onnx", CONFIG)
    trainer = Trainer(dataclasses.replace(CONFIG, settle_samples=100, ramp_samples=50), torch.device("cpu"))
    trainer.begin_with(thaw(tmp_path / "generator.onnx"))
    layer = next(name for name in trainer.discriminator.state_dict() if name.endswith("bias"))
    before = trainer.discriminator.state_dict()[layer].clone()
    report = trainer.step(next(iter(FaceViews(face_set(), CONFIG))).to(torch.device("cpu")))
    assert set(report) == {"discriminator"}
    assert not trainer.discriminator.state_dict()[layer].equal(before)


def test_another_preset_is_told(tmp_path):
    export(tmp_path / "generator.onnx", CONFIG)
    trainer = Trainer(dataclasses.replace(CONFIG, channels=(16, 48)), torch.device("cpu"))
    with pytest.raises(ConfigError, match="not of this preset"):
        trainer.begin_with(thaw(tmp_path / "generator.onnx"))


@pytest.mark.parametrize("content", [b"", b"no network", None], ids=["empty", "text", "no generator"])
def test_a_file_that_is_no_generator_is_told_by_name(tmp_path, content):
    path = tmp_path / "other.onnx"
    if content is None:
        onnx.save(onnx.load(str(weights.locate("emotion"))), str(path))
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.onnx: is no generator"):
        thaw(path)


def test_a_file_that_is_not_there_is_told_by_name(tmp_path):
    with pytest.raises(InputError, match=r"missing\.onnx: not found"):
        thaw(tmp_path / "missing.onnx")


def test_a_run_that_was_exported_goes_on_with_the_same_people(tmp_path):
    config = dataclasses.replace(CONFIG, samples=2, variety=1.5)
    trained = train(config, face_set(), tmp_path / "run", device=torch.device("cpu"))
    export_run(tmp_path / "run", tmp_path / "generator.onnx", face_set())
    trainer = Trainer(config, torch.device("cpu"))
    trainer.begin_with(thaw(tmp_path / "generator.onnx"))
    torch.testing.assert_close(trainer.reader.axes, trained.reader.axes, atol=1e-5, rtol=0)
    first, again = (network.style[0].weight for network in (trained.average, trainer.generator))
    torch.testing.assert_close(again, first, atol=2e-3, rtol=0)


def exported_run(tmp_path, config):
    trained = train(config, face_set(), tmp_path / "run", device=torch.device("cpu"))
    export_run(tmp_path / "run", tmp_path / "generator.onnx", face_set())
    return trained


def test_a_discriminator_that_was_exported_goes_on_learning(tmp_path):
    config = dataclasses.replace(CONFIG, samples=2, critic_weight=1.0)
    trained = exported_run(tmp_path, config)
    thawed = thaw(tmp_path / "generator.onnx")
    trainer = Trainer(config, torch.device("cpu"))
    trainer.begin_with(thawed)
    again, first = (network.discriminator.state_dict() for network in (trainer, trained))
    for name, value in first.items():
        torch.testing.assert_close(again[name], value, atol=1e-3, rtol=1e-3)
    without = Trainer(dataclasses.replace(config, critic_weight=0.0), torch.device("cpu"))
    without.begin_with(thawed)
    for name, value in without.discriminator.state_dict().items():
        torch.testing.assert_close(value, first[name], atol=1e-3, rtol=1e-3)


def test_a_discriminator_of_other_widths_is_told(tmp_path):
    exported_run(tmp_path, dataclasses.replace(CONFIG, samples=2))
    trainer = Trainer(dataclasses.replace(CONFIG, discriminator_channels=(8, 24, 16)), torch.device("cpu"))
    with pytest.raises(ConfigError, match=r"discriminator has no .* of its shape; .* alone elsewhere"):
        trainer.begin_with(thaw(tmp_path / "generator.onnx"))


def test_the_discriminator_of_another_generator_is_told(tmp_path):
    trained = exported_run(tmp_path, dataclasses.replace(CONFIG, samples=2))
    state = trained.discriminator.state_dict()
    freeze_discriminator(state, tmp_path / "generator_discriminator.npz", samples=3)
    with pytest.raises(InputError, match=r"generator_discriminator\.npz: has seen 3 faces .* beside it 2"):
        thaw(tmp_path / "generator.onnx")


def test_a_discriminator_that_tells_no_number_of_samples_is_told_by_name(tmp_path):
    export(tmp_path / "generator.onnx", CONFIG)
    np.savez(tmp_path / "generator_discriminator.npz", samples=np.array([1, 2]))
    with pytest.raises(InputError, match=r"generator_discriminator\.npz: is no discriminator"):
        thaw(tmp_path / "generator.onnx")


@pytest.mark.parametrize("content", [b"", b"no arrays"], ids=["empty", "text"])
def test_a_file_that_is_no_discriminator_is_told_by_name(tmp_path, content):
    export(tmp_path / "generator.onnx", CONFIG)
    (tmp_path / "generator_discriminator.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"generator_discriminator\.npz: is no discriminator"):
        thaw(tmp_path / "generator.onnx")


@pytest.mark.parametrize("text", ["", "[]", '{"middle": [1.0]}', '{"axes": "x"}'])
def test_axes_that_are_none_are_told(text):
    with pytest.raises(ValueError, match=r"axes|Expecting"):
        Trainer(CONFIG, torch.device("cpu")).reader.recall(text)


def test_damaged_axes_are_bad_input(tmp_path):
    export(tmp_path / "generator.onnx", CONFIG)
    damaged = thaw(tmp_path / "generator.onnx")._replace(axes='{"middle": [1.0]}')
    with pytest.raises(ConfigError, match="damaged"):
        Trainer(CONFIG, torch.device("cpu")).begin_with(damaged)


def test_a_grown_run_takes_the_axes_of_the_file_and_fits_none_anew(tmp_path, monkeypatch):
    config = dataclasses.replace(CONFIG, samples=2)
    first = train(config, face_set(), tmp_path / "run", device=torch.device("cpu"))
    export_run(tmp_path / "run", tmp_path / "generator.onnx", face_set())
    monkeypatch.setattr(IdentityReader, "fit", lambda *_: pytest.fail("axes were fitted anew"))
    later = dataclasses.replace(CONFIG, samples=4)
    for start in (tmp_path / "run", tmp_path / "generator.onnx"):
        grown = train(later, face_set(), tmp_path / start.stem / "on", device=torch.device("cpu"), smaller_run=start)
        torch.testing.assert_close(grown.reader.axes, first.reader.axes, atol=1e-5, rtol=0)
        torch.testing.assert_close(grown.reader.manly, first.reader.manly, atol=1e-3, rtol=0)
