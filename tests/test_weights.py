import hashlib

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
