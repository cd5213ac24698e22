"""Whole or not at all, also when others write at the same time."""

import errno
from pathlib import Path

import pytest

from ganonymization.errors import OutputError
from ganonymization.files import write_atomically


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def forbid_links(monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)


def test_bytes_arrive_and_nothing_else_is_left(tmp_path):
    write_atomically(tmp_path / "a", b"one")
    write_atomically(tmp_path / "a", b"two", overwrite=True)

    assert (tmp_path / "a").read_bytes() == b"two"
    assert names(tmp_path) == ["a"]


def test_a_file_that_turns_up_while_we_write_is_not_replaced(tmp_path, monkeypatch):
    link = Path.hardlink_to

    def be_late(self, target):
        self.write_bytes(b"theirs")
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", be_late)
    with pytest.raises(OutputError, match=r"a: cannot be written \(File exists\); .*--overwrite"):
        write_atomically(tmp_path / "a", b"ours")

    assert (tmp_path / "a").read_bytes() == b"theirs"
    assert names(tmp_path) == ["a"]


def test_file_systems_without_links_are_written_to_as_well(tmp_path, monkeypatch):
    forbid_links(monkeypatch)
    write_atomically(tmp_path / "a", b"one")

    with pytest.raises(OutputError, match="File exists"):
        write_atomically(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert names(tmp_path) == ["a"]


def test_without_links_a_name_that_was_taken_is_given_back_when_filling_fails(tmp_path, monkeypatch):
    forbid_links(monkeypatch)

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="Input/output error"):
        write_atomically(tmp_path / "a", b"one")

    assert names(tmp_path) == []


@pytest.mark.parametrize("step", ["fsync", "link"])
def test_an_interruption_leaves_nothing(tmp_path, monkeypatch, step):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(*(("os.fsync", interrupt) if step == "fsync" else (Path, "hardlink_to", interrupt)))
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", b"one")

    assert names(tmp_path) == []


def test_a_name_that_is_too_long_is_explained(tmp_path):
    with pytest.raises(OutputError, match=r"File name too long.*shorter name"):
        write_atomically(tmp_path / ("a" * 300), b"one")

    assert names(tmp_path) == []


def test_a_file_where_a_folder_is_needed_is_explained(tmp_path):
    (tmp_path / "a").touch()

    with pytest.raises(OutputError, match=r"a/b: cannot be written \((Not a directory|File exists)\)"):
        write_atomically(tmp_path / "a" / "b", b"one")
