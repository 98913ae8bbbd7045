# SPDX-License-Identifier: Apache-2.0
"""What a report says of a study of networks beside what it says of every study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

from evoarray.evolution.neuro.algorithms import Settings
from evoarray.evolution.neuro.judge import PARTS
from evoarray.evolution.neuro.neat.settings import NeatSettings
from evoarray.evolution.report.study import Study
from evoarray.evolution.studies.neuro_runs import NeuroResult

ALWAYS = ("layers", "evaluations", "seed")
"""Options that are told even if they are as by default."""


@dataclass(frozen=True)
class NeuroStudy(Study):
    """A study of networks. Those that NEAT grows are compared on the same problem."""

    template: ClassVar[str] = "neuro.html"

    @property
    def columns(self) -> Sequence[tuple[str, Mapping[str, str]]]:
        """What the kind tells of settings beside their values."""
        return self.spec.kind.columns(self.spec.settings, self.material, self.results)

    def options(self, settings: Any) -> Mapping[str, str]:
        """See Study.options; a setting may lack some that others have."""
        return {**dict.fromkeys(self.usual[0], ""), **_options(settings)}

    @property
    def usual(self) -> tuple[Mapping[str, str], Sequence[str]]:
        """See Study.usual."""
        kinds = dict.fromkeys(type(settings) for settings in self.spec.settings.values())
        return {k: v for kind in kinds for k, v in _options(kind()).items()}, ALWAYS

    @cached_property
    def _sizes(self) -> Sequence[str]:
        """What there is to count in the champion of any run."""
        return list(dict.fromkeys(kind for result in self.results for kind in result.sizes))

    def group_of(self, setting: str) -> str:
        """Return the problem, where it is not that of all."""
        settings: Settings = self.spec.settings[setting]
        return settings.problem if isinstance(settings, NeatSettings) else ""

    def record(self, result: NeuroResult) -> Mapping[str, Any]:
        """See Study.record."""
        return {
            "evaluations": result.evaluations,
            "test_error": result.error,
            **{f"{part}_right": n for part, n in zip(PARTS, result.right, strict=True)},
            "parameters": result.parameters,
            "nonzero": result.nonzero,
            **{kind.replace(" ", "_"): result.sizes.get(kind) for kind in self._sizes},
            "seconds": result.seconds,
        }


def _options(settings: Settings) -> dict[str, str]:
    return {e.name.replace("_", "-"): str(getattr(settings, e.name)) for e in fields(settings)}
