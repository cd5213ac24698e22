"""The whole evaluation: choose photos, look at them before and after each method, measure, attack."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from ganonymization.errors import InputError, WeightsError
from ganonymization.evaluation.cache import RowCache, default_folder, digest_program
from ganonymization.evaluation.consistency import Renderings, choose_photos, consistency_figures, identities_of
from ganonymization.evaluation.drawing import AlignedPair, align_all, embed_drawings, require_training
from ganonymization.evaluation.experiments import Experiment
from ganonymization.evaluation.figures import Figure
from ganonymization.evaluation.kept import coverage_figures, emotion_figures, geometry_figures, replaced_faces
from ganonymization.evaluation.looks import look_figures
from ganonymization.evaluation.methods.contender import FLOOR, Contender, open_contender
from ganonymization.evaluation.observe import Networks, Observer
from ganonymization.evaluation.pairs import PlacedPairs, pair_figures, place_pairs
from ganonymization.evaluation.privacy import (
    Faces,
    Fixed,
    Trial,
    count_naively,
    drawing_figures,
    fix_thresholds,
    halves,
    judge_naively,
    landmark_figures,
    linkage_figures,
    naive_figures,
    parrot_figures,
    reconstruction_figures,
    trials,
)
from ganonymization.evaluation.readers import Pair, Sample
from ganonymization.evaluation.recognisers import Judge
from ganonymization.evaluation.search import Pooled, Searched
from ganonymization.evaluation.stratify import Strata, divide_faces, photo_measures, stratum_figures
from ganonymization.evaluation.study import Originals, Progress, Studio, silent, usable_cores
from ganonymization.evaluation.subjects import Parts, anonymous, divide
from ganonymization.evaluation.worst import Worst, find_worst
from ganonymization.evaluation.worth import attribute_figures, trait_figures, utility_figures
from ganonymization.onnx import Runtime

ATTACKS: Final = ("parrot", "reconstruction", "landmark", "linkage")
"""What is tried unless less is asked for."""

UNET: Final = "unet"
"""The attack that is tried only when it is asked for: slow, and with PyTorch."""

ORIGINAL: Final = "original"
"""Name of the row of the untouched photos."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How an evaluation is run.

    Attributes:
        methods: as on the command line.
        attacks: of `ATTACKS`, and `UNET`.
        limit: photos at most; None takes all.
        seed: of identities, draws and folds.
        recogniser: file of a third recogniser.
        paper_weights: network of the published method.
        generator: that this package's anonymizer draws with; None takes the package's.
        cache: folder for what was seen.
        workers: photos at the same time.
        experiment: asks less than everything: no second photo of anybody is needed, and nobody attacks.
    """

    methods: tuple[str, ...]
    attacks: tuple[str, ...] = ATTACKS
    limit: int | None = None
    seed: int = 0
    recogniser: Path | None = None
    paper_weights: Path | None = None
    generator: Path | None = None
    cache: Path = field(default_factory=default_folder)
    workers: int = field(default_factory=usable_cores)
    experiment: Experiment | None = None


class Set(Protocol):
    """What is evaluated on; `readers.Dataset` fits."""

    @property
    def name(self) -> str:
        """Return the name of the reader."""
        ...

    @property
    def root(self) -> Path:
        """Return the folder, or the table in it."""
        ...

    def __iter__(self) -> Iterator[Sample]:
        """Return the samples one by one."""
        ...

    def pairs(self) -> list[Pair]:
        """Return the pairs by which the set's publisher has people told apart; none where there are none."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class MethodResult:
    """Everything that was found about one method.

    Attributes:
        name: as it was given.
        description: one line.
        figures: name to figure.
        searched: by name of the recogniser, the distances that a naive attacker found.
        worst: the worst cases by each measure.
        strata: figures of some of the faces, see `stratify`.
        contender: makes the method again, for pictures of the worst cases.
        reason: why the method could not be run; empty when it was.
    """

    name: str
    description: str
    figures: Mapping[str, Figure]
    searched: Mapping[str, Pooled] = field(default_factory=dict)
    worst: Sequence[Worst] = ()
    strata: Strata = field(default_factory=dict)
    contender: Contender | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The outcome.

    Attributes:
        settings: how it was run.
        dataset: what was evaluated on.
        parts: which samples.
        originals: what was seen on the tested photos.
        learning_count: photos that attackers learnt from; 0 when halves of the tested ones took turns.
        judges: the recognisers.
        fixed: thresholds by name of the recogniser.
        original: the untouched photos, measured like a method.
        floor: the noise floor, measured like a method.
        methods: in the order given.
        seconds: how long it took.
    """

    settings: Settings
    dataset: Set
    parts: Parts
    originals: Originals
    learning_count: int
    judges: tuple[Judge, ...]
    fixed: Mapping[str, Fixed]
    original: MethodResult
    floor: MethodResult
    methods: Sequence[MethodResult]
    seconds: float


class Evaluator:
    """Measure methods on one set.

    Args:
        dataset: a set of labelled faces.
        settings: how.
        progress: shows how far it is.
        networks: to look with; None loads those of the package and the third recogniser of the settings.
    """

    def __init__(
        self, dataset: Set, settings: Settings, *, progress: Progress = silent, networks: Networks | None = None
    ) -> None:
        self._networks = networks
        self._dataset = dataset
        self._settings = settings
        self._progress = progress
        self._root = dataset.root if dataset.root.is_dir() else dataset.root.parent

    def __call__(self) -> Evaluation:
        """Run it.

        Raises:
            InputError: the set is too small, shows no faces, or names a method that is none.
            WeightsError: a network is missing.
            TrainingMissingError: the attack `UNET` is asked for, and PyTorch is not installed.
        """
        started = time.perf_counter()
        settings = self._settings
        if UNET in settings.attacks:
            require_training()
        contenders = [self._open(spec) for spec in settings.methods]
        if not any(isinstance(contender, Contender) for contender in contenders):
            raise WeightsError("; ".join(one.reason for one in contenders if isinstance(one, MethodResult)))
        samples = anonymous(self._dataset) if settings.experiment else self._dataset
        parts = divide(samples, limit=settings.limit, learn=bool(settings.attacks))
        studio = self._studio()
        originals = studio.originals(parts.tested, root=self._root, title="originals")
        require_faces(originals, repeated=not settings.experiment)
        learning = studio.originals(parts.learning, root=self._root, title="originals to learn from")
        pairs = place_pairs(self._dataset.pairs(), originals.samples)
        bench = _Bench(studio, originals, learning, pairs, settings)
        floor = bench.measure(open_contender(FLOOR, paper_weights=None, runtime=Runtime(threads=1)))
        results = [bench.measure(one) if isinstance(one, Contender) else one for one in contenders]
        return Evaluation(
            settings, self._dataset, parts, originals, len(learning.people), studio.judges, bench.fixed,
            bench.untouched(), floor, results, time.perf_counter() - started,
        )  # fmt: skip

    def _open(self, spec: str) -> Contender | MethodResult:
        """Return the method, or the row that says why it cannot be run."""
        runtime = Runtime(threads=1)
        try:
            settings = self._settings
            return open_contender(
                spec, paper_weights=settings.paper_weights, generator=settings.generator, runtime=runtime
            )
        except WeightsError as error:
            return MethodResult(spec, "its network is missing", {}, reason=str(error))

    def _studio(self) -> Studio:
        settings = self._settings
        networks = self._networks or Networks.load(third=settings.recogniser, runtime=Runtime(threads=1))
        return Studio(
            Observer(networks, third=settings.recogniser),
            RowCache(settings.cache),
            program=digest_program(),
            seed=settings.seed,
            workers=settings.workers,
            progress=self._progress,
        )


class _Bench:
    """Measures one method after the other on the same originals."""

    def __init__(
        self, studio: Studio, originals: Originals, learning: Originals, pairs: PlacedPairs, settings: Settings
    ) -> None:
        self._pairs = pairs
        self._studio = studio
        self._originals = originals
        self._learning = learning
        self._settings = settings
        self._divisions = divide_faces(originals)
        self.fixed = {
            judge.name: fix_thresholds(judge, originals.rows, originals.people, seed=settings.seed)
            for judge in studio.judges
        }

    def measure(self, contender: Contender) -> MethodResult:
        """Run a method on all photos and measure it."""
        learning = None
        tested = self._faces(contender, self._originals, contender.name)
        _require_outputs(tested, contender.name)
        if self._learning.people and self._settings.attacks:
            learning = self._faces(contender, self._learning, f"{contender.name}, to learn from")
        found = self._figures(contender.name, contender.description, tested, learning)
        drawn = self._draw(contender, tested, learning) if UNET in self._settings.attacks else {}
        is_asked = contender.takes_identity and not self._settings.experiment
        consistent = self._consistency(contender) if is_asked else {}
        return dataclasses.replace(found, contender=contender, figures={**found.figures, **drawn, **consistent})

    def _consistency(self, contender: Contender) -> dict[str, Figure]:
        """Draw the same identities on photos of several people, in place and alone, and see who resembles whom."""
        places = self._places_alone
        lasting = contender
        if contender.lasting is not None:
            lasting = dataclasses.replace(contender, name=f"{contender.name}, for good", prepare=contender.lasting)
        figures = self._resemblance(lasting, places, "identity_consistency_")
        if contender.isolated is None:
            return figures
        alone = dataclasses.replace(contender, name=f"{contender.name}, cut out", prepare=contender.isolated)
        return figures | self._resemblance(alone, places, "identity_consistency_isolated_")

    def _resemblance(self, contender: Contender, places: Sequence[int], prefix: str) -> dict[str, Figure]:
        seed = self._settings.seed
        identities = identities_of(seed)
        title = f"{contender.name}, the same people"
        rows = self._studio.renderings(contender, self._originals, places, identities, title=title)
        photo, identity = (part.ravel() for part in np.indices((len(places), len(identities))))
        found = rows["made"] & (rows["detected"] | rows["detected_blazeface"])
        figures = {f"{prefix}faces": Figure(float(found.mean()) if len(found) else None)}
        for judge in self._studio.judges:
            drawn = Renderings(rows[judge.name], identity, photo).pick(found)
            figures |= consistency_figures(drawn, prefix=prefix, suffix=judge.suffix)
        return figures

    @functools.cached_property
    def _places_alone(self) -> list[int]:
        """Places of the photos on which identities are compared."""
        alone = functools.partial(self._studio.is_alone, self._originals)
        return choose_photos(self._originals.people, alone, random=np.random.default_rng(self._settings.seed))

    def untouched(self) -> MethodResult:
        """Measure the originals themselves."""
        tested = Faces(self._originals.rows, self._originals.rows, self._originals.people)
        learning = Faces(self._learning.rows, self._learning.rows, self._learning.people)
        return self._figures(ORIGINAL, "the photos as they are", tested, learning)

    def _faces(self, contender: Contender, originals: Originals, title: str) -> Faces:
        return Faces(originals.rows, self._studio.outputs(contender, originals, title=title), originals.people)

    def _figures(self, name: str, description: str, tested: Faces, learning: Faces | None) -> MethodResult:
        seed = self._settings.seed
        searched = {judge.name: judge_naively(tested, judge, self.fixed[judge.name]) for judge in self._studio.judges}
        first = self._studio.judges[0].name
        figures: dict[str, Figure] = {}
        counted = {judge.name: count_naively(tested, judge) for judge in self._studio.judges}
        for judge in self._studio.judges:
            found = searched[judge.name], counted[judge.name]
            figures |= naive_figures(*found, judge, self.fixed[judge.name], seed=seed)
            figures |= pair_figures(tested, judge, self._pairs, seed=seed)
        replaced = self._replaced(tested, searched)
        divided = stratum_figures(
            self._divisions,
            photo_measures(tested, searched[first], self.fixed[first], replaced),
            tested.people,
            seed=seed,
        )
        figures |= coverage_figures(tested, replaced, seed=seed)
        figures |= self._attack(tested, learning)
        figures |= emotion_figures(tested, seed=seed) | geometry_figures(tested, seed=seed)
        figures |= self._conditioning(tested, learning)
        figures |= look_figures(tested, seed=seed) | trait_figures(tested, seed=seed)
        figures |= utility_figures(tested, self._originals.samples, seed=seed)
        figures |= attribute_figures(tested, self._originals.samples, seed=seed)
        worst = find_worst(tested, self._originals.names, own=searched[first].own, replaced=replaced)
        pooled = {judge: counted[judge].pooled(found.own) for judge, found in searched.items()}
        return MethodResult(name, description, figures, pooled, worst, divided)

    def _conditioning(self, tested: Faces, learning: Faces | None) -> dict[str, Figure]:
        """Measure and attack the landmarks that faces were drawn from, where the method tells them."""
        if not tested.altered["drawn"].any():
            return {}
        seed, drawn = self._settings.seed, tested.conditioned()
        figures = geometry_figures(drawn, seed=seed)
        figures["faces"] = Figure(float(tested.altered["drawn"].mean()))
        if "landmark" in self._settings.attacks and len(set(drawn.people)) > 1:
            tried = trials(drawn, learning.conditioned() if learning else None)
            figures |= landmark_figures(tried, drawn, seed=seed)
        return {f"conditioning_{name}": figure for name, figure in figures.items()}

    def _replaced(self, tested: Faces, searched: Mapping[str, Searched]) -> npt.NDArray[np.bool_]:
        first = self._studio.judges[0].name
        return replaced_faces(tested, searched[first].own, self.fixed[first].value["far01"])

    def _draw(self, contender: Contender, tested: Faces, learning: Faces | None) -> dict[str, Figure]:
        """Let a network draw the originals, which needs the pictures and not only what was seen on them."""
        attacked = self._align(contender, self._originals)
        parts = [(_pick(attacked, ~half), _pick(attacked, half)) for half in halves(tested)]
        if learning is not None:
            parts = [(self._align(contender, self._learning), attacked)]
        seed = self._settings.seed
        drawn = [embed_drawings(*part, self._studio.recognise, seed=seed) for part in parts]
        return drawing_figures(trials(tested, learning), drawn, self._studio.judges[0], seed=seed)

    def _align(self, contender: Contender, originals: Originals) -> list[AlignedPair]:
        method = contender.prepare(originals.subjects)
        with self._studio.progress(f"{contender.name}, to be drawn", len(originals.subjects)) as advance:
            return align_all(method, originals.subjects, advance)

    def _attack(self, tested: Faces, learning: Faces | None) -> dict[str, Figure]:
        seed, attacks = self._settings.seed, self._settings.attacks
        tried: list[Trial] = trials(tested, learning) if attacks else []
        figures: dict[str, Figure] = {}
        for judge in self._studio.judges:
            if "parrot" in attacks:
                figures |= parrot_figures(tried, judge, seed=seed)
            if "reconstruction" in attacks:
                figures |= reconstruction_figures(tried, judge, seed=seed)
            if "linkage" in attacks:
                figures |= linkage_figures(tested, judge, seed=seed)
        if "landmark" in attacks:
            figures |= landmark_figures(tried, tested, seed=seed)
        return figures


def _pick(pairs: list[AlignedPair], chosen: npt.NDArray[np.bool_]) -> list[AlignedPair]:
    return [pairs[index] for index in np.flatnonzero(chosen)]


def require_faces(originals: Originals, *, repeated: bool = True) -> None:
    """Refuse photos on which nobody can be told from anybody.

    Args:
        originals: what was seen.
        repeated: whether somebody must have two photos.

    Raises:
        InputError: there are no faces, one person only, or nobody has two photos.
    """
    counts = Counter(originals.people)
    missed = len(originals.without_face)
    if not counts:
        raise InputError(
            f"no face was found on any of the {missed} photos; give photos that show upright faces of 16 px or more"
        )
    if len(counts) < 2:
        raise InputError(
            f"faces were found of one person only, {originals.people[0]}, and {missed} photos show none; "
            "two people or more are needed to tell whether one passes for another"
        )
    if repeated and max(counts.values()) < 2:
        raise InputError(
            f"each of the {len(counts)} people has one photo with a face; whether an output gives a person away shows "
            "in other photos of that person, so give two photos or more of each"
        )


def _require_outputs(faces: Faces, name: str) -> None:
    if not faces.altered["made"].any():
        raise InputError(
            f"{name}: has an output for none of the {len(faces.people)} photos; outputs of a folder are matched by "
            "name, so each must be called like its photo"
        )
