from collections import Counter

import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Pair, Sample, open_dataset, read_lfw_pairs
from ganonymization.evaluation.readers.lfw import read_lfw

ANN = "Ann_Lee/Ann_Lee_{:04d}.jpg"
BOB = "Bob_Ray/Bob_Ray_{:04d}.jpg"


def photos(make, folder=""):
    make.pictures(*(folder + name for name in (ANN.format(1), ANN.format(2), BOB.format(1), BOB.format(12))))


@pytest.mark.parametrize("folder", ["", "lfw/", "lfw_funneled/", "lfw-deepfunneled/"])
def test_people_are_read_from_the_root_or_from_the_folder_of_an_archive(make, root, folder):
    photos(make, folder)
    make.text("pairs.txt", "1\t1", "Ann_Lee\t1\t2", "Ann_Lee\t1\tBob_Ray\t12")
    assert [(sample.identity, sample.path) for sample in read_lfw(root)] == [
        ("Ann_Lee", root / folder / ANN.format(1)),
        ("Ann_Lee", root / folder / ANN.format(2)),
        ("Bob_Ray", root / folder / BOB.format(1)),
        ("Bob_Ray", root / folder / BOB.format(12)),
    ]
    assert [pair.second.path for pair in read_lfw_pairs(root)] == [
        root / folder / ANN.format(2),
        root / folder / BOB.format(12),
    ]


def test_genuine_and_impostor_pairs_are_told_apart_fold_by_fold(make, root):
    photos(make)
    genuine, impostor = ["Ann_Lee\t1\t2", "Bob_Ray\t1\t12"], ["Ann_Lee\t1\tBob_Ray\t12", "Ann_Lee\t2\tBob_Ray\t1"]
    make.text("pairs.txt", "2\t1", genuine[0], impostor[0], genuine[1], impostor[1])
    pairs = list(read_lfw_pairs(root))
    assert [(pair.is_genuine, pair.fold) for pair in pairs] == [(True, 0), (False, 0), (True, 1), (False, 1)]
    assert pairs[1] == Pair(Sample(root / ANN.format(1), "Ann_Lee"), Sample(root / BOB.format(12), "Bob_Ray"), fold=0)


def test_the_projects_extract_has_emotion_and_split(make, root):
    make.pictures("images/Ann_Lee_0001.jpg")
    make.text("index.csv", "file,identity,emotion,split", "Ann_Lee_0001.jpg,Ann_Lee,,test")
    assert list(read_lfw(root)) == [Sample(root / "images" / "Ann_Lee_0001.jpg", "Ann_Lee", split="test")]


def test_missing_pairs_say_where_they_are_expected_and_from_whom(make, root):
    photos(make)
    with pytest.raises(
        InputError, match=r"pairs\.txt: is missing; .*Labeled Faces in the Wild.*Massachusetts, Amherst"
    ):
        read_lfw_pairs(root)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], r"line 1: has 0 entries instead of 2; expected is the number of folds"),
        (["1100"], r"line 1: has 1 entries instead of 2"),
        (["0 3"], r"line 1: announces 0 folds"),
        (["1 1", "Ann_Lee 1 2"], r"line 1: announces 2 pairs, but only 1 follow; the file is incomplete"),
        (["1 1", *["Ann_Lee 1 2"] * 3], r"line 4: is one more than the 2 pairs"),
        (["1 1", "Ann_Lee 1"], r"line 2: has 2 entries instead of 4; expected is 'name number number'"),
        (["1 1", "Ann_Lee 1 two"], r"line 2: 'two' is not a whole number"),
        (["1 1", "Ann_Lee 1 3"], r"Ann_Lee_0003\.jpg: is missing; pairs\.txt lists it"),
    ],
)
def test_damaged_pairs_name_line_and_fault(make, root, lines, message):
    photos(make)
    make.text("pairs.txt", *lines)
    with pytest.raises(InputError, match=message):
        list(read_lfw_pairs(root))


def test_the_real_extract_is_read_whole_and_divided_by_person(real_sets):
    if not (real_sets / "lfw").is_dir():
        pytest.skip("GANONYMIZATION_DATA holds no folder lfw")
    samples = list(open_dataset(f"lfw:{real_sets / 'lfw'}"))
    assert Counter(sample.split for sample in samples) == {"fit": 2390, "test": 1426}
    people = {split: {sample.identity for sample in samples if sample.split == split} for split in ("fit", "test")}
    assert people["fit"].isdisjoint(people["test"])
    assert Counter(sample.emotion for sample in samples)["happiness"] == 1010 + 559
    assert {sample.path.name.rsplit("_", 1)[0] == sample.identity for sample in samples} == {True}
