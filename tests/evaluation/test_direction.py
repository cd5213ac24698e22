import pytest

from ganonymization.evaluation.direction import higher_is_better

LEAKS = "tar_far1_other_photo tar_far01_other_photo tar_far1_own_original rank1 rank5 parrot_rank1 reconstruction_rank1"
LOSSES = "landmark_rank1 linkage_rank1 parrot_gain yaw_error_deg pitch_error_deg frechet_distance kernel_distance"
LOSSES += (
    " identity_consistency_isolated_eer identity_consistency_between pairs_accuracy_one_side pairs_tar_far01_both_sides"
)
KEPT = "emotion_agreement emotion_kappa mouth_open_r mouth_width_r smile_r lids_r brows_r gaze_r shift_anger f1_anger"
GOOD = "coverage redetected redetected_blazeface diversity sharpness_ratio eer landmark_eer second_emotion_kappa"
GOOD += " trait_sex_flipped identity_consistency_auc identity_consistency_isolated_within"


@pytest.mark.parametrize("metric", f"{LEAKS} {LOSSES}".split())
def test_less_of_a_leak_or_an_error_is_better(metric):
    assert higher_is_better(metric) is False
    assert higher_is_better(f"{metric}_faceres") is False


@pytest.mark.parametrize("metric", f"{KEPT} {GOOD}".split())
def test_more_of_what_is_kept_is_better(metric):
    assert higher_is_better(metric) is True
    assert higher_is_better(f"{metric}_faceres") is True


@pytest.mark.parametrize(
    "metric",
    [
        "rank1_chance",
        "parrot_rank1_chance_faceres",
        "photos",
        "geometry_faces",
        "pairs_measured",
        "identity_consistency_faces",
    ],
)
def test_chance_and_counts_have_no_direction(metric):
    assert higher_is_better(metric) is None
