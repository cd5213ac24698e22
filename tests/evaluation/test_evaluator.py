"""The whole evaluation in a world where every figure can be told in advance."""

import json

import pytest
import world
from world import STRANGER, as_text, evaluate, figures_of, photo, write_people

from ganonymization.errors import InputError, WeightsError
from ganonymization.evaluation.evaluator import ATTACKS
from ganonymization.evaluation.method import Altered
from ganonymization.evaluation.methods import contender
from ganonymization.evaluation.results import findings_of, to_json
from ganonymization.evaluation.verdict import Verdict, overall

TWENTY = [3] * 20


@pytest.fixture
def people(tmp_path):
    return write_people(tmp_path / "people", TWENTY)


def test_a_method_that_returns_its_input_gives_everybody_away_and_fails(people, tmp_path):
    evaluation = evaluate(people, tmp_path, "unchanged", attacks=ATTACKS)
    found = figures_of(evaluation)
    for name in ("tar_far1_other_photo", "tar_far1_own_original", "rank1", "rank1_faceres", "parrot_rank1"):
        assert found[name] == 1, name
    assert found["emotion_kappa"] == found["mouth_open_r"] == found["diversity"] == 1
    assert found["coverage"] == found["yaw_error_deg"] == found["kernel_distance"] == 0
    assert overall(findings_of(evaluation.methods[0], evaluation)) is Verdict.FAILS


def test_outputs_that_know_nothing_of_the_person_leave_the_attackers_at_chance(people, tmp_path):
    found = figures_of(evaluate(people, tmp_path, "strangers", attacks=ATTACKS))
    assert found["coverage"] == 1
    assert found["tar_far1_own_original"] == found["tar_far1_other_photo"] == 0
    for name in ("rank1", "parrot_rank1", "reconstruction_rank1", "landmark_rank1"):
        assert abs(found[name] - found[name.replace("rank1", "rank1_chance")]) < 0.12, name


def test_shuffled_identities_are_at_chance_and_keep_the_expression(people, tmp_path):
    found = figures_of(evaluate(people, tmp_path, "shuffled"))
    assert abs(found["rank1"] - found["rank1_chance"]) < 0.12
    assert found["emotion_kappa"] == 1


def test_a_planted_leak_of_one_person_in_twenty_is_found(people, tmp_path):
    evaluation = evaluate(people, tmp_path, "leaky")
    found = figures_of(evaluation)
    assert found["coverage"] == pytest.approx(0.95)
    assert found["tar_far1_own_original"] == pytest.approx(0.05)
    assert found["tar_far1_other_photo"] == pytest.approx(0.05)
    assert 0.05 <= found["rank1"] <= 0.15


def test_a_photo_without_an_output_counts_as_a_leak(people, tmp_path):
    found = figures_of(evaluate(people, tmp_path, "half_made"))
    assert found["output_made"] == found["coverage"] == pytest.approx(1 / 3)
    assert found["tar_far1_own_original"] == pytest.approx(2 / 3)


def test_where_no_face_is_left_its_geometry_is_not_measured_and_the_reason_is_told(people, tmp_path):
    values = to_json(evaluate(people, tmp_path, "painted_over"))
    row = values["methods"]["python:world:painted_over"]
    assert row["mouth_open_r"]["value"] is None
    assert "landmarks" in values["unmeasured"]["python:world:painted_over"]["mouth_open_r"]
    assert row["redetected"]["value"] == row["redetected_blazeface"]["value"] == 0


def drawn_from_the_original(image, subject):
    """Tell the original's landmarks, and show a stranger's."""
    return Altered(world.strangers(image, subject.identity), drawn=subject.landmarks)


def obscured_without_number(image, subject):
    return drawn_from_the_original(image, subject) if world.number_on(image) else Altered(world.painted_over(image))


def test_the_landmarks_that_faces_were_drawn_from_are_measured_and_attacked(people, tmp_path, monkeypatch):
    methods = {"noise": drawn_from_the_original, "blur": obscured_without_number, "floor": contender.floor}
    monkeypatch.setattr(contender, "PHOTO_METHODS", methods)
    evaluation = evaluate(people, tmp_path, "noise", "blur", "strangers", attacks=("landmark",))
    always, often, never = (figures_of(evaluation, index) for index in range(3))
    assert (always["conditioning_faces"], often["conditioning_faces"]) == (1, pytest.approx(2 / 3))
    for found in (always, often):
        assert found["conditioning_mouth_open_r"] == pytest.approx(1)
        assert found["conditioning_yaw_error_deg"] == pytest.approx(0, abs=1e-3)
    assert always["mouth_open_r"] < 0.5
    copied = evaluation.original.figures
    assert always["conditioning_landmark_rank1"] == copied["landmark_rank1"].value != always["landmark_rank1"]
    assert not any(name.startswith("conditioning_") for name in never)


def test_the_results_have_the_promised_shape_and_no_nan(people, tmp_path):
    evaluation = evaluate(people, tmp_path, "strangers", "unchanged", attacks=ATTACKS)
    values = json.loads(as_text(evaluation))
    assert set(values) >= {"methods", "data", "versions", "seed"}
    assert list(values["methods"]) == ["python:world:strangers", "python:world:unchanged"]
    for row in values["methods"].values():
        assert all(set(figure) == {"value", "low", "high", "floor"} for figure in row.values())
        promised = (
            "tar_far1_other_photo tar_far01_other_photo tar_far1_own_original rank1 parrot_rank1 reconstruction_rank1 "
            "landmark_rank1 coverage redetected emotion_agreement emotion_kappa mouth_open_r mouth_width_r smile_r "
            "lids_r brows_r gaze_r yaw_error_deg pitch_error_deg diversity frechet_distance"
        )
        assert set(promised.split()) <= set(row)
    assert values["methods"]["python:world:unchanged"]["rank1"]["floor"] > 0.8


def test_intervals_hold_their_values(people, tmp_path):
    values = to_json(evaluate(people, tmp_path, "leaky"))
    for name, figure in values["methods"]["python:world:leaky"].items():
        if figure["low"] is not None and "frechet" not in name:
            assert figure["low"] - 1e-6 <= figure["value"] <= figure["high"] + 1e-6, name


def test_the_same_seed_gives_the_same_figures_with_any_number_of_workers(people, tmp_path):
    first = as_text(evaluate(people, tmp_path / "a", "strangers", "leaky"))
    assert as_text(evaluate(people, tmp_path / "b", "strangers", "leaky", workers=3)) == first
    assert as_text(evaluate(people, tmp_path / "c", "strangers", "leaky", seed=5)) != first


def test_a_second_run_asks_the_method_for_nothing(people, tmp_path):
    world.calls.clear()
    first = as_text(evaluate(people, tmp_path, "counted"))
    assert len(world.calls) == 60
    assert as_text(evaluate(people, tmp_path, "counted")) == first
    assert len(world.calls) == 60


def test_an_interrupted_run_goes_on_where_it_was(people, tmp_path):
    world.calls.clear()
    with pytest.raises(KeyboardInterrupt):
        evaluate(people, tmp_path, "stops_at_seventh")
    world.calls.append("gone on")
    evaluate(people, tmp_path, "stops_at_seventh")
    assert len(world.calls) == 60 + 1


def test_a_changed_photo_is_looked_at_anew(people, tmp_path):
    before = figures_of(evaluate(people, tmp_path, "unchanged"))
    write_people(tmp_path / "others", [3])
    (tmp_path / "others" / "person 00" / "0.png").replace(people / "person 05" / "1.png")
    assert figures_of(evaluate(people, tmp_path, "unchanged"))["rank1"] < before["rank1"]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([5], "1 person"),
        ([1, 1, 1], "one photo with a face"),
    ],
)
def test_too_few_people_or_photos_are_refused_with_a_remedy(tmp_path, counts, message):
    root = write_people(tmp_path / "people", counts)
    with pytest.raises(InputError, match=message):
        evaluate(root, tmp_path, "strangers")


def test_photos_without_faces_are_refused(tmp_path):
    root = write_people(tmp_path / "people", [2, 2])
    for path in root.rglob("*.png"):
        world.PIL.Image.fromarray(photo(0, 0, has_face=False)).save(path)
    with pytest.raises(InputError, match="no face was found on any of the 4 photos"):
        evaluate(root, tmp_path, "strangers")


def test_a_method_without_any_output_is_refused(people, tmp_path):
    with pytest.raises(InputError, match="has an output for none of the 60 photos"):
        evaluate(people, tmp_path, "never_made")


def test_outputs_of_a_folder_are_matched_by_name(people, tmp_path):
    outputs = tmp_path / "outputs"
    for path in people.rglob("*.png"):
        target = outputs / path.parent.name / f"{path.stem}_anonymized.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        world.PIL.Image.fromarray(photo(STRANGER, int(path.stem))).save(target)
    spec = f"folder:{outputs}"
    evaluation = evaluate(people, tmp_path, spec)
    assert evaluation.methods[0].name == spec
    assert figures_of(evaluation)["coverage"] == figures_of(evaluation)["output_made"] == 1


def test_a_picture_of_another_size_is_refused(people, tmp_path):
    with pytest.raises(InputError, match=r"too_small returned uint8 \(10, 96, 3\)"):
        evaluate(people, tmp_path, "too_small")


def test_the_published_method_without_its_network_has_a_row_that_says_so(people, tmp_path, monkeypatch):
    monkeypatch.delenv("GANONYMIZATION_PAPER_WEIGHTS", raising=False)
    values = to_json(evaluate(people, tmp_path, "strangers", "paper"))
    assert values["methods"]["paper"] == {}
    assert "train it" in values["unmeasured"]["paper"]["method"]
    with pytest.raises(WeightsError, match="train it"):
        evaluate(people, tmp_path, "paper")


def test_too_small_a_set_proves_nothing(tmp_path):
    root = write_people(tmp_path / "people", [2] * 6)
    evaluation = evaluate(root, tmp_path, "strangers")
    assert overall(findings_of(evaluation.methods[0], evaluation)) is Verdict.UNCERTAIN
