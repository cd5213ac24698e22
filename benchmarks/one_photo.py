"""Anonymize one photo in a process of its own, so that its memory can be measured.

Run `python -m benchmarks.one_photo IN OUT [GENERATOR]`.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path

from ganonymization import Metadata, Outcome, presets, read_picture, write_picture


def main() -> None:
    """Read, anonymize, write, and print the seconds of each as JSON."""
    source, target, *generator = map(Path, sys.argv[1:])
    ticks = [time.perf_counter()]
    anonymizer = presets.default(generator=generator[0] if generator else None)
    ticks.append(time.perf_counter())
    picture = read_picture(source)
    ticks.append(time.perf_counter())
    result = anonymizer(picture.image, identity=1)
    ticks.append(time.perf_counter())
    write_picture(picture.with_image(result.image), target, metadata=Metadata.NONE, overwrite=True)
    ticks.append(time.perf_counter())
    seconds = [after - before for before, after in itertools.pairwise(ticks)]
    print(
        json.dumps(
            {
                **dict(zip(("load", "read", "anonymize", "write"), seconds, strict=True)),
                "faces": len(result.receipts),
                "synthesized": result.count(Outcome.SYNTHESIZED),
                "attempts": [receipt.attempts for receipt in result.receipts],
                "picture_ms": result.stage_ms,
                "faces_ms": [receipt.stage_ms for receipt in result.receipts],
            }
        )
    )


if __name__ == "__main__":
    main()
