import numpy as np
import pytest

from ganonymization.errors import OutputError
from ganonymization.evaluation.cache import RowCache, digest_files, digest_program, key_of

TWO = np.dtype([("a", np.float32), ("b", np.int32)])


def row(a, b):
    return np.array((a, b), TWO)


def test_a_row_is_made_once(tmp_path):
    made = []

    def make():
        made.append(1)
        return row(1.5, 2)

    for _ in range(3):
        found = RowCache(tmp_path / "cache").get(key_of("x"), TWO, make)
        assert (float(found["a"]), int(found["b"])) == (1.5, 2)
    assert made == [1]


def test_a_row_of_another_size_is_made_anew(tmp_path):
    cache = RowCache(tmp_path)
    cache.get(key_of("x"), TWO, lambda: row(1, 2))
    three = np.dtype([*TWO.descr, ("c", np.float64)])
    assert float(cache.get(key_of("x"), three, lambda: np.array((4, 5, 6), three))["c"]) == 6


def test_biometric_data_is_for_the_owner_alone(tmp_path):
    RowCache(tmp_path / "cache")
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--cache"):
        RowCache(tmp_path / "file" / "cache")


def test_keys_and_digests_change_with_what_they_stand_for(tmp_path):
    path = tmp_path / "a"
    path.write_text("1")
    before = digest_files([path])
    path.write_text("2")
    assert digest_files([path]) != before
    assert key_of("a", "b") != key_of("ab")
    assert digest_program() == digest_program()
