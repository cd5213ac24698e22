"""Whether every face is changed: scenes, judged by a detector that sees them at double size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import track

from benchmarks.report import Report, Rows
from benchmarks.settings import Settings, data_folder
from ganonymization import Anonymizer, Box, Outcome, Receipt, presets, read_picture
from ganonymization.detect import CenterFace
from ganonymization.detect.centerface import resize
from ganonymization.evaluation.coverage import Change, change_inside, coverage
from ganonymization.types import Image

SMALLEST_PX: Final = 24.0
SCORES: Final = (0.3, 0.5)
"""Scores from which a face of the reference counts: that of our own detector, and one that is surer."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture.

    Attributes:
        name: of the file.
        reference: score, size in pixels and change of each face that the reference sees.
        receipts: what became of the faces that were detected, and how their boxes changed.
    """

    name: str
    reference: list[tuple[float, float, Change]]
    receipts: list[tuple[Receipt, Change]]


def run(settings: Settings) -> Report:
    """Anonymize the scenes and compare with what the reference sees on the originals."""
    paths = sorted(path for path in data_folder("scenes").iterdir() if path.suffix in {".jpg", ".png"})
    anonymizer, reference = presets.default(generator=settings.generator), CenterFace.load()
    chosen = paths[:: max(1, len(paths) // settings.limit)] if settings.limit else paths
    console = Console(stderr=True)
    scenes = [look(path, anonymizer, reference, settings.identity) for path in track(chosen, "scenes", console=console)]
    figures = {
        "pictures": len(scenes),
        "smallest_px": SMALLEST_PX,
        **totals(scenes),
        "scenes": [worst(s) for s in scenes],
    }
    keys = [key for key, value in figures.items() if isinstance(value, int | float)]
    return Report(figures, [Rows("coverage", ["figure", "value"], [[key, figures[key]] for key in keys])])


def look(path: Path, anonymizer: Anonymizer, reference: CenterFace, identity: int) -> Scene:
    """Anonymize one picture and measure what changed."""
    image = read_picture(path).image
    result = anonymizer(image, identity=identity)
    seen = [(face.score, halved(face.box)) for face in reference(resize(image, 2))]
    changes = [
        (score, size(box), change_inside(image, result.image, box)) for score, box in seen if touches(box, image)
    ]
    own = [(one, change_inside(image, result.image, one.box)) for one in result.receipts if touches(one.box, image)]
    return Scene(path.name, [row for row in changes if row[1] >= SMALLEST_PX], own)


def totals(scenes: list[Scene]) -> dict[str, Any]:
    """Return the figures over all pictures."""
    figures: dict[str, Any] = {}
    for score in SCORES:
        changes = [row[2] for scene in scenes for row in scene.reference if row[0] >= score]
        figures[f"reference_faces_score_{score}"] = len(changes)
        figures[f"coverage_score_{score}"] = coverage(changes)
    receipts = [pair for scene in scenes for pair in scene.receipts]
    synthesized = [one for one, _ in receipts if one.outcome is Outcome.SYNTHESIZED]
    return figures | {
        "detected": len(receipts),
        "detected_but_unchanged": sum(change.changed_share == 0 for _, change in receipts),
        "detected_but_not_covered": sum(not change.covered for _, change in receipts),
        "synthesized_share": len(synthesized) / max(1, len(receipts)),
        "attempts_mean": sum(one.attempts for one in synthesized) / max(1, len(synthesized)),
    }


def worst(scene: Scene) -> dict[str, Any]:
    """Return what is worth a second look on one picture: the faces that were not covered."""
    return {
        "name": scene.name,
        "reference_faces": len(scene.reference),
        "not_covered": [
            {"score": score, "size_px": size_px, "changed_share": change.changed_share}
            for score, size_px, change in scene.reference
            if not change.covered
        ],
        "obscured": sorted({one.reason for one, _ in scene.receipts if one.outcome is Outcome.OBSCURED}),
    }


def halved(box: Box) -> Box:
    """Return a box of the picture at double size in pixels of the picture."""
    return Box(box.left / 2, box.top / 2, box.right / 2, box.bottom / 2)


def size(box: Box) -> float:
    """Return the side of the square that is as large as the box."""
    return float((box.width * box.height) ** 0.5)


def touches(box: Box, image: Image) -> bool:
    """Say whether a pixel of the picture lies in the box."""
    height, width = image.shape[:2]
    columns = min(width, round(box.right)) - max(0, round(box.left))
    rows = min(height, round(box.bottom)) - max(0, round(box.top))
    return columns > 0 and rows > 0
