"""The Extended Cohn-Kanade set (CK+): sequences from the neutral face to the peak of an expression.

Layout: `cohn-kanade-images/S005/001/S005_001_00000011.png` and `Emotion/S005/001/S005_001_00000011_emotion.txt`. Only
the last frame, the peak, is labelled, and only of some sequences; the others have an empty folder, or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ganonymization.errors import InputError
from ganonymization.evaluation.readers.layout import Origin, entries, is_picture
from ganonymization.evaluation.readers.sample import Sample
from ganonymization.evaluation.readers.tables import Line, read_list

ORIGIN: Final = Origin(
    "ck+",
    "Extended Cohn-Kanade Dataset (CK+): cohn-kanade-images.zip and Emotion_labels.zip",
    "the Affect Analysis Group, University of Pittsburgh (on request)",
)

_EMOTIONS: Final = ("neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
_LABEL: Final = "_emotion.txt"


def read_ck_plus(root: Path) -> Iterator[Sample]:
    """Return the peak frame of every sequence; attributes hold the number of the `sequence`.

    Raises:
        InputError: a folder is missing, a label is damaged, or its frame is missing.
    """
    frames = ORIGIN.require(root, "cohn-kanade-images")
    labels = ORIGIN.require(root, "Emotion", "Emotion_labels/Emotion")
    return (
        _sample(peak, labels)
        for person in _folders(frames)
        for sequence in _folders(person)
        for peak in _last(sequence)
    )


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in entries(folder) if entry.is_dir()]


def _last(sequence: Path) -> list[Path]:
    """Return the last frame; none of an empty folder. Frame numbers have leading zeros, so names sort like them."""
    return [entry for entry in entries(sequence) if is_picture(entry)][-1:]


def _sample(peak: Path, labels: Path) -> Sample:
    person, sequence = peak.parent.parent.name, peak.parent.name
    emotion = _emotion(labels / person / sequence, peak)
    return Sample(peak, identity=person, emotion=emotion, attributes={"sequence": sequence})


def _emotion(folder: Path, peak: Path) -> str | None:
    found = [entry for entry in entries(folder) if entry.name.endswith(_LABEL)] if folder.is_dir() else []
    if not found:
        return None
    label = found[-1]
    frame = label.name.removesuffix(_LABEL)
    if frame != peak.stem:
        raise InputError(
            f"{label}: belongs to the last frame {frame}, but {peak.name} is the last in {peak.parent}; "
            f"unpack {ORIGIN.title!r} anew"
        )
    return _label(next(read_list(label), Line(label, 1, ())))


def _label(line: Line) -> str:
    line.require_length(1, "the number of an emotion")
    code = line.number_at(0)  # written as 3.0000000e+00
    if code not in range(len(_EMOTIONS)):
        raise line.error(f"{line.cells[0]!r} is no emotion; expected is 0 to {len(_EMOTIONS) - 1}")
    return _EMOTIONS[int(code)]
