from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from ganonymization.consents import read_consents
from ganonymization.errors import InputError
from ganonymization.onnx import Runtime
from ganonymization.recognise import Recogniser, distance

SAMPLE = Path(__file__).parents[1] / "examples" / "astronaut.jpg"
ONE_THREAD = Runtime(threads=1)

pytestmark = pytest.mark.slow


def test_a_photo_and_a_smaller_copy_of_it_are_the_same_person(tmp_path):
    recogniser = Recogniser.load(runtime=ONE_THREAD)
    with PIL.Image.open(SAMPLE) as photo:
        photo.resize((photo.width // 2, photo.height // 2)).save(tmp_path / "small.png")

    first, second = read_consents([SAMPLE, tmp_path / "small.png"], recogniser, runtime=ONE_THREAD)

    assert (first.name, second.name) == ("astronaut.jpg", "small.png")
    assert distance(first.embedding, second.embedding) < recogniser.thresholds.far_0_01_percent


def test_a_photo_without_a_face_is_refused(tmp_path):
    PIL.Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(tmp_path / "wall.png")

    with pytest.raises(InputError, match=r"wall\.png: shows no faces"):
        read_consents([tmp_path / "wall.png"], Recogniser.load(runtime=ONE_THREAD), runtime=ONE_THREAD)
