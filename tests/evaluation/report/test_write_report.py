import json
import re

import PIL.Image
import pytest
from world import evaluate, write_people

from ganonymization.errors import OutputError
from ganonymization.evaluation.evaluator import ATTACKS
from ganonymization.evaluation.report import summary, write_report
from ganonymization.evaluation.results import TABLE


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    people = write_people(folder / "people", [3] * 12)
    return evaluate(people, folder, "unchanged", "strangers", "paper", attacks=ATTACKS)


@pytest.fixture(scope="module")
def written(evaluation, tmp_path_factory):
    return write_report(evaluation, tmp_path_factory.mktemp("out") / "new")


def test_a_method_that_returns_its_input_fails_in_red(written):
    page = written.read_text()
    card = re.search(r'<div class="card (\w*)"><b>python:world:unchanged</b>(.*?)</div>', page)
    assert card[1] == "fails"
    assert "is NOT an anonymizer" in card[2]
    assert "rank1 = 1.000" in card[2]
    assert '<tr class="fails"><td>python:world:unchanged</td>' in page
    assert 'class="card fails"><b>python:world:strangers' not in page


def test_the_page_needs_no_other_file_and_holds_no_picture(written):
    page = written.read_text()
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "data:image" not in page
    assert page.count("<svg") >= 6


def test_every_plot_holds_every_method(written):
    page = written.read_text()
    assert page.count("python:world:strangers") > 8
    assert "person 00/0.png" in page


def test_pictures_of_the_worst_cases_come_when_they_are_asked_for(evaluation, tmp_path):
    page = write_report(evaluation, tmp_path, contact_sheets=True).read_text()
    assert page.count("data:image/jpeg") > 5


def test_the_same_evaluation_is_the_same_page(evaluation, written, tmp_path):
    assert write_report(evaluation, tmp_path).read_bytes() == written.read_bytes()


def test_what_is_missing_is_told_with_its_reason(written):
    page = written.read_text()
    assert "<b>paper</b> was not measured in full" in page
    assert "GANONYMIZATION_PAPER_WEIGHTS" in page


def test_the_table_for_papers_has_a_row_per_method_and_the_floor(written):
    lines = written.with_name("table.md").read_text().splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:7]] == [
        "original",
        "floor",
        "python:world:unchanged",
        "python:world:strangers",
        "paper",
    ]
    assert len({line.count("|") for line in lines[:7]}) == 1
    assert lines[0].count("|") == len(TABLE) + 2


def test_the_results_are_strict_json(written):
    json.loads(written.with_name("results.json").read_text(), parse_constant=pytest.fail)


def test_the_summary_names_the_broken_limits(evaluation):
    first, second, third = summary(evaluation)
    assert first.startswith("python:world:unchanged: fails (coverage 0.000")
    assert second.startswith("python:world:strangers: uncertain")
    assert third.startswith("paper: not measured")


def test_a_file_is_no_folder_for_a_report(evaluation, tmp_path):
    path = tmp_path / "report"
    PIL.Image.new("RGB", (4, 4)).save(path, format="PNG")
    with pytest.raises(OutputError, match="give the name of a folder"):
        write_report(evaluation, path)
