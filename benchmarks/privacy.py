"""How much identity is left: verification, identification and attackers, with chance and classic methods beside it."""

from __future__ import annotations

from typing import Final

from benchmarks.evaluation import run_evaluation
from benchmarks.report import Report
from benchmarks.settings import Settings
from ganonymization.evaluation.evaluator import ATTACKS

METHODS: Final = ("default", "copied", "suppression", "blur")

BY_RECOGNISER: Final = (
    "tar_far1_other_photo",
    "tar_far01_other_photo",
    "tar_far1_own_original",
    "rank1",
    "rank1_chance",
    "parrot_rank1",
    "reconstruction_rank1",
    "linkage_rank1",
)

BY_LANDMARKS: Final = ("landmark_rank1", "landmark_eer", "landmark_parrot_rank1", "landmark_reconstruction_rank1")

OUTCOMES: Final = ("coverage", "conditioning_faces", "redetected", "redetected_blazeface")


def run(settings: Settings) -> Report:
    """Measure on the people of LFW `test`; attackers learn on people of `fit`."""
    tables = {
        "privacy, recogniser face_recognition": BY_RECOGNISER,
        "privacy, recogniser faceres, held out": [f"{name}_faceres" for name in BY_RECOGNISER],
        "privacy, landmarks found in the output": BY_LANDMARKS,
        "privacy, landmarks drawn from": [f"conditioning_{name}" for name in BY_LANDMARKS],
        "outcomes": OUTCOMES,
    }
    return run_evaluation(settings, METHODS, attacks=ATTACKS, tables=tables)
