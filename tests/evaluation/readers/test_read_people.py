import os

import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers.people import read_people


def names(root):
    return [(sample.identity, str(sample.path.relative_to(root))) for sample in read_people(root)]


def test_every_picture_below_a_persons_folder_is_theirs_in_sorted_order(make, root):
    make.pictures("Bob/b.png", "Bob/a.jpg", "Ann/2003/x.webp", "Ann/z.PNG")
    assert names(root) == [("Ann", "Ann/z.PNG"), ("Ann", "Ann/2003/x.webp"), ("Bob", "Bob/a.jpg"), ("Bob", "Bob/b.png")]


def test_hidden_files_and_other_files_are_no_pictures(make, root):
    make.pictures("Ann/a.png", ".cache/b.png", "Ann/.trash/c.png")
    make.text("Ann/._a.png", "what macOS leaves behind")
    make.text("Ann/notes.txt", "by hand")
    make.text("readme.txt", "beside the folders")
    assert names(root) == [("Ann", "Ann/a.png")]


def test_a_picture_beside_the_folders_belongs_to_nobody_and_is_refused(make, root):
    make.pictures("Ann/a.png", "b.png")
    with pytest.raises(InputError, match=r"b\.png: lies beside the people's folders; move it"):
        read_people(root)


def test_a_folder_of_loose_pictures_is_refused(make, root):
    make.pictures("a.png")
    with pytest.raises(InputError, match="one folder per person"):
        read_people(root)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read_is_an_error_not_a_skip(make, root):
    make.pictures("Ann/a.png", "Bob/b.png")
    (root / "Bob").chmod(0)
    with pytest.raises(InputError, match=r"Bob: cannot be searched"):
        names(root)


def test_a_folder_that_vanishes_while_it_is_read_is_an_error_not_a_skip(make, root):
    make.pictures("Ann/a.png", "Bob/b.png")
    samples = read_people(root)
    next(samples)
    (root / "Bob" / "b.png").unlink()
    (root / "Bob").rmdir()
    with pytest.raises(InputError, match=r"Bob: cannot be searched \(No such file"):
        list(samples)
