"""Following: the same face has the same number, gaps are bridged, and nobody is forgotten in between."""

import dataclasses

import film
import pytest
from film import Actor

from ganonymization.track.places import Basis
from ganonymization.track.tracker import TrackerOptions
from ganonymization.track.trail import Reach


def follow(script, options=film.OPTIONS, backgrounds=None):
    """Places in every frame, as they are known when it leaves the look-ahead."""
    tracker = film.tracker(options)
    places = []
    for number, actors in enumerate(script):
        background = backgrounds[number] if backgrounds else 20
        tracker.push(number, film.picture(actors, background=background))
        ready = number - options.look_ahead
        if ready >= 0:
            places.append(tracker.places(ready))
            tracker.forget_before(ready + 1)
    places += [tracker.places(number) for number in range(max(0, len(script) - options.look_ahead), len(script))]
    return places


def bases(places):
    return ["".join(place.basis.name[0] for place in frame) for frame in places]


def walk(count, *, blind=(), step=3.0, start=40.0, **actor):
    return [[Actor(start + step * number, seen=number not in blind, **actor)] for number in range(count)]


def is_inside(box, place):
    outer = place.box
    return outer.left <= box.left + 8 and outer.right >= box.right - 8 and outer.top <= box.top + 4


def test_a_face_keeps_its_number_and_its_place():
    script = walk(40)

    places = follow(script)

    assert [[place.track for place in frame] for frame in places] == [[1]] * 40
    assert all(frame[0].is_exact for frame in places)
    assert all(abs(frame[0].box.center[0] - actors[0].x) < 4 for frame, actors in zip(places, script, strict=True))


@pytest.mark.parametrize("gap", [1, 3, 5, 9])
def test_a_gap_is_bridged_from_both_sides(gap):
    script = walk(50, blind=range(20, 20 + gap))

    places = follow(script)

    assert bases(places) == ["S"] * 20 + ["B"] * gap + ["S"] * (30 - gap)
    assert {place.track for frame in places for place in frame} == {1}
    assert all(is_inside(actors[0].box, frame[0]) for frame, actors in zip(places, script, strict=True))


def test_landmarks_are_carried_over_short_gaps_only():
    short, long = follow(walk(50, blind=range(20, 23))), follow(walk(50, blind=range(20, 29)))

    assert all(short[number][0].landmarks is not None for number in range(20, 23))
    assert all(long[number][0].landmarks is None for number in range(20, 29))


def test_a_face_is_covered_before_it_was_first_seen_and_after_it_was_last_seen():
    script = walk(60, blind=[*range(10), *range(40, 60)])

    found = bases(follow(script))

    assert found == [""] * 7 + ["E"] * 3 + ["S"] * 30 + ["E"] * 3 + [""] * 17


def test_a_face_that_turns_up_between_scans_is_traced_back_to_where_it_appeared():
    script = [[]] * 21 + walk(30)

    found = bases(follow(script))

    assert found == [""] * 18 + ["E"] * 3 + ["S"] * 30


def test_a_cut_ends_tracks_and_nothing_is_carried_over_it():
    script = walk(25) + [[Actor(250)]] * 25

    places = follow(script, backgrounds=[20] * 25 + [200] * 25)

    assert bases(places) == ["S"] * 50
    assert [frame[0].track for frame in places] == [1] * 25 + [2] * 25


def test_two_people_keep_their_numbers_when_they_pass_each_other():
    script = [[Actor(40 + 4 * n, y=80), Actor(280 - 4 * n, y=160, person=80)] for n in range(55)]

    places = follow(script)

    for frame, actors in zip(places, script, strict=True):
        by_number = {place.track: place for place in frame}
        assert len(by_number) == 2
        for track, y in ((places[0][0].track, places[0][0].box.center[1]),):
            actor = min(actors, key=lambda one: abs(one.y - y))
            assert abs(by_number[track].box.center[0] - actor.x) < 8


def test_scans_become_rare_where_nothing_happens():
    detector = film.Detector()
    tracker = film.tracker(detector=detector)
    for number in range(60):
        tracker.push(number, film.picture([Actor(100)]))

    assert detector.calls <= 14


def test_who_rushes_through_between_scans_is_seen_where_a_stir_is_looked_at():
    appearances = range(24, 30)
    found = {}
    for stir_every in (1, 6):
        options = dataclasses.replace(film.OPTIONS, stir_every=stir_every)
        scripts = [[[]] * start + walk(2) + [[]] * 20 for start in appearances]
        found[stir_every] = [any(follow(script, options)) for script in scripts]

    assert all(found[1])
    assert not all(found[6])


def test_a_stir_around_a_followed_face_makes_no_scans():
    counts = []
    for step in (0.0, 3.0):
        detector = film.Detector()
        tracker = film.tracker(dataclasses.replace(film.OPTIONS, stir_every=1), detector=detector)
        for number, actors in enumerate(walk(60, step=step)):
            tracker.push(number, film.picture(actors))
        counts.append(detector.calls)

    assert counts[1] <= 1.5 * counts[0]


def test_boxes_grow_while_a_face_is_not_seen():
    places = follow(walk(50, blind=range(20, 29)))

    widths = [places[number][0].box.width for number in range(19, 30)]
    assert widths[5] > widths[1] > widths[0]
    assert widths[5] > widths[9] > widths[10]


def test_without_look_ahead_a_lost_face_stays_covered_until_patience_ends():
    options = TrackerOptions(look_ahead=0, scan_every=3, reach=Reach(margin=8, bridge=1), patience=8)

    found = bases(follow(walk(40, blind=range(20, 40)), options))

    assert found == ["S"] * 20 + ["E"] * 8 + [""] * 12


def test_memory_does_not_grow_with_the_film():
    tracker = film.tracker()
    for number in range(200):
        tracker.push(number, film.picture([Actor(100 + number % 7)]))
        tracker.forget_before(number - 14)

    (trail,) = tracker._trails
    assert len(tracker._images) <= 15
    assert len(trail.frames) == len(trail.sightings) <= 20


def test_a_look_ahead_that_is_shorter_than_the_gaps_is_refused():
    with pytest.raises(ValueError, match="look_ahead is 5"):
        TrackerOptions(look_ahead=5)


@pytest.mark.parametrize("look_ahead", [1, 2, 3])
def test_a_short_look_ahead_is_enough_where_lost_faces_stay_covered_as_long_as_they_are_sought(look_ahead):
    reach = Reach(margin=8, bridge=look_ahead + 1)
    options = TrackerOptions(look_ahead=look_ahead, scan_every=1, reach=reach, patience=8)

    places = follow(walk(40, blind=[*range(4), *range(20, 20 + look_ahead), 39]), options)

    assert bases(places) == [
        *("" if i < 4 - look_ahead else "E" for i in range(4)),
        *"S" * 16,
        *"B" * look_ahead,
        *"S" * (19 - look_ahead),
        "E",
    ]
    assert all(places[number][0].landmarks is not None for number in range(20, 20 + look_ahead))


def test_every_place_that_was_seen_rests_on_a_sighting():
    for frame in follow(walk(50, blind=range(20, 26))):
        for place in frame:
            assert place.is_exact == (place.basis is Basis.SEEN)
