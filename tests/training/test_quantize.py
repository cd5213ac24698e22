import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import CONFIG, SIZE_PX, face_set  # noqa: E402 - torch may be missing

from ganonymization.onnx import Network  # noqa: E402
from ganonymization.training import folding  # noqa: E402
from ganonymization.training import quantize as quantizing  # noqa: E402
from ganonymization.training.config import TrainingConfig  # noqa: E402
from ganonymization.training.export import INPUTS, examples_of, export_generator  # noqa: E402
from ganonymization.training.graph import unpack_weights  # noqa: E402
from ganonymization.training.loop import build_generator  # noqa: E402
from ganonymization.training.quantize import Span, quantize  # noqa: E402

DETAILED = TrainingConfig(
    size_px=SIZE_PX, channels=(16, 32), encoder_blocks=(0, 1), decoder_blocks=(1,), detail_channels=16, threads=1
)


def examples(count=3):
    return examples_of(face_set(), CONFIG, count=count)


def export(path, config=CONFIG, *, unlearnt=None):
    torch.manual_seed(4)
    generator = build_generator(config)
    for name, parameter in generator.named_parameters():
        if name != unlearnt:  # layers that begin as nothing would hide what becomes of them
            torch.nn.init.normal_(parameter, 0, 0.08)
    export_generator(generator, path, size_px=SIZE_PX, notes={"samples": "12"})
    return path


def drawn(path):
    network = Network(path, inputs=INPUTS, outputs=["image"])
    return np.concatenate([network(**example)[0] for example in examples()])


@pytest.fixture(scope="module", params=[CONFIG, DETAILED], ids=["coarse", "detailed"])
def rounded(request, tmp_path_factory):
    path = export(tmp_path_factory.mktemp("quantize") / "generator.onnx", request.param)
    before = drawn(path)
    return path, before, quantize(path, examples())


def test_a_quantized_generator_draws_almost_the_same(rounded):
    path, before, levels = rounded
    after = drawn(path)
    assert 0 < levels < quantizing.MAX_LEVELS
    assert 0 < np.abs(after - before).mean() * 127.5 < quantizing.MAX_LEVELS
    assert before.std() > 0.05


def test_a_layer_of_which_only_the_bias_has_learnt_draws_the_same(tmp_path):
    path = export(tmp_path / "generator.onnx", DETAILED, unlearnt="detail.block.convolutions.1.weight")
    before = drawn(path)
    quantize(path, examples())
    assert 0 < np.abs(drawn(path) - before).mean() * 127.5 < quantizing.MAX_LEVELS


def convolutions(path):
    """Return the names of those that run in 8 bits, and of the others."""
    graph = onnx.load(str(path)).graph
    whole = {tensor.name for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.INT8}
    unpacked = {node.output[0] for node in graph.node if node.op_type == "DequantizeLinear" and node.input[0] in whole}
    names = {node.name: node.input[1] in unpacked for node in graph.node if node.op_type == "Conv"}
    return {name for name in names if names[name]}, {name for name in names if not names[name]}


def test_convolutions_that_draw_the_image_are_never_rounded_however_little_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(quantizing, "MAX_OWN_LEVELS", 99.0)
    monkeypatch.setattr(quantizing, "MAX_LEVELS", 99.0)
    path = export(tmp_path / "generator.onnx", DETAILED)
    quantize(path, examples())
    rounded, exact = convolutions(path)
    assert exact == {"/head/Conv", "/detail/unfold/Conv"}
    assert len(rounded) >= 10


def test_convolutions_that_change_a_face_too_much_stay_exact(tmp_path, rounded, monkeypatch):
    some, _ = convolutions(rounded[0])
    assert some
    monkeypatch.setattr(quantizing, "MAX_OWN_LEVELS", 0.0)
    path = export(tmp_path / "generator.onnx")
    assert quantize(path, examples()) < 1e-3
    assert convolutions(path)[0] == set()


def test_nothing_is_left_of_pixel_unshuffle_and_notes_stay(rounded):
    path, _, _ = rounded
    model = onnx.load(str(path))
    transposed = [list(node.attribute[0].ints) for node in model.graph.node if node.op_type == "Transpose"]
    assert folding._UNSHUFFLE not in transposed
    assert Network(path, inputs=INPUTS, outputs=["image"]).metadata["samples"] == "12"


def test_what_changes_faces_most_stays_exact_where_all_together_would_show(tmp_path, monkeypatch):
    path = export(tmp_path / "generator.onnx")
    size, all_of_them = path.stat().st_size, quantize(path, examples())
    some, _ = convolutions(path)
    export(path)
    monkeypatch.setattr(quantizing, "MAX_LEVELS", 0.8 * all_of_them)
    assert 0 < quantize(path, examples()) <= 0.8 * all_of_them
    fewer, _ = convolutions(path)
    assert set() < fewer < some
    monkeypatch.setattr(quantizing, "MAX_LEVELS", 0.0)
    export(path)
    assert quantize(path, examples()) < 1e-3
    assert convolutions(path)[0] == set()
    assert path.stat().st_size < 1.2 * size
    assert list(tmp_path.iterdir()) == [path]


def test_without_examples_nothing_is_quantized(tmp_path):
    with pytest.raises(ValueError, match="without examples"):
        quantize(tmp_path / "generator.onnx", [])


def test_grids_reach_both_ends_in_steps_that_suit_each_channel():
    span = Span(np.array([-1.0, -0.1, 0.0]), np.array([1.0, 20.0, 0.0]))
    for grid in (quantizing._grid(span, 100), quantizing._finest_grid(span)):
        np.testing.assert_array_less(-grid.steps * grid.zero, span.low + 1e-6)
        np.testing.assert_array_less(span.high - 1e-5, grid.steps * (255 - grid.zero))
        assert grid.steps[0] < grid.steps[1] / 2
    assert quantizing._finest_grid(span).zero < 40


def test_a_convolution_in_larger_steps_adds_up_the_same():
    random = np.random.default_rng(0)
    weight, picture = random.normal(size=(5, 12, 3, 3)), random.normal(size=(1, 3, 16, 16))
    folded = torch.nn.functional.pixel_unshuffle(torch.from_numpy(picture), 2)
    wanted = torch.nn.functional.conv2d(folded, torch.from_numpy(weight), padding=1)
    wide = torch.from_numpy(folding.widened(weight))
    found = torch.nn.functional.conv2d(torch.from_numpy(picture), wide, stride=2, padding=2)
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-12)


def test_widening_that_merges_adds_up_the_same():
    random = np.random.default_rng(0)
    merging, wide = random.normal(size=(5, 3)), random.normal(size=(12, 7))
    picture = torch.from_numpy(random.normal(size=(1, 7, 4, 4)))

    def widened(weight):
        return torch.nn.functional.conv2d(picture, torch.from_numpy(weight.astype(np.float64))[..., None, None])

    unfolded = torch.nn.functional.pixel_shuffle(widened(wide), 2)
    wanted = torch.nn.functional.conv2d(unfolded, torch.from_numpy(merging)[..., None, None])
    found = torch.nn.functional.pixel_shuffle(widened(folding._through(merging, wide)), 2)
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-5)


def test_merging_comes_before_unfolding_and_draws_the_same(tmp_path):
    path, folded = export(tmp_path / "generator.onnx", DETAILED), tmp_path / "folded.onnx"
    model = onnx.load(str(path))
    unpack_weights(model.graph)
    folding.fold_merges(model.graph)
    onnx.save(model, str(folded))
    read = {name for node in model.graph.node if node.op_type == "Concat" for name in node.input}
    assert not any(
        node.output[0] in read for node in model.graph.node if node.op_type == "AveragePool" and "ups" in node.name
    )
    np.testing.assert_allclose(drawn(folded), drawn(path), atol=1e-4)


def test_a_style_is_counted_in_steps_and_not_every_pixel(rounded):
    graph = onnx.load(str(rounded[0])).graph
    damped = {node.output[0] for node in graph.node if node.op_type == "LeakyRelu"}
    at_once = [node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] in damped]
    assert at_once
