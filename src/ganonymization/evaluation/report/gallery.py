"""Pictures of the worst cases, before and after; only when they are asked for."""

from __future__ import annotations

import base64
from typing import Final

import cv2
import numpy as np

from ganonymization.errors import NothingMadeError
from ganonymization.evaluation.evaluator import Evaluation, MethodResult
from ganonymization.evaluation.method import Method, Subject
from ganonymization.types import Image

THUMBNAIL_PX: Final = 160


def thumbnails(method: Method, subject: Subject) -> str:
    """Return a photo before and after as one data URI."""
    before = subject.read()
    try:
        after = method(before, subject).image
    except NothingMadeError:
        after = np.zeros_like(before)
    return data_uri(np.concatenate([_small(before), _small(after)], axis=1))


def data_uris(evaluation: Evaluation, result: MethodResult) -> dict[int, str]:
    """Return the pictures of a method's worst cases, by their place among the tested photos; the method runs again."""
    if result.contender is None:
        return {}
    subjects = evaluation.originals.subjects
    method = result.contender.prepare(subjects)
    indices = {case.index for worst in result.worst for case in worst.cases}
    return {index: thumbnails(method, subjects[index]) for index in sorted(indices)}


def data_uri(image: Image) -> str:
    """Return a picture as the address that a page can hold it under."""
    _, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"


def _small(image: Image) -> Image:
    """Return a picture in a square of `THUMBNAIL_PX`, black beside it."""
    scale = THUMBNAIL_PX / max(image.shape[:2])
    size_wh = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    square = np.zeros((THUMBNAIL_PX, THUMBNAIL_PX, 3), np.uint8)
    square[: size_wh[1], : size_wh[0]] = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return square
