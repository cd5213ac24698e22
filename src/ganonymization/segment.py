"""Where is the person: the paper's face segmentation, for cut-outs and for training."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ganonymization import weights
from ganonymization.onnx import Network, Runtime
from ganonymization.types import Image, Mask

INPUT_PX: Final = 256


class Segment:
    """Segment the person in a crop with MediaPipe's selfie segmentation.

    Args:
        network: `selfie_segmentation.onnx`; input (N, 3, 256, 256) RGB in 0..1, output mask (N, 256, 256).
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    @classmethod
    def load(cls, *, runtime: Runtime = Runtime()) -> Segment:  # noqa: B008 - frozen
        """Return the segmentation with the weights of the package."""
        path = weights.locate("selfie_segmentation")
        return cls(Network(path, inputs=["image"], outputs=["mask"], runtime=runtime))

    def __call__(self, image: Image, /) -> Mask:
        """Return the (H, W) probability, 0..1, that a pixel belongs to the person."""
        height, width = image.shape[:2]
        shrinks = min(height, width) > INPUT_PX
        square = cv2.resize(image, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        (mask,) = self._network(image=square.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        return np.asarray(cv2.resize(mask[0], (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
