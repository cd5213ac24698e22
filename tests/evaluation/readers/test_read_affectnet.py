import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.readers.affectnet import read_affectnet
from ganonymization.types import Box

HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
LISTS = "Manually_Annotated_file_lists"
PHOTOS = "Manually_Annotated_Images"


def affectnet(make, training=(), validation=(), *, photos=PHOTOS):
    make.pictures(f"{photos}/689/a.jpg", f"{photos}/391/b.jpg")
    make.text(f"{LISTS}/training.csv", HEADER, *training)
    make.text(f"{LISTS}/validation.csv", *validation)


def test_the_training_list_has_a_header_and_the_validation_list_has_none(make, root):
    affectnet(make, ["689/a.jpg,134,130,900,901,1.5;2.5;3,1,0.785714,-0.055556"], ["391/b.jpg,5,6,7,8,1;2,7,-0.5,0.25"])
    assert list(read_affectnet(root)) == [
        Sample(
            root / PHOTOS / "689" / "a.jpg",
            emotion="happiness",
            attributes={"valence": 0.785714, "arousal": -0.055556},
            box=Box(134, 130, 1034, 1031),
            split="training",
        ),
        Sample(
            root / PHOTOS / "391" / "b.jpg",
            emotion="contempt",
            attributes={"valence": -0.5, "arousal": 0.25},
            box=Box(5, 6, 12, 14),
            split="validation",
        ),
    ]


@pytest.mark.parametrize(
    ("code", "emotion"),
    list(
        enumerate(["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt", None, None])
    ),
)
def test_codes_are_emotions_and_none_and_uncertain_are_not(make, root, code, emotion):
    affectnet(make, [f"689/a.jpg,1,1,2,2,1;2,{code},0,0"])
    assert [sample.emotion for sample in read_affectnet(root)] == [emotion]


def test_photos_without_a_face_are_passed_over_and_need_not_be_there(make, root):
    affectnet(make, ["1/gone.jpg,NULL,NULL,NULL,NULL,,10,-2,-2", "689/a.jpg,1,1,2,2,1;2,0,0,0"])
    assert [sample.path.name for sample in read_affectnet(root)] == ["a.jpg"]


def test_ratings_of_minus_two_and_unknown_boxes_are_not_labelled(make, root):
    affectnet(make, ["689/a.jpg,NULL,NULL,NULL,NULL,,9,-2,-2"])
    assert list(read_affectnet(root)) == [Sample(root / PHOTOS / "689" / "a.jpg", split="training")]


def test_the_folder_of_the_archive_is_found_as_well(make, root):
    affectnet(make, ["689/a.jpg,1,1,2,2,1;2,0,0,0"], photos=f"Manually_Annotated/{PHOTOS}")
    assert [sample.emotion for sample in read_affectnet(root)] == ["neutral"]


@pytest.mark.parametrize("name", [PHOTOS, f"{LISTS}/training.csv", f"{LISTS}/validation.csv"])
def test_each_missing_part_is_named_before_anything_is_read(make, root, name):
    affectnet(make)
    (root / name).rename(root / "elsewhere")
    with pytest.raises(
        InputError, match=rf"{name}: is missing; .*'AffectNet, manually annotated.*University of Denver"
    ):
        read_affectnet(root)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("689/a.jpg,1,1,2,2,1;2,11,0,0", r"training\.csv, line 2: '11' is not a code of this list"),
        ("689/a.jpg,1,1,2,2,1;2,0,0", r"line 2: has 8 entries instead of 9; expected is subDirectory_filePath"),
        ("689/a.jpg,x,1,2,2,1;2,0,0,0", r"line 2: 'x' is not a number"),
        ("689/gone.jpg,1,1,2,2,1;2,0,0,0", r"gone\.jpg: is missing; training\.csv lists it"),
    ],
)
def test_a_damaged_list_names_line_and_fault(make, root, row, message):
    affectnet(make, [row])
    with pytest.raises(InputError, match=message):
        list(read_affectnet(root))
