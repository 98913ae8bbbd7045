# SPDX-License-Identifier: Apache-2.0
"""What a report says: numbers and sentences, from a folder's database alone.

Nothing here depends on the machine or the time, so that equal results give an equal page.
"""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from evolve.runs.comparison import ADAPTIVE, EVOLVED, MEDIAN, Photo, compare
from evolve.runs.comparison import Comparison as Compared
from evolve.runs.database import Event, Row
from evolve.runs.job import Job, job_of
from evolve.runs.listing import look
from evolve.runs.store import DATABASE as RUN
from evolve.runs.store import said
from evolve.settings import OPTIONS, Settings
from evolve.studies import statistics
from evolve.studies.claims import SIGNIFICANT, Judged, judge_all
from evolve.studies.spec import Spec, settings_of_run
from evolve.studies.statistics import Comparison, Summary, holm, median_saes, summarize
from evolve.studies.store import DATABASE as STUDY
from evolve.studies.store import StudyStore
from evolve.studies.tasks import Result
from evolve.world import World
from model.baselines import adaptive_median, median3x3
from model.circuit import Circuit, Shape, circuit_of
from model.errors import InputError
from model.fitness import sae

SHOWN = 3
"""Settings of which the best circuit's pictures are shown."""


_ALWAYS = ("size", "function-set", "evaluations", "tribes", "seed")
"""Options that are told even if they are as by default."""


@dataclass(frozen=True)
class Pair:
    """Two settings, the lower mean first, how they compare, and p corrected for all pairs."""

    one: str
    other: str
    comparison: Comparison
    p: float

    @property
    def significant(self) -> bool:
        """Whether the difference is more than chance would give, over all pairs."""
        return self.p < SIGNIFICANT

    @property
    def better(self) -> bool:
        """Whether the one is also lower by rank, significantly; its mean is lower anyway."""
        return self.significant and self.comparison.effect > 0.5


@dataclass(frozen=True)
class Study:
    """A study as it stands. SAEs are parts of the 3x3 median's, unless they are called SAE."""

    name: str
    spec: Spec
    text: str
    called: str
    provenance: Mapping[str, Any]
    training: Sequence[Photo]
    held_out: Sequence[Photo]
    results: Sequence[Result]

    # --- how far it is

    @cached_property
    def runs(self) -> int:
        """The runs of the setting that has most."""
        return max(Counter(result.setting for result in self.results).values())

    @cached_property
    def wanted(self) -> int:
        """The runs of all settings that there should be."""
        return max(self.runs, self.spec.runs) * len(self.spec.settings)

    # --- values

    @cached_property
    def medians(self) -> Sequence[int]:
        """The 3x3 median's SAE on each training photo."""
        return median_saes(self.training)

    def ratio(self, result: Result, sae: int | None = None) -> float:
        """Return a run's SAE, at its end or another one, as a part of the 3x3 median's."""
        return statistics.ratio(self.spec, self.medians, result, sae)

    @cached_property
    def by_setting(self) -> Mapping[str, Sequence[Result]]:
        """The results of each setting that has any, the lowest mean first."""
        groups: dict[str, list[Result]] = {}
        for result in self.results:
            groups.setdefault(result.setting, []).append(result)
        return dict(sorted(groups.items(), key=lambda item: np.mean([*map(self.ratio, item[1])])))

    @cached_property
    def ratios(self) -> Mapping[str, Sequence[float]]:
        """The values of each setting, in that order."""
        return {name: [*map(self.ratio, group)] for name, group in self.by_setting.items()}

    @cached_property
    def summaries(self) -> Mapping[str, Summary]:
        """Mean, quartiles and so on of each setting, in that order."""
        return {name: summarize(values) for name, values in self.ratios.items()}

    @cached_property
    def adaptive(self) -> float:
        """What the adaptive median leaves on the training photos: the mean of its parts."""
        saes = [sae(adaptive_median(photo.noisy), photo.clean) for photo in self.training]
        if self.spec.together:
            return sum(saes) / sum(self.medians)
        return float(np.mean(np.divide(saes, self.medians)))

    @cached_property
    def saes(self) -> Mapping[str, Mapping[str, Summary]]:
        """SAEs of each setting, by what they were evolved for: a photo, or all of them."""
        tables: dict[str, dict[str, Summary]] = {}
        names = [None] if self.spec.together else range(len(self.training))
        for photo in names:
            called = self.photo_name(photo)
            for name, group in self.by_setting.items():
                values = [r.sae for r in group if self.spec.photo_of(r.run) == photo]
                if values:
                    tables.setdefault(called, {})[name] = summarize(values)
        return tables

    def photo_name(self, photo: int | None) -> str:
        """Return what a photo is called, or all of them together."""
        group = self.training if photo is None else [self.training[photo]]
        return " + ".join(each.name for each in group)

    @cached_property
    def generalization(self) -> Mapping[str, Sequence[Summary]]:
        """Of the adaptive median, then of each setting: the values on each held-out photo."""
        medians = median_saes(self.held_out)
        adaptive = [sae(adaptive_median(photo.noisy), photo.clean) for photo in self.held_out]
        table = {ADAPTIVE: [summarize([a / m]) for a, m in zip(adaptive, medians, strict=True)]}
        for name, group in self.by_setting.items():
            values = np.divide([result.held_out for result in group], medians)
            table[name] = [summarize(column) for column in values.T.tolist()]
        return table

    @cached_property
    def counters(self) -> Mapping[str, Mapping[str, float]]:
        """How often things happened in a run, on average, by kind, then by setting."""
        kinds = sorted({k for result in self.results for k in result.counters})
        return {
            kind: {
                name: sum(result.counters.get(kind, 0) for result in group) / len(group)
                for name, group in self.by_setting.items()
            }
            for kind in kinds
        }

    # --- what follows from them

    @cached_property
    def pairs(self) -> Sequence[Pair]:
        """All pairs of settings with two runs or more, the clearest difference first."""
        names = [name for name, values in self.ratios.items() if len(values) > 1]
        pairs = list(combinations(names, 2))
        found = [statistics.compare(self.ratios[a], self.ratios[b]) for a, b in pairs]
        corrected = holm([comparison.p for comparison in found]).tolist()
        made = [Pair(*pair, *rest) for pair, *rest in zip(pairs, found, corrected, strict=True)]
        return sorted(made, key=lambda pair: (pair.p, pair.comparison.p))

    @property
    def against_best(self) -> Sequence[Pair]:
        """The pairs of the setting with the lowest mean, the nearest first."""
        place = list(self.by_setting).index
        pairs = [pair for pair in self.pairs if place(pair.one) == 0]
        return sorted(pairs, key=lambda pair: place(pair.other))

    def pair(self, one: str, other: str) -> Pair | None:
        """Return how two settings compare, or None for one with too few runs, or with itself."""
        return next((pair for pair in self.pairs if {pair.one, pair.other} == {one, other}), None)

    @cached_property
    def judged(self) -> Sequence[Judged]:
        """The spec's claims with their verdicts."""
        return judge_all(self.spec, self.medians, self.results)

    @cached_property
    def answer(self) -> Sequence[str]:
        """Which setting is best, and whether that is more than chance, in sentences."""
        name, *others = self.summaries
        first = self.summaries[name]
        sentences = [
            f"leaves the lowest mean SAE: {first.mean:.3f} of what the 3x3 median leaves"
            + (f" (95 % interval {first.low:.3f} to {first.high:.3f})." if first.runs > 1 else ".")
        ]
        pairs = self.against_best
        if pairs:
            unclear = [pair.other for pair in pairs if not pair.better]
            count = len(pairs)
            if not unclear:
                clear = "the other" if count == 1 else f"each of the {count} others"
                sentences.append(f"It is significantly better than {clear}.")
            elif len(unclear) == count:
                sentences.append(
                    "It is not significantly better than "
                    + ("the other." if count == 1 else f"any of the {count} others.")
                )
            else:
                sentences.append(
                    f"It is significantly better than {count - len(unclear)} of the {count} others,"
                    f" but not than {_list([_quoted(name) for name in unclear])}."
                )
        elif others:
            sentences.append("There are too few runs to tell whether that is more than chance.")
        against = "ahead of" if first.mean < self.adaptive else "behind"
        sentences.append(
            f"That is {against} the adaptive median, a much larger circuit, with "
            f"{self.adaptive:.3f}."
        )
        return sentences

    # --- the best run

    def best_of(self, name: str, photo: int | None = None) -> Result:
        """Return the best run of a setting, of those for a photo if there are any."""
        group = self.by_setting[name]
        fitting = [r for r in group if photo is not None and self.spec.photo_of(r.run) == photo]
        return min(fitting or group, key=self.ratio)

    @cached_property
    def best(self) -> Result:
        """The best run of all."""
        return min(self.results, key=self.ratio)

    def circuit(self, result: Result) -> Circuit:
        """Return the circuit that a run has found."""
        shape = self.spec.settings[result.setting].shape
        return circuit_of(np.array(result.genes, np.uint8), shape)

    @cached_property
    def samples(self) -> Sequence[tuple[Photo, str, Mapping[str, Compared]]]:
        """Photos to show with their part in the study, and the circuits of the best settings."""
        number = self.spec.photo_of(self.best.run)
        shown = {name: self.best_of(name, number) for name in list(self.by_setting)[:SHOWN]}
        photos = [(self.training[number or 0], "seen by evolution")]
        photos += [(photo, "held out") for photo in self.held_out[:1]]
        return [
            (photo, part, {n: compare(photo, self.circuit(r)) for n, r in shown.items()})
            for photo, part in photos
        ]

    @cached_property
    def commands(self) -> Sequence[str]:
        """The commands that repeat the best run alone, in the spec's folder."""
        spec, number = self.spec, self.spec.photo_of(self.best.run)
        training = [(1 + i, photo) for i, photo in enumerate(spec.photos) if number in {None, i}]
        held_out = [(101 + i, photo) for i, photo in enumerate(spec.held_out)]
        kind = ["--kind", spec.noise, "--amount", str(spec.amount)]
        noise = [
            ["evoarray", "noise", photo, *kind, "--seed", str(seed), "-o", _noisy(seed, photo)]
            for seed, photo in training + held_out
        ]
        settings = settings_of_run(spec, self.best.setting, self.best.run)
        first, *more = [(_noisy(seed, photo), photo) for seed, photo in training]
        evolve = [
            "evoarray",
            "evolve",
            *first,
            "-o",
            "best-run",
            "--preset",
            "plain",
            *_words(settings),
        ]
        for pair in more:
            evolve += ["--train-pair", *pair]
        for seed, photo in held_out:
            evolve += ["--test-pair", _noisy(seed, photo), photo]
        return [shlex.join(command) for command in [*noise, evolve]]

    @property
    def command(self) -> str:
        """The command that does the study."""
        runs = [] if self.runs <= self.spec.runs else ["--runs", str(self.runs)]
        return shlex.join(["evoarray", "study", self.called, "-o", self.name, *runs])

    @cached_property
    def photos(self) -> Sequence[tuple[Photo, str, int, Sequence[int]]]:
        """Each photo, its part, the seed of its noise, and the SAEs before and after medians."""
        groups = (("training", 1, self.training), ("held out", 101, self.held_out))
        return [
            (
                photo,
                part,
                first + number,
                [
                    sae(image, photo.clean)
                    for image in (photo.noisy, median3x3(photo.noisy), adaptive_median(photo.noisy))
                ],
            )
            for part, first, photos in groups
            for number, photo in enumerate(photos)
        ]

    @cached_property
    def asked(self) -> Sequence[tuple[str, str, Sequence[str]]]:
        """Options that are not as by default: name, value for all settings, or that of each."""
        every = [_options(settings) for settings in self.spec.settings.values()]
        table = []
        for name, default in _USUAL.items():
            values = [each[name] for each in every]
            if len(set(values)) > 1:
                table.append((name, "", values))
            elif values[0] != default or name in _ALWAYS:
                table.append((name, values[0], []))
        return table


@dataclass(frozen=True)
class Run:
    """A run as it was saved last; state is that of a list of runs."""

    name: str
    state: str
    created: str
    command: str
    job: Job
    world: World
    rows: Sequence[Row]
    events: Sequence[Event]

    @property
    def circuit(self) -> Circuit:
        """The best circuit so far."""
        return circuit_of(self.world.best, self.job.settings.shape)

    @cached_property
    def comparisons(self) -> Sequence[tuple[str, Compared]]:
        """Each photo's part in the run, and how it looks after all filters."""
        groups = (("training", self.job.training), ("held out", self.job.held_out))
        return [(part, compare(photo, self.circuit)) for part, group in groups for photo in group]

    def level(self, label: str) -> int:
        """Return the SAE of an image, such as MEDIAN, on the training photos together."""
        return sum(c.metrics[label].sae for part, c in self.comparisons if part == "training")

    @cached_property
    def answer(self) -> Sequence[str]:
        """How the evolved filter compares, in sentences."""
        evolved = self.level(EVOLVED)
        levels = {label: self.level(label) for label in (MEDIAN, ADAPTIVE)}
        parts = [
            f"{evolved / n:.3f} of what the {label} leaves" for label, n in levels.items() if n
        ]
        photos = _list([photo.name for photo in self.job.training])
        lost = [c.photo.name for _, c in self.comparisons if not c.beats_median]
        count = len(self.comparisons)
        if lost:
            beats = f"It does not beat the 3x3 median on {_list(lost)}."
        else:
            beats = f"It beats the 3x3 median on {'the photo' if count == 1 else 'every photo'}."
        return [
            f"SAE {evolved:,} on {photos}",
            f"after {self.world.evaluations:,} evaluations: {_list(parts or ['nothing'])}.",
            beats,
        ]

    @cached_property
    def kinds(self) -> Mapping[str, Sequence[int]]:
        """After how many evaluations what kind of event happened."""
        kinds: dict[str, list[int]] = {}
        for event in self.events:
            if event.evaluations == 0:  # how things stand at the start
                continue
            kinds.setdefault(event.kind.partition(":")[0], []).append(event.evaluations)
        return kinds

    @property
    def counters(self) -> Mapping[str, int]:
        """How often things happened."""
        return dict(sorted(self.world.counters.items()))

    @property
    def asked(self) -> Sequence[tuple[str, str]]:
        """Options that are not as by default."""
        mine = _options(self.job.settings).items()
        return [item for item in mine if item[0] in _ALWAYS or item[1] != _USUAL[item[0]]]


def read(folder: Path) -> Study | Run:
    """Return what is in the folder of a study or a run, without disturbing who writes it.

    Raises InputError if it is neither, is damaged, or has nothing to tell yet.
    """
    if (folder / STUDY).is_file():
        return _read_study(folder)
    if (folder / RUN).is_file():
        return _read_run(folder)
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; give that of a study or of a run")
    raise InputError(f"{folder} is neither a study nor a run: it has no {STUDY} and no {RUN}")


def _read_study(folder: Path) -> Study:
    with said(f"cannot read the study {folder}"), StudyStore(folder, writes=False) as store:
        results = store.results()
        if not results:
            raise InputError(f"the study {folder} has no finished run yet; go on with it first")
        return Study(
            folder.resolve().name,
            store.spec,
            store.text,
            store.called,
            store.provenance,
            *store.photos(),
            results,
        )


def _read_run(folder: Path) -> Run:
    loaded, state = look(folder / RUN)
    if loaded.checkpoint is None or not loaded.rows:
        raise InputError(f"the run {folder} has nothing to report yet; it was only just begun")
    job = job_of(folder, loaded.description, loaded.images, 1)
    try:
        world = World.from_json(loaded.checkpoint["world"], job.settings.shape)
    except (KeyError, ValueError) as error:
        raise InputError(f"the run {folder} has a wrong checkpoint: {error}") from None
    command = loaded.description["command"]
    name = folder.resolve().name
    return Run(name, state, loaded.created, command, job, world, loaded.rows, loaded.events)


def _options(settings: Settings) -> dict[str, str]:
    """Return all options by name, as text; the start circuit's genes are no option."""
    shape = settings.shape
    return {
        "size": f"{shape.rows}x{shape.cols}",
        "function-set": shape.function_set,
        **{e.name.replace("_", "-"): str(getattr(settings, e.name)) for e in OPTIONS},
    }


_USUAL = _options(Settings(Shape(8, 8, "upm16")))


def _words(settings: Settings) -> list[str]:
    """Return the words of a command that give these settings."""
    shape = settings.shape
    words = ["--rows", str(shape.rows), "--cols", str(shape.cols)]
    for name, value in _options(settings).items():
        if name != "size" and (name in _ALWAYS or value != _USUAL[name]):
            words += [f"--{name}", value]
    return words


def _noisy(seed: int, photo: str) -> str:
    return f"noisy-{seed}-{Path(photo).stem}.png"


def _quoted(name: str) -> str:
    return f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}"


def _list(names: Sequence[str]) -> str:
    """Return names as in a sentence, no more than three."""
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
