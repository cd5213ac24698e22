"""Keyed pseudonyms: under one key a person gets the same invented face in every file, under another key another one.

A key alone cannot do it. Whatever turns an embedding into a code without remembering anything either splits one person
into many or throws strangers together: codes that 0.5 % of strangers share are the same for 11 % of the pairs of photos
of one person (tools/measure_pseudonyms.py). So people are remembered beside the key, in a gallery sealed under
it, and the invented person is drawn from the key and a random number of the gallery's record. The embedding only
chooses the record: nothing of it is in the identity, and once the gallery is deleted nobody can tell who was who.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.decide import Decision
from ganonymization.errors import InputError, OutputError
from ganonymization.track import Evidence
from ganonymization.types import Embedding, Image, Landmarks

MIN_KEY_BYTES: Final = 32
MAX_KEY_BYTES: Final = 2**20
"""A longer file is a mistake: a picture or a clip that was meant to be the input."""

GALLERY_SUFFIX: Final = ".people"

EMBEDDING_SIZE: Final = 128
STEP: Final = 1 / 200
"""Of the quantized template, one byte a number: it moves distances by 0.02 at most."""

REASON: Final = "pseudonym"

_NONCE_BYTES: Final = 16
_TAG_BYTES: Final = 16
RECORD_BYTES: Final = _NONCE_BYTES + EMBEDDING_SIZE + _TAG_BYTES

_PRIVATE: Final = 0o600
_IDENTITY_MASK: Final = 2**31 - 1

Templates = npt.NDArray[np.float32]


class Key:
    """A secret from which the keys of each use are derived.

    Args:
        secret: at least 32 bytes that nobody can guess.

    Raises:
        ValueError: there are fewer.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < MIN_KEY_BYTES:
            raise ValueError(f"secret has {len(secret)} bytes; it must have {MIN_KEY_BYTES} or more")
        self._secret = secret

    def digest(self, use: str, data: bytes) -> bytes:
        """Return 32 bytes that look random to everybody without the key: HMAC-SHA256 (RFC 2104), one key per use."""
        return hmac.digest(hmac.digest(self._secret, use.encode(), hashlib.sha256), data, hashlib.sha256)


def create_key(path: Path) -> None:
    """Write a new random key that only its owner may read.

    Raises:
        OutputError: a file of this name exists, or it cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise OutputError(f"{path}: exists already, and a key is never overwritten; take another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as stream:
            stream.write(secrets.token_bytes(MIN_KEY_BYTES))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); take another folder") from error


def read_key(path: Path) -> Key:
    """Return the key of a file: one from `create_key`, or any other of 32 bytes or more.

    Raises:
        InputError: it cannot be read, or is too short or too long.
    """
    try:
        with path.open("rb") as stream:
            secret = stream.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read as a key ({error.strerror}); make one with ganonymize key") from error
    if not MIN_KEY_BYTES <= len(secret) <= MAX_KEY_BYTES:
        size = f"{len(secret)} bytes" if len(secret) <= MAX_KEY_BYTES else "more than 1 MiB"
        raise InputError(
            f"{path}: is no key, it has {size}; give a file of {MIN_KEY_BYTES} bytes to 1 MiB, or make one with "
            "ganonymize key"
        )
    return Key(secret)


@dataclass(frozen=True, slots=True)
class Person:
    """A record of the gallery.

    Attributes:
        nonce: random; the invented person is drawn from it.
        template: (128,) quantized embedding of the face that was seen first.
    """

    nonce: bytes
    template: Embedding


def seal(person: Person, key: Key) -> bytes:
    """Return the record of a person, in which only the key's owner finds anything: HMAC as stream cipher and tag."""
    steps = np.clip(np.round(person.template / STEP), -127, 127).astype(np.int8)
    sealed = _cipher(steps.tobytes(), person.nonce, key)
    return person.nonce + sealed + _tag(person.nonce + sealed, key)


def unseal(record: bytes, key: Key) -> Person:
    """Return the person of a record.

    Raises:
        ValueError: it was sealed under another key, or changed.
    """
    nonce, sealed, tag = record[:_NONCE_BYTES], record[_NONCE_BYTES:-_TAG_BYTES], record[-_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(nonce + sealed, key)):
        raise ValueError("the record was sealed under another key, or changed")
    steps = np.frombuffer(_cipher(sealed, nonce, key), np.int8)
    return Person(nonce, steps.astype(np.float32) * np.float32(STEP))


def _tag(data: bytes, key: Key) -> bytes:
    return key.digest("ganonymization gallery 1 tag", data)[:_TAG_BYTES]


def _cipher(data: bytes, nonce: bytes, key: Key) -> bytes:
    """Seal or unseal: the bytes exclusive-or a stream that no two nonces share."""
    blocks = range(-(-len(data) // hashlib.sha256().digest_size))
    stream = b"".join(key.digest("ganonymization gallery 1 seal", nonce + bytes([block])) for block in blocks)
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


class Gallery:
    """The people of a project, in a file of sealed records to which new ones are only ever appended.

    Args:
        path: the file; it is made when the first person is added.
        key: under which it is sealed.
    """

    def __init__(self, path: Path, key: Key) -> None:
        self._path, self._key = path, key
        self._people: list[Person] = []

    def read(self) -> list[Person]:
        """Return everybody, with those whom another run has added meanwhile.

        Raises:
            InputError: the file cannot be read, was changed, or belongs to another key.
        """
        try:
            with self._path.open("rb") as stream:
                stream.seek(len(self._people) * RECORD_BYTES)
                data = stream.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(f"{self._path}: cannot be read ({error.strerror}); check its permissions") from error
        self._people += self._unseal_all(data)
        return list(self._people)

    def _unseal_all(self, data: bytes) -> list[Person]:
        records = [data[start : start + RECORD_BYTES] for start in range(0, len(data), RECORD_BYTES)]
        try:
            return [unseal(record, self._key) for record in records]
        except ValueError as error:
            raise InputError(
                f"{self._path}: is damaged, or belongs to another key; bring back the file that was made with this "
                "key, or delete it, and everybody gets another face from now on"
            ) from error

    def add(self, template: Embedding) -> Person:
        """Append a person and return the record.

        Raises:
            OutputError: the file cannot be written.
        """
        person = Person(secrets.token_bytes(_NONCE_BYTES), template)
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE)
            with os.fdopen(descriptor, "wb", buffering=0) as stream:
                stream.write(seal(person, self._key))
                os.fsync(descriptor)
        except OSError as error:
            raise OutputError(f"{self._path}: cannot be written ({error.strerror}); free some space there") from error
        return person


class Pseudonyms:
    """Names people by their faces: from an embedding to the seed of an invented person.

    Args:
        gallery: the people seen so far.
        key: the identities are drawn from it.
        threshold: distance below which two faces are one person. `Thresholds.far_0_1_percent` is a good one: of 20
            people with up to 6 photos each, 89 % of the pairs of photos of one person get one face, and one person in
            400 shares a face with another (LFW `test`).
    """

    def __init__(self, gallery: Gallery, key: Key, *, threshold: float) -> None:
        self._gallery, self._key, self._threshold = gallery, key, threshold

    @classmethod
    def open(cls, key_file: Path, *, threshold: float) -> Pseudonyms:
        """Return the pseudonyms of a key; their gallery lies beside it, with `.people` behind its name.

        Raises:
            InputError: the key or the gallery cannot be read.
        """
        key = read_key(key_file)
        gallery = Gallery(key_file.with_name(f"{key_file.name}{GALLERY_SUFFIX}"), key)
        gallery.read()
        return cls(gallery, key, threshold=threshold)

    def __call__(self, embeddings: Sequence[Embedding], /) -> list[int]:
        """Return the identities of people who are seen together, who are therefore all different.

        Who is not in the gallery yet is added to it.

        Raises:
            InputError: the gallery was changed.
            OutputError: somebody cannot be added.
        """
        people = self._gallery.read()
        known = match(embeddings, [person.template for person in people], threshold=self._threshold)
        found = [
            people[known[index]] if index in known else self._gallery.add(embedding)
            for index, embedding in enumerate(embeddings)
        ]
        return [self.identity_of(person) for person in found]

    def identity_of(self, person: Person) -> int:
        """Return the seed of a person under the key, from 0 to 2147483647."""
        return int.from_bytes(self._key.digest("ganonymization identity 1", person.nonce)[:4]) & _IDENTITY_MASK


class NameFaces:
    """Give the people of pictures their pseudonyms; fits `DecideFaces`.

    Args:
        pseudonyms: of a key.
        embed_all: turns the faces of a picture into (N, 128) embeddings; `Recogniser.embed_all` fits.
    """

    def __init__(self, pseudonyms: Pseudonyms, *, embed_all: Callable[[Image, Sequence[Landmarks]], Templates]) -> None:
        self._pseudonyms, self._embed_all = pseudonyms, embed_all

    def __call__(self, image: Image, seen: Sequence[Landmarks], /, *, identities: Sequence[int]) -> list[Decision]:
        """Return the identity of each face under the key; the ones that were drawn are not used."""
        del identities
        if not seen:
            return []
        names = self._pseudonyms(list(self._embed_all(image, seen)))
        return [Decision(identity=name, reason=REASON, lasting=True) for name in names]


class NamePeople:
    """Give the people of a clip their pseudonyms; fits `TrackPolicy`. Tracks of one person share it.

    Args:
        pseudonyms: of a key.
    """

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._identities: dict[int, int] = {}

    def __call__(self, evidence: Evidence, /) -> Decision:
        """Return the identity of a person under the key, which stays once it is given."""
        if evidence.person not in self._identities:
            (self._identities[evidence.person],) = self._pseudonyms([medoid(evidence.embeddings)])
        return Decision(identity=self._identities[evidence.person], reason=REASON, lasting=True)


def match(embeddings: Sequence[Embedding], templates: Sequence[Embedding], *, threshold: float) -> dict[int, int]:
    """Return which embedding goes with which template, the closest pair first; none goes with two.

    Args:
        embeddings: (128,) each.
        templates: (128,) each.
        threshold: pairs at this distance or further apart are left out.
    """
    if not embeddings or not templates:
        return {}
    distances = np.linalg.norm(np.stack(embeddings)[:, None] - np.stack(templates)[None], axis=2)
    pairs: dict[int, int] = {}
    for index, other in zip(*np.unravel_index(np.argsort(distances, axis=None), distances.shape), strict=True):
        if distances[index, other] >= threshold:
            break
        if index not in pairs and other not in pairs.values():
            pairs[int(index)] = int(other)
    return pairs


def medoid(embeddings: npt.NDArray[np.float32]) -> Embedding:
    """Return the (D,) embedding that is nearest to the mean of (N, D): a real one, so that thresholds hold for it."""
    distances = np.linalg.norm(embeddings - embeddings.mean(axis=0), axis=1)
    chosen: Embedding = embeddings[int(distances.argmin())]
    return chosen
