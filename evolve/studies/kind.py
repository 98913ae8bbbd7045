# SPDX-License-Identifier: Apache-2.0
"""What a kind of study supplies, and what all studies do alike with it.

A kind says which options its settings have, which files its runs need, how runs are done, and by
which value of a result settings are compared: the lower, the better. Specs, claims, the store,
workers, shards, clusters and statistics know no more than is here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from evoarray.evolution.filter.comparison import Photo
from evoarray.model.errors import InputError


class Result(Protocol):
    """What a run has come to, as a dataclass that JSON can hold.

    curve has what a run had reached after so many evaluations, as two rows; counters tell how often
    things happened; seconds are CPU time.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def setting(self) -> str: ...  # noqa: D102
    @property
    def run(self) -> int: ...  # noqa: D102
    @property
    def evaluations(self) -> int: ...  # noqa: D102
    @property
    def curve(self) -> tuple[Sequence[float], Sequence[float]]: ...  # noqa: D102
    @property
    def counters(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def seconds(self) -> float: ...  # noqa: D102


class Task(Protocol):
    """Runs of one setting that a worker does together, wherever it is."""

    @property
    def keys(self) -> Sequence[tuple[str, int]]:
        """The setting and the number of each run."""

    def work(self) -> Sequence[Result]:
        """Do them, and return their results."""


class Measure(ABC):
    """By what results are compared: a value of each run, the lower, the better."""

    name: ClassVar[str]
    """What `text` gives, as in the head of a column."""

    unit: ClassVar[str]
    """What values are, in words."""

    explained: ClassVar[str]
    """What that means, in a sentence."""

    @abstractmethod
    def of(self, result: Any, after: int = 0) -> float:
        """Return the value of a run after so many evaluations, or 0 for the end."""

    @abstractmethod
    def text(self, value: float) -> str:
        """Return how a value is told."""

    @abstractmethod
    def number(self, value: float) -> str:
        """Return a value itself."""


@dataclass(frozen=True)
class Material:
    """The files that a study needs, so that it can go on after the originals have gone."""

    training: Sequence[Photo] = ()
    held_out: Sequence[Photo] = ()
    files: Mapping[str, str] = field(default_factory=dict)


class Kind(ABC):
    """What a study is about, made of the keys of its own that a spec has; a frozen dataclass."""

    keys: ClassVar[Mapping[str, tuple[type, str]]]
    """Of a spec, beside those that every kind has: their type, and what is legal in words."""

    options: ClassVar[frozenset[str]]
    """Those that a setting may have."""

    @classmethod
    @abstractmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Return what a spec asks for. Raises InputError for an illegal value."""

    @abstractmethod
    def settings_of(self, options: Mapping[str, Any]) -> Any:
        """Return a frozen dataclass with a seed. Raises InputError for an illegal value."""

    @abstractmethod
    def read(self, settings: Mapping[str, Any], folder: Path) -> Material:
        """Return the files that the settings need. Raises InputError for one that is not right."""

    @abstractmethod
    def tasks(
        self, settings: Mapping[str, Any], material: Material, wanted: Sequence[tuple[str, int]]
    ) -> Sequence[Task]:
        """Return tasks that together do the wanted runs, in about that order."""

    @abstractmethod
    def result_from_json(self, data: Mapping[str, Any]) -> Result:
        """Return the result of which dataclasses.asdict made this data."""

    @abstractmethod
    def measure(self, material: Material) -> Measure:
        """Return by what results are compared."""

    @abstractmethod
    def facts(self, material: Material) -> Sequence[str]:
        """Return sentences about what is studied, beside the title."""

    @abstractmethod
    def columns(
        self, settings: Mapping[str, Any], material: Material, results: Sequence[Any]
    ) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Return what there is to tell of settings beside their values.

        That is a head, and a cell for each setting that has results.
        """


def of_run(settings: Any, run: int) -> Any:
    """Return the settings of one run, which differs from others in its seed."""
    return replace(settings, seed=settings.seed + run)


def names_of(key: str, values: Sequence[Any]) -> tuple[str, ...]:
    """Return a list of names. Raises InputError for what is none."""
    if not all(isinstance(value, str) for value in values):
        raise InputError(f"{key} is {values!r}; it must be a list of names")
    return tuple(values)
