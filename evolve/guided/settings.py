# SPDX-License-Identifier: Apache-2.0
"""What a guided evolution is told, checked where it is made.

Sources: J. Llanos-Mosquera and others, Revista Científica 44 (2022), "the paper", and J. Triana and
others, Investigación e Innovación en Ingenierías 8 (2020). Where they leave something open there is
an option, with what came nearest to their figures as default (docs/networks.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

from evoarray.evolution.effects import Effect, used_by
from evoarray.evolution.graphs import ATTACHED, NEIGHBOURS, REWIRING_PROBABILITY
from evoarray.evolution.guided.problems import FUNCTIONS, Function
from evoarray.evolution.options import LARGEST_SEED, check, option
from evoarray.model.errors import refuse

ALGORITHMS: Mapping[str, tuple[str, bool]] = {
    "traditional": ("complete", False),
    "small-world": ("small-world", False),
    "small-world-best": ("small-world", True),
    "scale-free": ("scale-free", False),
    "scale-free-best": ("scale-free", True),
}
"""The network of each algorithm, and whether good neighbours are preferred."""

SCIPY = "scipy"
"""To compare: scipy's differential evolution at as many evaluations."""

TSP, KNAPSACK = "tsp", "knapsack"


@dataclass(frozen=True)
class GuidedSettings:
    """The options of a guided evolution. Raises InputError naming option, value and legal range.

    docs/networks.md says what each option does, and what the paper says of it.
    """

    problem: str = option("ackley", "What is minimised.", choices=(*FUNCTIONS, TSP, KNAPSACK))
    algorithm: str = option("traditional", "Who may mate with whom.", choices=(*ALGORITHMS, SCIPY))
    population: int = option(50, "Individuals, one on each node.", least=5, most=2000)
    generations: int = option(50, "How often every individual has its turn.", least=1, most=100_000)
    neighbours: int = option(
        NEIGHBOURS, "Of each node of a small world at first; an even number.", least=2
    )
    led_elsewhere: float = option(
        REWIRING_PROBABILITY,
        "Rewiring probability of the edges of a small world.",
        least=0.0,
        most=1.0,
    )
    attached: int = option(
        ATTACHED, "Edges that each new node of a scale-free network brings.", least=1
    )
    swaps: int = option(
        1, "Pairs of edges whose ends are swapped each generation.", least=0, most=10_000
    )
    update: str = option(
        "in-place",
        "A child is there for the next individual at once, or for the next generation.",
        choices=("in-place", "generation"),
    )
    preference: str = option(
        "roulette",
        "How -best prefers good neighbours: by how much better than the worst of them they are, "
        "by the inverse of their error, or by rank.",
        choices=("roulette", "inverse", "rank"),
    )
    mates: str = option(
        "one", "How many parents are neighbours: the first, or all.", choices=("one", "all")
    )
    replaces: str = option(
        "mate",
        "Whose place a child takes: its first mate's, or that of the individual whose turn it is.",
        choices=("mate", "target"),
    )
    accept: str = option(
        "better",
        "A child takes a place if it is better, or also if it is equally good.",
        choices=("better", "equal"),
    )
    # Differential evolution of real vectors.
    dimensions: int = option(2, "Real numbers of an individual.", least=1, most=1000)
    radius: float = option(
        0.0, "Half the side of the domain around 0; 0: that of the function.", least=0.0, most=1e30
    )
    start: str = option(
        "uniform",
        "Spread over the domain, or normally around its centre, its radius three deviations.",
        choices=("uniform", "normal"),
    )
    beyond: str = option(
        "clip",
        "Numbers beyond the domain are put on its edge, or kept.",
        choices=("clip", "keep"),
    )
    factor: float = option(0.5, "F, by which differences are multiplied.", least=0.0, most=2.0)
    crossover_rate: float = option(
        0.1, "CR, the part of a child that is not its parent's.", least=0.0, most=1.0
    )
    crosses: str = option(
        "mate",
        "Whose numbers a child has beside the new ones: the first mate's, or the target's.",
        choices=("mate", "target"),
    )
    # Tours and knapsacks.
    cities: int = option(30, "Cities of a random tour.", least=5, most=1000)
    items: int = option(50, "Items for a random knapsack.", least=2, most=1000)
    instance: int = option(1, "The seed of random cities or items.", least=0)
    file: str = option("", "Cities from a TSPLIB file instead.", metavar="FILE")
    optimum: float = option(
        0.0, "The shortest tour's length; 0: it is not known.", least=0.0, most=1e16
    )
    crossover: str = option("ox", "Of tours: ordered, or mapped.", choices=("ox", "pmx"))
    mutation: str = option(
        "inversion",
        "A part of a tour is turned round, or two cities are swapped.",
        choices=("inversion", "swap"),
    )
    mutation_rate: float = option(
        0.1,
        "The part of the tours, or of the bits of a knapsack, that mutates.",
        least=0.0,
        most=1.0,
    )
    local_search: str = option(
        "none", "Shorten every tour until no two edges can be exchanged.", choices=("none", "2-opt")
    )
    seed: int = option(
        1,
        "Seed of the random numbers; the same seed gives the same result.",
        least=0,
        most=LARGEST_SEED,
    )
    effects: ClassVar[Sequence[Effect]]

    def __post_init__(self) -> None:
        for each in OPTIONS:
            check(each.name.replace("_", "-"), getattr(self, each.name), each.metadata)
        if type(self.file) is not str:
            refuse("file", self.file, "the name of a TSPLIB file")
        for name, topology in (("neighbours", "small-world"), ("attached", "scale-free")):
            value = getattr(self, name)
            if topology == self.topology and value >= self.population:
                refuse(name, value, f"less than the population, {self.population}")
        if self.neighbours % 2:
            refuse("neighbours", self.neighbours, "an even number")
        if self.function and not self.function.any_dimensions and self.dimensions != 2:
            refuse("dimensions", self.dimensions, f"2 with problem {self.problem}")
        if self.algorithm == SCIPY and not self.function:
            refuse("algorithm", SCIPY, f"one of {', '.join(ALGORITHMS)} with {self.problem}")

    @property
    def function(self) -> Function | None:
        """The function that is minimised, if it is one of real numbers."""
        return FUNCTIONS.get(self.problem)

    @property
    def topology(self) -> str:
        """The network over the individuals; that of scipy has no name."""
        return ALGORITHMS.get(self.algorithm, ("", False))[0]

    @property
    def prefers_good(self) -> bool:
        """Whether good neighbours are preferred."""
        return ALGORITHMS.get(self.algorithm, ("", False))[1]

    @property
    def evaluations(self) -> int:
        """Individuals that are evaluated, those of the start included."""
        return self.population * (self.generations + 1)


OPTIONS = tuple(each for each in fields(GuidedSettings) if each.metadata)
"""The fields of GuidedSettings that are options, named there with _ for -."""

_USED_BY: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        ("dimensions", "radius", "start", "beyond", "factor", "crossover_rate", "crosses"),
        tuple(FUNCTIONS),
    ),
    "mates": tuple(FUNCTIONS),  # others have but one mate
    **dict.fromkeys(("cities", "file", "optimum", "crossover", "mutation", "local_search"), (TSP,)),
    "items": (KNAPSACK,),
    **dict.fromkeys(("instance", "mutation_rate"), (TSP, KNAPSACK)),
}
"""The problems that an option has an effect with; others have one with all."""

_USED_BY_SCIPY = (
    *("problem", "algorithm", "population", "generations", "dimensions", "radius", "seed"),
)

GuidedSettings.effects = (
    *used_by("problem", _USED_BY),
    Effect(
        [each.name for each in OPTIONS if each.name not in _USED_BY_SCIPY],
        lambda s: s.algorithm != SCIPY,
        "with algorithm {algorithm}",
    ),
    Effect(
        ("neighbours", "led_elsewhere"),
        lambda s: s.topology == "small-world",
        "with algorithm {algorithm}",
        "algorithm small-world",
    ),
    Effect(
        ("attached",),
        lambda s: s.topology == "scale-free",
        "with algorithm {algorithm}",
        "algorithm scale-free",
    ),
    Effect(
        ("swaps",),
        lambda s: s.topology != "complete",
        "with algorithm {algorithm}, where all are neighbours",
    ),
    Effect(
        ("preference",),
        lambda s: s.prefers_good,
        "with algorithm {algorithm}",
        "one of the algorithms that end in -best",
    ),
    Effect(("cities", "instance"), lambda s: not s.file, "beside a file of cities"),
)
