"""A face of which only the landmarks that alignment looks at are known."""

import numpy as np

from ganonymization.alignment import ANCHORS, MEAN_ANCHORS
from ganonymization.types import LANDMARK_COUNT, Landmarks


def mean_face(scale_px, roll_rad=0.0, left_top=(0.0, 0.0)):
    """Landmarks whose anchors form the mean face; its unit is `scale_px` long."""
    cosine, sine = np.cos(roll_rad), np.sin(roll_rad)
    points = np.zeros((LANDMARK_COUNT, 3), np.float32)
    points[list(ANCHORS), :2] = MEAN_ANCHORS @ np.array([[cosine, sine], [-sine, cosine]]) * scale_px + left_top
    return Landmarks(points)
