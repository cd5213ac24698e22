"""The page that a data-protection officer reads and a reviewer reproduces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ganonymization.evaluation.direction import higher_is_better
from ganonymization.evaluation.evaluator import Evaluation, MethodResult
from ganonymization.evaluation.figures import Figure
from ganonymization.evaluation.report import html, plots
from ganonymization.evaluation.report.gallery import data_uris
from ganonymization.evaluation.report.points import points_of_results
from ganonymization.evaluation.results import cell, findings_of, names_of, to_json
from ganonymization.evaluation.verdict import LIMITS, Finding, Verdict, overall
from ganonymization.evaluation.worst import Case, Worst

KIND: Final = {Verdict.PASSES: "passes", Verdict.FAILS: "fails", Verdict.UNCERTAIN: "uncertain", Verdict.UNKNOWN: ""}

SENTENCES: Final = {
    Verdict.PASSES: "keeps to every limit that was measured",
    Verdict.FAILS: "is NOT an anonymizer by this measurement",
    Verdict.UNCERTAIN: "is not shown to keep to every limit: too few people to tell",
    Verdict.UNKNOWN: "was not measured in full, so there is no verdict",
}

PRIVACY: Final = (
    "coverage",
    "tar_far1_other_photo",
    "tar_far01_other_photo",
    "tar_far1_own_original",
    "rank1",
    "parrot_rank1",
    "reconstruction_rank1",
    "linkage_rank1",
    "landmark_rank1",
    "drawing_rank1",
)

EXPRESSION: Final = (
    "redetected",
    "redetected_blazeface",
    "emotion_agreement",
    "emotion_kappa",
    "mouth_open_r",
    "mouth_width_r",
    "smile_r",
    "lids_r",
    "brows_r",
    "gaze_r",
    "yaw_error_deg",
    "pitch_error_deg",
)

WORTH: Final = ("mean_f1", "trait_sex_flipped", "trait_age_band_flipped", "trait_age_change_years")

QUALITY: Final = (
    "frechet_distance",
    "kernel_distance",
    "diversity",
    "sharpness_ratio",
    "seam_energy",
)

READING: Final = """
<p>Every figure is a share of 1 unless its name says otherwise, and stands with half the width of its 95 % interval,
found by drawing people anew; arrows say which way is better. <b>Noise floor</b> is what the same measurement says of
the untouched photo, shifted by 2 % and stored as a JPEG of quality 60: no method can keep more expression than that,
and a method whose <i>privacy</i> figures come near it has done nothing. <b>Chance</b> is what guessing finds.</p>
<ul>
<li><b>TAR at FAR 1 %</b>: set so that 1 % of real strangers are taken for one person, the recogniser takes this share
of the outputs for the person behind them. A photo that looks like anybody else reaches about .01.</li>
<li><b>rank-1</b>: the attacker has photos of everybody in the set and names the nearest.</li>
<li><b>parrot</b>: has the anonymizer, ran it on photos of other people, and learnt to tell its outputs apart.</li>
<li><b>reconstruction</b>: likewise, but learnt to guess the original's embedding from the output's.</li>
<li><b>drawing</b>: likewise, but trained a network to draw the original.</li>
<li><b>linkage</b>: knows that several outputs show one person and pools them.</li>
<li><b>landmark</b>: looks at the shape of the new face alone.</li>
</ul>
<p>What no figure here sees: clothes, place, time, voice, a tattoo, the people around, and attackers who know more.</p>
"""

WORTH_NOTE: Final = html.paragraph(
    "mean_f1: a small fixed classifier learns emotions on outputs and labels the originals of other people; the row "
    "of the untouched photos is what it reaches without a method. Traits: how often the held-out network takes a face "
    "for another sex or age band than before, and by how many years apparent age moves.",
    kind="note",
)


def render(evaluation: Evaluation, *, with_pictures: bool = False) -> str:
    """Return the page."""
    count, people = len(evaluation.originals.people), len(set(evaluation.originals.people))
    title = f"Anonymization measured on {evaluation.dataset.name}: {count} photos of {people} people"
    parts = [
        f"<h1>{html.escaped(title)}</h1>",
        _experiment(evaluation),
        _verdicts(evaluation),
        _overview(evaluation),
        html.section("How to read this", READING),
        _privacy(evaluation),
        _expression(evaluation),
        html.section("What outputs are worth, and which traits they lost", _table(evaluation, WORTH), WORTH_NOTE),
        html.section("Quality", _table(evaluation, QUALITY), _quality_note(evaluation)),
        _strata(evaluation),
        _galleries(evaluation, with_pictures=with_pictures),
        _everything(evaluation),
        _provenance(evaluation),
    ]
    return html.page(title, parts)


def _experiment(evaluation: Evaluation) -> str:
    """Return the question of an experiment, and the figures that answer it."""
    experiment = evaluation.settings.experiment
    if experiment is None:
        return ""
    names = [name for name in names_of(evaluation.methods) if name.startswith(experiment.metrics)]
    known = [name for name in names if any(_is_known(result.figures.get(name)) for result in evaluation.methods)]
    question = html.paragraph(html.escaped(experiment.question))
    return html.section(f"The experiment: {experiment.name}", question, _table(evaluation, known))


def _is_known(figure: Figure | None) -> bool:
    return figure is not None and figure.value is not None


def _verdicts(evaluation: Evaluation) -> str:
    cards = [_card(result, evaluation) for result in evaluation.methods]
    limits = "".join(
        f"<li>{limit.metric}: {'at least' if limit.at_least else 'at most'} {limit.bound:g} ({limit.meaning})</li>"
        for limit in LIMITS
    )
    told = f"<details><summary>the limits</summary><ul>{limits}</ul>{_limit_note()}</details>"
    return html.section("Verdict", *cards, told)


def _limit_note() -> str:
    return html.paragraph(
        "A method fails a limit when the whole 95 % interval lies beyond it, keeps to it when the whole interval lies "
        "within, and is otherwise undecided. Limits on rank-1 are never stricter than twice chance. They are this "
        "report's own; whether an output is personal data under your law is for you to decide.",
        kind="note",
    )


def _card(result: MethodResult, evaluation: Evaluation) -> str:
    findings = findings_of(result, evaluation)
    verdict = overall(findings)
    broken = [one for one in findings if one.verdict is verdict and verdict is not Verdict.PASSES]
    told = "".join(f"<li>{_told(one, result)}</li>" for one in broken)
    reason = html.escaped(result.reason)
    return (
        f'<div class="card {KIND[verdict]}"><b>{html.escaped(result.name)}</b> {SENTENCES[verdict]}. '
        f"<small>{html.escaped(result.description)}</small>{reason and f'<br>{reason}'}<ul>{told}</ul></div>"
    )


def _told(finding: Finding, result: MethodResult) -> str:
    figure = result.figures[finding.metric]
    if figure.value is None:
        return f"{finding.metric}: {html.escaped(figure.reason)}"
    word = "at least" if finding.limit.at_least else "at most"
    return f"{finding.metric} = {cell(figure)}, where {word} {finding.limit.bound:g} is asked: {finding.limit.meaning}"


def _overview(evaluation: Evaluation) -> str:
    caption = (
        "Each method by the share of people that its strongest attacker names, of all attackers and recognisers, and "
        "by the expression that it keeps. Bars are 95 % intervals over people."
    )
    return html.section(
        "Privacy against expression", html.figure(plots.plane(points_of_results(to_json(evaluation))), caption)
    )


def _privacy(evaluation: Evaluation) -> str:
    parts = []
    for judge in evaluation.judges:
        names = [name if name in {"coverage", "landmark_rank1"} else f"{name}{judge.suffix}" for name in PRIVACY]
        names = [name for name in names if any(name in result.figures for result in evaluation.methods)]
        fixed = evaluation.fixed[judge.name]
        told = ", ".join(f"{name} {value:.4f}" for name, value in fixed.value.items() if value is not None)
        parts.append(f"<h3>Recogniser {html.escaped(judge.name)}</h3>{_table(evaluation, names)}")
        parts.append(html.paragraph(f"Thresholds: {told or 'none'}, from {html.escaped(fixed.source)}.", kind="note"))
    parts.append(html.figure(plots.attackers(evaluation), "Who finds how many people. " + _learning(evaluation)))
    for judge in evaluation.judges:
        caption = (
            f"Distances by {html.escaped(judge.name)}. A method has worked where the red area lies on the "
            "grey one and the black line is not left of it. Dashed: the threshold at FAR 1 %; dotted: at 0.1 %."
        )
        parts.append(html.figure(plots.histograms(evaluation, judge.name), caption))
    caption = "The same for every threshold, by the receipts' recogniser; an anonymizer's curve runs along chance."
    parts.append(html.figure(plots.curves(evaluation, evaluation.judges[0].name), caption))
    return html.section("Privacy", *parts)


def _learning(evaluation: Evaluation) -> str:
    if evaluation.learning_count:
        return f"Attackers learnt from {evaluation.learning_count} photos of people who are not among those attacked."
    return "Attackers learnt from one half of the people and were tested on the other, then the other way round."


def _expression(evaluation: Evaluation) -> str:
    caption = (
        "For the photos that show an emotion before (their number below its name): how often the same label is "
        "given after, and how its probability changes."
    )
    return html.section("Expression", _table(evaluation, EXPRESSION), html.figure(plots.emotions(evaluation), caption))


def _quality_note(evaluation: Evaluation) -> str:
    data = to_json(evaluation)["data"]
    return html.paragraph(
        f"Distances between sets are taken in the space of: {html.escaped(data['feature_space'])}; the Frechet "
        f"distance of {data['frechet_photos']} photos is extrapolated to infinitely many. They reward looking like "
        "the set of originals, which an untouched photo does best. Diversity and sharpness are shares of those of the "
        "originals; seam energy is how much the border of the face stands out, as a multiple of the original's.",
        kind="note",
    )


def _strata(evaluation: Evaluation) -> str:
    if not any(result.strata for result in evaluation.methods):
        return ""
    tables = [
        f"<h3>{html.escaped(result.name)}</h3>{_strata_table(result)}" for result in evaluation.methods if result.strata
    ]
    note = html.paragraph(
        "Skin tone is the individual typology angle of the photo's pixels, so it mixes skin and light. Strata of "
        "fewer than ten photos are left out.",
        kind="note",
    )
    details = f"<details><summary>figures</summary>{''.join(tables)}</details>"
    return html.section("For whom it works", html.figure(plots.strata(evaluation), ""), note, details)


def _strata_table(result: MethodResult) -> str:
    names = list(next(iter(next(iter(result.strata.values())).values())).figures)
    rows = [
        html.row(
            [
                html.cell(f"{html.escaped(division)}: {html.escaped(name)}"),
                html.cell(str(part.photos)),
                *(html.cell(cell(part.figures[metric])) for metric in names),
            ]
        )
        for division, parts in result.strata.items()
        for name, part in parts.items()
    ]
    return html.table(["stratum", "photos", *names], rows)


def _table(evaluation: Evaluation, names: Sequence[str]) -> str:
    rows = [_row(result, names, evaluation) for result in (evaluation.original, evaluation.floor)]
    rows += [_row(result, names, evaluation, judged=True) for result in evaluation.methods]
    return html.table(["method", *(_heading(name) for name in names)], rows)


def _heading(name: str) -> str:
    """Return the name of a figure with the way in which it is better."""
    better = higher_is_better(name)
    return name if better is None else f"{name} {'↑' if better else '↓'}"


def _row(result: MethodResult, names: Sequence[str], evaluation: Evaluation, *, judged: bool = False) -> str:
    verdicts = {one.metric: one.verdict for one in findings_of(result, evaluation)} if judged else {}
    kinds = {name: KIND[verdicts[name]] for name in names if name in verdicts}
    cells = [html.cell(_shown(result.figures.get(name)), kind=kinds.get(name, "")) for name in names]
    kind = "fails" if Verdict.FAILS in verdicts.values() else ""
    label = {"original": "<i>untouched photos</i>", "floor": "<i>noise floor</i>"}.get(
        result.name if not judged else ""
    )
    return html.row([html.cell(label or html.escaped(result.name)), *cells], kind=kind)


def _shown(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return f'<span title="{html.escaped(figure.reason if figure else "not run")}">-</span>'
    return cell(figure).replace(" ± ", " <small>± ") + ("</small>" if figure.low is not None else "")


def _galleries(evaluation: Evaluation, *, with_pictures: bool) -> str:
    parts = []
    for result in evaluation.methods:
        if not result.worst:
            continue
        pictures = data_uris(evaluation, result) if with_pictures else {}
        kinds = "".join(_worst(one, pictures) for one in result.worst if one.cases)
        parts.append(f"<details><summary>{html.escaped(result.name)}</summary>{kinds}</details>")
    note = (
        "Left: the original; right: the output."
        if with_pictures
        else "File names only; --contact-sheets puts the pictures, of real people, here."
    )
    return html.section("Worst cases", html.paragraph(note, kind="note"), *parts)


def _worst(worst: Worst, pictures: dict[int, str]) -> str:
    cases = "".join(f"<li>{_case(case, pictures)}</li>" for case in worst.cases)
    return f"<h4>{html.escaped(worst.title)}</h4><ol>{cases}</ol>"


def _case(case: Case, pictures: dict[int, str]) -> str:
    shown = f'<br><img alt="before and after" src="{pictures[case.index]}">' if case.index in pictures else ""
    return f"{html.escaped(case.name)}: {html.escaped(case.value)}{shown}"


def _everything(evaluation: Evaluation) -> str:
    names = names_of(evaluation.methods)
    measured = [result for result in evaluation.methods if result.figures]
    rows = [
        html.row(
            [
                html.cell(_heading(name)),
                html.cell(_shown(evaluation.floor.figures.get(name))),
                *(html.cell(_shown(result.figures.get(name))) for result in measured),
            ]
        )
        for name in names
    ]
    head = ["figure", "noise floor", *(result.name for result in measured)]
    return html.section("Every figure", f"<details><summary>open</summary>{html.table(head, rows)}</details>")


def _provenance(evaluation: Evaluation) -> str:
    values = to_json(evaluation)
    data, versions = values["data"], values["versions"]
    lines = [
        f"Data: {data['reader']}:{data['folder']}, split {data['split'] or 'none'}, SHA-256 {data['sha256']}, "
        f"{data['photos_without_face']} photos without a face left out",
        "Versions: " + ", ".join(f"{name} {value}" for name, value in versions.items() if isinstance(value, str)),
        f"Seed {values['seed']}; the same seed gives the same figures. Hashes of all networks are in results.json.",
    ]
    return html.section("Reproduce it", *(html.paragraph(html.escaped(line), kind="note") for line in lines))
