# SPDX-License-Identifier: Apache-2.0
"""What a run of NEAT is told, checked where it is made."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

from evoarray.evolution.effects import Effect
from evoarray.evolution.neuro.backends import BACKENDS
from evoarray.evolution.neuro.fitness import FitnessSettings
from evoarray.evolution.neuro.neat.genes import ACTIVATIONS, LARGEST_SHIFT, Frame
from evoarray.evolution.neuro.neat.problems import PROBLEMS
from evoarray.evolution.neuro.settings import refuse_less_than_a_generation
from evoarray.evolution.options import LARGEST_SEED, MOST_WEIGHT, check, option
from evoarray.model.errors import refuse

NEAT, PEER = "neat", "neat-python"
ALGORITHMS = (NEAT, PEER)


@dataclass(frozen=True)
class NeatSettings:
    """The options of a run. Raises InputError naming option, value and legal range.

    Rates and coefficients are those of the paper's experiments (4.1) unless set, but for `step` and
    `part`, which it does not have.
    """

    algorithm: str = option(
        NEAT, "NEAT as built here, or the package neat-python.", choices=ALGORITHMS
    )
    problem: str = option("xor", "Problem to be learned.", choices=tuple(PROBLEMS))
    population: int = option(150, "Population size: genomes per generation.", least=2, most=10_000)
    evaluations: int = option(
        15_000, "Largest number of networks evaluated; generations are never cut.", least=1
    )
    accuracy: float = option(
        1.0, "Weight of the accuracy in the fitness.", least=0.0, most=MOST_WEIGHT
    )
    smooth: float = option(
        0.25,
        "Weight of the cross-entropy, in bits per image, in the fitness.",
        least=0.0,
        most=MOST_WEIGHT,
    )
    scale: int = option(
        12, "Binary logarithm of the logit difference that counts as one bit.", least=10, most=24
    )
    activation: str = option(
        "relu", "Activation function of the hidden nodes.", choices=tuple(ACTIVATIONS)
    )
    shift: int = option(
        6,
        "Binary logarithm of the integer that stands for a weight of 1.",
        least=0,
        most=LARGEST_SHIFT,
    )
    add_node: float = option(0.03, "Probability that a child gets a new node.", least=0.0, most=1.0)
    add_connection: float = option(
        0.05, "How often a child gets a connection.", least=0.0, most=1.0
    )
    mutates: float = option(
        0.8, "Probability that a child's weights are mutated.", least=0.0, most=1.0
    )
    part: float = option(1.0, "Fraction of the weights mutated then.", least=0.0, most=1.0)
    step: int = option(32, "Largest step by which a mutation moves a weight.", least=1, most=127)
    excess: float = option(
        1.0,
        "Coefficient c1 of the compatibility distance, for excess genes.",
        least=0.0,
        most=MOST_WEIGHT,
    )
    disjoint: float = option(
        1.0,
        "Coefficient c2 of the compatibility distance, for disjoint genes.",
        least=0.0,
        most=MOST_WEIGHT,
    )
    weights: float = option(
        0.4,
        "Coefficient c3 of the compatibility distance, for weight differences.",
        least=0.0,
        most=MOST_WEIGHT,
    )
    threshold: float = option(
        3.0, "Compatibility threshold between species.", least=0.0, most=MOST_WEIGHT
    )
    backend: str = option("fast", "Backend that evaluates the networks.", choices=tuple(BACKENDS))
    seed: int = option(
        1,
        "Seed of the random numbers; the same seed gives the same result.",
        least=0,
        most=LARGEST_SEED,
    )
    effects: ClassVar[Sequence[Effect]]
    until_solved: ClassVar[bool] = True
    """A run ends where its champion has all images for validation right."""

    def __post_init__(self) -> None:
        for each in OPTIONS:
            check(each.name.replace("_", "-"), getattr(self, each.name), each.metadata)
        refuse_less_than_a_generation(self.evaluations, self.population)
        if self.activation == "step" and not PROBLEMS[self.problem].binary:
            refuse("activation", "step", f"relu or linear with the problem {self.problem}")

    @property
    def interval(self) -> int:
        """The fittest genome of every generation is validated."""
        return self.population

    @property
    def frame(self) -> Frame:
        """What all genomes have in common."""
        problem = PROBLEMS[self.problem]
        return Frame(problem.input_shape, problem.classes, self.activation, self.shift)

    @property
    def fitness(self) -> FitnessSettings:
        """What the fitness is told; as in the paper, the size of a network does not count."""
        return FitnessSettings(self.accuracy, self.smooth, self.scale)


OPTIONS = tuple(fields(NeatSettings))
"""The options, named there with _ for -."""

_USED_BY_PEER = (
    *("algorithm", "problem", "population", "evaluations", "accuracy", "smooth", "scale", "seed"),
)

NeatSettings.effects = (
    Effect(
        [each.name for each in OPTIONS if each.name not in _USED_BY_PEER],
        lambda s: s.algorithm != PEER,
        "with algorithm {algorithm}",
    ),
    Effect(("scale",), lambda s: s.smooth > 0, "with smooth 0"),
)
