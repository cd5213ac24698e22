import numpy as np
import pytest
from models import save_doubler, save_generator

from ganonymization.errors import WeightsError
from ganonymization.onnx import Network, Provider, Runtime

X = np.array([[1, 2, 3]], np.float32)


@pytest.fixture
def doubler(tmp_path):
    return save_doubler(tmp_path / "doubler.onnx", metadata={"samples": "12"})


def test_outputs_come_in_the_order_that_was_asked_for(doubler):
    there = Network(doubler, inputs=["x"], outputs=["twice", "plus_one"])(x=X)
    back = Network(doubler, inputs=["x"], outputs=["plus_one", "twice"])(x=X)
    np.testing.assert_array_equal(there, [[[2, 4, 6]], [[2, 3, 4]]])
    np.testing.assert_array_equal(back, there[::-1])


def test_an_output_that_nobody_asked_for_is_left_out(doubler):
    (twice,) = Network(doubler, inputs=["x"], outputs=["twice"])(x=np.repeat(X, 4, axis=0))
    np.testing.assert_array_equal(twice, np.repeat(2 * X, 4, axis=0))


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (["image"], ["twice"], r"inputs are \['x'\], the adapter needs \['image'\]"),
        (["x", "y"], ["twice"], r"inputs are \['x'\]"),
        ([], ["twice"], r"inputs are \['x'\], the adapter needs \[\]"),
        (["x"], ["thrice"], r"outputs are \['plus_one', 'twice'\], the adapter needs \['thrice'\]"),
    ],
)
def test_a_network_with_other_names_is_refused(doubler, inputs, outputs, message):
    with pytest.raises(WeightsError, match=message):
        Network(doubler, inputs=inputs, outputs=outputs)


def test_a_file_that_is_no_network_is_refused_by_name(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"broken\.onnx: not a network"):
        Network(path, inputs=["x"], outputs=["twice"])


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(WeightsError, match=r"missing\.onnx: not a network"):
        Network(tmp_path / "missing.onnx", inputs=["x"], outputs=["twice"])


def test_a_provider_that_is_not_installed_is_refused_with_a_remedy(doubler):
    with pytest.raises(WeightsError, match=r"'directml' is not available.*CPUExecutionProvider.*--provider cpu"):
        Network(doubler, inputs=["x"], outputs=["twice"], runtime=Runtime(Provider.DIRECTML))


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_the_number_of_threads_does_not_change_the_answer(doubler, threads):
    (twice,) = Network(doubler, inputs=["x"], outputs=["twice"], runtime=Runtime(threads=threads))(x=X)
    np.testing.assert_array_equal(twice, 2 * X)
    used = Network(doubler, inputs=["x"], outputs=["twice"], runtime=Runtime(threads=threads))._session
    assert threads in (0, used.get_session_options().intra_op_num_threads)


def test_shapes_and_metadata_are_told(doubler, tmp_path):
    network = Network(doubler, inputs=["x"], outputs=["twice"])
    assert network.input_shape("x") == ["N", 3]
    assert network.metadata == {"samples": "12"}
    names = ["maps", "surround", "known", "palette", "noise"]
    generator = Network(save_generator(tmp_path / "g.onnx", size_px=16), inputs=names, outputs=["image"])
    assert generator.input_shape("maps") == ["N", 7, 16, 16]
