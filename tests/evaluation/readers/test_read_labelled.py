import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.readers.table import read_labelled
from ganonymization.types import Box


def test_all_columns_are_read_and_others_become_attributes(make, root):
    make.pictures("images/a.png", "b.png")
    make.text(
        "index.csv",
        "file,identity,emotion,split,age,sex,ethnicity,left,top,right,bottom,glasses,camera",
        "a.png,Ann,anger,fit,31.5,female,asian,1,2,5,7.5,1,old one",
        "b.png,,,,,,,,,,,,",
    )
    assert list(read_labelled(root)) == [
        Sample(
            root / "images" / "a.png",
            identity="Ann",
            emotion="anger",
            attributes={"glasses": 1.0, "camera": "old one"},
            box=Box(1, 2, 5, 7.5),
            split="fit",
            age_years=31.5,
            sex="female",
            ethnicity="asian",
        ),
        Sample(root / "b.png"),
    ]


def test_a_table_of_a_spreadsheet_is_read_with_its_mark_and_line_ends(make, root):
    make.pictures("a.png")
    (root / "index.csv").write_bytes(b'\xef\xbb\xbffile,identity\r\n"a.png","Ann, B."\r\n\r\n')
    assert list(read_labelled(root)) == [Sample(root / "a.png", identity="Ann, B.")]


def test_samples_come_before_a_later_fault_is_met(make, root):
    make.pictures("a.png")
    make.text("index.csv", "file", "a.png", "b.png")
    samples = read_labelled(root)
    assert next(samples).path == root / "a.png"
    with pytest.raises(InputError, match=r"index\.csv, line 3: b\.png: is missing; .*folder 'images'"):
        next(samples)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["name,identity", "a.png,Ann"], r"line 1: there is no column 'file'; the first row must name"),
        ([], r"line 1: there is no column 'file'"),
        (["file,age", "a.png,old"], r"line 2: 'old' is not a number"),
        (["file,age", "a.png,nan"], r"line 2: 'nan' is not a number"),
        (["file,age", "a.png"], r"line 2: has 1 entries instead of 2"),
        (["file,identity", ",Ann"], r"line 2: the column 'file' is empty"),
        (["file,left,top", "a.png,1,2"], r"line 2: a box needs all of left, top, right, bottom"),
        (["file,left,top,right,bottom", "a.png,3,2,3,9"], r"line 2: the box \(3\.0, .* is empty"),
        (["file", '"a.png'], r"line 2: is not comma-separated"),
    ],
)
def test_a_damaged_table_names_line_and_fault(make, root, lines, message):
    make.pictures("a.png")
    make.text("index.csv", *lines)
    with pytest.raises(InputError, match=message):
        list(read_labelled(root))


def test_a_table_in_another_encoding_is_refused(make, root):
    make.pictures("a.png")
    (root / "index.csv").write_bytes("file,identity\na.png,Zoë\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"index\.csv: is not UTF-8 text"):
        list(read_labelled(root))


def test_a_table_that_vanishes_before_it_is_read_is_refused(make, root):
    make.pictures("a.png")
    table = make.text("index.csv", "file", "a.png")
    samples = read_labelled(root)
    table.unlink()
    with pytest.raises(InputError, match=r"index\.csv: cannot be read \(No such file"):
        next(samples)
