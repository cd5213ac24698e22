import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.readers.faces import read_faces


def test_the_name_of_a_picture_says_everything(make, root):
    make.pictures("004_o_m_a_a.jpg", "SetB/066_Y_F_H_B.JPG")
    assert list(read_faces(root)) == [
        Sample(root / "004_o_m_a_a.jpg", "004", "anger", {"age_group": "old", "set": "a"}, sex="male"),
        Sample(root / "SetB" / "066_Y_F_H_B.JPG", "066", "happiness", {"age_group": "young", "set": "b"}, sex="female"),
    ]


def test_all_six_emotions_and_the_middle_group_are_known(make, root):
    make.pictures(*(f"001_m_f_{code}_a.jpg" for code in "adfhns"))
    samples = list(read_faces(root))
    assert [sample.emotion for sample in samples] == ["anger", "disgust", "fear", "happiness", "neutral", "sadness"]
    assert {sample.attributes["age_group"] for sample in samples} == {"middle-aged"}


@pytest.mark.parametrize("name", ["holiday.jpg", "004_o_m_x_a.jpg", "004_o_m_a.jpg", "004_o_m_a_a_2.jpg"])
def test_a_picture_of_another_name_is_refused(make, root, name):
    make.pictures("004_o_m_a_a.jpg", name)
    with pytest.raises(InputError, match=rf"{name}: is not named person_age_sex_emotion_set, like 004_o_m_a_a\.jpg"):
        list(read_faces(root))
