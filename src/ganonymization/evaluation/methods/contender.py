"""Find the method that a word on the command line stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ganonymization.detect import CenterFace
from ganonymization.errors import InputError, WeightsError
from ganonymization.evaluation.cache import digest_file, key_of
from ganonymization.evaluation.method import Method, Prepare, Subject
from ganonymization.evaluation.methods.blur import blur
from ganonymization.evaluation.methods.floor import floor
from ganonymization.evaluation.methods.folder import Folder
from ganonymization.evaluation.methods.k_same import k_same
from ganonymization.evaluation.methods.mosaic import mosaic
from ganonymization.evaluation.methods.noise import noise
from ganonymization.evaluation.methods.paper import Paper, weights_path
from ganonymization.evaluation.methods.suppression import suppression
from ganonymization.evaluation.methods.swap import swap
from ganonymization.evaluation.methods.whole import Foreign, default, import_callable, is_seeded, isolated, lasting
from ganonymization.onnx import Runtime

FLOOR: Final = "floor"

PHOTO_METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {"suppression": suppression, "mosaic": mosaic, "blur": blur, "noise": noise, FLOOR: floor}
)
"""Methods that need one photo alone."""

SET_METHODS: Final[Mapping[str, Prepare]] = MappingProxyType({"k_same": k_same, "swap": swap})
"""Those that need the whole set."""

DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "default": "the anonymizer of this package",
        "copied": "the same with copied landmarks, as published",
        "paper": "GANonymization as published: copied landmarks, pix2pix, cut-out on black",
        "suppression": "solid fill over the face",
        "mosaic": "coarse squares in place of the face",
        "k_same": "average of k people's faces, aligned by landmarks",
        "blur": "Gaussian blur",
        "noise": "Gaussian noise",
        "swap": "faces exchanged among people",
        FLOOR: "no anonymizer: the photo shifted by 2 % and stored as JPEG 60",
    }
)
"""Every method that has a name of its own."""


STRENGTHS: Final[Mapping[str, float]] = MappingProxyType({"default": 1.0, "copied": 0.0})
"""Those by the anonymizer of this package, with how much of the identity in the landmarks they exchange."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A method that takes part.

    Attributes:
        name: as it was given.
        prepare: makes the method.
        description: one line.
        fingerprint: of everything that decides its output beside the program, photo and identity.
        needs_set: whether its output for a photo depends on the other photos.
        whole_photo: whether one output serves every face on a photo; otherwise each face has its own.
        takes_identity: whether the person that is shown is meant to be that of the identity alone.
        lasting: makes the method by which an identity is one person on every photo; None where that is `prepare`.
        isolated: makes the method that shows the same person cut out; None where there is none.
    """

    name: str
    prepare: Prepare
    description: str
    fingerprint: str = ""
    needs_set: bool = False
    whole_photo: bool = False
    takes_identity: bool = False
    lasting: Prepare | None = None
    isolated: Prepare | None = None


def open_contender(
    spec: str, *, paper_weights: Path | None, generator: Path | None = None, runtime: Runtime
) -> Contender:
    """Return the method that a word stands for; nothing is loaded yet but what tells whether it can be.

    Args:
        spec: a name of `DESCRIPTIONS`, `folder:PATH` or `python:module:function`.
        paper_weights: network of the published method; None takes the environment's.
        generator: that `default` and `copied` draw with; None takes the package's.
        runtime: of its networks.

    Raises:
        InputError: there is no such method, folder or function.
        WeightsError: the network of `paper` or the generator is missing.
    """
    kind, colon, rest = spec.partition(":")
    if colon and kind == "folder":
        return _open_folder(spec, Path(rest).expanduser(), runtime)
    if colon and kind == "python":
        return _open_python(spec, rest)
    name = spec.replace("-", "_")
    if name == "paper":
        return _open_paper(spec, weights_path(paper_weights), runtime)
    if name not in DESCRIPTIONS:
        raise InputError(
            f"{spec!r} is no method; there are {', '.join(DESCRIPTIONS)}, folder:PATH and python:module:function"
        )
    if name in SET_METHODS:
        return Contender(spec, SET_METHODS[name], DESCRIPTIONS[name], needs_set=True)
    if name in STRENGTHS:
        return _open_default(spec, name, generator, runtime)
    return Contender(spec, alone(lambda: PHOTO_METHODS[name]), DESCRIPTIONS[name], whole_photo=name == FLOOR)


def alone(make: Callable[[], Method]) -> Prepare:
    """Return what makes a method that needs no knowledge of the set."""

    def prepare(gallery: Sequence[Subject], /) -> Method:
        del gallery
        return make()

    return prepare


def _open_default(spec: str, name: str, generator: Path | None, runtime: Runtime) -> Contender:
    digest = _digest_weights(generator) if generator else ""
    drawn = f"; generator {generator.name}, SHA-256 {digest[:12]}" if generator else ""
    strength = STRENGTHS[name]
    return Contender(
        spec,
        alone(lambda: default(generator=generator, strength=strength, runtime=runtime)),
        DESCRIPTIONS[name] + drawn,
        digest,
        whole_photo=True,
        takes_identity=True,
        lasting=alone(lambda: lasting(generator=generator, strength=strength, runtime=runtime)),
        isolated=alone(lambda: isolated(generator=generator, strength=strength, runtime=runtime)),
    )


def _digest_weights(path: Path) -> str:
    if not path.is_file():
        raise WeightsError(f"{path}: no such network; give an exported generator (docs/training.md)")
    return digest_file(path)


def _open_folder(spec: str, root: Path, runtime: Runtime) -> Contender:
    folder = Folder(root, detect=CenterFace.load(runtime=runtime))
    stamps = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in folder.paths]
    return Contender(
        spec, alone(lambda: folder), f"outputs made elsewhere, {len(stamps)} files", key_of(stamps), whole_photo=True
    )


def _open_python(spec: str, place: str) -> Contender:
    call, source = import_callable(place)
    fingerprint = digest_file(source) if source else key_of(place)
    return Contender(
        spec,
        alone(lambda: Foreign(place, call)),
        f"the function {place}",
        fingerprint,
        whole_photo=True,
        takes_identity=is_seeded(call),
    )


def _open_paper(spec: str, path: Path, runtime: Runtime) -> Contender:
    digest = digest_file(path) if path.is_file() else ""
    description = f"{DESCRIPTIONS['paper']}; network {path.name}, SHA-256 {digest[:12]}"
    return Contender(spec, alone(lambda: Paper.load(path, runtime=runtime)), description, digest)
