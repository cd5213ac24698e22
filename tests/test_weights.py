import hashlib
from pathlib import Path

import numpy as np
import pytest

from ganonymization import weights
from ganonymization.errors import WeightsError

CONTENT = b"a network"
ROW = """
[tiny]
file = "tiny.onnx"
sha256 = "{sha256}"
bytes = 9
licence = "MIT"
origin = "made for a test"
input = "x"
output = "y"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tiny.onnx").write_bytes(CONTENT)
    (tmp_path / "catalogue.toml").write_text(ROW.format(sha256=hashlib.sha256(CONTENT).hexdigest()))
    return tmp_path


def test_a_catalogued_file_is_found(folder):
    assert weights.locate("tiny", folder=folder) == folder / "tiny.onnx"
    entry = weights.read_catalogue(folder)["tiny"]
    assert (entry.bytes, entry.licence, entry.input) == (9, "MIT", "x")


def test_a_changed_file_is_refused(folder):
    weights.locate("tiny", folder=folder)
    (folder / "tiny.onnx").write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(WeightsError, match=r"tiny\.onnx: weights were changed .*reinstall"):
        weights.locate("tiny", folder=folder)


def test_a_missing_file_is_refused(folder):
    (folder / "tiny.onnx").unlink()
    with pytest.raises(WeightsError, match=r"tiny\.onnx: weights missing; reinstall"):
        weights.locate("tiny", folder=folder)


def test_an_unknown_name_is_refused_with_those_that_are_known(folder):
    with pytest.raises(WeightsError, match="'huge' is not in the weights catalogue; known: tiny"):
        weights.locate("huge", folder=folder)


@pytest.mark.parametrize("content", ["[tiny]\nfile = 'tiny.onnx'", "no table", "[tiny]\nflavour = 3"])
def test_a_catalogue_that_cannot_be_read_is_refused(folder, content):
    (folder / "catalogue.toml").write_text(content)
    with pytest.raises(WeightsError, match="catalogue cannot be read"):
        weights.locate("tiny", folder=folder)


def test_a_folder_without_a_catalogue_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="catalogue cannot be read"):
        weights.locate("tiny", folder=tmp_path)


@pytest.mark.parametrize("name", sorted(weights.read_catalogue()))
def test_the_catalogue_agrees_with_the_shipped_files(name):
    entry = weights.read_catalogue()[name]
    content = (weights.FOLDER / entry.file).read_bytes()
    assert len(content) == entry.bytes
    assert hashlib.sha256(content).hexdigest() == entry.sha256
    assert weights.locate(name) == weights.FOLDER / entry.file
    assert all((entry.licence, entry.origin, entry.input, entry.output))


def test_every_shipped_network_is_catalogued_and_all_stay_under_60_megabytes():
    catalogued = {entry.file for entry in weights.read_catalogue().values()}
    shipped = {path.name for path in weights.FOLDER.iterdir() if path.suffix in (".onnx", ".npz")}
    assert shipped == catalogued
    assert sum((weights.FOLDER / name).stat().st_size for name in shipped) < 60e6


def test_arrays_come_back_in_single_precision(tmp_path):
    path = tmp_path / "some.npz"
    weights.write_arrays(path, {"one": np.arange(3), "two": np.eye(2)})
    found = weights.read_arrays(path, ["two", "one"], what="thing")
    assert {name: values.dtype for name, values in found.items()} == {"two": np.float32, "one": np.float32}
    np.testing.assert_array_equal(found["one"], [0, 1, 2])


def write_single(path):
    with path.open("wb") as file:
        np.save(file, np.ones(2))


def write_cut_short(path):
    np.savez(path, one=np.arange(1000))
    path.write_bytes(path.read_bytes()[:400])


@pytest.mark.parametrize(
    "write",
    [
        Path.exists,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("no arrays"),
        lambda path: np.savez(path, other=np.ones(2)),
        write_single,
        write_cut_short,
    ],
    ids=["missing", "empty", "text", "other", "single", "cut short"],
)
def test_a_file_without_the_arrays_is_refused_by_name(tmp_path, write):
    path = tmp_path / "some.npz"
    write(path)
    with pytest.raises(WeightsError, match=r"some\.npz: not a thing"):
        weights.read_arrays(path, ["one"], what="thing")
