from collections import Counter

import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Sample, open_dataset, read_london_pairs
from ganonymization.evaluation.readers.london import read_london

HEADER = "face_id,face_age,face_gender,face_eth"


def test_each_person_comes_neutral_then_smiling_with_age_sex_and_ethnicity(make, root):
    make.pictures("001_03-neutral.webp", "001_08-smiling.webp")
    make.text("info.csv", HEADER, "001,24,female,east_asian")
    person = {"identity": "001", "age_years": 24.0, "sex": "female", "ethnicity": "east_asian"}
    neutral = Sample(root / "001_03-neutral.webp", emotion="neutral", **person)
    smiling = Sample(root / "001_08-smiling.webp", emotion="happiness", **person)
    assert list(read_london(root)) == [neutral, smiling]
    assert [(pair.neutral, pair.smiling) for pair in read_london_pairs(root)] == [(neutral, smiling)]


def test_the_published_layout_is_read_as_well(make, root):
    make.pictures("neutral_front/002_03.jpg", "smiling_front/002_08.jpg")
    make.text("london_faces_info.csv", "face_id,face_age,face_sex,face_eth", "X002,31,male,white")
    samples = list(read_london(root))
    assert [(sample.identity, sample.sex, sample.path.name) for sample in samples] == [
        ("002", "male", "002_03.jpg"),
        ("002", "male", "002_08.jpg"),
    ]


def test_an_age_that_is_not_available_is_not_labelled(make, root):
    make.pictures("001_03-neutral.webp", "001_08-smiling.webp")
    make.text("info.csv", HEADER, "001,NA,female,NA")
    assert [(sample.age_years, sample.ethnicity) for sample in read_london(root)] == [(None, None)] * 2


def test_a_person_without_the_smiling_photo_is_an_error(make, root):
    make.pictures("001_03-neutral.webp")
    make.text("info.csv", HEADER, "001,24,female,white")
    with pytest.raises(InputError, match=r"001_08-smiling\.webp: is missing; .*Face Research Lab London Set.*figshare"):
        list(read_london(root))


@pytest.mark.parametrize(
    ("row", "message"),
    [("001,young,female,white", r"line 2: 'young' is not a number"), ("NA,24,female,white", r"'face_id' is empty")],
)
def test_a_damaged_table_names_line_and_fault(make, root, row, message):
    make.pictures("001_03-neutral.webp", "001_08-smiling.webp")
    make.text("info.csv", HEADER, row)
    with pytest.raises(InputError, match=message):
        list(read_london(root))


def test_the_real_set_is_read_whole(real_sets):
    if not (real_sets / "london").is_dir():
        pytest.skip("GANONYMIZATION_DATA holds no folder london")
    samples = list(open_dataset(f"london:{real_sets / 'london'}"))
    assert len({sample.identity for sample in samples}) == 102
    assert Counter(sample.emotion for sample in samples) == {"neutral": 102, "happiness": 102}
    assert Counter(sample.sex for sample in samples) == {"female": 2 * 49, "male": 2 * 53}
    assert sum(sample.age_years is None for sample in samples) == 2 * 2
