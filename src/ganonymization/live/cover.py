"""The picture that is shown when nothing else may be: plain, with a few words."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ganonymization.obscure import FILL
from ganonymization.types import Image

_INK: Final = (40, 40, 40)
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_MARGIN: Final = 0.8
_LARGEST: Final = 1.5


def cover_frame(size_wh: tuple[int, int], text: str) -> Image:
    """Return a plain (H, W, 3) picture with a line of text in the middle, as large as fits.

    Args:
        size_wh: width and height in pixels.
        text: in ASCII.
    """
    width, height = size_wh
    image = np.full((height, width, 3), FILL, np.uint8)
    (text_width, text_height), _ = cv2.getTextSize(text, _FONT, 1.0, 1)
    scale = min(_LARGEST, _MARGIN * width / max(text_width, 1), _MARGIN * height / max(text_height, 1))
    place = round((width - scale * text_width) / 2), round((height + scale * text_height) / 2)
    cv2.putText(image, text, place, _FONT, scale, _INK, max(1, round(scale)), cv2.LINE_AA)
    return image
