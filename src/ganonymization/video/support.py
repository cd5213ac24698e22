"""Say what to install when PyAV is missing."""

import importlib.util

from ganonymization.errors import GanonymizationError


class VideoSupportMissingError(GanonymizationError, ImportError):
    """PyAV is not installed; pictures work without it."""


def require_pyav() -> None:
    """Make sure that PyAV can be imported.

    Raises:
        VideoSupportMissingError: it is not installed.
    """
    if importlib.util.find_spec("av") is None:
        raise VideoSupportMissingError("video needs PyAV, which is missing; pip install 'ganonymization[video]'")
