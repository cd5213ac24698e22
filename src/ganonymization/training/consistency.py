"""Landmark consistency: the face mesh must find on a generated face the landmarks that were asked for."""

from torch import Tensor, nn


class LandmarkConsistency(nn.Module):
    """Not there yet."""

    def forward(self, image: Tensor, landmarks: Tensor) -> Tensor:
        """Return the loss."""
        raise NotImplementedError
