import numpy as np
import pytest

from ganonymization.decide import Treatment
from ganonymization.track.policy import Evidence, View
from ganonymization.types import Box
from ganonymization.video.anonymizer import FramePlan, PlannedFace
from ganonymization.video.clip import Frame
from ganonymization.video.listing import COLUMNS, TILE_PX, ListedTrack, contact_sheet, list_tracks


class Place:
    def __init__(self, track, box):
        self.track, self.box = track, box


class FakeAnonymizer:
    """Plans one face per frame, a frame later, and asks its policy about some tracks."""

    def __init__(self, policy, places, seen):
        self.policy, self.places, self.seen, self.frames = policy, places, seen, []
        self.treatments = []

    def plan(self, frame):
        self.frames.append(frame)
        return [self._plan(len(self.frames) - 2)] if len(self.frames) > 1 else []

    def plan_rest(self):
        return [self._plan(len(self.frames) - 1)]

    def _plan(self, index):
        track, box = self.places[index]
        frame = self.frames[index]
        if track in self.seen:
            view = View(index, frame.image, box, None)
            evidence = Evidence(track, track, (view,), np.zeros((1, 128), np.float32), 0.6)
            self.treatments.append(self.policy(evidence).treatment)
        return FramePlan(index, frame, (PlannedFace(Place(track, box), None, None, None),))


def frames(count):
    return [Frame(np.full((100, 200, 3), 50 + number, np.uint8), number, 1) for number in range(count)]


def box_at(left, height):
    return Box(left, 10, left + height, 10 + height)


def test_tracks_are_listed_with_their_times_their_size_and_their_largest_view():
    made = []
    places = [(2, box_at(10, 20)), (1, box_at(50, 30)), (2, box_at(10, 40)), (2, box_at(10, 30))]

    def make(policy):
        made.append(FakeAnonymizer(policy, places, seen={2}))
        return made[0]

    unseen, seen = list_tracks(frames(4), make)

    assert (unseen.number, unseen.first_s, unseen.last_s, unseen.size_px) == (1, 1, 1, 30)
    assert (seen.number, seen.first_s, seen.last_s, seen.size_px) == (2, 0, 3, 40)
    assert (seen.picture == 52).all()
    assert (unseen.picture == 128).all()
    assert set(made[0].treatments) == {Treatment.OBSCURE}


def test_a_portrait_shows_the_face_in_its_middle():
    images = frames(1)
    image = images[0].image.copy()
    image[30:50, 60:80] = 255

    (track,) = list_tracks(
        [Frame(image, 0, 1)], lambda policy: FakeAnonymizer(policy, [(1, Box(60, 30, 80, 50))], seen={1})
    )

    middle, edge = TILE_PX // 2, TILE_PX // 8
    assert (track.picture[middle - 40 : middle + 40, middle - 40 : middle + 40] == 255).all()
    assert (track.picture[:edge] == 50).all()


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (COLUMNS, COLUMNS, 1), (COLUMNS + 1, COLUMNS, 2)])
def test_a_sheet_has_a_labelled_tile_for_each_track(count, columns, rows):
    tracks = [ListedTrack(n, 0.0, 1.0, 20.0, np.full((TILE_PX, TILE_PX, 3), n, np.uint8)) for n in range(count)]

    sheet = contact_sheet(tracks)

    tile_px = sheet.shape[0] // rows
    assert sheet.shape[1] == columns * TILE_PX
    for number in range(count):
        top, left = number // columns * tile_px, number % columns * TILE_PX
        tile = sheet[top : top + tile_px, left : left + TILE_PX]
        assert (tile[:TILE_PX] == number).all()
        assert (tile[TILE_PX:] < 100).any()


def test_a_clip_without_faces_gives_a_blank_sheet():
    assert (contact_sheet([]) == 255).all()
