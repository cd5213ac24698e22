"""Put a face, given by its texture and its pose-free shape, in the place and pose of another."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay

from ganonymization.blend import blend_mask
from ganonymization.crop import fixed_point, pixel_centred, reach_px, synthesis_crop_from_image
from ganonymization.evaluation.method import Subject
from ganonymization.geometry import Pose, invert, transform
from ganonymization.region import outline
from ganonymization.shape import Array, ShapeModel
from ganonymization.types import Affine, Image, Landmarks, Mask, Points

SIZE_PX: Final = 256
"""Side of the crop that faces are drawn in."""

_RING_PX: Final = 6.0
"""Width of the soft edge, in pixels of the crop."""

_MESH: Final = 468
"""Landmarks of the skin; the irises that follow move over it."""

_GROWTH: Final = 1.0
"""The mesh reaches to hair line, temples and under the jaw, so that what is replaced is covered by it."""

Triangles = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """A face that can be put elsewhere.

    Attributes:
        image: (H, W, 3) uint8 that shows it.
        vertices: (M, 2) corners of the mesh on it, see `mesh_vertices`.
        shape: (478, 3) pose-free landmarks.
    """

    image: Image
    vertices: Points
    shape: Array


def texture_of(image: Image, landmarks: Landmarks, model: ShapeModel) -> Texture:
    """Return the face on a photo."""
    pose = model.pose_of(landmarks)
    shape = pose.undo(landmarks.points.astype(np.float64))
    return Texture(image, mesh_vertices(shape, pose), shape)


def transplant(texture: Texture, image: Image, subject: Subject, model: ShapeModel) -> Image:
    """Return the photo with the subject's face replaced, up to the hair line, by another in the same pose.

    Nothing is left of the subject inside the outlines of both faces. Colours are those of the texture: light cannot be
    matched at a border where the texture shows nothing of the surround.
    """
    crop_from_image = synthesis_crop_from_image(model.pose_of(subject.landmarks), size_px=SIZE_PX)
    landmarks = Landmarks(transform(subject.landmarks.points, crop_from_image))
    pose = model.pose_of(landmarks)
    target = mesh_vertices(texture.shape, pose)
    patch = warp_mesh(texture, target, _depths(texture.shape, pose))
    replaced = np.concatenate([target, landmarks.points[:, :2]])
    mask = blend_mask(replaced, size_px=SIZE_PX, ring_px=max(_RING_PX, reach_px(crop_from_image)))
    return _compose(image, patch, mask, invert(crop_from_image))


def _compose(image: Image, patch: Image, mask: Mask, image_from_crop: Affine) -> Image:
    affine, size_wh = pixel_centred(image_from_crop), image.shape[1::-1]
    drawn = cv2.warpAffine(patch, affine, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(mask, affine, size_wh, flags=cv2.INTER_LINEAR)[..., None]
    return np.round(image * (1 - share) + drawn * share).astype(np.uint8)


def mesh_vertices(shape: Array, pose: Pose) -> Points:
    """Return the (M, 2) landmarks of the skin and the ring around them, in the pose's target frame."""
    points = outline(shape, pose, growth=_GROWTH)
    return np.concatenate([points[:_MESH], points[len(shape) :]])


def warp_mesh(texture: Texture, target: Points, depths: npt.NDArray[np.floating]) -> Image:
    """Return a (SIZE_PX, SIZE_PX, 3) picture of the texture with its mesh moved to other places, triangle by triangle.

    Args:
        texture: the face.
        target: (M, 2) places of its vertices in the picture.
        depths: (M,) of these; what is nearer hides what is farther.
    """
    corners = mesh_triangles()
    order = corners[np.argsort(-depths[corners].mean(axis=1))]
    index = np.full((SIZE_PX, SIZE_PX), -1, np.int32)
    for number, triangle in enumerate(fixed_point(target)[order]):
        cv2.fillConvexPoly(index, triangle, number, cv2.LINE_8, 4)
    places = _places(index, target[order], texture.vertices[order])
    colors = cv2.remap(texture.image, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return _filled(np.asarray(colors, np.uint8), index >= 0)


@functools.cache
def mesh_triangles() -> Triangles:
    """Return the (T, 3) corners of the triangles of the mesh, by the mean face's Delaunay triangulation."""
    upright = Pose(1.0, np.eye(3), np.zeros(3))
    return np.asarray(Delaunay(mesh_vertices(ShapeModel.load().mean, upright)).simplices, np.int32)


def mean_texture(textures: Sequence[Texture], model: ShapeModel) -> Texture:
    """Return the average of faces, aligned by their landmarks."""
    upright = Pose(SIZE_PX / 2, np.eye(3), np.array([SIZE_PX / 2, SIZE_PX / 2, 0.0]))
    place = mesh_vertices(model.mean, upright)
    total = np.zeros((SIZE_PX, SIZE_PX, 3))
    shape = np.zeros_like(model.mean)
    for texture in textures:
        total += warp_mesh(texture, place, np.zeros(len(place)))
        shape += texture.shape
    mean = np.round(total / len(textures)).astype(np.uint8)
    return Texture(mean, place, shape / len(textures))


def _depths(shape: Array, pose: Pose) -> npt.NDArray[np.float64]:
    """Return the depths of the vertices; the ring lies behind the face."""
    depths = pose.apply(shape)[:_MESH, 2]
    ring = len(mesh_vertices(shape, pose)) - _MESH
    return np.concatenate([depths, np.full(ring, depths.max())])


def _places(index: npt.NDArray[np.int32], target: Points, source: Points) -> npt.NDArray[np.float32]:
    """Return (S, S, 2) places in the source, as OpenCV counts them, of the pixels of each triangle.

    Args:
        index: (S, S) number of the triangle that a pixel shows; -1 for none.
        target: (T, 3, 2) corners in the picture.
        source: (T, 3, 2) corners in the source.
    """
    rows, columns = np.nonzero(index >= 0)
    triangle = index[rows, columns]
    origin, sides = target[:, 0], (target[:, 1:] - target[:, :1]).transpose(0, 2, 1).astype(np.float64)
    flat = np.abs(np.linalg.det(sides)) < 1e-6
    sides[flat] = np.eye(2)
    offsets = np.stack([columns + 0.5, rows + 0.5], axis=1) - origin[triangle]
    shares = np.einsum("nij,nj->ni", np.linalg.inv(sides)[triangle], offsets).clip(-1, 2)
    source_sides = source[:, 1:] - source[:, :1]
    places = np.zeros((*index.shape, 2), np.float32)
    places[rows, columns] = source[triangle, 0] + np.einsum("ni,nij->nj", shares, source_sides[triangle]) - 0.5
    return places


def _filled(image: Image, known: npt.NDArray[np.bool_]) -> Image:
    """Return the picture with the colour of the nearest known pixel wherever none is known."""
    if known.all() or not known.any():
        return image
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    color_of_label = np.zeros((labels.max() + 1, 3), np.uint8)
    color_of_label[labels[known]] = image[known]
    return np.asarray(color_of_label[labels])
