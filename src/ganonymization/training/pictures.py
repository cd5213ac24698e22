"""Read training pictures: one face each, the largest when there are several."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from ganonymization.errors import FaceError
from ganonymization.files import find_pictures, read_picture
from ganonymization.stages import Detect, Landmark
from ganonymization.types import Face, Image, Landmarks

logger = logging.getLogger(__name__)


def read_faces(folder: Path, *, detect: Detect, landmark: Landmark) -> Iterator[tuple[str, Image, Landmarks]]:
    """Yield name, picture and landmarks of each picture that shows a face; the others are logged."""
    for found in find_pictures([folder]).pictures:
        image = read_picture(found.source).image
        faces = detect(image)
        if not faces:
            logger.info("%s: no face found, left out", found.source)
            continue
        try:
            yield found.source.name, image, landmark(image, max(faces, key=_area))
        except FaceError as error:
            logger.info("%s: left out, %s", found.source, error)


def _area(face: Face) -> float:
    return face.box.width * face.box.height
