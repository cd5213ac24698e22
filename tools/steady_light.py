"""Take the side that light comes from out of an identity: `python tools/steady_light.py generator.onnx steady.onnx`.

Photos of training faces are lit from all sides, and what tells their people apart may tell the light, too: one
direction of the noise then turns it from left to right, so that an invented person brings a light that is not the
picture's. The direction is measured on faces without a surround and written into the network, which ignores it from
then on. What surround and palette say stays. How much identities change the colour of the skin, beside the palette, is
measured as well and left: without it people are less different.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from ganonymization.condition import draw_maps
from ganonymization.crop import synthesis_crop_from_image
from ganonymization.geometry import Pose, transform
from ganonymization.onnx import Network
from ganonymization.palette import LUMA, PALETTE_SIZE
from ganonymization.palette_bank import PaletteBank
from ganonymization.region import hull_mask
from ganonymization.shape import ShapeModel
from ganonymization.synthesize.pix2pix import INPUTS, NOISE_SIZE
from ganonymization.types import Points

Array = NDArray[np.float64]

DRAWS = 256
BATCH = 8
DARKEST = 8.0
"""Added to brightness, 0..255, before the logarithm is taken: black is not infinitely dark."""


def light_tilt(images: NDArray[np.float32], points: Points) -> Array:
    """Return (N,) how much brighter faces are at the right edge of the hull than at the left one, in log brightness.

    Args:
        images: (N, 3, S, S) in -1..1.
        points: (478, 2|3) landmarks in crop pixels.
    """
    rows, columns = np.nonzero(hull_mask(points, size_px=images.shape[-1]) >= 1)
    across = (columns - columns.mean()) / np.ptp(columns)
    pixels = (images[:, :, rows, columns] + 1) * 127.5
    logs = np.log(np.einsum("ncp,c->np", pixels, LUMA) + DARKEST)
    return np.asarray(logs @ across / (across @ across), np.float64)


def skin_colour(images: NDArray[np.float32], points: Points) -> Array:
    """Return (N, 3) the logarithm of red, green and blue inside the hull; arguments as in `light_tilt`."""
    inside = hull_mask(points, size_px=images.shape[-1]) >= 1
    return np.asarray(np.log((images[:, :, inside] + 1) * 127.5 + DARKEST).mean(axis=2), np.float64)


def draw_faces(
    network: Network, noise: NDArray[np.float32], *, size_px: int, bank: NDArray[np.float32] | None = None
) -> tuple[NDArray[np.float32], Points]:
    """Return the mean face with palettes at random, (N, 3, S, S), without a surround, and its landmarks.

    Args:
        network: a generator.
        noise: (N, 32).
        size_px: side S of its crop.
        bank: (M, 16) palettes; those of the package by default.
    """
    pose = Pose(1.0, np.eye(3), np.zeros(3))
    crop_from_image = synthesis_crop_from_image(pose, size_px=size_px)
    points = transform(pose.apply(ShapeModel.load().mean).astype(np.float32), crop_from_image)
    maps = draw_maps(points, size_px=size_px)[None].astype(np.float32) / 255
    bank = PaletteBank.load().palettes if bank is None else bank
    palettes = bank[np.random.default_rng(1).integers(len(bank), size=len(noise))].reshape(-1, PALETTE_SIZE)
    images = []
    for start in range(0, len(noise), BATCH):
        part = noise[start : start + BATCH]
        count = len(part)
        (image,) = network(
            maps=np.repeat(maps, count, axis=0),
            surround=np.zeros((count, 3, size_px, size_px), np.float32),
            known=np.zeros((count, 1, size_px, size_px), np.float32),
            palette=palettes[start : start + BATCH],
            noise=part,
        )
        images.append(image)
    return np.concatenate(images), points


def measure(path: Path) -> tuple[Array, Array]:
    """Return the (32, 1) direction of the noise that turns light, of length 1, and (4,) deviations.

    Least squares on `DRAWS` faces with random noise and one palette. The deviations are those of the light from the
    side, and of red, green and blue of the skin, in logarithms.
    """
    network = Network(path, inputs=INPUTS, outputs=["image"])
    size_px = int(network.input_shape("maps")[-1] or 0)
    noise = np.random.default_rng(0).standard_normal((DRAWS, NOISE_SIZE)).astype(np.float32)
    usual = PaletteBank.load().palettes.mean(axis=0, keepdims=True)
    faces = draw_faces(network, noise, size_px=size_px, bank=usual)
    light, colour = light_tilt(*faces), skin_colour(*faces)
    slopes, *_ = np.linalg.lstsq(noise.astype(np.float64), light - light.mean(), rcond=None)
    return (slopes / np.linalg.norm(slopes))[:, None], np.array([light.std(), *colour.std(axis=0)])


def take_out(source: Path, target: Path, directions: Array) -> None:
    """Write the network of `source` so that it ignores (32, K) orthonormal directions of its noise."""
    model = onnx.load(str(source))
    kept = np.eye(NOISE_SIZE) - directions @ directions.T
    for node in model.graph.node:
        node.input[:] = ["steady_noise" if name == "noise" else name for name in node.input]
    model.graph.initializer.append(numpy_helper.from_array(kept.astype(np.float32), "steady_light"))
    nodes = [helper.make_node("MatMul", ["noise", "steady_light"], ["steady_noise"]), *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def steady(source: Path, target: Path) -> tuple[Array, Array]:
    """Write `source` without its moving light to `target`; return (4,) deviations before and after."""
    directions, before = measure(source)
    take_out(source, target, directions)
    return before, measure(target)[1]


def main() -> None:
    """Treat the files of the command line."""
    source, target = (Path(word) for word in sys.argv[1:]) if len(sys.argv) == 3 else sys.exit(__doc__)
    before, after = steady(source, target)
    print(describe(before, after))


def describe(before: Array, after: Array) -> str:
    """Return deviations over identities as a line of text."""
    names = ("light from the side", "red", "green", "blue")
    parts = [f"{name} {old:.3f} before, {new:.3f} after" for name, old, new in zip(names, before, after, strict=True)]
    return f"deviation over identities, in logarithms: {'; '.join(parts)}"


if __name__ == "__main__":
    main()
