import dataclasses

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import CONFIG, SIZE_PX, face_set  # noqa: E402 - torch may be missing

from ganonymization.onnx import Network  # noqa: E402
from ganonymization.synthesize import Pix2Pix  # noqa: E402
from ganonymization.training import export, graph  # noqa: E402
from ganonymization.training.export import (  # noqa: E402
    INPUTS,
    MAX_DIFFERENCE,
    ParityError,
    examples_of,
    export_generator,
)
from ganonymization.training.loop import build_generator  # noqa: E402


def generator():
    torch.manual_seed(4)
    return build_generator(CONFIG)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "generator.onnx"
    network = generator()
    difference = export_generator(network, path, size_px=SIZE_PX, notes={"samples": "12"})
    return path, network, difference


def test_the_file_computes_what_the_generator_computes_for_any_batch(exported):
    path, network, difference = exported
    assert difference <= MAX_DIFFERENCE
    for batch in (1, 4):
        example = export._example(SIZE_PX, batch)
        with torch.no_grad():
            wanted = network(*example).numpy()
        (found,) = Network(path, inputs=INPUTS, outputs=["image"])(
            **{name: value.numpy() for name, value in zip(INPUTS, example, strict=True)}
        )
        np.testing.assert_allclose(found, wanted, atol=MAX_DIFFERENCE)


def test_the_file_fits_the_synthesizer_and_carries_its_notes(exported):
    path, _, _ = exported
    network = Network(path, inputs=INPUTS, outputs=["image"])
    assert network.metadata["samples"] == "12"
    assert Pix2Pix(network).size_px == SIZE_PX


def test_examples_are_as_bright_as_training_shows_faces():
    plain, bright = (
        examples_of(face_set(), dataclasses.replace(CONFIG, exposure_exponent=exponent), count=3)
        for exponent in (1.0, 0.5)
    )
    for dark, light in zip(plain, bright, strict=True):
        np.testing.assert_array_equal(dark["known"], light["known"])
        assert light["palette"][:, :3].mean() > dark["palette"][:, :3].mean()
        if dark["known"].any():
            assert light["surround"].sum() > dark["surround"].sum()


def test_weights_take_half_of_the_space(exported):
    path, network, _ = exported
    count = sum(parameter.numel() for parameter in network.parameters())
    stored = sum(len(tensor.raw_data) for tensor in onnx.load(str(path)).graph.initializer)
    assert stored < 2.2 * count
    assert path.stat().st_size < 2.2 * count + 40_000


def test_rounding_hardly_changes_the_trained_generator(exported):
    _, rounded, _ = exported
    example = export._example(SIZE_PX, 2)
    with torch.no_grad():
        difference = (rounded(*example) - generator().eval()(*example)).abs().max().item()
    assert 0 < difference < 0.01


@pytest.mark.parametrize(
    ("size", "kind"), [((512,), np.float32), ((40, 20, 3, 3), np.float16), ((256, 200, 3, 3), np.int8)]
)
def test_large_tensors_are_stored_in_fewer_bits_and_come_back_close(size, kind):
    values = np.random.default_rng(0).normal(0, 0.1, size).astype(np.float32)
    stored, scales = graph.stored_as(values)
    assert stored.dtype == kind
    restored = graph.restored(stored, scales)
    step = {np.float32: 0, np.float16: 3e-4, np.int8: np.abs(values).max() / 127 / 2 + 1e-6}[kind]
    assert np.abs(restored - values).max() <= step
    again, again_scales = graph.stored_as(restored)
    np.testing.assert_allclose(graph.restored(again, again_scales), restored, atol=1e-7)


def test_a_tensor_of_zeros_stays_zero():
    values = np.zeros((256, 200, 3, 3), np.float32)
    np.testing.assert_array_equal(graph.restored(*graph.stored_as(values)), values)


def test_a_file_that_computes_something_else_is_not_written(tmp_path, monkeypatch):
    compress = export.pack_weights

    def damage(graph):
        compress(graph)
        bias = next(tensor for tensor in graph.initializer if tensor.name == "head.bias")
        bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(0.01), bias.name))

    monkeypatch.setattr(export, "pack_weights", damage)
    (tmp_path / "generator.onnx").write_bytes(b"the old one")
    with pytest.raises(ParityError, match=r"generator\.onnx.*off those of torch"):
        export_generator(generator(), tmp_path / "generator.onnx", size_px=SIZE_PX, notes={})
    assert (tmp_path / "generator.onnx").read_bytes() == b"the old one"
    assert len(list(tmp_path.iterdir())) == 1
