"""The worst cases by each measure: names, and on request the pictures, before and after."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.errors import NothingMadeError
from ganonymization.evaluation.evaluator import Evaluation, MethodResult
from ganonymization.evaluation.method import Method, Subject
from ganonymization.evaluation.sighting import CLASSIFIERS, column, measure_of
from ganonymization.types import Image

COUNT: Final = 8
"""Cases of each kind."""

THUMBNAIL_PX: Final = 160

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One photo that is among the worst.

    Attributes:
        index: its place among the tested photos.
        name: of the photo.
        value: of the measure, as printed.
    """

    index: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Worst:
    """The worst cases by one measure.

    Attributes:
        title: what the measure is.
        cases: worst first; empty when none is bad.
    """

    title: str
    cases: tuple[Case, ...]


def find_worst(evaluation: Evaluation, result: MethodResult) -> list[Worst]:
    """Return the worst cases of a method: identity left, expression lost, face lost."""
    if result.faces is None:
        return []
    real, altered = result.faces.real, result.faces.altered
    first = evaluation.judges[0].name
    missed = np.where(result.replaced, np.nan, column(altered, "changed_share"))
    mouth = np.abs(measure_of(real, "mouth_open") - measure_of(altered, "mouth_open"))
    yaw = np.abs(measure_of(real, "yaw_deg") - measure_of(altered, "yaw_deg"))
    found = real["landmarks_found"] & altered["landmarks_found"]
    kinds = [
        ("not replaced: share of the box that changed", missed, "{:.2f}"),
        (f"nearest to their own original (distance, {first})", result.searched[first].own, "{:.2f}"),
        ("expression: probability of the label shown before that was lost", -_lost(result), "{:.2f}"),
        ("mouth opening changed most (heights of the face)", np.where(found, -mouth, np.nan), "{:.3f}"),
        ("head turned most (degrees)", np.where(found, -yaw, np.nan), "{:.1f}"),
        (
            "no face is detected any more (sharpness)",
            np.where(altered["detected"], np.nan, altered["sharpness"]),
            "{:.1f}",
        ),
    ]
    names = [subject.name for subject in evaluation.originals.subjects]
    return [Worst(title, _cases(values, names, pattern)) for title, values, pattern in kinds]


def _lost(result: MethodResult) -> Array:
    assert result.faces is not None  # noqa: S101 - the caller has looked
    spec = CLASSIFIERS[0]
    before, after = column(result.faces.real, spec.weights), column(result.faces.altered, spec.weights)
    index = np.arange(len(before))
    shown = before.argmax(axis=1)
    return np.asarray(before[index, shown] - after[index, shown], np.float64)


def _cases(values: Array, names: list[str], pattern: str) -> tuple[Case, ...]:
    """Return the photos of the least values; NaN takes no part."""
    order = np.argsort(values, kind="stable")
    usable = [int(index) for index in order if np.isfinite(values[index])][:COUNT]
    return tuple(Case(index, names[index], pattern.format(abs(float(values[index])))) for index in usable)


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
    indices = {case.index for worst in find_worst(evaluation, result) for case in worst.cases}
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
