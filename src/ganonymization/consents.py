"""Read the photos of people who want to stay visible."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ganonymization.detect import CenterFace
from ganonymization.files import read_picture
from ganonymization.keep import Consent, find_consent
from ganonymization.landmark import FaceMesh
from ganonymization.onnx import Runtime
from ganonymization.recognise import Recogniser


def read_consents(
    paths: Iterable[Path],
    recogniser: Recogniser,
    *,
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
) -> list[Consent]:
    """Return the person on each photo.

    Args:
        paths: photos of one person each.
        recogniser: the one that faces are going to be compared by.
        runtime: provider and threads of the networks.

    Raises:
        InputError: a photo cannot be read, or it is not clear who is meant.
    """
    detect, landmark = CenterFace.load(runtime=runtime), FaceMesh.load(runtime=runtime)
    return [
        find_consent(read_picture(path).image, path, detect=detect, landmark=landmark, embed_all=recogniser.embed_all)
        for path in paths
    ]
