"""Convert MediaPipe's face mesh with attention (478 points) to `face_mesh.onnx`.

Run: `pip install -r tools/requirements.txt && python tools/convert_face_mesh.py`

The meaning of the three custom operators and of the assembly is that of MediaPipe 0.10.21
(`mediapipe/util/tflite/operations` and `modules/face_landmark/tensors_to_face_landmarks_with_attention.pbtxt`);
`tools/golden_face_mesh.py` makes what the result is held against.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from catalogue import WEIGHTS, register
from pinned import read_from_wheel
from tflite_to_onnx import OnnxGraph, Operator, TfliteFile, Translator

PACKAGE = "mediapipe==0.10.21"
MEMBER = "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite"
SHA256 = "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4"
FILE = "face_mesh.onnx"
INPUT_SIZE = 192
MESH_POINTS = 468
IRIS_POINTS = 5
EYE_CONTOUR_POINTS = 16
TINY = 1e-6
OUTSIDE = 3.0


@dataclass(frozen=True, slots=True)
class Outputs:
    """Names of the seven output tensors, in the order of the file: points in pixels, presence as a logit."""

    mesh: str
    lips: str
    left_eye: str
    right_eye: str
    left_iris: str
    right_iris: str
    presence: str


def main() -> None:
    """Fetch, convert, save, register."""
    content = read_from_wheel(PACKAGE, MEMBER, sha256=SHA256)
    onnx.save(convert(TfliteFile(content)), WEIGHTS / FILE)
    register(
        FILE,
        licence="Apache-2.0",
        origin=f"PyPI {PACKAGE}, {MEMBER}, converted by tools/convert_face_mesh.py",
        input_spec="image float32 (N, 3, 192, 192), RGB in 0..1",
        output_spec="landmarks float32 (N, 478, 3), (x, y, z) in pixels of the input; presence float32 (N,), 0..1",
    )
    print(f"{FILE}: {(WEIGHTS / FILE).stat().st_size} bytes")


def convert(file: TfliteFile) -> onnx.ModelProto:
    """The whole network: image in, 478 landmarks and presence out."""
    graph = OnnxGraph()
    translator = Translator(file, graph, custom=CUSTOM)
    translator.feed(file.inputs[0], "image")
    translator.run()
    outputs = Outputs(*map(translator.name, file.outputs))
    graph.name_output(assemble(graph, outputs, regions=region_indices(file)), "landmarks")
    graph.name_output(graph.node("Sigmoid", graph.node("Reshape", outputs.presence, graph.integers(-1))), "presence")
    return graph.model(
        "face_mesh",
        inputs={"image": ("N", 3, INPUT_SIZE, INPUT_SIZE)},
        outputs={"landmarks": ("N", MESH_POINTS + 2 * IRIS_POINTS, 3), "presence": ("N",)},
    )


def landmarks_to_transform_matrix(translator: Translator, operator: Operator) -> str:
    """The affine from an output region's pixels to a rotated box around some landmarks, as a (N, 4, 4) matrix.

    The box is upright in the frame whose x axis runs from the left to the right rotation landmark, and is scaled about
    its centre.
    Only x and y of the first two rows are ever read; the third and fourth row are left zero.
    """
    graph, options = translator.graph, operator.custom_options()
    if options["target_rotation_radians"] != 0:
        raise NotImplementedError("The translation expects a target rotation of 0.")
    points = graph.node("Slice", translator.name(operator.inputs[0]), *(graph.integers(n) for n in (0, 2, 2)))
    rotation = _rotation(graph, points, left=options["left_rotation_idx"], right=options["right_rotation_idx"])
    centre, size = _rotated_box(graph, points, rotation=rotation, indices=options["subset_idxs"])
    size_wh = options["output_width"], options["output_height"]
    scale = graph.floats(options["scale_x"] / size_wh[0], options["scale_y"] / size_wh[1])
    linear = graph.node("Mul", rotation, graph.node("Mul", size, scale))
    half = graph.constant(np.array([[extent / 2] for extent in size_wh], np.float32))
    offset = graph.node("Sub", graph.node("Transpose", centre, perm=(0, 2, 1)), graph.node("MatMul", linear, half))
    padded = graph.node("Pad", linear, graph.integers(0, 0, 0, 0, 2, 1))
    return graph.node("Concat", padded, graph.node("Pad", offset, graph.integers(0, 0, 0, 0, 2, 0)), axis=2)


def _rotation(graph: OnnxGraph, points: str, *, left: int, right: int) -> str:
    """(N, 2, 2) rotation that turns the x axis into the direction from left to right."""
    ends = [graph.node("Gather", points, graph.integers(index), axis=1) for index in (right, left)]
    direction = graph.node("Sub", *ends)
    length = graph.node("Max", graph.node("ReduceL2", direction, axes=(2,)), graph.floats(TINY))
    unit = graph.node("Div", direction, length)
    cos_sin_to_matrix = graph.constant(np.array([[1, 0, 0, 1], [0, -1, 1, 0]], np.float32))
    return graph.node("Reshape", graph.node("MatMul", unit, cos_sin_to_matrix), graph.integers(-1, 2, 2))


def _rotated_box(graph: OnnxGraph, points: str, *, rotation: str, indices: list[int]) -> tuple[str, str]:
    """Centre (in the upright frame) and size (in the rotated frame) of a box, both (N, 1, 2)."""
    turned_back = graph.node("MatMul", graph.node("Gather", points, graph.integers(*indices), axis=1), rotation)
    high, low = (graph.node(kind, turned_back, axes=(1,)) for kind in ("ReduceMax", "ReduceMin"))
    middle = graph.node("Mul", graph.node("Add", high, low), graph.floats(0.5))
    centre = graph.node("MatMul", middle, graph.node("Transpose", rotation, perm=(0, 2, 1)))
    return centre, graph.node("Sub", high, low)


def transform_tensor_bilinear(translator: Translator, operator: Operator) -> str:
    """Sample a feature map through an affine: pixel centres lie at halves, beyond the outermost centres all is 0."""
    graph, options = translator.graph, operator.custom_options()
    height, width = options["output_height"], options["output_width"]
    y, x = np.mgrid[:height, :width].reshape(2, -1).astype(np.float32) + 0.5
    centres = graph.constant(np.stack([x, y, np.ones_like(x)], axis=1))
    positions = graph.node("MatMul", centres, _affine(graph, translator.name(operator.inputs[1])))
    size_wh = translator.file.shape(operator.inputs[0])[2:0:-1]
    scaled = graph.node("Mul", positions, graph.floats(*(2 / extent for extent in size_wh)))
    grid = graph.node("Sub", scaled, graph.floats(1))
    limits = graph.floats(*(1 - 1 / extent for extent in size_wh))
    excess = graph.node("ReduceMax", graph.node("Sub", graph.node("Abs", grid), limits), axes=(2,))
    # GridSample fades out over the half pixel outside the outermost centres; MediaPipe cuts off there.
    cut = graph.node("Where", graph.node("Greater", excess, graph.floats(0)), graph.floats(OUTSIDE), grid)
    cut = graph.node("Reshape", cut, graph.integers(-1, height, width, 2))
    image = translator.name(operator.inputs[0])
    return graph.node("GridSample", image, cut, mode="bilinear", padding_mode="zeros", align_corners=0)


def transform_landmarks(translator: Translator, operator: Operator) -> str:
    """Put the (x, y) of landmarks through an affine."""
    graph, (landmarks, matrix) = translator.graph, map(translator.name, operator.inputs)
    affine = _affine(graph, matrix)
    linear, offset = (graph.node("Gather", affine, graph.integers(*rows), axis=1) for rows in ((0, 1), (2,)))
    return graph.node("Add", graph.node("MatMul", landmarks, linear), offset)


def _affine(graph: OnnxGraph, matrix: str) -> str:
    """(N, 3, 2): what rows (x, y, 1) are multiplied with to go through a (N, 4, 4) matrix."""
    rows = graph.node("Gather", matrix, graph.integers(0, 1), axis=1)
    return graph.node("Transpose", graph.node("Gather", rows, graph.integers(0, 1, 3), axis=2), perm=(0, 2, 1))


def region_indices(file: TfliteFile) -> tuple[list[int], list[int], list[int]]:
    """Mesh indices of the refined lips, left eye and right eye, in the order in which the network puts them out.

    They are the landmarks around which the network looks closer; MediaPipe's graph options repeat the same lists.
    """
    options = [op.custom_options() for op in file.operators() if op.kind == "Landmarks2TransformMatrix"]
    lips, left_eye, right_eye = (list(map(int, option["subset_idxs"])) for option in options)
    return lips, left_eye, right_eye


def assemble(graph: OnnxGraph, outputs: Outputs, *, regions: tuple[list[int], list[int], list[int]]) -> str:
    """(N, 478, 3): the mesh with (x, y) of lips and eyes replaced and the irises appended.

    Lips and eyes keep the mesh's z; each iris has the mean z of its eye's contour.
    """
    mesh = graph.node("Reshape", outputs.mesh, graph.integers(-1, MESH_POINTS, 3))
    mesh_xy, mesh_z = (graph.node("Gather", mesh, graph.integers(*columns), axis=2) for columns in ((0, 1), (2,)))
    parts = outputs.lips, outputs.left_eye, outputs.right_eye, outputs.left_iris, outputs.right_iris
    refined = [graph.node("Reshape", part, graph.integers(0, -1, 2)) for part in parts]
    every_xy = graph.node("Concat", mesh_xy, *refined, axis=1)
    xy = graph.node("Gather", every_xy, graph.integers(*_sources(regions)), axis=1)
    iris_z = [_mean_z(graph, mesh_z, contour=eye[:EYE_CONTOUR_POINTS]) for eye in regions[1:]]
    z = graph.node("Concat", mesh_z, *(iris for iris in iris_z for _ in range(IRIS_POINTS)), axis=1)
    return graph.node("Concat", xy, z, axis=2)


def _sources(regions: tuple[list[int], list[int], list[int]]) -> list[int]:
    """For each of the 478 points its place in the concatenation of mesh, lips, eyes and irises; later parts win."""
    targets = [*range(MESH_POINTS), *(index for region in regions for index in region)]
    targets += range(MESH_POINTS, MESH_POINTS + 2 * IRIS_POINTS)
    source_of = {target: source for source, target in enumerate(targets)}
    return [source_of[target] for target in sorted(source_of)]


def _mean_z(graph: OnnxGraph, mesh_z: str, *, contour: list[int]) -> str:
    return graph.node("ReduceMean", graph.node("Gather", mesh_z, graph.integers(*contour), axis=1), axes=(1,))


CUSTOM = {
    "Landmarks2TransformMatrix": landmarks_to_transform_matrix,
    "TransformLandmarks": transform_landmarks,
    "TransformTensorBilinear": transform_tensor_bilinear,
}

if __name__ == "__main__":
    main()
