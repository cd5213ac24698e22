"""The landmark image: what the generator sees of a face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.crop import fixed_point
from ganonymization.landmark import topology
from ganonymization.region import hull
from ganonymization.types import LANDMARK_COUNT, Points

Maps: TypeAlias = npt.NDArray[np.uint8]

MAP_NAMES: Final = ("hull", "brows", "eyes", "irises", "lips", "mouth", "dots")
MAP_COUNT: Final = len(MAP_NAMES)

FEATURE_NAMES: Final = ("brows", "eyes", "lips", "mouth")
"""Maps of what is no bare skin."""

GRID: Final = 128
"""Side from which on dots and nose lines are drawn on a coarser grid: their width stays that of a face at 128 px."""

DOT_PX_AT_512: Final = 1.5
"""Radius of a landmark's dot in the published landmark image, in a square of 512 px."""

_FIRST_IRIS: Final = topology.RIGHT_IRIS_CENTER
_SHIFT: Final = 4
_OVERSAMPLING: Final = 2
"""Shapes are drawn so much larger and averaged: OpenCV's anti-aliasing alone misplaces small ones by up to .4 px."""


def draw_maps(points: Points, *, size_px: int) -> Maps:
    """Return (7, S, S) uint8 maps, 0..255, in the order of `MAP_NAMES`, drawn anti-aliased with sub-pixel places.

    Args:
        points: (478, 2|3) landmarks in crop pixels.
        size_px: side S of the crop.
    """
    shapes = _draw_shapes(points[:, :2] * _OVERSAMPLING, size_px * _OVERSAMPLING)
    grid = size_px // max(1, size_px // GRID)
    dots = np.zeros((grid, grid), np.uint8)
    _draw_dots(dots, points[:, :2] * (grid / size_px))
    square = (size_px, size_px)
    layers = [cv2.resize(shape, square, interpolation=cv2.INTER_AREA) for shape in shapes]
    layers.append(cv2.resize(dots, square, interpolation=cv2.INTER_AREA))
    return np.asarray(np.stack(layers), np.uint8)


def draw_dots(points: Points, *, size_px: int) -> npt.NDArray[np.uint8]:
    """Return the landmark image as published, (S, S) uint8: a white dot on black for each landmark.

    Args:
        points: (N, 2|3) landmarks in crop pixels; points that are not finite are left out.
        size_px: side S of the crop.
    """
    canvas = np.zeros((size_px, size_px), np.uint8)
    radius = max(1, round(DOT_PX_AT_512 * size_px / 512))
    for x, y in points[:, :2]:
        if np.isfinite([x, y]).all():
            cv2.circle(canvas, (round(float(x)), round(float(y))), radius, 255, cv2.FILLED)
    return canvas


def _draw_shapes(points: Points, size_px: int) -> Maps:
    """Return every map but the dots."""
    maps = np.zeros((MAP_COUNT - 1, size_px, size_px), np.uint8)
    face, brows, eyes, irises, lips, mouth = maps
    _fill(face, hull(points[:_FIRST_IRIS]))
    for brow in (topology.RIGHT_BROW, topology.LEFT_BROW):
        _fill(brows, points[list(brow)])
    for eye in (topology.RIGHT_EYE, topology.LEFT_EYE):
        _fill(eyes, points[list(eye)])
    _draw_irises(irises, points, eyes)
    _fill(lips, points[list(topology.LIPS_OUTER)])
    _fill(mouth, points[list(topology.LIPS_INNER)])
    np.subtract(lips, np.minimum(lips, mouth), out=lips)
    return maps


def _fill(canvas: npt.NDArray[np.uint8], points: Points) -> None:
    cv2.fillPoly(canvas, [fixed_point(points)], 255, cv2.LINE_AA, _SHIFT)


def _draw_irises(canvas: npt.NDArray[np.uint8], points: Points, eyes: npt.NDArray[np.uint8]) -> None:
    for center, ring in (
        (topology.RIGHT_IRIS_CENTER, topology.RIGHT_IRIS),
        (topology.LEFT_IRIS_CENTER, topology.LEFT_IRIS),
    ):
        middle = points[center, :2]
        radius = float(np.linalg.norm(points[list(ring), :2] - middle, axis=1).mean())
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        circle = middle + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        _fill(canvas, circle.astype(np.float32))
    np.minimum(canvas, eyes, out=canvas)


def _draw_dots(canvas: npt.NDArray[np.uint8], points: Points) -> None:
    """Splat every landmark bilinearly, then draw the ridge and the base of the nose."""
    size_px = canvas.shape[0]
    spots = points[:LANDMARK_COUNT, :2] - 0.5
    corner = np.floor(spots).astype(int)
    fraction = spots - corner
    splat = np.zeros((size_px + 2, size_px + 2), np.float32)
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = np.abs(1 - dx - fraction[:, 0]) * np.abs(1 - dy - fraction[:, 1])
        x, y = corner[:, 0] + dx, corner[:, 1] + dy
        inside = (x >= 0) & (y >= 0) & (x < size_px) & (y < size_px)
        np.add.at(splat, (y[inside], x[inside]), share[inside])
    np.minimum(splat[:size_px, :size_px] * 160, 160, out=splat[:size_px, :size_px])
    canvas[:] = splat[:size_px, :size_px].astype(np.uint8)
    for line in (topology.NOSE_BRIDGE, topology.NOSE_BASE):
        _stroke(canvas, points, line)


def _stroke(canvas: npt.NDArray[Any], points: Points, line: Sequence[int]) -> None:
    cv2.polylines(canvas, [fixed_point(points[list(line)])], False, 255, 1, cv2.LINE_AA, _SHIFT)  # noqa: FBT003 - OpenCV
