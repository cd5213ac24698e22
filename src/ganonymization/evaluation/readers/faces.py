"""FACES: 171 people of three age groups who show six emotions twice each.

Layout: pictures named like `004_o_m_a_a.jpg`, in the root or below it: person, age group (y, m, o), sex (f, m), emotion
(a, d, f, h, n, s), and the set of pictures (a, b).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ganonymization.errors import InputError
from ganonymization.evaluation.readers.layout import Origin, pictures_below
from ganonymization.evaluation.readers.sample import Sample

ORIGIN: Final = Origin(
    "faces",
    "FACES, a database of facial expressions in young, middle-aged and older women and men",
    "the Max Planck Institute for Human Development, Berlin (on request)",
)

_CODE: Final = re.compile(r"(?P<person>\d+)_(?P<age>[ymo])_(?P<sex>[fm])_(?P<emotion>[adfhns])_(?P<set>[ab])", re.I)
_AGES: Final = {"y": "young", "m": "middle-aged", "o": "old"}
_SEXES: Final = {"f": "female", "m": "male"}
_EMOTIONS: Final = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "s": "sadness",
}


def read_faces(root: Path) -> Iterator[Sample]:
    """Return the pictures of FACES; attributes are `age_group` (young, middle-aged or old) and `set` (a or b).

    Raises:
        InputError: the folder is missing, or a picture has another name.
    """
    return (_sample(path) for path in pictures_below(ORIGIN.require(root, "")))


def _sample(path: Path) -> Sample:
    code = _CODE.fullmatch(path.stem)
    if code is None:
        raise InputError(
            f"{path}: is not named person_age_sex_emotion_set, like 004_o_m_a_a.jpg, as those of {ORIGIN.title!r} are; "
            "take it out of the folder, or give it its name back"
        )
    return Sample(
        path,
        identity=code["person"],
        emotion=_EMOTIONS[code["emotion"].lower()],
        attributes={"age_group": _AGES[code["age"].lower()], "set": code["set"].lower()},
        sex=_SEXES[code["sex"].lower()],
    )
