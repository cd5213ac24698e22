"""Pillow keeps its limit, and Python its warning filters, in globals: whoever changes them goes one at a time."""

import contextlib
import threading
import warnings
from collections.abc import Iterator

import PIL.Image

_GLOBALS = threading.RLock()


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep Pillow's remarks on odd files to itself; what matters is raised."""
    with _GLOBALS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def limited(max_pixels: int) -> Iterator[None]:
    """Silence Pillow and let it refuse larger pictures before it allocates, which it does above twice its limit."""
    with silenced():
        limit = PIL.Image.MAX_IMAGE_PIXELS
        PIL.Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit
