"""How much identity is left: verification, identification, and attackers who learnt on other people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.bootstrap import Interval, mean_over_people
from ganonymization.evaluation.columns import Chosen, Sightings, Vectors, blocks
from ganonymization.evaluation.figures import Figure, measured, unmeasured
from ganonymization.evaluation.folds import people_folds
from ganonymization.evaluation.landmark_attack import TwoCovarianceMatcher
from ganonymization.evaluation.linkage import link
from ganonymization.evaluation.parrot import Matcher, strongest_matcher
from ganonymization.evaluation.recognisers import Judge
from ganonymization.evaluation.reconstruction import strongest_reconstruction
from ganonymization.evaluation.search import (
    RANKS,
    Compare,
    Distances,
    Searched,
    count_distances,
    joined,
    real_threshold,
    search,
)
from ganonymization.evaluation.sighting import column
from ganonymization.evaluation.verification import distances_to

Array: TypeAlias = npt.NDArray[np.float64]

FAR: Final[Mapping[str, float]] = {"far1": 0.01, "far01": 0.001}
"""False accept rates at which thresholds are fixed on real photos."""

DRAWN: Final[Mapping[str, str]] = MappingProxyType(
    {"shape": "drawn_shape", "measures": "drawn_measures", "landmarks_found": "drawn"}
)
"""Columns of an output's landmarks, and where those lie that it was drawn from."""

PAIRS_PER_ERROR: Final = 10
"""A threshold is fixed on the set's own people when that many of their pairs lie beyond it."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The same faces before and after a method.

    Attributes:
        real: what is seen on the originals.
        altered: what is seen on the outputs.
        people: who is on each.
    """

    real: Sightings
    altered: Sightings
    people: list[str]

    def pick(self, chosen: Chosen) -> Faces:
        """Return some of the faces."""
        return Faces(self.real.pick(chosen), self.altered.pick(chosen), np.asarray(self.people)[chosen].tolist())

    def conditioned(self) -> Faces:
        """Return the faces whose method told what landmarks it drew from, with these in place of the output's."""
        drawn = self.pick(self.altered["drawn"])
        return Faces(drawn.real, drawn.altered.renamed(DRAWN), drawn.people)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """People that attackers learn from, and others that they are tested on.

    Attributes:
        learning: faces of the former.
        tested: faces of the latter.
    """

    learning: Faces
    tested: Faces


@dataclass(frozen=True, slots=True)
class Fixed:
    """Distances below which two real faces pass for one person.

    Attributes:
        value: distance by name of the rate; None where it cannot be fixed.
        source: where they come from.
    """

    value: Mapping[str, float | None]
    source: str


def trials(tested: Faces, learning: Faces | None) -> list[Trial]:
    """Return who learns from whom: a set's own division, or else its two halves, each learnt from the other.

    Raises:
        NotMeasurableError: there are fewer than two people.
    """
    if learning is not None and len(learning.people):
        return [Trial(learning, tested)]
    return [Trial(tested.pick(~half), tested.pick(half)) for half in halves(tested)]


def halves(tested: Faces) -> list[npt.NDArray[np.bool_]]:
    """Return who is in each half of the people.

    Raises:
        NotMeasurableError: there are fewer than two people.
    """
    return list(people_folds(tested.people, count=2))


def fix_thresholds(judge: Judge, real: Sightings, people: Sequence[str], *, seed: int) -> Fixed:
    """Return the distances at each false accept rate, from real people: of this set, or if it is small, of others."""
    vectors = real[judge.name]
    values: dict[str, float | None] = {}
    sources = set()
    for name, far in FAR.items():
        try:
            values[name] = real_threshold(
                vectors, people, far=far / PAIRS_PER_ERROR, random=np.random.default_rng(seed)
            )
            values[name] = real_threshold(vectors, people, far=far, random=np.random.default_rng(seed))
            sources.add("pairs of this set")
        except NotMeasurableError:
            shipped = judge.thresholds
            fallback = {"far1": shipped.far_1_percent, "far01": shipped.far_0_1_percent} if shipped else {}
            values[name] = fallback.get(name)
            sources.add("LFW, people of the part 'fit'" if shipped else "none: too few people in this set")
    return Fixed(values, " and ".join(sorted(sources)))


def judge_naively(faces: Faces, judge: Judge, fixed: Fixed) -> Searched:
    """Return what an attacker finds who compares outputs with other original photos."""
    limits = [value if value is not None else -np.inf for value in fixed.value.values()]
    return search(_naive(faces, judge), faces.people, thresholds=limits)


def count_naively(faces: Faces, judge: Judge) -> Distances:
    """Return how far outputs are from other original photos."""
    return count_distances(_naive(faces, judge), faces.people)


def naive_figures(found: Searched, distances: Distances, judge: Judge, fixed: Fixed, *, seed: int) -> dict[str, Figure]:
    """Return verification and identification by one recogniser."""
    end = judge.suffix
    figures: dict[str, Figure] = {}
    for index, (name, threshold) in enumerate(fixed.value.items()):
        if threshold is None:
            reason = "too few pairs of different people to fix the threshold; take a larger set"
            figures[f"tar_{name}_other_photo{end}"] = unmeasured(reason)
            figures[f"tar_{name}_own_original{end}"] = unmeasured(reason)
            continue
        figures[f"tar_{name}_other_photo{end}"] = measured(_call(found.tar, index, seed=seed))
        figures[f"tar_{name}_own_original{end}"] = measured(_call(found.own_tar, threshold, seed=seed))
    figures[f"eer{end}"] = measured(_call(distances.eer, seed=seed))
    return figures | rank_figures("", end, found, seed=seed)


def rank_figures(prefix: str, end: str, found: Searched, *, seed: int) -> dict[str, Figure]:
    """Return rank-1 and rank-5 with chance beside them."""
    figures: dict[str, Figure] = {}
    for rank in RANKS:
        figures[f"{prefix}rank{rank}{end}"] = measured(_call(found.rate, rank, seed=seed))
        figures[f"{prefix}rank{rank}_chance{end}"] = measured(_call(_chance, found, rank))
    return figures


def parrot_figures(tried: Sequence[Trial], judge: Judge, *, seed: int) -> dict[str, Figure]:
    """Return what a matcher finds that was retrained on outputs and compares outputs with outputs."""

    def attack(trial: Trial) -> Searched:
        matcher = strongest_matcher(column(trial.learning.altered, judge.name), trial.learning.people)
        return search(_among(matcher, trial.tested.altered.column(judge.name)), trial.tested.people)

    return _attack_figures("parrot", judge, tried, attack, seed=seed)


def reconstruction_figures(tried: Sequence[Trial], judge: Judge, *, seed: int) -> dict[str, Figure]:
    """Return what is found after a regression has guessed the original's embedding from the output's."""

    def attack(trial: Trial) -> Searched:
        learning, tested = trial.learning, trial.tested
        undo = strongest_reconstruction(
            column(learning.altered, judge.name), column(learning.real, judge.name), learning.people
        )
        altered, compare = tested.altered.column(judge.name), distances_to(tested.real.column(judge.name))
        return search(lambda rows: compare(undo(altered[rows])), tested.people)

    return _attack_figures("reconstruction", judge, tried, attack, seed=seed)


def drawing_figures(
    tried: Sequence[Trial], drawn: Sequence[npt.NDArray[np.float32]], judge: Judge, *, seed: int
) -> dict[str, Figure]:
    """Return what is found by what a network has drawn of the originals.

    Args:
        tried: who learnt from whom.
        drawn: for each trial the (N, D) embeddings of the drawings of those tested.
        judge: the recogniser that gave them.
        seed: of the intervals.
    """
    found = {id(trial): embeddings for trial, embeddings in zip(tried, drawn, strict=True)}

    def attack(trial: Trial) -> Searched:
        return search(_between(found[id(trial)], trial.tested.real.column(judge.name)), trial.tested.people)

    return _attack_figures("drawing", judge, tried, attack, seed=seed)


def landmark_figures(tried: Sequence[Trial], faces: Faces, *, seed: int) -> dict[str, Figure]:
    """Return what a matcher finds by the landmarks of outputs alone, first against originals, then retrained."""
    shipped = TwoCovarianceMatcher.load()
    altered, real = column(faces.altered, "shape"), column(faces.real, "shape")

    def compare(rows: slice) -> Array:
        return -shipped.scores(altered[rows], real)

    figures = rank_figures("landmark_", "", search(compare, faces.people), seed=seed)
    figures["landmark_eer"] = measured(_call(count_distances(compare, faces.people).eer, seed=seed))

    def parrot(trial: Trial) -> Searched:
        matcher = TwoCovarianceMatcher.fit(column(trial.learning.altered, "shape"), trial.learning.people)
        own = column(trial.tested.altered, "shape")
        return search(lambda rows: -matcher.scores(own[rows], own), trial.tested.people)

    def undone(trial: Trial) -> Searched:
        learning, tested = trial.learning, trial.tested
        undo = strongest_reconstruction(
            column(learning.altered, "shape"), column(learning.real, "shape"), learning.people
        )
        guessed, originals = undo(column(tested.altered, "shape")), column(tested.real, "shape")
        return search(lambda rows: -shipped.scores(guessed[rows], originals), tested.people)

    figures |= _attempt("landmark_parrot_", "", tried, parrot, seed=seed)[0]
    return figures | _attempt("landmark_reconstruction_", "", tried, undone, seed=seed)[0]


def linkage_figures(faces: Faces, judge: Judge, *, seed: int) -> dict[str, Figure]:
    """Return what is found when all outputs of a person are known to belong together and are pooled."""
    names = [f"linkage_{what}{judge.suffix}" for what in ("rank1", "rank1_chance", "gain")]
    try:
        linked = link(faces.altered[judge.name], faces.real[judge.name], faces.people)
    except NotMeasurableError as error:
        return dict.fromkeys(names, unmeasured(str(error)))
    random = np.random.default_rng(seed)
    rank1 = measured(lambda: mean_over_people(linked.pooled.hit, linked.pooled_people, random=random))
    return dict(zip(names, [rank1, Figure(linked.pooled.chance_rate), Figure(linked.gain)], strict=True))


def _attack_figures(
    name: str, judge: Judge, tried: Sequence[Trial], attack: Callable[[Trial], Searched], *, seed: int
) -> dict[str, Figure]:
    """Return an attack's ranks, and what it gains over the naive attacker with the same gallery."""
    end = judge.suffix
    figures, attacked = _attempt(f"{name}_", end, tried, attack, seed=seed)
    if attacked is None:
        return figures | {f"{name}_gain{end}": unmeasured(figures[f"{name}_rank1{end}"].reason)}
    naive = joined([search(_naive(trial.tested, judge), trial.tested.people) for trial in tried])
    return figures | {f"{name}_gain{end}": measured(_call(_gain, attacked, naive, seed=seed))}


def _attempt(
    prefix: str, end: str, tried: Sequence[Trial], attack: Callable[[Trial], Searched], *, seed: int
) -> tuple[dict[str, Figure], Searched | None]:
    """Return an attack's ranks and what it found; the latter is None where there was too little to learn from."""
    try:
        found = joined([attack(trial) for trial in tried])
    except NotMeasurableError as error:
        names = [f"{prefix}rank{rank}{part}{end}" for rank in RANKS for part in ("", "_chance")]
        return dict.fromkeys(names, unmeasured(str(error))), None
    return rank_figures(prefix, end, found, seed=seed), found


def _gain(attacked: Searched, naive: Searched, *, seed: int) -> Interval:
    difference = attacked.hits[1].astype(np.float64) - naive.hits[1]
    return mean_over_people(difference, attacked.found_people, random=np.random.default_rng(seed))


def _naive(faces: Faces, judge: Judge) -> Compare:
    return _between(faces.altered.column(judge.name), faces.real.column(judge.name))


def _between(probes: Vectors, gallery: Vectors) -> Compare:
    compare = distances_to(gallery)
    return lambda rows: compare(probes[rows])


def _among(matcher: Matcher, embeddings: Vectors) -> Compare:
    """Return the distances of some outputs to all outputs; what the matcher makes of each is found once."""
    mapped = np.concatenate([matcher.project(embeddings[part]) for part in blocks(len(embeddings))])
    return lambda rows: np.concatenate(
        [matcher.compare(mapped[rows], mapped[part]) for part in blocks(len(mapped))], axis=1
    )


def _chance(found: Searched, rank: int) -> float:
    if not len(found.chance[rank]):
        raise NotMeasurableError("nobody has two photos; two photos of somebody are needed")
    return float(found.chance[rank].mean())


def _call(
    function: Callable[..., Interval | float], *arguments: object, **options: object
) -> Callable[[], Interval | float]:
    return lambda: function(*arguments, **options)
