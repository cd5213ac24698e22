"""Notice early that a run leads nowhere, instead of finding it out after hours."""

from __future__ import annotations

from typing import Final

from ganonymization.errors import GanonymizationError

_HALF_LIFE: Final = 1_000
"""Samples after which the average of the discriminator's loss has forgotten half."""

_PATIENCE: Final = 2
"""Measurements in a row in which all faces look alike until a run is given up."""


class DivergedError(GanonymizationError, FloatingPointError):
    """Training no longer leads anywhere; a human has to change something."""


class DivergenceWatch:
    """Stop a run whose discriminator has won for good, or whose generator draws the same face for everybody.

    Args:
        smallest_loss: of the discriminator, averaged; below it, nothing reaches the generator any more. A hinge loss
            at its best is 0, that of a coin 1.
        smallest_spread: deviation among generated faces over that among the training faces.
        grace_samples: samples from the watch's begin on in which anything is allowed.
    """

    def __init__(
        self, *, smallest_loss: float = 0.01, smallest_spread: float = 0.05, grace_samples: int = 6_000
    ) -> None:
        self._smallest_loss = smallest_loss
        self._smallest_spread = smallest_spread
        self._grace_samples = grace_samples
        self._watched = 0
        self._loss: float | None = None
        self._alike = 0

    def see_losses(self, report: dict[str, float], *, samples: int, trained: int) -> None:
        """Take notice of a step.

        Args:
            report: losses by name; `discriminator` is looked at.
            samples: seen by the run, for the message.
            trained: samples of this step.

        Raises:
            DivergedError: the discriminator's average loss is close to zero.
        """
        self._watched += trained
        keep = 0.5 ** (trained / _HALF_LIFE)
        loss = report["discriminator"]
        self._loss = loss if self._loss is None else keep * self._loss + (1 - keep) * loss
        if self._watched > self._grace_samples and self._loss < self._smallest_loss:
            raise DivergedError(
                f"after {samples} samples the discriminator knows every generated face (loss {self._loss:.4f}), so "
                "that the generator learns nothing from it; begin anew with a smaller step of the discriminator, or "
                "with more faces"
            )

    def see_faces(self, spread: float, *, samples: int) -> None:
        """Take notice of a measurement; arguments as in `DivergenceWatch` and `see_losses`.

        Raises:
            DivergedError: all faces have looked alike for some time.
        """
        is_alike = self._watched > self._grace_samples and not spread >= self._smallest_spread
        self._alike = self._alike + 1 if is_alike else 0
        if self._alike >= _PATIENCE:
            raise DivergedError(
                f"after {samples} samples all generated faces look alike (spread {spread:.3f} of that of the training "
                "faces); begin anew with another seed or smaller steps"
            )
