"""`ganonymize evaluate`: words, exit status, messages; the figures are tested in tests/evaluation."""

import json

import PIL.Image
import pytest
import world
from typer.testing import CliRunner
from world import photo, write_people

from ganonymization.cli import app
from ganonymization.evaluation.observe import Networks


@pytest.fixture
def evaluate(monkeypatch, tmp_path):
    monkeypatch.setattr(Networks, "load", lambda **_: world.networks())
    monkeypatch.delenv("GANONYMIZATION_PAPER_WEIGHTS", raising=False)

    def run(data, *words, method="python:world:strangers"):
        cache = ["--cache", str(tmp_path / "cache"), "--workers", "1"]
        return CliRunner().invoke(
            app, ["evaluate", str(data), "-m", method, "--out", str(tmp_path / "report"), *cache, *words]
        )

    return run


@pytest.fixture
def people(tmp_path):
    return write_people(tmp_path / "people", [3] * 8)


def results(tmp_path):
    return json.loads((tmp_path / "report" / "results.json").read_text())


def test_a_report_is_written_and_its_verdicts_are_told(evaluate, people, tmp_path):
    done = evaluate(people, "--attack", "none", "-m", "python:world:unchanged")
    assert done.exit_code == 0, done.output
    assert "python:world:unchanged: fails" in done.output
    assert list(results(tmp_path)["methods"]) == ["python:world:strangers", "python:world:unchanged"]
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"index.html", "results.json", "table.md"}


def test_attacks_limit_and_seed_are_taken_over(evaluate, people, tmp_path):
    assert evaluate(people, "--attack", "parrot", "--limit", "12", "--seed", "3", "-q").output == ""
    found = results(tmp_path)
    assert (found["seed"], found["data"]["photos"], found["data"]["people"]) == (3, 12, 6)
    row = found["methods"]["python:world:strangers"]
    assert "parrot_rank1" in row
    assert "reconstruction_rank1" not in row


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--attack", "shout"], "--attack is shout; there are parrot"),
        (["-m", "python:world:strangers"], "each method once"),
    ],
)
def test_a_wrong_word_is_wrong_usage(evaluate, people, words, message):
    done = evaluate(people, *words)
    assert done.exit_code == 2
    assert message in " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda root: root, "there is no such folder"),
        (lambda root: root.mkdir() or root, "one folder per person"),
        (lambda root: write_people(root, [4]), "two people or more are needed"),
        (lambda root: write_people(root, [1, 1]), "two photos or more of each"),
    ],
)
def test_degenerate_data_ends_with_a_message_and_status_1(evaluate, tmp_path, prepare, message):
    done = evaluate(prepare(tmp_path / "data"))
    assert done.exit_code == 1
    assert done.output.startswith("error: ")
    assert message in done.output
    assert not (tmp_path / "report").exists()


def test_data_without_faces_ends_with_a_message(evaluate, tmp_path):
    root = write_people(tmp_path / "data", [2, 2])
    for path in root.rglob("*.png"):
        PIL.Image.fromarray(photo(0, 0, has_face=False)).save(path)
    done = evaluate(root)
    assert (done.exit_code, "no face was found" in done.output) == (1, True)


def test_a_method_that_does_not_exist_ends_with_a_message(evaluate, people):
    done = evaluate(people, method="deface")
    assert (done.exit_code, "is no method" in done.output) == (1, True)


def test_an_interruption_is_told(evaluate, people):
    world.calls[:] = [0] * 7
    done = evaluate(people, method="python:world:stops_at_seventh")
    assert (done.exit_code, "goes on from here" in done.output) == (130, True)


def test_an_experiment_takes_what_data_there_is(evaluate, tmp_path, monkeypatch):
    root = write_people(tmp_path / "sets" / "lfw", [1] * 12)
    monkeypatch.setenv("GANONYMIZATION_DATA", str(root.parent))
    done = evaluate("emotion-shift")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "report" / "index.html").read_text()
    assert "The experiment: emotion-shift" in page
    assert "<th>shift_neutral" in page


def test_published_sets_come_before_substitutes_and_each_has_its_report(evaluate, tmp_path, monkeypatch):
    sets = tmp_path / "sets"
    write_people(sets / "lfw", [1] * 12)
    for person in range(12):
        folder = sets / "faces"
        folder.mkdir(exist_ok=True)
        PIL.Image.fromarray(photo(person, 0)).save(folder / f"{person:03d}_y_m_n_a.png")
    monkeypatch.setenv("GANONYMIZATION_DATA", str(sets))
    done = evaluate("train-on-anonymized")
    assert done.exit_code == 0, done.output
    assert results(tmp_path)["data"]["reader"] == "faces"


@pytest.mark.parametrize(("name", "message"), [("", "is not set"), ("nowhere", "there is no such folder")])
def test_an_experiment_without_data_says_what_it_needs(evaluate, tmp_path, monkeypatch, name, message):
    monkeypatch.setenv("GANONYMIZATION_DATA", str(tmp_path / name) if name else "")
    done = evaluate("traits")
    assert (done.exit_code, message in done.output) == (1, True)


def test_an_experiment_with_an_empty_data_folder_names_the_sets(evaluate, tmp_path, monkeypatch):
    monkeypatch.setenv("GANONYMIZATION_DATA", str(tmp_path))
    done = evaluate("wider-quality")
    assert done.exit_code == 1
    assert "scenes" in done.output
