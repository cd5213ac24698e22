"""Which way a figure is better."""

from __future__ import annotations

import re
from typing import Final

_LOWER: Final = re.compile(
    r"tar_far\d+_(other_photo|own_original)|(parrot_|reconstruction_|drawing_|landmark_(parrot_|reconstruction_)?|linkage_)?rank\d+"
    r"|(parrot|reconstruction|drawing|landmark|linkage)_gain|(yaw|pitch|roll)_error_deg"
    r"|pairs_(accuracy|tar_far\d+)_(one_side|both_sides)"
    r"|identity_consistency_(isolated_)?(eer|between|same_photo)"
    r"|frechet_distance|kernel_distance|seam_(energy|ratio)"
)
_HIGHER: Final = re.compile(
    r"(landmark_)?eer|coverage|output_made|redetected(_blazeface)?|(second_)?emotion_(agreement|kappa)|shift_.+|recall_.+"
    r"|identity_consistency_(isolated_)?(auc|within)"
    r"|(mouth_open|mouth_width|smile|lids|brows|gaze|gaze_x|gaze_y)_r|f1(_.+)?|mean_f1(_.+)?|trait_.+|diversity|sharpness_ratio"
)
_CHANCE: Final = re.compile(r"rank\d+_chance")


def higher_is_better(metric: str) -> bool | None:
    """Return whether more of a figure is better for an anonymizer; None where that cannot be said, as of chance.

    Args:
        metric: name of the figure; it may end in that of a recogniser, as in `rank1_faceres`.
    """
    metric = metric.removeprefix("conditioning_")
    if _CHANCE.search(metric):
        return None
    for pattern, answer in ((_LOWER, False), (_HIGHER, True)):
        if re.fullmatch(rf"({pattern.pattern})(_[a-z0-9]+)*", metric):
            return answer
    return None
