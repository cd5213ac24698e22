"""What a stranger with every network sees of one face: numbers only, no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ganonymization.evaluation.columns import Row, Sightings
from ganonymization.evaluation.recognisers import Judge
from ganonymization.expression import EMOTION, FACE_EXPRESSION
from ganonymization.shape import ShapeModel
from ganonymization.types import LANDMARK_COUNT, Box, Face, Landmarks
from ganonymization.verify import Measures

CLASSIFIERS: Final = (FACE_EXPRESSION, EMOTION)

GRADIENTS_SIZE: Final = 1764

_SHAPE_SIZE: Final = 60


def row_type(judges: Sequence[Judge]) -> np.dtype[np.void]:
    """Return the columns of a sighting.

    * `made`: whether the method had an output; `detected` and `detected_blazeface`: whether either detector sees a face
      in its place; `landmarks_found`: whether the mesh does.
    * `shape`: (60,) pose-free principal coefficients of the landmarks; `measures`: (10,) as in `verify.Measures`.
    * `drawn`: whether the method told what landmarks it drew from; `drawn_shape` and `drawn_measures` are theirs.
    * `age_years` and `male`: what `faceres` takes the face for.
    * `changed_share`: of the pixels in the face's box, 0..1. `sharpness` and `seam`: see `quality`.
    * `gradients`: (1764,) what the small classifier of `utility` learns from.
    * a column per classifier, with its probabilities, and per judge, with its embedding.
    """
    fields: list[Any] = [
        ("made", np.bool_),
        ("detected", np.bool_),
        ("detected_blazeface", np.bool_),
        ("landmarks_found", np.bool_),
        ("shape", np.float32, (_SHAPE_SIZE,)),
        ("measures", np.float32, (len(Measures.__slots__),)),
        ("drawn", np.bool_),
        ("drawn_shape", np.float32, (_SHAPE_SIZE,)),
        ("drawn_measures", np.float32, (len(Measures.__slots__),)),
        ("age_years", np.float32),
        ("male", np.float32),
        ("changed_share", np.float32),
        ("sharpness", np.float32),
        ("seam", np.float32),
        ("gradients", np.float16, (GRADIENTS_SIZE,)),
        *((spec.weights, np.float32, (len(spec.labels),)) for spec in CLASSIFIERS),
        *((judge.name, np.float32, (judge.size,)) for judge in judges),
    ]
    return np.dtype(fields)


def original_type(judges: Sequence[Judge]) -> np.dtype[np.void]:
    """Return the columns of an original: a sighting, where the face is, and what its photo is like.

    * `box` (4,), `keypoints` (5, 2) and `points` (478, 3) in pixels of the photo; `tone`: individual typology angle of
      the skin in degrees, NaN where unknown; `found`: whether there is a face on the photo at all.
    """
    places: list[Any] = [
        ("found", np.bool_),
        ("box", np.float32, (4,)),
        ("keypoints", np.float32, (5, 2)),
        ("points", np.float32, (LANDMARK_COUNT, 3)),
        ("tone", np.float32),
    ]
    return np.dtype([*row_type(judges).descr, *places])


def face_of(row: Row) -> Face:
    """Return the face on an original."""
    return Face(Box(*(float(side) for side in row["box"])), 1.0, np.array(row["keypoints"], np.float32))


def landmarks_of(row: Row) -> Landmarks:
    """Return the landmarks of an original; `presence` is 0 where the mean face stands in."""
    return Landmarks(np.array(row["points"], np.float32), float(row["landmarks_found"]))


def mean_landmarks(model: ShapeModel, box: Box) -> Landmarks:
    """Return the mean face in a box, for a face whose landmarks cannot be found."""
    middle = np.array([*box.center, 0.0])
    return Landmarks((model.mean * box.height + middle).astype(np.float32), 0.0)


def column(rows: Sightings, name: str) -> npt.NDArray[np.float64]:
    """Return one column of all rows in double precision."""
    return np.asarray(rows[name], np.float64)


def measure_of(rows: Sightings, name: str) -> npt.NDArray[np.float64]:
    """Return one of `verify.Measures` of all rows."""
    return column(rows, "measures")[:, Measures.__slots__.index(name)]
