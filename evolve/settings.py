# SPDX-License-Identifier: Apache-2.0
"""What a run of evolution is told, checked where it is made."""

from dataclasses import dataclass
from typing import NoReturn

from model.circuit import Shape
from model.errors import InputError

STARTS = ("copy", "random")
ACCEPT_RULES = ("equal", "better")
BACKENDS = ("fast", "model", "icarus", "verilator")

BLOCK = 1024
"""Evaluations per tribe between two looks at the tribes (thesis, 4.2 and 5)."""

MOST_TRIBES = 1024
HIGHEST_RATE = 64


@dataclass(frozen=True)
class Settings:
    """The options of a run. Raises InputError naming option, value and legal range.

    evaluations is the budget of all tribes together; each gets an equal part, rounded down to
    whole war intervals if there are wars (thesis, chapter 5). The start circuit's own evaluation
    is not counted.
    """

    shape: Shape
    evaluations: int = 262_144
    mutation_rate: int = 2
    tribes: int = 1
    war_interval: int = BLOCK
    start: str = "copy"
    accept: str = "equal"
    seed: int = 1

    def __post_init__(self) -> None:
        _check_number("evaluations", self.evaluations, 1)
        _check_number("mutation-rate", self.mutation_rate, 1, HIGHEST_RATE)
        _check_number("tribes", self.tribes, 1, MOST_TRIBES)
        _check_number("war-interval", self.war_interval, 0)
        _check_number("seed", self.seed, 0)
        _check_choice("start", self.start, STARTS)
        _check_choice("accept", self.accept, ACCEPT_RULES)
        if self.per_tribe == 0:
            least = self.tribes * (self.war_interval if self.wars else 1)
            _refuse("evaluations", self.evaluations, f"{least} or more for {self.tribes} tribes")

    @property
    def wars(self) -> bool:
        """Whether tribes make war."""
        return self.tribes > 1 and self.war_interval > 0

    @property
    def per_tribe(self) -> int:
        """Evaluations that each tribe gets."""
        share = self.evaluations // self.tribes
        return share - share % self.war_interval if self.wars else share

    @property
    def epoch(self) -> int:
        """Evaluations of each tribe between two looks at the tribes."""
        return self.war_interval if self.wars else BLOCK


def _check_number(option: str, value: int, least: int, most: int | None = None) -> None:
    if type(value) is not int or value < least or (most is not None and value > most):
        _refuse(option, value, f"a whole number from {least} {f'to {most}' if most else 'up'}")


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        _refuse(option, value, "one of " + ", ".join(choices))


def _refuse(option: str, value: object, legal: str) -> NoReturn:
    raise InputError(f"{option} is {value!r}; legal is {legal}")
