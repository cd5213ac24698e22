"""Anonymize the sample photo and put before and after side by side."""

import sys
from pathlib import Path

import numpy as np

from ganonymization import Metadata, Outcome, presets, read_picture, write_picture

HERE = Path(__file__).parent
OUTPUT = HERE / "output"


def main() -> None:
    """Write `output/astronaut.jpg` and `output/before-after.jpg`."""
    OUTPUT.mkdir(exist_ok=True)
    anonymize = presets.default()
    picture = read_picture(HERE / "astronaut.jpg")
    result = anonymize(picture.image, identity=31)
    write_picture(picture.with_image(result.image), OUTPUT / "astronaut.jpg", metadata=Metadata.NONE, overwrite=True)
    both = np.hstack([picture.image, result.image])
    write_picture(picture.cut_out(both), OUTPUT / "before-after.jpg", metadata=Metadata.NONE, overwrite=True)
    sys.stdout.write(
        f"{len(result.receipts)} face(s) found, "
        f"{result.count(Outcome.SYNTHESIZED)} replaced by a person who does not exist.\n"
        f"Before and after: {OUTPUT / 'before-after.jpg'}\n"
    )


if __name__ == "__main__":
    main()
