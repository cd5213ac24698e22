import contextlib
from collections import Counter
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from fakes import face_of, landmarks, shape_model
from tiny import SIZE_PX, person_mask

from ganonymization.errors import InputError, LandmarksNotFoundError
from ganonymization.training.preparation import Stages, cache_folder, describe, prepare_folder
from ganonymization.training.prepare import FaceSet, prepare_faces
from ganonymization.training.quality import Reason

FOUND = landmarks(center=(60, 60), height_px=60)
NO_FACE, NO_LANDMARKS = 10, 20


class World:
    """Detects by the first pixel, counts what it is asked, and stops the program at will."""

    def __init__(self):
        self.asked = self.shown = 0
        self.dies_at = None

    def detect(self, image):
        self.asked += 1
        if self.asked == self.dies_at:
            raise KeyboardInterrupt
        return [] if image[0, 0, 0] == NO_FACE else [face_of(FOUND)]

    def landmark(self, image, face):
        del face
        if image[0, 0, 0] == NO_LANDMARKS:
            raise LandmarksNotFoundError("turned away")
        return FOUND

    @contextlib.contextmanager
    def progress(self, total):
        self.total = total

        def advance():
            self.shown += 1

        yield advance

    def prepare(self, folder, out, size_px=SIZE_PX):
        stages = Stages(self.detect, self.landmark, person_mask, shape_model())
        return prepare_folder(folder, out, stages=stages, size_px=size_px, progress=self.progress)


def pixels(seed, first=200):
    image = np.random.default_rng(seed).integers(0, 256, (120, 120, 3), np.uint8)
    image[0, 0] = first
    return image


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "faces"
    (folder / "more").mkdir(parents=True)
    for name, seed, first in (
        ("a.png", 1, 200),
        ("b.png", 2, NO_FACE),
        ("more/a.png", 3, 200),
        ("c.png", 4, NO_LANDMARKS),
    ):
        PIL.Image.fromarray(pixels(seed, first)).save(folder / name)
    (folder / "d.png").write_bytes(b"no picture")
    return folder


def test_faces_are_kept_and_the_others_counted_by_reason(folder, tmp_path):
    world, out = World(), tmp_path / "out" / "faces.npz"
    left_out = world.prepare(folder, out)
    assert left_out == Counter({Reason.NO_FACE: 1, Reason.LOW_PRESENCE: 1, Reason.UNREADABLE: 1})
    assert (world.total, world.shown) == (5, 5)
    expected = prepare_faces(
        [("a.png", pixels(1), FOUND), ("more/a.png", pixels(3), FOUND)],
        shape_model=shape_model(),
        segment=person_mask,
        size_px=SIZE_PX,
    )
    made = FaceSet.load(out)
    for name in FaceSet.__slots__:
        np.testing.assert_array_equal(getattr(made, name), getattr(expected, name))
    assert not list(tmp_path.rglob("*.partial"))


def test_a_run_that_was_stopped_goes_on_where_it_was(folder, tmp_path):
    world, out = World(), tmp_path / "faces.npz"
    world.dies_at = 3
    with pytest.raises(KeyboardInterrupt):
        world.prepare(folder, out)
    assert not out.exists()
    resumed = World()
    resumed.prepare(folder, out)
    assert resumed.asked == 2  # of four readable pictures two were done
    again = World()
    assert again.prepare(folder, out).total() == 3
    assert again.asked == 0


def test_another_size_or_another_picture_of_the_same_name_is_prepared_anew(folder, tmp_path):
    World().prepare(folder, tmp_path / "faces.npz")
    world = World()
    PIL.Image.fromarray(pixels(9)).resize((130, 130)).save(folder / "a.png")
    world.prepare(folder, tmp_path / "faces.npz")
    assert world.asked == 1
    world.prepare(folder, tmp_path / "faces.npz", size_px=2 * SIZE_PX)
    assert world.asked == 1 + 4


def test_a_folder_without_a_single_suitable_picture_is_an_error_that_says_why(tmp_path):
    PIL.Image.fromarray(pixels(1, NO_FACE)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"no picture is left to learn from \(1 no face\)"):
        World().prepare(tmp_path, tmp_path / "faces.npz")


def test_a_folder_without_pictures_is_an_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty: holds no pictures"):
        World().prepare(tmp_path / "empty", tmp_path / "faces.npz")


def test_reasons_are_told_with_the_most_frequent_first():
    assert describe(Counter({Reason.BLURRED: 1, Reason.NO_FACE: 3})) == "3 no face, 1 blurred"


def test_the_cache_lies_beside_the_file():
    assert cache_folder(Path("runs/faces.npz")).as_posix() == "runs/faces.parts"
