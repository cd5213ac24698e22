"""Tiny networks as ONNX files, with answers that can be told in advance."""

import onnx
from onnx import TensorProto, helper

from ganonymization.condition import MAP_COUNT
from ganonymization.palette import PALETTE_SIZE
from ganonymization.synthesize.pix2pix import NOISE_SIZE

OPSET = 17


def save_network(path, *, inputs, outputs, nodes, initializers=(), metadata=None):
    """Write a network; inputs and outputs are names with shapes, all of them float32."""
    graph = helper.make_graph(
        list(nodes),
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in outputs.items()],
        list(initializers),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def save_doubler(path, *, metadata=None):
    """Two outputs: twice the input, and the input plus one."""
    return save_network(
        path,
        inputs={"x": ["N", 3]},
        outputs={"twice": ["N", 3], "plus_one": ["N", 3]},
        nodes=[
            helper.make_node("Add", ["x", "x"], ["twice"]),
            helper.make_node("Add", ["x", "one"], ["plus_one"]),
        ],
        initializers=[helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])],
        metadata=metadata,
    )


def save_generator(path, *, size_px=32, free_size=False):
    """A generator whose image shows each of its inputs.

    Where the surround is known the image is the surround. Elsewhere red is the first number of the palette, green the
    first of the noise, and blue the first map.
    """
    side = "S" if free_size else size_px
    names = ("maps", "surround", "known", "palette", "noise")
    channels = dict(zip(names, (MAP_COUNT, 3, 1, PALETTE_SIZE, NOISE_SIZE), strict=True))
    inputs = {name: ["N", channels[name], side, side] for name in names[:3]} | {
        name: ["N", channels[name]] for name in names[3:]
    }
    integers = {"zero": [0], "one": [1], "channel_axis": [1], "plane": [0, 1, 1, 1]}
    nodes = [
        helper.make_node("Slice", ["maps", "zero", "one", "channel_axis"], ["first_map"]),
        helper.make_node("Slice", ["palette", "zero", "one", "channel_axis"], ["first_color"]),
        helper.make_node("Slice", ["noise", "zero", "one", "channel_axis"], ["first_noise"]),
        helper.make_node("Reshape", ["first_color", "plane"], ["color_spot"]),
        helper.make_node("Reshape", ["first_noise", "plane"], ["noise_spot"]),
        helper.make_node("Sub", ["float_one", "known"], ["unknown"]),
        helper.make_node("Mul", ["color_spot", "unknown"], ["red"]),
        helper.make_node("Mul", ["noise_spot", "unknown"], ["green"]),
        helper.make_node("Mul", ["first_map", "unknown"], ["blue"]),
        helper.make_node("Concat", ["red", "green", "blue"], ["drawn"], axis=1),
        helper.make_node("Add", ["drawn", "surround"], ["image"]),
    ]
    return save_network(
        path,
        inputs=inputs,
        outputs={"image": ["N", 3, side, side]},
        nodes=nodes,
        initializers=[
            *(helper.make_tensor(name, TensorProto.INT64, [len(row)], row) for name, row in integers.items()),
            helper.make_tensor("float_one", TensorProto.FLOAT, [1], [1.0]),
        ],
    )
