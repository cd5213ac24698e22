import numpy as np
import pytest

from ganonymization.decide import Decision, Treatment
from ganonymization.track.cast import NO_ROLE, Cast, Proof, Role


@pytest.fixture
def cast():
    """Without a view no stage is asked."""
    return Cast(draw=None, choose_palette=None, verify=None, policy=None, same_person=0.5, threshold=0.6)


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
