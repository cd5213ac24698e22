import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.readers.ck_plus import read_ck_plus

FRAME = "cohn-kanade-images/{0}/{1}/{0}_{1}_{2:08d}.png"
LABEL = "Emotion/{0}/{1}/{0}_{1}_{2:08d}_emotion.txt"


def sequence(make, person, number, length):
    make.pictures(*(FRAME.format(person, number, frame) for frame in range(1, length + 1)))
    (make.root / "Emotion" / person / number).mkdir(parents=True, exist_ok=True)


def test_the_last_frame_of_each_sequence_is_its_peak(make, root):
    sequence(make, "S005", "001", 11)
    sequence(make, "S010", "002", 9)
    make.text(LABEL.format("S005", "001", 11), "   3.0000000e+00")
    assert list(read_ck_plus(root)) == [
        Sample(root / FRAME.format("S005", "001", 11), "S005", "disgust", {"sequence": "001"}),
        Sample(root / FRAME.format("S010", "002", 9), "S010", None, {"sequence": "002"}),
    ]


@pytest.mark.parametrize(
    ("code", "emotion"),
    list(enumerate(["neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"])),
)
def test_numbers_are_emotions(make, root, code, emotion):
    sequence(make, "S005", "001", 2)
    make.text(LABEL.format("S005", "001", 2), f"   {code:.7e}")
    assert [sample.emotion for sample in read_ck_plus(root)] == [emotion]


def test_a_sequence_without_label_folder_is_not_labelled(make, root):
    sequence(make, "S005", "001", 2)
    (root / "Emotion" / "S005" / "001").rmdir()
    assert [sample.emotion for sample in read_ck_plus(root)] == [None]


def test_what_macos_left_in_the_archive_is_passed_over(make, root):
    sequence(make, "S005", "001", 2)
    sequence(make, "S006", "001", 0)
    for name in ("S005/.DS_Store", "S005/001/.DS_Store", "S005/001/._S005_001_00000003.png", "S006/001/.DS_Store"):
        make.text(f"cohn-kanade-images/{name}", "")
    assert [sample.path.name for sample in read_ck_plus(root)] == ["S005_001_00000002.png"]


def test_a_label_whose_frame_is_missing_betrays_an_incomplete_sequence(make, root):
    sequence(make, "S005", "001", 9)
    make.text(LABEL.format("S005", "001", 11), "3.0")
    with pytest.raises(InputError, match=r"last frame S005_001_00000011, but S005_001_00000009\.png is the last in"):
        list(read_ck_plus(root))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8.0", r"line 1: '8\.0' is no emotion; expected is 0 to 7"),
        ("2.5", r"'2\.5' is no emotion"),
        ("happy", r"line 1: 'happy' is not a number"),
        ("", r"line 1: has 0 entries instead of 1; expected is the number of an emotion"),
    ],
)
def test_a_damaged_label_is_refused(make, root, text, message):
    sequence(make, "S005", "001", 2)
    make.text(LABEL.format("S005", "001", 2), text)
    with pytest.raises(InputError, match=message):
        list(read_ck_plus(root))


@pytest.mark.parametrize("name", ["cohn-kanade-images", "Emotion"])
def test_a_missing_part_is_named_with_the_official_archives(make, root, name):
    sequence(make, "S005", "001", 2)
    (root / name).rename(root / "elsewhere")
    with pytest.raises(InputError, match=rf"{name}: is missing; .*Emotion_labels\.zip.*University of Pittsburgh"):
        read_ck_plus(root)
