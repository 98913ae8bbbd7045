# SPDX-License-Identifier: Apache-2.0
"""What a report says of a study of guided evolution beside what it says of every study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evoarray.evolution.guided.settings import OPTIONS, TSP, GuidedSettings
from evoarray.evolution.report.study import Study

ALWAYS = ("population", "generations", "seed")
"""Options that are told even if they are as by default."""


@dataclass(frozen=True)
class NetworkStudy(Study):
    """A study of guided evolution. Settings are compared on the same problem."""

    template: ClassVar[str] = "guided.html"

    def group_of(self, setting: str) -> str:
        """Return the problem, and what makes it another one, such as the number of cities."""
        settings: GuidedSettings = self.spec.settings[setting]
        if settings.function:
            words = [settings.problem]
            if settings.function.any_dimensions and settings.dimensions != 2:
                words.append(f"{settings.dimensions} dimensions")
            if settings.radius:
                words.append(f"radius {settings.radius:g}")
            return ", ".join(words)
        if settings.file:
            return settings.file
        count = settings.cities if settings.problem == TSP else settings.items
        what = "cities" if settings.problem == TSP else "items"
        return f"{settings.problem}, {count} {what}, instance {settings.instance}"

    def options(self, settings: Any) -> Mapping[str, str]:
        """See Study.options."""
        return _options(settings)

    @property
    def usual(self) -> tuple[Mapping[str, str], Sequence[str]]:
        """See Study.usual."""
        return _options(GuidedSettings()), ALWAYS

    def record(self, result: Any) -> Mapping[str, Any]:
        """See Study.record."""
        return {"evaluations": result.evaluations, "error": result.error}


def _options(settings: GuidedSettings) -> dict[str, str]:
    return {e.name.replace("_", "-"): str(getattr(settings, e.name)) for e in OPTIONS}
