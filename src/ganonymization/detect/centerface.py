"""CenterFace (Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019) for all sizes.

The network finds faces of about 16 to 512 px. Larger ones are found on smaller copies of the picture, so the picture
is looked at as a pyramid whose levels halve; large levels are cut into tiles, which bounds memory. There is no border
around the picture: the network, whose convolutions pad with zeros, finds faces that the edge cuts in half better
without one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization import weights
from ganonymization.detect.nms import area, suppress
from ganonymization.onnx import Network, Runtime
from ganonymization.types import Box, Face, Image

Floats = npt.NDArray[np.float32]

CELL_PX: Final = 4
"""Stride of the network's heads."""

SIZE_MULTIPLE_PX: Final = 32
"""The network halves its input five times."""

TILE_PX: Final = 1024
"""Longest side of a tile; one of this size takes about 250 MB inside ONNX Runtime."""

OVERLAP_PX: Final = 64
"""Faces up to this size lie whole in some tile; larger ones do so on a coarser level, where half of it is left."""

SMALLEST_SEEN_PX: Final = 16
"""Root of the area of the smallest face that the network finds reliably (99 % at a score of 0.3, LFW shrunk)."""

COARSEST_SIDE_PX: Final = 128
"""The pyramid ends here; this is the level that shows a face twice as large as the picture."""

SAME_FACE_IOU: Final = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Boxes that may be faces; there may be several per face.

    Attributes:
        boxes: (N, 4) float32 left, top, right, bottom.
        scores: (N,) float32, 0..1.
        keypoints: (N, 5, 2) float32, as in `Face`.
    """

    boxes: Floats
    scores: Floats
    keypoints: Floats

    def pick(self, index: npt.NDArray[np.bool_ | np.intp]) -> Candidates:
        """Return the candidates that a mask or an array of indices names."""
        return Candidates(self.boxes[index], self.scores[index], self.keypoints[index])

    def moved(self, shift_xy: tuple[float, float]) -> Candidates:
        """Return the candidates shifted by (x, y)."""
        shift = np.array(shift_xy, np.float32)
        return Candidates(self.boxes + np.tile(shift, 2), self.scores, self.keypoints + shift)

    def stretched(self, factor_xy: tuple[float, float]) -> Candidates:
        """Return the candidates with x and y multiplied by their factors."""
        factor = np.array(factor_xy, np.float32)
        return Candidates(self.boxes * np.tile(factor, 2), self.scores, self.keypoints * factor)


@dataclass(frozen=True, slots=True)
class Span:
    """One axis of a tile.

    Attributes:
        start: first pixel.
        stop: end, exclusive; may lie behind the picture.
        own_start: the tile answers for faces whose centre is not before this; minus infinity for the first tile.
        own_stop: nor at or behind this; infinity for the last tile.
    """

    start: int
    stop: int
    own_start: float
    own_stop: float

    def answers_for(self, low: Floats, high: Floats) -> npt.NDArray[np.bool_]:
        """Say which intervals (low, high) are the tile's own and not cut by it."""
        center = (low + high) / 2
        alone = math.isinf(self.own_start) and math.isinf(self.own_stop)
        # a face that the tile's edge cuts has a box up to the edge: with its centre here it is longer than the overlap
        whole = (high - low <= OVERLAP_PX) | alone
        own: npt.NDArray[np.bool_] = (center >= self.own_start) & (center < self.own_stop) & whole
        return own


class CenterFace:
    """Find faces; fits `stages.Detect`.

    Measured with the defaults: in pictures of 12 megapixels every face of 20 to 500 px (LFW, pasted in), 98 % at 16 px
    and 62 % at 12 px, none twice; in the scenes 485 of 486 faces of 20 px and more that a look at double size is sure
    of, and nothing but the 44 faces of the 35 `azure` scenes; faces cut in half by the picture's edge 99 %, upside down
    98 %. Lower thresholds find little more: between 0.2 and 0.3 lie 1 of those 486 faces and some 30 boxes in 318
    photos of LFW, about half of them no face.

    Args:
        network: `centerface.onnx`; input (1, 3, H, W) RGB in 0..255, the four heads as outputs.
        score_threshold: faces below this confidence are dropped, 0..1.
        minimum_face_px: faces of this size (root of the box's area) are looked for; smaller ones may be found as well.
            Time grows with the inverse of its square.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(self, network: Network, *, score_threshold: float = 0.3, minimum_face_px: float = 16.0) -> None:
        if not 0 < score_threshold < 1:
            raise ValueError(f"score_threshold is {score_threshold}; it must lie between 0 and 1")
        if not minimum_face_px > 0:
            raise ValueError(f"minimum_face_px is {minimum_face_px}; it must be positive")
        self._network = network
        self._score_threshold = score_threshold
        self._finest_scale = SMALLEST_SEEN_PX / minimum_face_px

    @classmethod
    def load(
        cls,
        *,
        score_threshold: float = 0.3,
        minimum_face_px: float = 16.0,
        runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    ) -> CenterFace:
        """Return the detector with the weights of the package."""
        path = weights.locate("centerface")
        heads = ["heatmap", "scale", "offset", "landmarks"]
        network = Network(path, inputs=["image"], outputs=heads, runtime=runtime)
        return cls(network, score_threshold=score_threshold, minimum_face_px=minimum_face_px)

    def __call__(self, image: Image, /) -> list[Face]:
        """Return every face, best first; an empty list when there is none. Boxes may reach beyond the picture."""
        levels = pyramid(image, self._finest_scale)
        finest = self._look(image, next(levels), smallest_px=0)
        # a small face on a coarse level is seen better on the one before, or is a blur of several faces
        coarser = [self._look(image, level, smallest_px=SMALLEST_SEEN_PX) for level in levels]
        seen = join([finest, *coarser])
        return to_faces(seen.pick(suppress(seen.boxes, seen.scores, maximum_iou=SAME_FACE_IOU)))

    def _look(self, image: Image, level: Image, *, smallest_px: float) -> Candidates:
        """Return the candidates on one level of the pyramid that are large enough on it, in pixels of the picture."""
        height, width = level.shape[:2]
        tiles = itertools.product(spans(height), spans(width))
        seen = join([self._look_at_tile(level, rows, columns) for rows, columns in tiles])
        large = seen.pick(area(seen.boxes) >= smallest_px**2)
        return large.stretched((image.shape[1] / width, image.shape[0] / height))

    def _look_at_tile(self, level: Image, rows: Span, columns: Span) -> Candidates:
        """Return the candidates for which a tile answers, in pixels of its level."""
        heads = self._network(image=cut(level, rows, columns)[None])
        seen = decode(heads, score_threshold=self._score_threshold).moved((columns.start, rows.start))
        left, top, right, bottom = seen.boxes.T
        return seen.pick(columns.answers_for(left, right) & rows.answers_for(top, bottom))


def pyramid(image: Image, finest_scale: float) -> Iterator[Image]:
    """Yield the picture at `finest_scale`, then at half of it and so on, until it is small."""
    level = resize(image, finest_scale)
    yield level
    while max(level.shape[:2]) > COARSEST_SIDE_PX:
        level = resize(level, 0.5)
        yield level


def resize(image: Image, scale: float) -> Image:
    """Return the picture with its sides multiplied by `scale`, at least one pixel each."""
    if scale == 1:
        return image
    size_wh = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, size_wh, interpolation=interpolation).astype(np.uint8, copy=False)


def spans(length_px: int) -> list[Span]:
    """Cut an axis into spans of equal length, at most `TILE_PX`, that overlap by at least `OVERLAP_PX`."""
    count = max(1, math.ceil((length_px - OVERLAP_PX) / (TILE_PX - OVERLAP_PX)))
    span_px = round_up(math.ceil((length_px + (count - 1) * OVERLAP_PX) / count))
    starts = [round(index * (length_px - span_px) / max(1, count - 1)) for index in range(count)]
    limits = [(start + span_px + following) / 2 for start, following in itertools.pairwise(starts)]
    own = zip(starts, [-math.inf, *limits], [*limits, math.inf], strict=True)
    return [Span(start, start + span_px, own_start, own_stop) for start, own_start, own_stop in own]


def round_up(length_px: int) -> int:
    """Return the next length that the network takes."""
    return -(-length_px // SIZE_MULTIPLE_PX) * SIZE_MULTIPLE_PX


def cut(level: Image, rows: Span, columns: Span) -> Floats:
    """Return a tile as the network wants it, (3, H, W) float32 0..255; black beyond the picture."""
    tile = np.zeros((3, rows.stop - rows.start, columns.stop - columns.start), np.float32)
    inside = level[rows.start : rows.stop, columns.start : columns.stop].transpose(2, 0, 1)
    tile[:, : inside.shape[1], : inside.shape[2]] = inside
    return tile


def decode(heads: list[Floats], *, score_threshold: float) -> Candidates:
    """Turn the network's heads for one picture into candidates in pixels of its input.

    Args:
        heads: heatmap (1, 1, h, w), scale (1, 2, h, w), offset (1, 2, h, w), landmarks (1, 10, h, w); pairs are (y, x).
        score_threshold: cells below are passed over, and so are cells beside a higher one.
    """
    (heatmap,), scale, offset, landmarks = (head[0] for head in heads)
    peaks = heatmap == cv2.dilate(heatmap, np.ones((3, 3), np.uint8))
    row, column = np.nonzero(peaks & (heatmap >= score_threshold))
    cell_yx = np.stack([row, column], axis=1)
    size_yx = np.exp(scale[:, row, column].T) * CELL_PX
    center_yx = (cell_yx + 0.5 + offset[:, row, column].T) * CELL_PX
    corner_yx = center_yx - size_yx / 2
    boxes = np.concatenate([corner_yx[:, ::-1], (corner_yx + size_yx)[:, ::-1]], axis=1).astype(np.float32)
    shares_yx = landmarks[:, row, column].T.reshape(-1, 5, 2)
    keypoints = (corner_yx[:, None] + shares_yx * size_yx[:, None])[..., ::-1].astype(np.float32)
    return Candidates(boxes, heatmap[row, column], keypoints)


def join(parts: list[Candidates]) -> Candidates:
    """Return the candidates of all parts."""
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.keypoints for part in parts]),
    )


def to_faces(candidates: Candidates) -> list[Face]:
    """Return one face per candidate."""
    rows = zip(candidates.boxes.tolist(), candidates.scores.tolist(), candidates.keypoints, strict=True)
    return [Face(Box(*box), score, keypoints) for box, score, keypoints in rows]
