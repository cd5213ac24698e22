import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import smooth_picture  # noqa: E402 - torch may be missing

from ganonymization.errors import NotMeasurableError  # noqa: E402
from ganonymization.training.reconstruction import (  # noqa: E402
    Budget,
    PictureReconstruction,
    ReconstructionNetwork,
    learn_reconstruction,
)

SIZE_PX = 16


def faces(count, first=0):
    return np.stack([smooth_picture(first + seed, SIZE_PX) for seed in range(count)])


def error(first, second):
    return np.abs(first.astype(int) - second).mean()


def test_a_change_that_can_be_undone_is_undone_on_pictures_never_seen():
    known, attacked = faces(96), faces(16, first=1000)
    undo = learn_reconstruction(255 - known, known, budget=Budget(passes=12, batch_size=8))
    assert error(undo(255 - attacked), attacked) < 0.25 * error(255 - attacked, attacked)


def test_a_face_of_which_nothing_is_left_stays_unknown():
    known, attacked = faces(32), faces(16, first=1000)
    undo = learn_reconstruction(np.full_like(known, 128), known, budget=Budget(passes=3))
    guesses = undo(np.full_like(attacked, 128))
    assert (guesses == guesses[0]).all()


def test_the_same_pairs_and_budget_give_the_same_network_and_leave_the_global_seed_alone():
    known = faces(8)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second = (learn_reconstruction(255 - known, known, budget=Budget(passes=1)) for _ in range(2))
    assert torch.rand(1) == expected
    np.testing.assert_array_equal(first(known), second(known))


def test_an_untrained_network_returns_what_it_is_given():
    known = faces(3)
    untrained = PictureReconstruction(ReconstructionNetwork(), torch.device("cpu"))
    np.testing.assert_array_equal(untrained(known), known)
    assert untrained(known[:0]).shape == (0, SIZE_PX, SIZE_PX, 3)


def test_the_network_is_as_small_as_it_says():
    assert sum(weight.numel() for weight in ReconstructionNetwork().parameters()) == pytest.approx(0.8e6, rel=0.05)


def test_too_few_and_unequal_pictures_are_refused():
    known = faces(3)
    with pytest.raises(NotMeasurableError, match="1 pictures"):
        learn_reconstruction(known[:1], known[:1])
    with pytest.raises(ValueError, match="equal shapes"):
        learn_reconstruction(known, known[:2])
    with pytest.raises(ValueError, match="multiples of 8"):
        learn_reconstruction(known[:, :15], known[:, :15])
