import fakes
import film
import numpy as np
import pytest

from ganonymization.anonymizer import draw_people
from ganonymization.blend import SeamlessBlend
from ganonymization.correct import MEASURES, SHARE, Anticipate, Motions
from ganonymization.decide import Decision, Treatment
from ganonymization.draw import Draw
from ganonymization.geometry import Pose
from ganonymization.reshape import Reshape
from ganonymization.track.cast import NO_ROLE, Cast, Proof, Role, Sample
from ganonymization.track.identity import ByPerson
from ganonymization.track.policy import View
from ganonymization.types import Landmarks, Region

TURNED_DEG = 5.0


@pytest.fixture
def cast():
    """Without a view no stage is asked."""
    return Cast(draw=None, follow=None, choose_palette=None, verify=None, policy=None, same_person=0.5, threshold=0.6)


def test_a_kept_track_without_a_view_is_covered(cast):
    kept = Role(Decision(Treatment.KEEP, reason="ann.jpg"), person=1)

    assert cast.renew(1, kept, []) is NO_ROLE
    assert NO_ROLE.decision.treatment is Treatment.OBSCURE


def test_an_anonymized_track_without_a_view_stays_who_it_is(cast):
    proof = Proof(frame_index=3, time_s=0.1, distance=0.8, expression={})
    role = Role(Decision(identity=5), person=1, identity=5, palette=np.zeros(16, np.float32), proofs=(proof,))

    renewed = cast.renew(1, role, [])

    assert (renewed.decision, renewed.identity, renewed.proofs) == (role.decision, 5, ())
    assert renewed.palette is role.palette


def troupe(follow, **options):
    model = fakes.shape_model()
    draw = Draw(
        reshape=Reshape(model),
        synthesize=fakes.FakeSynthesize(),
        blend=SeamlessBlend(),
        shape_model=model,
        region=Region.FACE,
        anticipate=Anticipate(model),
    )
    stages = {"choose_palette": fakes.FakePalette(), "verify": film.Verifier(), "policy": ByPerson(1)}
    return Cast(draw=draw, follow=follow, same_person=0.5, threshold=film.THRESHOLD, **stages, **options)


def samples(count):
    views = []
    for number in range(count):
        actor = film.Actor(100 + 8 * number)
        views.append(View(number, film.picture([actor]), actor.box, film.landmarks_in(actor.box)))
    return [Sample(view, view.frame_index / 25) for view in views]


def turned(_image, before):
    """A generator turns every head: what is found is not what was asked for."""
    found = []
    for asked in before:
        place = fakes.shape_model().pose_of(asked)
        other = Pose(place.scale, fakes.rotation(yaw_deg=TURNED_DEG) @ place.rotation, place.translation)
        found.append(Landmarks(other.apply(place.undo(asked.points.astype(np.float64))).astype(np.float32), 0.9))
    return found


def test_what_an_invented_person_misses_is_measured_once_and_asked_for_besides():
    cast = troupe(turned)
    role = cast.give(1, samples(2), present=())
    face = film.landmarks_in(film.Actor(100).box)
    asked = Motions(fakes.shape_model()).moved(face, role.manner.missed)
    (found,) = turned(None, [face])
    expected = SHARE * Motions(fakes.shape_model()).between(found, face)
    np.testing.assert_allclose(role.manner.missed, expected, atol=2e-3)
    assert np.degrees(np.linalg.norm(role.manner.missed[MEASURES + 2 :])) == pytest.approx(SHARE * TURNED_DEG, abs=0.2)
    assert not np.allclose(asked.points, face.points, atol=0.5)
    assert cast.renew(1, role, samples(1)).manner is role.manner


def test_a_track_becomes_the_person_with_the_clearest_skin(flaws):
    role = troupe(turned, clear=0.0).give(1, samples(1), present=())
    everybody = list(draw_people(role.decision.identity))
    assert len(set(flaws)) == len(everybody)
    assert role.identity == everybody[int(np.argmin(flaws))]
    assert troupe(turned).give(1, samples(1), present=()).identity == everybody[0]


def test_nothing_is_asked_for_besides_where_no_face_is_found():
    role = troupe(lambda _image, before: [Landmarks(one.points, 0.0) for one in before]).give(1, samples(2), present=())
    assert role.identity is not None
    assert role.manner is None
