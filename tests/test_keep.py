from pathlib import Path

import numpy as np
import pytest
from fakes import FakeDetect, FakeLandmark, face_of, landmarks, noise_picture

from ganonymization.decide import Decision, Treatment
from ganonymization.errors import InputError
from ganonymization.keep import MIN_VIEWS, Consent, KeepFaces, KeepPeople, KeepTracks, find_consent
from ganonymization.pseudonym import Gallery, Key, NameFaces, NamePeople, Pseudonyms
from ganonymization.track import Evidence

KEEP_BELOW = 0.47
SAME_BELOW = 0.61
IMAGE = noise_picture(8, 8)
ANN, BOB = np.zeros(128, np.float32), np.full(128, 0.1, np.float32)  # 1.13 apart


def at(distance, person=ANN):
    """An embedding at a distance from somebody's, towards nobody else."""
    away = np.zeros(128, np.float32)
    away[0] = -distance
    return person + away


def embed_all(_image, seen):
    """The landmarks of these tests are embeddings."""
    return np.stack(list(seen))


def keep_faces(*consents):
    return KeepFaces(consents, embed_all=embed_all, threshold=KEEP_BELOW)


def evidence(*embeddings, track=1, person=None):
    return Evidence(track, person or track, (), np.stack(embeddings), SAME_BELOW)


def invent(evidence):
    return Decision(identity=100 + evidence.track)


INVENTED = Decision(identity=101)


def kept(name):
    return Decision(Treatment.KEEP, reason=f"kept: {name}")


def test_the_face_of_a_consent_photo_is_kept_and_all_others_get_the_person_that_was_drawn():
    decide = keep_faces(Consent("ann.jpg", ANN))

    decisions = decide(IMAGE, [BOB, at(0.46)], identities=[7, 8])

    assert decisions == [Decision(identity=7), kept("ann.jpg")]


def test_a_face_at_the_threshold_is_anonymized():
    decide = keep_faces(Consent("ann.jpg", ANN))

    assert decide(IMAGE, [at(0.4701)], identities=[7]) == [Decision(identity=7)]


def test_of_two_faces_that_fit_one_consent_only_the_closest_is_kept():
    decide = keep_faces(Consent("ann.jpg", ANN))

    decisions = decide(IMAGE, [at(0.3), at(0.2), at(0.4)], identities=[1, 2, 3])

    assert [decision.treatment for decision in decisions] == [
        Treatment.ANONYMIZE,
        Treatment.KEEP,
        Treatment.ANONYMIZE,
    ]


def test_each_consent_keeps_a_face():
    decide = keep_faces(Consent("ann.jpg", ANN), Consent("bob.jpg", BOB))

    assert decide(IMAGE, [BOB, ANN], identities=[1, 2]) == [kept("bob.jpg"), kept("ann.jpg")]


def test_a_picture_without_faces_asks_no_network():
    assert keep_faces(Consent("ann.jpg", ANN))(IMAGE, [], identities=[]) == []


def test_who_is_not_kept_gets_a_pseudonym(tmp_path):
    key = Key(bytes(32))
    pseudonyms = Pseudonyms(Gallery(tmp_path / "people", key), key, threshold=0.54)
    names = NameFaces(pseudonyms, embed_all=embed_all)
    decide = KeepFaces([Consent("ann.jpg", ANN)], embed_all=embed_all, threshold=KEEP_BELOW, otherwise=names)

    decisions = decide(IMAGE, [ANN, BOB], identities=[1, 2])

    assert decisions == [kept("ann.jpg"), Decision(identity=pseudonyms([BOB])[0], reason="pseudonym", lasting=True)]
    assert names(IMAGE, [], identities=[]) == []


def test_a_track_is_kept_once_enough_frames_agree():
    policy = KeepPeople([Consent("ann.jpg", ANN)], threshold=KEEP_BELOW, otherwise=invent)

    assert policy(evidence(*[at(0.4)] * (MIN_VIEWS - 1))) == INVENTED
    assert policy(evidence(at(0.4))) == kept("ann.jpg")


def test_frames_of_another_track_do_not_count():
    policy = KeepPeople([Consent("ann.jpg", ANN)], threshold=KEEP_BELOW, otherwise=invent)

    policy(evidence(*[at(0.4)] * MIN_VIEWS, track=2))

    assert policy(evidence(at(0.4))) == INVENTED


def test_frames_that_fit_two_photos_by_halves_do_not_keep():
    policy = KeepPeople([Consent("ann.jpg", ANN), Consent("bob.jpg", BOB)], threshold=KEEP_BELOW, otherwise=invent)

    assert policy(evidence(ANN, BOB, ANN, BOB, ANN, BOB)) == INVENTED


def test_a_track_whose_frames_disagree_is_anonymized():
    policy = KeepPeople([Consent("ann.jpg", ANN)], threshold=KEEP_BELOW, otherwise=invent)

    assert policy(evidence(at(0.4), at(0.5), at(0.4), at(0.5))) == INVENTED
    assert policy(evidence(at(0.4), at(0.4), at(0.4))) == kept("ann.jpg")


def test_a_kept_track_is_not_given_up_for_a_frame_in_doubt():
    policy = KeepPeople([Consent("ann.jpg", ANN)], threshold=KEEP_BELOW, otherwise=invent)

    assert policy(evidence(*[at(0.4)] * MIN_VIEWS)) == kept("ann.jpg")
    assert policy(evidence(*[at(0.55)] * 9)) == kept("ann.jpg")


def test_one_frame_that_looks_like_a_stranger_ends_it_and_the_count_starts_anew():
    policy = KeepPeople([Consent("ann.jpg", ANN)], threshold=KEEP_BELOW, otherwise=invent)

    assert policy(evidence(*[at(0.2)] * 9)) == kept("ann.jpg")
    assert policy(evidence(*[at(0.2)] * 9, BOB)) == INVENTED
    assert policy(evidence(at(0.2))) == INVENTED
    assert policy(evidence(at(0.2))) == kept("ann.jpg")


def test_only_the_chosen_tracks_are_kept():
    policy = KeepTracks([1, 3], otherwise=invent)

    decisions = [policy(evidence(at(0.1 * track), track=track)) for track in (1, 2, 3)]

    assert decisions == [kept("track 1"), Decision(identity=102), kept("track 3")]


def test_a_chosen_track_that_turns_into_somebody_else_is_anonymized():
    policy = KeepTracks([1], otherwise=invent)

    assert policy(evidence(ANN, at(0.1))) == kept("track 1")
    assert policy(evidence(at(0.5), at(0.2), BOB)) == kept("track 1")
    assert policy(evidence(at(0.5), BOB, BOB)) == INVENTED


def test_a_person_keeps_one_pseudonym_over_all_tracks_of_a_clip(tmp_path):
    key = Key(bytes(32))
    policy = NamePeople(Pseudonyms(Gallery(tmp_path / "people", key), key, threshold=0.54))

    first = policy(evidence(ANN, at(0.3), track=1, person=1))

    assert policy(evidence(BOB, track=2, person=1)) == first
    assert policy(evidence(BOB, track=3, person=2)) != first
    assert first.treatment is Treatment.ANONYMIZE


@pytest.mark.parametrize(("count", "message"), [(0, "shows no faces"), (2, "shows 2 faces")])
def test_a_consent_photo_must_show_one_face(count, message):
    found = landmarks()

    with pytest.raises(InputError, match=message):
        find_consent(IMAGE, Path("me.jpg"), detect=FakeDetect([face_of(found)] * count), landmark=None, embed_all=None)


def test_a_consent_photo_whose_landmarks_are_not_found_is_refused():
    face = face_of(landmarks())

    with pytest.raises(InputError, match="cannot be recognised"):
        find_consent(IMAGE, Path("me.jpg"), detect=FakeDetect([face]), landmark=FakeLandmark([]), embed_all=None)


def test_a_consent_photo_is_remembered_by_name_and_embedding():
    found = landmarks()
    face = face_of(found)

    consent = find_consent(
        IMAGE,
        Path("photos/me.jpg"),
        detect=FakeDetect([face]),
        landmark=FakeLandmark([(face, found)]),
        embed_all=lambda _, seen: np.stack([one.points[0] for one in seen]),
    )

    assert consent.name == "me.jpg"
    np.testing.assert_array_equal(consent.embedding, found.points[0])
