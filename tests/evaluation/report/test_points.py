import json

import pytest

from ganonymization.evaluation.report.__main__ import main
from ganonymization.evaluation.report.points import FLOOR_LABEL, points_of_results


def row(value, floor=1.0):
    return {"value": value, "low": None, "high": None, "floor": floor}


RESULTS = {
    "methods": {
        "mine": {
            "rank1": row(0.1),
            "rank1_chance": row(0.9),
            "parrot_rank1_faceres": row(0.3),
            "landmark_rank1": row(None),
            "emotion_kappa": row(0.5, floor=0.8),
        },
        "missing": {},
    }
}


def test_a_method_stands_where_its_strongest_attacker_puts_it():
    floor, mine = points_of_results(RESULTS)
    assert (floor.label, floor.left.value, floor.kept.value) == (FLOOR_LABEL, 1.0, 0.8)
    assert (mine.label, mine.left.value, mine.kept.value, mine.searched) == ("mine", 0.3, 0.5, True)


def test_where_nobody_can_be_searched_for_the_own_original_tells():
    values = {
        "methods": {"mine": {"rank1": row(None, None), "tar_far1_own_original": row(0.2), "emotion_kappa": row(0)}}
    }
    assert [(point.left.value, point.searched) for point in points_of_results(values)] == [(1.0, False), (0.2, False)]


def test_the_plot_of_the_readme_is_drawn_from_written_results(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(RESULTS))
    assert main([str(tmp_path / "results.json"), str(tmp_path / "plane.svg")]) == 0
    assert ">mine<" in (tmp_path / "plane.svg").read_text()


@pytest.mark.parametrize("text", ["{", "{}", "[]"])
def test_other_files_are_refused(tmp_path, capsys, text):
    (tmp_path / "results.json").write_text(text)
    assert main([str(tmp_path / "results.json"), str(tmp_path / "plane.svg")]) == 1
    assert "not the results of an evaluation" in capsys.readouterr().err
    assert main([]) == 2
