# SPDX-License-Identifier: Apache-2.0
"""What a report says of a study, of whatever kind: numbers and sentences.

Values are those by which the kind compares results: the lower, the better. Settings are compared
within a group, such as those on the same problem; of filters there is but one.
"""

import shlex
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from evoarray.evolution.console import listed
from evoarray.evolution.studies import statistics
from evoarray.evolution.studies.claims import SIGNIFICANT, Judged, judge_all
from evoarray.evolution.studies.kind import Material, Measure
from evoarray.evolution.studies.spec import Spec
from evoarray.evolution.studies.statistics import Comparison, Summary, holm, summarize


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
class Study(ABC):
    """A study as it stands."""

    name: str
    spec: Spec
    text: str
    called: str
    provenance: Mapping[str, Any]
    material: Material
    results: Sequence[Any]
    lost: str
    """How many results are damaged and left out, and which; empty if none is."""

    template: ClassVar[str]
    """The page's, in the folder of templates."""

    @abstractmethod
    def record(self, result: Any) -> Mapping[str, Any]:
        """Return what a table for other programs has of a run, beside setting, run and counters."""

    # --- how far it is

    @cached_property
    def runs(self) -> int:
        """The runs of the setting that has most."""
        return max(Counter(result.setting for result in self.results).values())

    @cached_property
    def wanted(self) -> int:
        """The runs of all settings that there should be."""
        return max(self.runs, self.spec.runs) * len(self.spec.settings)

    @property
    def even(self) -> bool:
        """Whether all settings have as many runs, as after --quick or a smaller --runs."""
        return len(self.results) == self.runs * len(self.spec.settings)

    # --- values

    @cached_property
    def measure(self) -> Measure:
        """By what results are compared."""
        return self.spec.kind.measure(self.material)

    def group_of(self, setting: str) -> str:
        """Return the name of what a setting is compared within."""
        return ""

    @cached_property
    def by_setting(self) -> Mapping[str, Sequence[Any]]:
        """The results of each setting that has any, the lowest mean first."""
        groups: dict[str, list[Any]] = {}
        for result in self.results:
            groups.setdefault(result.setting, []).append(result)
        return dict(
            sorted(groups.items(), key=lambda item: np.mean([*map(self.measure.of, item[1])]))
        )

    @cached_property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The settings of each group, in that order; groups as in the spec."""
        groups: dict[str, list[str]] = {self.group_of(name): [] for name in self.spec.settings}
        for name in self.by_setting:
            groups[self.group_of(name)].append(name)
        return {group: names for group, names in groups.items() if names}

    @cached_property
    def values(self) -> Mapping[str, Sequence[float]]:
        """The values of each setting, in that order."""
        return {name: [*map(self.measure.of, group)] for name, group in self.by_setting.items()}

    @cached_property
    def summaries(self) -> Mapping[str, Summary]:
        """Mean, quartiles and so on of each setting, in that order."""
        return {name: summarize(values) for name, values in self.values.items()}

    @property
    def levels(self) -> Mapping[str, tuple[float, str]]:
        """Values to compare with, by the class of their lines, and what they are called."""
        return {}

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
        """All pairs in a group with two runs or more each, the clearest difference first."""
        pairs = [
            pair
            for names in self.groups.values()
            for pair in combinations([name for name in names if len(self.values[name]) > 1], 2)
        ]
        found = [statistics.compare(self.values[a], self.values[b]) for a, b in pairs]
        corrected = holm([comparison.p for comparison in found]).tolist()
        made = [Pair(*pair, *rest) for pair, *rest in zip(pairs, found, corrected, strict=True)]
        return sorted(made, key=lambda pair: (pair.p, pair.comparison.p))

    def against_best(self, group: str) -> Sequence[Pair]:
        """Return the pairs of the setting with the lowest mean in a group, the nearest first."""
        place = self.groups[group].index
        best = self.groups[group][0]
        return sorted(
            (pair for pair in self.pairs if pair.one == best), key=lambda pair: place(pair.other)
        )

    def pair(self, one: str, other: str) -> Pair | None:
        """Return how two settings compare, or None for one with too few runs, or with itself."""
        return next((pair for pair in self.pairs if {pair.one, pair.other} == {one, other}), None)

    @cached_property
    def judged(self) -> Sequence[Judged]:
        """The spec's claims with their verdicts."""
        return judge_all(self.spec, self.measure, self.results)

    def answer(self, group: str) -> Sequence[str]:
        """Return how the best setting of a group does, in sentences that follow its name."""
        name, *others = self.groups[group]
        first, number = self.summaries[name], self.measure.number
        interval = f" (95 % interval {number(first.low)} to {number(first.high)})"
        sentences = [self.lowest(number(first.mean), interval if first.runs > 1 else "")]
        pairs = self.against_best(group)
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
                    f" but not than {said_list([_quoted(name) for name in unclear])}."
                )
        elif others:
            sentences.append("There are too few runs to tell whether that is more than chance.")
        return sentences

    def lowest(self, mean: str, interval: str) -> str:
        """Return the sentence that tells a lowest mean."""
        return f"has the lowest mean {self.measure.unit}: {mean}{interval}."

    # --- what was asked

    @property
    def command(self) -> str:
        """The command that does the study."""
        runs: Sequence[str] = []
        if self.runs > self.spec.runs or (self.even and self.runs < self.spec.runs):
            quick = self.runs == self.spec.quick
            runs = ["--quick"] if quick else ["--runs", str(self.runs)]
        return shlex.join(["evoarray", "study", self.called, "-o", self.name, *runs])

    @abstractmethod
    def options(self, settings: Any) -> Mapping[str, str]:
        """Return all options of settings by name, as text."""

    @cached_property
    def asked(self) -> Sequence[tuple[str, str, Sequence[str]]]:
        """Options that are not as by default: name, value for all settings, or that of each."""
        usual, always = self.usual
        every = [self.options(settings) for settings in self.spec.settings.values()]
        table = []
        for name, default in usual.items():
            values = [each[name] for each in every]
            if len(set(values)) > 1:
                table.append((name, "", values))
            elif values[0] != default or name in always:
                table.append((name, values[0], []))
        return table

    @property
    @abstractmethod
    def usual(self) -> tuple[Mapping[str, str], Sequence[str]]:
        """The options by default, and which are told even if they are so."""


def said_list(names: Sequence[str]) -> str:
    """Return names as in a sentence, no more than three."""
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} more"]
    return listed(names)


def _quoted(name: str) -> str:
    return f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}"
