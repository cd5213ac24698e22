"""GANonymization as published: landmarks copied, dots on black, pix2pix U-Net, a cut-out on black.

Hellmann et al., ACM TOMM 2024, arXiv 2305.02143. Its network is not part of the package: it has 54 M parameters and
copies face shape, which identifies people. Train it with `ganonymize train --preset
paper-512`, or bring one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import numpy as np

from ganonymization.condition import draw_dots
from ganonymization.crop import cut, synthesis_crop_from_image
from ganonymization.errors import NothingMadeError, WeightsError
from ganonymization.evaluation.method import Altered, Subject
from ganonymization.onnx import Network, Runtime
from ganonymization.segment import Segment
from ganonymization.shape import ShapeModel
from ganonymization.types import Image

WEIGHTS_VARIABLE: Final = "GANONYMIZATION_PAPER_WEIGHTS"
"""Environment variable with the path of the network: `maps` (N, 1 or 3, S, S) 0..1 to `image` (N, 3, S, S) -1..1."""


class Paper:
    """The published method with a network that someone trained.

    Args:
        network: see `WEIGHTS_VARIABLE`.
        segment: cuts the head out, before and after, as published.
        shape_model: gives the square around the face.

    Raises:
        WeightsError: the network does not say how large its square is.
    """

    def __init__(self, network: Network, *, segment: Segment, shape_model: ShapeModel) -> None:
        shape = network.input_shape("maps")
        channels, side = shape[1], shape[-1]
        if not isinstance(side, int) or not isinstance(channels, int):
            raise WeightsError(f"the network's maps are {shape}; export it with fixed channels and side")
        self._network, self._segment, self._shape_model = network, segment, shape_model
        self._channels, self._size_px = channels, side

    @classmethod
    def load(cls, path: Path, *, runtime: Runtime) -> Paper:
        """Return the method with the network in a file.

        Raises:
            WeightsError: the file is no such network.
        """
        network = Network(path, inputs=["maps"], outputs=["image"], runtime=runtime)
        return cls(network, segment=Segment.load(runtime=runtime), shape_model=ShapeModel.load())

    def __call__(self, image: Image, subject: Subject, /) -> Altered:
        """Return the invented face of one subject, cut out on black.

        Raises:
            NothingMadeError: no landmarks were found; the published program leaves such a photo without an output.
        """
        if subject.landmarks.presence == 0:
            raise NothingMadeError(f"no landmarks were found on {subject.name}")
        pose = self._shape_model.pose_of(subject.landmarks)
        crop_from_image = synthesis_crop_from_image(pose, size_px=self._size_px)
        crop = cut(image, crop_from_image, size_px=self._size_px)
        points = subject.landmarks.points[:, :2] @ crop_from_image[:, :2].T + crop_from_image[:, 2]
        dots = draw_dots(points.astype(np.float32), size_px=self._size_px)
        maps = np.repeat(dots[None, None].astype(np.float32) / 255, self._channels, axis=1)
        (made,) = self._network(maps=maps)
        picture = np.clip(np.round((made[0].transpose(1, 2, 0) + 1) * 127.5), 0, 255).astype(np.uint8)
        head = self._segment(crop.image)[..., None]
        return Altered(np.round(picture * head).astype(np.uint8), crop_from_image)


def weights_path(given: Path | None) -> Path:
    """Return the file of the network that was given, or that the environment names.

    Raises:
        WeightsError: neither names one.
    """
    named = given or (Path(os.environ[WEIGHTS_VARIABLE]) if os.environ.get(WEIGHTS_VARIABLE) else None)
    if named is None:
        raise WeightsError(
            "the published network is not part of the package; train it (docs/training.md) and name the file by "
            f"--paper-weights FILE.onnx or {WEIGHTS_VARIABLE}"
        )
    return named
