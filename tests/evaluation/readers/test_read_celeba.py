import itertools
import tracemalloc

import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.readers.celeba import read_celeba


def celeba(make, *, photos="", lists="", partition=""):
    make.pictures(*(f"{photos}img_align_celeba/00000{n}.jpg" for n in (1, 2, 3)))
    make.text(
        f"{lists}list_attr_celeba.txt",
        "3",
        "Bald Male Smiling ",
        "000001.jpg -1  1  1",
        "000002.jpg -1 -1 -1",
        "000003.jpg  1  1 -1",
    )
    make.text(f"{lists}identity_CelebA.txt", "000001.jpg 2880", "000002.jpg 2937", "000003.jpg 2880")
    make.text(f"{partition}list_eval_partition.txt", "000001.jpg 0", "000002.jpg 1", "000003.jpg 2")


def test_traits_identity_and_partition_meet_in_one_sample(make, root):
    celeba(make)
    assert list(read_celeba(root)) == [
        Sample(
            root / "img_align_celeba" / f"{name}.jpg",
            identity=identity,
            attributes={"Bald": bald, "Male": male, "Smiling": smiling},
            split=split,
            sex="male" if male else "female",
        )
        for name, identity, bald, male, smiling, split in [
            ("000001", "2880", False, True, True, "train"),
            ("000002", "2937", False, False, False, "val"),
            ("000003", "2880", True, True, False, "test"),
        ]
    ]


def test_the_folders_of_the_publisher_are_found_as_well(make, root):
    celeba(make, photos="Img/", lists="Anno/", partition="Eval/")
    assert [sample.split for sample in read_celeba(root)] == ["train", "val", "test"]


def test_without_the_trait_male_sex_is_not_labelled(make, root):
    celeba(make)
    make.text("list_attr_celeba.txt", "3", "Bald", *(f"00000{n}.jpg 1" for n in (1, 2, 3)))
    assert [sample.sex for sample in read_celeba(root)] == [None] * 3


def test_photos_are_read_one_by_one(make, root):
    celeba(make)
    samples = read_celeba(root)
    assert len(list(itertools.islice(samples, 2))) == 2
    (root / "img_align_celeba" / "000003.jpg").unlink()
    with pytest.raises(
        InputError, match=r"000003\.jpg: is missing; list_attr_celeba\.txt lists it.*Chinese University"
    ):
        next(samples)


@pytest.mark.parametrize(
    "name", ["img_align_celeba", "list_attr_celeba.txt", "identity_CelebA.txt", "list_eval_partition.txt"]
)
def test_each_missing_part_is_named_before_anything_is_read(make, root, name):
    celeba(make)
    (root / name).rename(root / "elsewhere")
    with pytest.raises(InputError, match=rf"{name}: is missing; 'celeba:.*expects it there.*CelebFaces Attributes"):
        read_celeba(root)


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("identity_CelebA.txt", ["000001.jpg 1", "000003.jpg 1"], r"line 2: names '000003.jpg' where list_attr.*sort"),
        ("identity_CelebA.txt", ["000001.jpg 1"], r"identity_CelebA\.txt: names fewer photos than the other lists"),
        ("list_eval_partition.txt", ["000001.jpg 4"], r"line 1: '4' is not a code of this list; they are 0, 1, 2"),
        ("list_eval_partition.txt", ["000001.jpg"], r"line 1: has 1 entries instead of 2"),
        ("list_attr_celeba.txt", ["3", "A B", "000001.jpg 1"], r"line 3: has 2 entries instead of 3"),
        ("list_attr_celeba.txt", ["3", "A", "000001.jpg 0"], r"line 3: '0' is not a code of this list; they are 1, -1"),
        ("list_attr_celeba.txt", [], r"list_attr_celeba\.txt: names fewer photos"),
    ],
)
def test_a_damaged_list_names_line_and_fault(make, root, name, lines, message):
    celeba(make)
    make.text(name, *lines)
    with pytest.raises(InputError, match=message):
        list(read_celeba(root))


def test_memory_is_flat_in_the_number_of_photos(make, root):
    def peak_bytes(count):
        make.text("list_attr_celeba.txt", count, "Bald Male", *["000001.jpg -1 1"] * count)
        make.text("identity_CelebA.txt", *["000001.jpg 7"] * count)
        make.text("list_eval_partition.txt", *["000001.jpg 0"] * count)
        tracemalloc.start()
        read = sum(1 for _ in read_celeba(root))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert read == count
        return peak

    make.pictures("img_align_celeba/000001.jpg")
    peak_bytes(10)
    assert peak_bytes(5000) < peak_bytes(100) + 100_000
