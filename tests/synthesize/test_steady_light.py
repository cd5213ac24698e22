"""tools/steady_light.py on a generator whose light is turned by a known direction of the noise."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from models import save_network
from onnx import helper, numpy_helper

from ganonymization.condition import MAP_COUNT
from ganonymization.onnx import Network
from ganonymization.palette import PALETTE_SIZE
from ganonymization.synthesize.pix2pix import INPUTS, NOISE_SIZE

SCRIPT = Path(__file__).parents[2] / "tools" / "steady_light.py"
SIZE_PX = 32
TURN = np.random.default_rng(7).standard_normal(NOISE_SIZE)
TURN /= np.linalg.norm(TURN)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("steady_light", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def turning(tmp_path_factory):
    """Every pixel is a ramp from left to right times the share of TURN in the noise, plus the noise's first number."""
    ramp = np.broadcast_to(np.linspace(-0.3, 0.3, SIZE_PX, dtype=np.float32), (1, 3, SIZE_PX, SIZE_PX))
    weights = np.stack([TURN, 0.1 * np.eye(NOISE_SIZE)[0]], axis=1).astype(np.float32)
    constants = {"weights": weights, "ramp": ramp, "plane": np.array([0, 1, 1, 1]), "sizes": np.array([1, 1])}
    square = ["N", 1, SIZE_PX, SIZE_PX]
    return save_network(
        tmp_path_factory.mktemp("turning") / "generator.onnx",
        inputs={
            "maps": ["N", MAP_COUNT, SIZE_PX, SIZE_PX],
            "surround": ["N", 3, SIZE_PX, SIZE_PX],
            "known": square,
            "palette": ["N", PALETTE_SIZE],
            "noise": ["N", NOISE_SIZE],
        },
        outputs={"image": ["N", 3, SIZE_PX, SIZE_PX]},
        nodes=[
            helper.make_node("MatMul", ["noise", "weights"], ["both"]),
            helper.make_node("Split", ["both", "sizes"], ["turn", "level"], axis=1),
            helper.make_node("Reshape", ["turn", "plane"], ["turn_spot"]),
            helper.make_node("Reshape", ["level", "plane"], ["level_spot"]),
            helper.make_node("Mul", ["turn_spot", "ramp"], ["lit"]),
            helper.make_node("Add", ["lit", "level_spot"], ["image"]),
        ],
        initializers=[numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )


def test_the_direction_that_turns_the_light_is_found(script, turning):
    directions, deviations = script.measure(turning)
    assert directions.shape == (NOISE_SIZE, 1)
    assert np.linalg.norm(directions) == pytest.approx(1)
    assert np.linalg.norm(directions.T @ TURN) > 0.97
    assert deviations[0] > 0.2
    assert deviations[1:].min() > 0.05


def test_the_written_network_ignores_it_and_nothing_else(script, turning, tmp_path):
    target = tmp_path / "steady.onnx"
    script.take_out(turning, target, TURN[:, None])
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((1, NOISE_SIZE)).astype(np.float32)
    noise -= (noise @ TURN)[:, None].astype(np.float32) * TURN.astype(np.float32)

    def image(path, values):
        network = Network(path, inputs=INPUTS, outputs=["image"])
        shapes = {name: [side if isinstance(side, int) else 1 for side in network.input_shape(name)] for name in INPUTS}
        given = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()} | {"noise": values}
        return network(**given)[0]

    turned = noise + 2 * TURN.astype(np.float32)
    np.testing.assert_allclose(image(target, turned), image(target, noise), atol=1e-5)
    np.testing.assert_allclose(image(target, noise), image(turning, noise), atol=1e-5)
    assert np.abs(image(turning, turned) - image(turning, noise)).max() > 0.3


def test_the_light_stands_still_afterwards_and_colour_stays(script, turning, tmp_path):
    before, after = script.steady(turning, tmp_path / "steady.onnx")
    assert after[0] < 0.1 * before[0]
    np.testing.assert_allclose(after[1:], before[1:], rtol=0.05)
    assert "light from the side" in script.describe(before, after)


def test_a_colour_is_that_of_the_face_alone(script):
    points = np.array([[4, 4], [28, 4], [28, 28], [4, 28]], np.float32)
    image = np.zeros((2, 3, SIZE_PX, SIZE_PX), np.float32)
    image[1, 0, 8:24, 8:24] = 0.5
    image[1, 1, :3] = 1
    colours = script.skin_colour(image, points)
    assert colours[1, 0] > colours[0, 0]
    np.testing.assert_allclose(colours[1, 1:], colours[0, 1:])


def test_a_tilt_is_the_change_of_log_brightness_over_the_width_of_the_face(script):
    points = np.array([[4, 4], [28, 4], [28, 28], [4, 28]], np.float32)
    levels = np.exp(np.linspace(4, 5, SIZE_PX)) - script.DARKEST
    image = np.broadcast_to(levels / 127.5 - 1, (1, 3, SIZE_PX, SIZE_PX)).astype(np.float32)
    span = np.ptp(np.nonzero(script.hull_mask(points, size_px=SIZE_PX) >= 1)[1])
    assert script.light_tilt(image, points)[0] == pytest.approx(span / (SIZE_PX - 1), rel=1e-3)
    assert script.light_tilt(image[..., ::-1], points)[0] == pytest.approx(-span / (SIZE_PX - 1), rel=1e-3)
