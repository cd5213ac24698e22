"""A folder with one sub-folder per person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ganonymization.errors import InputError
from ganonymization.evaluation.readers.layout import entries, is_picture, pictures_below
from ganonymization.evaluation.readers.sample import Sample


def read_people(root: Path) -> Iterator[Sample]:
    """Return the pictures of people who have a folder each, named like the person.

    Raises:
        InputError: there are no such folders, or a picture lies beside them and so belongs to nobody.
    """
    found = entries(root)
    folders = [entry for entry in found if entry.is_dir()]
    if not folders:
        raise InputError(f"{root}: expected is one folder per person with the photos of that person; there is none")
    for entry in found:
        if entry.is_file() and is_picture(entry):
            raise InputError(f"{entry}: lies beside the people's folders; move it into the folder of its person")
    return (Sample(path, identity=folder.name) for folder in folders for path in pictures_below(folder))
