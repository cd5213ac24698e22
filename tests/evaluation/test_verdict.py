import pytest

from ganonymization.evaluation.figures import Figure
from ganonymization.evaluation.verdict import Limit, Verdict, hidden_share, judge_method, overall

LEAST = Limit("coverage", 0.95, at_least=True, meaning="")
MOST = Limit("rank1", 0.05, at_least=False, meaning="")


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure(0.01, 0.0, 0.03), Verdict.PASSES),
        (Figure(0.04, 0.02, 0.07), Verdict.UNCERTAIN),
        (Figure(0.2, 0.1, 0.3), Verdict.FAILS),
        (Figure(1.0), Verdict.FAILS),
        (Figure(None, reason="none"), Verdict.UNKNOWN),
    ],
)
def test_a_limit_is_kept_or_broken_with_the_whole_interval(figure, verdict):
    assert MOST.judge(figure, people=1000) is verdict


def test_at_least_is_the_other_way_round():
    assert LEAST.judge(Figure(0.99, 0.97, 1.0), people=1000) is Verdict.PASSES
    assert LEAST.judge(Figure(0.5, 0.4, 0.6), people=1000) is Verdict.FAILS


def test_nobody_found_among_few_people_proves_nothing():
    nobody = Figure(0.0, 0.0, 0.0)
    assert MOST.judge(nobody, people=20) is Verdict.UNCERTAIN
    assert MOST.judge(nobody, people=446) is Verdict.PASSES


def test_a_hidden_share_stays_unseen_once_in_twenty_times():
    assert (1 - hidden_share(60)) ** 60 == pytest.approx(0.05)


def test_a_limit_is_never_stricter_than_twice_chance():
    assert MOST.judge(Figure(0.15, 0.1, 0.19), people=1000, chance=0.1) is Verdict.PASSES


def test_every_recogniser_is_judged_and_the_worst_counts():
    figures = {"rank1": Figure(0.0, 0.0, 0.0), "rank1_other": Figure(0.5, 0.4, 0.6)}
    findings = judge_method(figures, ["", "_other"], people=1000)
    assert [finding.verdict for finding in findings] == [Verdict.PASSES, Verdict.FAILS]
    assert overall(findings) is Verdict.FAILS
    assert overall([]) is Verdict.UNKNOWN


def test_what_was_not_measured_is_no_pass():
    figures = {"coverage": Figure(1.0, 1.0, 1.0), "rank1": Figure(None, reason="one photo of each")}
    assert overall(judge_method(figures, [""], people=1000)) is Verdict.UNKNOWN
