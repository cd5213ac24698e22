"""The seams: each stage of the data path is a callable that fits one of these Protocols."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ganonymization.types import Crop, Face, Image, Landmarks, Manner, Mask, Patch, Surround


class Detect(Protocol):
    """Find faces."""

    def __call__(self, image: Image, /) -> list[Face]:
        """Return every face in the picture; an empty list when there is none."""
        ...


class Landmark(Protocol):
    """Find the dense landmarks of one face."""

    def __call__(self, image: Image, face: Face, /) -> Landmarks:
        """Return 478 points in pixels of the image.

        Raises:
            LandmarksNotFoundError: there is no face to be seen in the box.
        """
        ...


class Follow(Protocol):
    """Find the dense landmarks of faces that were seen a moment before."""

    def __call__(self, image: Image, before: Sequence[Landmarks], /) -> list[Landmarks]:
        """Return 478 points in pixels of the image for each; a face that is no longer there has the presence 0."""
        ...


class Reshape(Protocol):
    """Take the identity out of landmarks."""

    def __call__(self, landmarks: Landmarks, identity: int, /) -> Landmarks:
        """Return landmarks with the shape of `identity` and the expression, gaze and pose of the input."""
        ...


class Correct(Protocol):
    """Make up for what a generator draws otherwise than it was asked to."""

    def __call__(self, asked: Landmarks, found: Landmarks, /) -> Landmarks:
        """Return the landmarks to draw from the next time, by those asked for and those of the face that came out."""
        ...


class Anticipate(Protocol):
    """Make up for what a generator is known to miss."""

    def __call__(self, wanted: Landmarks, manner: Manner | None = None, /) -> Landmarks:
        """Return the landmarks to ask for, in crop pixels as those that are wanted; `manner` is of one person."""
        ...

    def missed(self, wanted: Landmarks, found: Landmarks) -> npt.NDArray[np.float64]:
        """Return what is missed of a person, by landmarks of a face that came out, in crop pixels."""
        ...

    def opened(self, wanted: Landmarks) -> list[Landmarks]:
        """Return a face with its mouth opened by several degrees, the least first."""
        ...

    def opening(self, landmarks: Landmarks) -> float:
        """Return how much wider a mouth is open than that of the mean face, in its heights."""
        ...


class ChoosePalette(Protocol):
    """Choose the colours of the invented person."""

    def __call__(self, surround: Surround, landmarks: Landmarks, identity: int, /) -> npt.NDArray[np.float32]:
        """Return a palette vector (see `palette.PALETTE_FIELDS`), never made from the face's own colours.

        Args:
            surround: of the face, which is cut out of it.
            landmarks: of the face, in pixels of the surround.
            identity: seed of the invented person.
        """
        ...


class Suit(Protocol):
    """Say which invented people suit a face and what surrounds it."""

    def __call__(self, surround: Surround, landmarks: Landmarks, /) -> Callable[[int], bool]:
        """Return what tells whether an identity suits; arguments as for `ChoosePalette`."""
        ...


class Synthesize(Protocol):
    """Draw the invented person. The signature is the privacy argument: no argument holds a pixel of the face."""

    size_px: int
    """Side of the crop that it works in."""

    def __call__(
        self, landmarks: Landmarks, surround: Surround, *, palette: npt.NDArray[np.float32], identity: int
    ) -> Patch:
        """Return the face for landmarks in crop pixels, on the surround."""
        ...


class Matte(Protocol):
    """Continue the background of the surround up to the new head."""

    def person(self, patch: Patch) -> Mask:
        """Return the probability that a pixel of a drawn patch belongs to a person."""
        ...

    def __call__(self, patch: Patch, surround: Surround, landmarks: Landmarks, /, *, person: Mask) -> Patch:
        """Return the patch, drawn on the surround from landmarks in crop pixels, with that background."""
        ...


class Blend(Protocol):
    """Put a patch into the picture."""

    def __call__(self, image: Image, crop: Crop, patch: Patch, mask: Mask, /) -> Image:
        """Return a new picture that takes the patch where `mask` (in crop pixels) is 1."""
        ...


class Obscure(Protocol):
    """Cover a face beyond recovery."""

    def __call__(self, image: Image, face: Face, /) -> Image:
        """Return a new picture in which nothing of the face is left."""
        ...
