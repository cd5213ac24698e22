import re

import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import READERS, Sample, open_dataset

EXPECTED_FIRST = {
    "lfw": r"index\.csv|folder per person",
    "celeba": r"img_align_celeba",
    "wider": r"WIDER_val.images",
    "affectnet": r"Manually_Annotated_Images",
    "ck+": r"cohn-kanade-images",
    "london": r"info\.csv",
    "people": r"folder per person",
    "table": r"index\.csv",
    "faces": r"holds nothing",
}


def test_a_plain_path_is_a_folder_with_one_sub_folder_per_person(make, root):
    make.pictures("Ann/1.png", "Bob/1.png")
    dataset = open_dataset(str(root))
    assert (dataset.name, dataset.root) == ("people", root)
    assert list(dataset) == [Sample(root / "Ann" / "1.png", "Ann"), Sample(root / "Bob" / "1.png", "Bob")]


def test_a_plain_path_with_a_table_is_read_by_the_table(make, root):
    make.pictures("images/1.png")
    make.text("index.csv", "file,identity", "1.png,Ann")
    assert list(open_dataset(str(root))) == [Sample(root / "images" / "1.png", "Ann")]


def test_a_plain_path_may_be_the_table_itself(make):
    make.pictures("1.png", "2.png")
    table = make.text("some people.csv", "file,identity", "2.png,Ann")
    assert [sample.path.name for sample in open_dataset(str(table))] == ["2.png"]


def test_a_name_before_the_colon_chooses_the_reader(make, root):
    make.pictures("001_y_f_h_a.jpg")
    assert [sample.emotion for sample in open_dataset(f"faces:{root}")] == ["happiness"]


def test_a_dataset_can_be_read_again(make, root):
    make.pictures("Ann/1.png", "Ann/2.png")
    dataset = open_dataset(str(root))
    assert list(dataset) == list(dataset) != []


def test_a_folder_with_a_colon_in_its_name_is_a_path(make, root):
    make.pictures("my:set/Ann/1.png")
    assert open_dataset(str(root / "my:set")).name == "people"


def test_a_path_that_starts_at_home_is_expanded(make, root, monkeypatch):
    make.pictures("001_y_f_h_a.jpg")
    monkeypatch.setenv("HOME", str(root))
    assert open_dataset("faces:~").root == root


@pytest.mark.parametrize("spec", ["nowhere", "imagenet:nowhere"])
def test_an_unknown_reader_or_folder_names_the_readers(spec):
    with pytest.raises(InputError, match=rf"{spec}: there is no such folder, and no such reader; .*celeba.*wider"):
        open_dataset(spec)


def test_a_reader_without_path_is_refused():
    with pytest.raises(InputError, match=r"'lfw:' lacks the path; give 'lfw:PATH'"):
        open_dataset("lfw:")


@pytest.mark.parametrize("name", READERS)
def test_an_empty_folder_is_refused_on_opening_with_what_is_expected(name, root):
    with pytest.raises(InputError, match=EXPECTED_FIRST[name]):
        open_dataset(f"{name}:{root}")


@pytest.mark.parametrize("name", READERS)
def test_a_missing_folder_is_refused_on_opening(name, root):
    with pytest.raises(InputError, match=re.escape(str(root / "nowhere"))):
        open_dataset(f"{name}:{root / 'nowhere'}")


@pytest.mark.parametrize("name", sorted(set(READERS) - {"people", "table"}))
def test_a_missing_official_set_is_named_with_its_publisher(name, root):
    with pytest.raises(InputError, match=r"(is missing; .* expects it there\. Obtain the set as '.+' from .+)"):
        open_dataset(f"{name}:{root / 'nowhere'}")
