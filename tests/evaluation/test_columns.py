"""What was seen lies on disk, and is read as if it lay in memory."""

import contextlib
import gc
from pathlib import Path

import numpy as np
import pytest

from ganonymization.errors import OutputError
from ganonymization.evaluation.columns import Sightings, Store, blocks, gathered

TYPE = np.dtype([("made", np.bool_), ("age", np.float32), ("shape", np.float32, (3,)), ("points", np.float16, (2, 2))])


def rows_of(count, seed=0):
    random = np.random.default_rng(seed)
    rows = np.zeros(count, TYPE)
    for name in TYPE.names:
        rows[name] = (
            random.normal(size=rows[name].shape) > 0 if name == "made" else random.normal(size=rows[name].shape)
        )
    return rows


def stored(rows, folder):
    store = Store(folder, TYPE, len(rows) + 2)
    for row in rows:
        store.append(row)
    return Sightings.all_of(store)


def test_columns_come_back_as_they_were_written(tmp_path):
    rows = rows_of(5)
    seen = stored(rows, tmp_path)
    assert len(seen) == 5
    for name in TYPE.names:
        np.testing.assert_array_equal(seen[name], rows[name])
        assert seen[name].dtype == rows[name].dtype
        np.testing.assert_array_equal(seen.column(name)[1:3], rows[name][1:3])
        assert seen.column(name).shape == rows[name].shape
    assert seen.row(3).tobytes() == rows[3].tobytes()


def test_some_of_some_are_the_right_ones(tmp_path):
    rows = rows_of(9)
    odd = np.arange(9) % 2 == 1
    seen = stored(rows, tmp_path).pick(odd)
    np.testing.assert_array_equal(seen["shape"], rows[odd]["shape"])
    np.testing.assert_array_equal(seen.pick(np.array([0, 3]))["age"], rows[odd]["age"][[0, 3]])
    np.testing.assert_array_equal(seen.column("age").pick(seen["age"] > 0)[:], rows[odd]["age"][rows[odd]["age"] > 0])
    assert seen.pick(np.zeros(4, np.bool_))["shape"].shape == (0, 3)


def test_a_column_can_be_read_in_place_of_another(tmp_path):
    rows = rows_of(4)
    seen = stored(rows, tmp_path).renamed({"age": "made"}).pick(np.array([1, 2]))
    np.testing.assert_array_equal(seen["age"], rows["made"][1:3])


def test_vectors_on_disk_are_gathered_like_those_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("ganonymization.evaluation.columns.BLOCK", 4)
    rows = rows_of(11)
    chosen = rows["age"] > 0
    seen = stored(rows, tmp_path)
    np.testing.assert_array_equal(gathered(seen.column("shape"), chosen), rows["shape"][chosen])
    np.testing.assert_array_equal(gathered(rows["shape"], chosen), rows["shape"][chosen])


def test_blocks_cover_every_row_once():
    assert [(part.start, part.stop) for part in blocks(10, 4)] == [(0, 4), (4, 8), (8, 10)]
    assert list(blocks(0, 4)) == []


def open_files_below(folder):
    """Return the files of this process below a folder, those without a name included."""
    places = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            places.append(str(link.readlink()))
    return [place for place in places if place.startswith(str(folder))]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not tell which files are open")
def test_nothing_is_left_on_disk(tmp_path):
    seen = stored(rows_of(3), tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(open_files_below(tmp_path)) == 1
    del seen
    gc.collect()
    assert open_files_below(tmp_path) == []


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    with pytest.raises(OutputError, match="give another --cache"):
        Store(tmp_path / "missing", TYPE, 1)
