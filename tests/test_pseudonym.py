import hashlib
import hmac
import itertools
import stat

import numpy as np
import pytest

from ganonymization.errors import InputError, OutputError
from ganonymization.pseudonym import (
    RECORD_BYTES,
    STEP,
    Gallery,
    Key,
    Person,
    Pseudonyms,
    create_key,
    match,
    medoid,
    read_key,
    seal,
    unseal,
)

SECRET = bytes(range(32))
THRESHOLD = 0.54


def face(seed, *, near=0.0):
    """An embedding of a person, at a distance of `near` from the person's first one."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(-0.2, 0.2, 128)
    away = np.random.default_rng(seed + 1000).standard_normal(128)
    return (first + near * away / np.linalg.norm(away)).astype(np.float32)


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "project.key"
    path.write_bytes(SECRET)
    return path


def open_pseudonyms(key_file):
    return Pseudonyms.open(key_file, threshold=THRESHOLD)


def test_a_new_key_is_random_and_its_owners_alone(tmp_path):
    for name in "ab":
        create_key(tmp_path / "folder" / name)

    first, second = ((tmp_path / "folder" / name) for name in "ab")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert len(first.read_bytes()) == 32
    assert first.read_bytes() != second.read_bytes()


def test_a_key_is_never_overwritten(key_file):
    with pytest.raises(OutputError, match="exists already"):
        create_key(key_file)

    assert key_file.read_bytes() == SECRET


def test_a_key_that_cannot_be_written_is_an_error(key_file):
    with pytest.raises(OutputError, match="cannot be written"):
        create_key(key_file / "below-a-file")


@pytest.mark.parametrize(("size", "message"), [(0, "0 bytes"), (31, "31 bytes"), (2**20 + 1, "more than 1 MiB")])
def test_a_file_that_is_no_key_is_refused(tmp_path, size, message):
    path = tmp_path / "key"
    path.write_bytes(bytes(size))

    with pytest.raises(InputError, match=message):
        read_key(path)


def test_a_missing_key_is_an_error_that_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match="ganonymize key"):
        read_key(tmp_path / "none")


def test_digests_are_hmac_sha256_under_a_key_of_their_use():
    inner = hmac.new(SECRET, b"use", hashlib.sha256).digest()

    assert Key(SECRET).digest("use", b"data") == hmac.new(inner, b"data", hashlib.sha256).digest()


def test_unsealing_undoes_sealing_up_to_half_a_step():
    person = unseal(seal(Person(b"n" * 16, face(1)), Key(SECRET)), Key(SECRET))

    assert person.nonce == b"n" * 16
    np.testing.assert_allclose(person.template, face(1), atol=STEP / 2 + 1e-6)


def test_no_byte_of_a_template_can_be_read_or_changed_without_the_key():
    sealed = seal(Person(b"n" * 16, face(1)), Key(SECRET))
    other_nonce = seal(Person(b"m" * 16, face(1)), Key(SECRET))
    plain = np.round(face(1) / STEP).astype(np.int8).tobytes()

    assert len(sealed) == RECORD_BYTES
    assert sum(a == b for a, b in zip(sealed[16:144], plain, strict=True)) < 8  # 0.5 are expected by chance
    assert sum(a == b for a, b in zip(sealed[16:144], other_nonce[16:144], strict=True)) < 8
    for place in range(RECORD_BYTES):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(ValueError, match="changed"):
            unseal(bytes(changed), Key(SECRET))


def test_a_person_keeps_the_identity_in_other_pictures_and_other_runs(key_file):
    (first,) = open_pseudonyms(key_file)([face(1)])
    (other,) = open_pseudonyms(key_file)([face(2)])

    assert open_pseudonyms(key_file)([face(1, near=0.5)]) == [first]
    assert open_pseudonyms(key_file)([face(2, near=0.5), face(1, near=0.5)]) == [other, first]
    assert first != other


def test_a_face_beyond_the_threshold_is_another_person(key_file):
    pseudonyms = open_pseudonyms(key_file)

    assert pseudonyms([face(1)]) != pseudonyms([face(1, near=0.6)])


def test_people_who_are_seen_together_never_share_an_identity(key_file):
    twins = [face(1), face(1, near=0.1)]

    identities = open_pseudonyms(key_file)(twins)

    assert identities[0] != identities[1]
    assert open_pseudonyms(key_file)(twins[::-1]) == identities[::-1]


def test_people_whom_another_run_adds_meanwhile_are_known(key_file):
    first, second = open_pseudonyms(key_file), open_pseudonyms(key_file)

    assert first([face(1)]) == second([face(1)])
    assert second([face(2)]) == first([face(2)])


def test_the_gallery_is_its_owners_alone_and_grows_by_one_record_per_person(key_file):
    open_pseudonyms(key_file)([face(1), face(2)])
    open_pseudonyms(key_file)([face(1, near=0.2)])

    gallery = key_file.with_name("project.key.people")
    assert stat.S_IMODE(gallery.stat().st_mode) == 0o600
    assert gallery.stat().st_size == 2 * RECORD_BYTES


def test_identities_under_different_keys_are_statistically_independent(tmp_path):
    """The same nonces under two keys: bits agree like coins, and no identity comes up twice."""
    people = [Person(number.to_bytes(16), face(1)) for number in range(2000)]
    first, second = (
        np.array([Pseudonyms(Gallery(tmp_path / "g", key), key, threshold=THRESHOLD).identity_of(p) for p in people])
        for key in (Key(SECRET), Key(SECRET[::-1]))
    )

    bits = np.unpackbits((first ^ second).astype(">u4").view(np.uint8)).reshape(-1, 32)[:, 1:]
    assert abs(bits.mean() - 0.5) < 4 * 0.5 / np.sqrt(bits.size)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 4.5 * 0.5 / np.sqrt(len(bits))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(len(people))
    assert len({*first, *second}) == 2 * len(people)
    assert first.max() < 2**31


def test_a_deleted_gallery_makes_the_same_key_forget(key_file):
    (before,) = open_pseudonyms(key_file)([face(1)])
    key_file.with_name("project.key.people").unlink()

    assert open_pseudonyms(key_file)([face(1)]) != [before]


def test_the_gallery_of_another_key_is_refused(key_file):
    open_pseudonyms(key_file)([face(1)])
    key_file.write_bytes(SECRET[::-1])

    with pytest.raises(InputError, match="another key"):
        open_pseudonyms(key_file)


def test_a_gallery_that_was_cut_short_is_refused(key_file):
    open_pseudonyms(key_file)([face(1), face(2)])
    gallery = key_file.with_name("project.key.people")
    gallery.write_bytes(gallery.read_bytes()[:-1])

    with pytest.raises(InputError, match="damaged"):
        open_pseudonyms(key_file)


def test_a_gallery_that_cannot_be_written_is_an_error(tmp_path):
    gallery = Gallery(tmp_path / "missing" / "gallery", Key(SECRET))

    with pytest.raises(OutputError, match="cannot be written"):
        Pseudonyms(gallery, Key(SECRET), threshold=THRESHOLD)([face(1)])


def test_the_closest_pairs_are_matched_first_and_each_face_once():
    templates = [face(1), face(2)]
    embeddings = [face(1, near=0.3), face(1, near=0.1), face(2, near=0.2), face(3)]

    assert match(embeddings, templates, threshold=THRESHOLD) == {1: 0, 2: 1}
    assert match([], templates, threshold=THRESHOLD) == match(embeddings, [], threshold=THRESHOLD) == {}


def test_the_medoid_is_the_embedding_in_the_middle_and_no_mean():
    row = np.stack([face(1, near=distance) for distance in (0.0, 0.2, 0.25, 0.4)])

    for order in itertools.permutations(range(4)):
        np.testing.assert_array_equal(medoid(row[list(order)]), row[1])
