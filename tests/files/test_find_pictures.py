"""Finding: everything that is a picture or clip, once, and a word about everything that cannot be searched."""

import os
from pathlib import Path

import pytest

from ganonymization.files import find_pictures


@pytest.fixture
def photos(tmp_path):
    """A folder of empty files; finding opens none of them."""
    names = "b.JPG a.png notes.txt clip.mp4 ._a.png 2024/x.webp 2024/may/y.tiff 2024/may/Zoë 母.bmp x.heic"
    for name in names.replace("Zoë 母", "Zoë_母").split():
        path = tmp_path / "photos" / name.replace("_母", " 母")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "photos"


def relatives(findings):
    return [found.relative.as_posix() for found in findings.pictures]


def test_folders_are_searched_to_the_bottom_and_other_files_passed_over(photos):
    findings = find_pictures([photos])

    below = ["2024/x.webp", "2024/may/Zoë 母.bmp", "2024/may/y.tiff"]
    assert relatives(findings) == ["a.png", "b.JPG", "clip.mp4", "x.heic", *below]
    assert all(found.source == photos / found.relative for found in findings.pictures)
    assert findings.faults == ()


def test_a_file_that_is_named_counts_whatever_its_suffix(photos):
    findings = find_pictures([photos / "notes.txt", photos / "missing.jpg"])

    assert relatives(findings) == ["notes.txt", "missing.jpg"]


def test_a_file_that_is_named_twice_counts_once(photos, monkeypatch):
    monkeypatch.chdir(photos)

    assert relatives(find_pictures([Path("a.png"), photos / "a.png", photos])).count("a.png") == 1


def test_loops_of_links_are_survived(photos):
    (photos / "2024" / "up").symlink_to(photos)
    (photos / "2024" / "here").symlink_to(".")
    (photos / "self.jpg").symlink_to("self.jpg")

    findings = find_pictures([photos])

    assert len(findings.pictures) == 8
    assert "self.jpg" in relatives(findings)


def test_a_link_to_a_folder_is_searched_when_it_is_named(photos, tmp_path):
    (tmp_path / "link").symlink_to(photos)

    assert relatives(find_pictures([tmp_path / "link"])) == relatives(find_pictures([photos]))


def test_links_to_files_are_followed(photos, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "link.png").symlink_to(photos / "a.png")

    assert relatives(find_pictures([tmp_path / "other"])) == ["link.png"]


def test_an_unreadable_folder_is_a_fault_and_the_rest_is_found(photos, monkeypatch):
    """The operating system is played: tests may run as root, whom no permission stops."""
    scandir = os.scandir

    def refuse(folder):
        if Path(folder).name == "may":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    findings = find_pictures([photos])

    assert relatives(findings) == ["a.png", "b.JPG", "clip.mp4", "x.heic", "2024/x.webp"]
    (fault,) = findings.faults
    assert fault.relative.as_posix() == "photos/2024/may"
    assert (
        str(fault.error) == f"{photos / '2024' / 'may'}: cannot be searched (Permission denied); check its permissions"
    )


def test_a_folder_without_pictures_is_a_fault(tmp_path):
    (tmp_path / "empty").mkdir()

    (fault,) = find_pictures([tmp_path / "empty"]).faults

    assert "empty: holds no pictures" in str(fault.error)


EARLIER = ("a.anonymized.jpg", "a.face1.png", "a.face12.png")


def test_earlier_results_beside_their_sources_are_passed_over(photos):
    for name in EARLIER:
        (photos / "2024" / name).touch()

    assert relatives(find_pictures([photos])) == relatives(find_pictures([photos], out=None))
    assert not [name for name in relatives(find_pictures([photos])) if Path(name).name in EARLIER]


def test_names_that_only_look_like_results_are_found(photos):
    for name in ("anonymized.jpg", "face1.png", "a.face1.jpg", "a.faces.png"):
        (photos / name).touch()

    assert {"anonymized.jpg", "face1.png", "a.face1.jpg", "a.faces.png"} <= set(relatives(find_pictures([photos])))


def test_with_an_output_folder_such_names_are_pictures_like_others(photos, tmp_path):
    (photos / "a.anonymized.jpg").touch()

    assert "a.anonymized.jpg" in relatives(find_pictures([photos], out=tmp_path / "out"))


def test_an_output_folder_inside_the_input_is_not_searched(photos, tmp_path):
    (photos / "2024" / "out" / "deep").mkdir(parents=True)
    (photos / "2024" / "out" / "deep" / "z.jpg").touch()
    (tmp_path / "link").symlink_to(photos / "2024" / "out")

    for out in (photos / "2024" / "out", tmp_path / "link"):
        assert "2024/out/deep/z.jpg" not in relatives(find_pictures([photos], out=out))
    assert "2024/out/deep/z.jpg" in relatives(find_pictures([photos], out=tmp_path / "elsewhere"))


def test_an_output_folder_that_is_the_input_is_searched(photos):
    assert "a.png" in relatives(find_pictures([photos], out=photos))
