"""How much expression is kept: measures, gaze, pose and emotion, before and after, with the noise floor beside it."""

from __future__ import annotations

from typing import Final

from benchmarks.evaluation import run_evaluation
from benchmarks.report import Report
from benchmarks.settings import Settings

METHODS: Final = ("default", "copied")

GEOMETRY: Final = (
    *(f"{name}_r" for name in ("mouth_open", "mouth_width", "smile", "lids", "brows", "gaze", "gaze_x", "gaze_y")),
    "yaw_error_deg",
    "pitch_error_deg",
)

LABELS: Final = ("emotion_agreement", "emotion_kappa", "second_emotion_agreement", "second_emotion_kappa", "mean_f1")

LOOKS: Final = ("redetected", "redetected_blazeface", "diversity", "diversity_faceres", "sharpness_ratio")


def run(settings: Settings) -> Report:
    """Measure on the same outputs as the privacy benchmark."""
    tables = {
        "expression: landmarks found in the output": GEOMETRY,
        "expression: landmarks drawn from": [f"conditioning_{name}" for name in GEOMETRY],
        "expression: emotion before and after": LABELS,
        "looks, as shares of those of the real photos": LOOKS,
    }
    return run_evaluation(settings, METHODS, attacks=(), tables=tables)
