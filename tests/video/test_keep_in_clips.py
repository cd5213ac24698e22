"""People who stay visible in a stream whose answers are known."""

import film
import numpy as np
from film import Actor

from ganonymization.keep import Consent, KeepPeople, KeepTracks
from ganonymization.track.identity import ByPerson
from ganonymization.video.anonymizer import StreamOptions

ANN, BOB = 40, 200
CONSENT = Consent("ann.jpg", np.array([ANN / 40, 0], np.float32))


def visible(script, policy):
    """Return for each frame which actors can be seen as they are."""
    source = film.frames(script)
    options = StreamOptions(film.OPTIONS, check_every=50)
    results = film.anonymizer(options, policy=policy)(source)
    return [
        [film.uncovered(frame.image, result.frame.image, actor) > 0.02 for actor in actors]
        for actors, frame, result in zip(script, source, results, strict=True)
    ]


def keep_ann():
    return KeepPeople([CONSENT], threshold=0.47, otherwise=ByPerson(1))


def test_ann_is_visible_from_the_first_frame_and_bob_never():
    script = [[Actor(80, person=ANN), Actor(240, person=BOB)] for _ in range(30)]

    assert visible(script, keep_ann()) == [[True, False]] * 30


def test_a_track_that_goes_over_to_bob_shows_him_for_five_frames_at_most():
    script = [[Actor(100, person=ANN if number < 32 else BOB)] for number in range(80)]

    for policy in (keep_ann(), KeepTracks([1], otherwise=ByPerson(1))):
        seen = [one for (one,) in visible(script, policy)]
        assert all(seen[:25])
        assert sum(seen[32:]) <= 5
        assert not any(seen[37:])
