"""WIDER FACE, validation part: photos of crowds with a box around every face.

Layout: `WIDER_val/images/0--Parade/*.jpg` and `wider_face_split/wider_face_val_bbx_gt.txt`. That list has, per photo,
its name, the number of faces, and a line per face: left, top, width, height, blur, expression, illumination, invalid,
occlusion, pose. A photo with 0 faces has one line of zeros all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ganonymization.evaluation.readers.layout import Origin
from ganonymization.evaluation.readers.sample import Attribute, Sample
from ganonymization.evaluation.readers.tables import Line, read_list
from ganonymization.types import Box

ORIGIN: Final = Origin(
    "wider",
    "WIDER FACE: validation images and face annotations",
    "the Multimedia Laboratory, The Chinese University of Hong Kong",
)

_INVALID: Final = 7
_COLUMN_OF_ATTRIBUTE: Final = {"blur": 4, "expression": 5, "illumination": 6, "occlusion": 8, "pose": 9}
_FACE: Final = "left, top, width, height and six codes of a face"


def read_wider_face(root: Path) -> Iterator[Sample]:
    """Return one sample per face, those of a photo one after the other; photos without faces yield none.

    Faces marked invalid, which the official protocol ignores, and boxes without area are passed over. Attributes are
    the set's codes, `blur` 0 to 2 for instance, and the `event` that the photo shows.

    Raises:
        InputError: a file is missing or damaged.
    """
    photos = ORIGIN.require(root, "WIDER_val/images")
    return _samples(ORIGIN.require(root, "wider_face_split/wider_face_val_bbx_gt.txt"), photos)


def _samples(path: Path, photos: Path) -> Iterator[Sample]:
    lines = read_list(path)
    for name in lines:
        photo = ORIGIN.require_picture(photos / " ".join(name.cells), listed_in=path)
        for face in _faces(lines, _count(lines, name), name):
            if box := _box(face):
                yield Sample(photo, box=box, split="val", attributes=_attributes(face, photo))


def _count(lines: Iterator[Line], name: Line) -> int:
    line = _next(lines, name)
    line.require_length(1, "the number of faces of the photo named above")
    return line.integer(0)


def _faces(lines: Iterator[Line], count: int, name: Line) -> Iterator[Line]:
    """Take the lines of a photo's faces off the list; the line of zeros that stands for none is taken off, too."""
    if not count:
        _face(lines, name)
    for _ in range(count):
        yield _face(lines, name)


def _face(lines: Iterator[Line], name: Line) -> Line:
    line = _next(lines, name)
    line.require_length(10, _FACE)
    return line


def _next(lines: Iterator[Line], name: Line) -> Line:
    line = next(lines, None)
    if line is None:
        raise name.error("the list ends before the faces of this photo; it is incomplete")
    return line


def _box(face: Line) -> Box | None:
    left, top, width, height = (face.integer(column) for column in range(4))
    if face.integer(_INVALID) or width <= 0 or height <= 0:
        return None
    return Box(left, top, left + width, top + height)


def _attributes(face: Line, photo: Path) -> dict[str, Attribute]:
    codes: dict[str, Attribute] = {name: face.integer(column) for name, column in _COLUMN_OF_ATTRIBUTE.items()}
    return {"event": photo.parent.name, **codes}
