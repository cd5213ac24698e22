import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.readers.wider_face import read_wider_face
from ganonymization.types import Box

LIST = "wider_face_split/wider_face_val_bbx_gt.txt"
PARADE = "0--Parade/0_Parade_marchingband_1_20.jpg"
DRESS = "46--Jockey/46_Jockey_Jockey_46_576.jpg"


def wider(make, *lines):
    make.pictures(f"WIDER_val/images/{PARADE}", f"WIDER_val/images/{DRESS}")
    make.text(LIST, *lines)


def test_every_face_is_a_sample_with_its_box_and_codes(make, root):
    wider(make, PARADE, "2", "541 354 36 46 2 0 1 0 1 0 ", "1 2 3 4 0 1 0 0 2 1 ", DRESS, "1", "5 5 10 20 1 0 0 0 0 0 ")
    first, second, third = read_wider_face(root)
    assert first == Sample(
        root / "WIDER_val" / "images" / PARADE,
        box=Box(541, 354, 577, 400),
        split="val",
        attributes={"event": "0--Parade", "blur": 2, "expression": 0, "illumination": 1, "occlusion": 1, "pose": 0},
    )
    assert (second.path, second.box) == (first.path, Box(1, 2, 4, 6))
    assert (second.attributes["expression"], second.attributes["occlusion"], second.attributes["pose"]) == (1, 2, 1)
    assert (third.path.name, third.box) == ("46_Jockey_Jockey_46_576.jpg", Box(5, 5, 15, 25))


def test_a_photo_without_faces_has_a_line_of_zeros_that_is_no_face(make, root):
    wider(make, DRESS, "0", "0 0 0 0 0 0 0 0 0 0 ", PARADE, "1", "1 2 3 4 0 0 0 0 0 0 ")
    assert [(sample.path.parent.name, sample.box) for sample in read_wider_face(root)] == [
        ("0--Parade", Box(1, 2, 4, 6))
    ]


def test_invalid_faces_and_boxes_without_area_are_passed_over(make, root):
    invalid, flat, thin = "1 2 3 4 2 0 0 1 0 0", "9 9 5 0 0 0 0 0 0 0", "9 9 0 5 0 0 0 0 0 0"
    wider(make, PARADE, "4", invalid, flat, "7 7 2 2 0 0 0 0 0 0", thin)
    assert [sample.box for sample in read_wider_face(root)] == [Box(7, 7, 9, 9)]


@pytest.mark.parametrize("name", ["WIDER_val/images", LIST])
def test_a_missing_part_says_where_it_is_expected(make, root, name):
    wider(make, PARADE, "0", "0 0 0 0 0 0 0 0 0 0")
    (root / name).rename(root / "elsewhere")
    with pytest.raises(InputError, match=rf"{name}: is missing; 'wider:.*WIDER FACE: validation images and face ann"):
        read_wider_face(root)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([PARADE, "2", "1 2 3 4 0 0 0 0 0 0"], r"line 1: the list ends before the faces of this photo"),
        ([PARADE], r"line 1: the list ends before"),
        ([PARADE, "1", DRESS], r"line 3: has 1 entries instead of 10; expected is left, top, width"),
        ([PARADE, "1 2"], r"line 2: has 2 entries instead of 1; expected is the number of faces"),
        ([PARADE, "1", "a 2 3 4 0 0 0 0 0 0"], r"line 3: 'a' is not a whole number"),
        (["0--Parade/9.jpg", "0", "0 0 0 0 0 0 0 0 0 0"], r"9\.jpg: is missing; wider_face_val_bbx_gt\.txt lists it"),
    ],
)
def test_a_damaged_list_names_line_and_fault(make, root, lines, message):
    wider(make, *lines)
    with pytest.raises(InputError, match=message):
        list(read_wider_face(root))
