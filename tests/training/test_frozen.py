from pathlib import Path

import cv2
import numpy as np
import pytest
from models import save_network
from onnx import helper

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization import weights  # noqa: E402 - torch may be missing
from ganonymization.onnx import Network, Runtime  # noqa: E402
from ganonymization.training.frozen import FrozenNetwork  # noqa: E402


@pytest.fixture(scope="module")
def images():
    with np.load(Path(__file__).parents[1] / "golden" / "face_mesh.npz") as golden:
        crops = [cv2.imdecode(golden[f"webp_{index}"], cv2.IMREAD_COLOR_RGB) for index in (0, 1)]
    return np.stack(crops).transpose(0, 3, 1, 2).astype(np.float32) / 255


@pytest.fixture(scope="module")
def mesh():
    return FrozenNetwork(weights.locate("face_mesh"), "landmarks")


def test_the_mesh_computes_in_torch_what_it_computes_in_onnx_runtime(mesh, images):
    network = Network(weights.locate("face_mesh"), inputs=["image"], outputs=["landmarks"], runtime=Runtime(threads=1))
    (wanted,) = network(image=images)
    with torch.no_grad():
        found = mesh(torch.from_numpy(images)).numpy()
    assert found.shape == (2, 478, 3)
    np.testing.assert_allclose(found, wanted, atol=0.02)


@pytest.mark.parametrize(
    ("name", "output", "size_px"), [("face_recognition", "embedding", 150), ("faceres", "descriptor", 224)]
)
def test_the_recognisers_do_too(name, output, size_px, images):
    image = 255 * cv2.resize(images[0].transpose(1, 2, 0), (size_px, size_px)).transpose(2, 0, 1)[None]
    network = Network(weights.locate(name), inputs=["image"], outputs=[output], runtime=Runtime(threads=1))
    (wanted,) = network(image=image)
    with torch.no_grad():
        found = FrozenNetwork(weights.locate(name), output)(torch.from_numpy(np.ascontiguousarray(image)))
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-3 * np.abs(wanted).max())


def test_losses_flow_back_to_the_picture_and_not_into_the_network(mesh, images):
    picture = torch.from_numpy(images[:1]).requires_grad_()
    mesh(picture)[0, 13, 1].backward()
    assert torch.isfinite(picture.grad).all()
    assert picture.grad.abs().max() > 0
    assert not list(mesh.parameters())
    assert not mesh.state_dict()


def test_an_operator_that_is_unknown_is_refused_by_name(tmp_path):
    path = save_network(
        tmp_path / "sine.onnx", inputs={"x": [1]}, outputs={"y": [1]}, nodes=[helper.make_node("Sin", ["x"], ["y"])]
    )
    with pytest.raises(ValueError, match=r"sine\.onnx: operators \['Sin'\] are not supported"):
        FrozenNetwork(path, "y")


def test_nodes_that_the_output_does_not_need_are_left_out(tmp_path):
    path = save_network(
        tmp_path / "two.onnx",
        inputs={"x": [1]},
        outputs={"y": [1], "z": [1]},
        nodes=[helper.make_node("Sin", ["x"], ["y"]), helper.make_node("Relu", ["x"], ["z"])],
    )
    np.testing.assert_array_equal(FrozenNetwork(path, "z")(torch.tensor([-2.0])), [0])
