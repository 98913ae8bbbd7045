# SPDX-License-Identifier: Apache-2.0
"""What a run of filter and network together is told, checked where it is made."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

from evoarray.evolution.effects import Effect
from evoarray.evolution.filter.presets import shape_of
from evoarray.evolution.filter.settings import HIGHEST_RATE
from evoarray.evolution.neuro.fitness import FitnessSettings
from evoarray.evolution.options import LARGEST_SEED, MOST_WEIGHT, check, option
from evoarray.model.filter.circuit import Shape

UNFILTERED, MEDIAN, EVOLVED = "no-filter", "median", "filter"
ALGORITHMS = (UNFILTERED, MEDIAN, EVOLVED)


@dataclass(frozen=True)
class FilterSettings:
    """The options of a run. Raises InputError naming option, value and legal range.

    With a weight of `smooth` as by default, which is below 1 / (30 * images), the bits decide
    between circuits alone that let the network have as many images right.
    """

    algorithm: str = option(
        EVOLVED,
        "What is before the network: nothing, the 3x3 median, or an evolved circuit.",
        choices=ALGORITHMS,
    )
    network: str = option("", "File of the network, which stays as it is.")
    size: str = option("4x4", "Rows x columns of the circuit.")
    function_set: str = option("upm16", "What its elements can do.")
    evaluations: int = option(10_000, "Circuits that are evaluated.", least=1)
    interval: int = option(
        500, "Evaluations after which the fittest circuit is validated again.", least=1
    )
    children: int = option(4, "Children per generation (lambda).", least=1, most=4096)
    mutation_rate: int = option(2, "Genes redrawn in every child.", least=1, most=HIGHEST_RATE)
    smooth: float = option(
        3e-5,
        "Weight of the cross-entropy, in bits per image, in the fitness.",
        least=0.0,
        most=MOST_WEIGHT,
    )
    scale: int = option(
        11, "Binary logarithm of the logit difference that counts as one bit.", least=10, most=24
    )
    seed: int = option(
        1, "The same seed gives the same noise and the same result.", least=0, most=LARGEST_SEED
    )
    effects: ClassVar[Sequence[Effect]]

    def __post_init__(self) -> None:
        for each in OPTIONS:
            check(each.name.replace("_", "-"), getattr(self, each.name), each.metadata)
        self.shape  # noqa: B018

    @property
    def shape(self) -> Shape:
        """The circuit's rows, columns and function set."""
        return shape_of({"size": self.size, "function-set": self.function_set})

    @property
    def fitness(self) -> FitnessSettings:
        """What the fitness is told; neither the circuit's size nor the network's counts."""
        return FitnessSettings(1.0, self.smooth, self.scale)


OPTIONS = tuple(fields(FilterSettings))
"""The options, named there with _ for -."""

_USED_BY_ALL = ("algorithm", "network", "seed")

FilterSettings.effects = (
    Effect(
        [each.name for each in OPTIONS if each.name not in _USED_BY_ALL],
        lambda s: s.algorithm == EVOLVED,
        "with algorithm {algorithm}",
    ),
    Effect(("scale",), lambda s: s.smooth > 0, "with smooth 0"),
)
