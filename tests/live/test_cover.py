import numpy as np
import pytest

from ganonymization.live.cover import cover_frame
from ganonymization.obscure import FILL


@pytest.mark.parametrize("size_wh", [(640, 480), (64, 48), (9, 7), (1, 1)])
def test_a_cover_is_plain_but_for_words_in_the_middle(size_wh):
    image = cover_frame(size_wh, "no signal")

    assert image.shape == (size_wh[1], size_wh[0], 3)
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert (border == FILL).all() or min(size_wh) < 10


def test_the_words_can_be_seen_and_differ():
    first, second = cover_frame((320, 240), "no signal"), cover_frame((320, 240), "starting")

    assert 0.005 < (first != FILL).any(axis=2).mean() < 0.2
    assert (first != second).any()
