import dataclasses

import numpy as np
import pytest

from ganonymization.types import Box, Outcome, Receipt, Result

BOX = Box(2, 4, 12, 10)


def test_a_box_knows_its_extent_and_middle():
    assert (BOX.width, BOX.height, BOX.center) == (10, 6, (7, 7))


def test_a_result_counts_how_faces_ended():
    ends = (Outcome.SYNTHESIZED, Outcome.OBSCURED, Outcome.SYNTHESIZED)
    result = Result(np.zeros((4, 4, 3), np.uint8), tuple(Receipt(BOX, 0.9, end) for end in ends))
    assert result.count(Outcome.SYNTHESIZED) == 2
    assert result.count(Outcome.OBSCURED) == 1


def test_values_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        BOX.left = 3
