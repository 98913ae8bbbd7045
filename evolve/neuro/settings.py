# SPDX-License-Identifier: Apache-2.0
"""What an evolution of weights is told, checked where it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

from evoarray.evolution.effects import Effect, used_by
from evoarray.evolution.neuro.backends import BACKENDS
from evoarray.evolution.neuro.fitness import FitnessSettings
from evoarray.evolution.neuro.weights import ACTIVATIONS, Form, form_of
from evoarray.evolution.options import LARGEST_SEED, MOST_WEIGHT, check, option
from evoarray.model.errors import refuse

IMAGE = (1, 8, 8)
"""Channels, height and width of the digits."""

CLASSES = 10

POPULATIONS = ("ga", "ep", "es", "pso")
EVOLVED = ("one-plus-lambda", *POPULATIONS)
CNNS = ("newt", "deepga", "hand-made")
"""Those whose networks are CNNs of any architecture; of all but newt the weights are trained."""

TRAINED = ("logistic", "mlp")
"""To compare: those of scikit-learn, by backpropagation."""

ENCODINGS = ("integer", "masked", "grouped", "permutation", "continuous")


@dataclass(frozen=True)
class NeuroSettings:
    """The options of an evolution of weights. Raises InputError naming option and legal range."""

    algorithm: str = option(
        "one-plus-lambda",
        "Algorithm that searches for the network.",
        choices=(*EVOLVED, *CNNS, *TRAINED),
    )
    layers: str = option(
        "64-16-10", "Layer sizes: inputs, hidden layers, classes.", metavar="N-N-N"
    )
    activation: str = option(
        "relu", "Activation function of the hidden layers.", choices=ACTIVATIONS
    )
    shift: int = option(
        9,
        "Right shift of the sums between layers: they are divided by 2 to this power.",
        least=0,
        most=31,
    )
    evaluations: int = option(100_000, "Number of networks evaluated.", least=1)
    interval: int = option(
        1000, "Evaluations between two validations of the fittest network.", least=1
    )
    # Fitness.
    accuracy: float = option(
        0.0, "Weight of the accuracy in the fitness.", least=0.0, most=MOST_WEIGHT
    )
    smooth: float = option(
        1.0,
        "Weight of the cross-entropy, in bits per image, in the fitness.",
        least=0.0,
        most=MOST_WEIGHT,
    )
    scale: int = option(
        11, "Binary logarithm of the logit difference that counts as one bit.", least=10, most=24
    )
    size: float = option(
        0.3, "Weight of the size penalty in the fitness.", least=0.0, most=MOST_WEIGHT
    )
    counts: str = option(
        "nonzero",
        "Parameters that the size penalty counts: all stored ones, or only those that are not 0.",
        choices=("nonzero", "stored"),
    )
    copies: int = option(
        0,
        "Augmented copies of each training image: rotated, shifted and scaled a little.",
        least=0,
        most=20,
    )
    # Individuals.
    encoding: str = option(
        "integer", "Encoding of the weights in a genetic algorithm.", choices=ENCODINGS
    )
    spread: float = option(
        30.0,
        "Size of the initial weights: half their range, or the deviation of normal ones.",
        least=1.0,
        most=127.0,
    )
    density: float = option(
        0.3, "Fraction of the initial weights that are not 0.", least=0.0, most=1.0
    )
    step: float = option(8.0, "Mutation step size.", least=1.0, most=127.0)
    rate: float = option(
        0.01, "Mutation rate: fraction of the genes that a mutation changes.", least=0.0, most=1.0
    )
    # (1+lambda).
    children: int = option(8, "Children per generation (lambda).", least=1, most=4096)
    zeroes: float = option(
        0.25, "Fraction of the mutations that set a weight to 0.", least=0.0, most=1.0
    )
    anywhere: float = option(
        0.35, "Fraction of the mutations that may change a weight that is 0.", least=0.0, most=1.0
    )
    temperature: float = option(
        0.0,
        "Initial temperature: mean loss of fitness that a child is accepted with.",
        least=0.0,
        most=MOST_WEIGHT,
    )
    # Populations.
    population: int = option(100, "Population size.", least=2, most=4096)
    tournament: int = option(3, "Tournament size.", least=1, most=100)
    elite: int = option(2, "Elite: parents that survive unchanged.", least=0, most=100)
    learning_rate: float = option(
        1.0, "Step size of the evolution strategy's mean (learning rate).", least=0.0, most=127.0
    )
    # CNNs.
    blocks: int = option(1, "Convolutional layers of every network.", least=1, most=3)
    filters: int = option(
        4, "Filters in each convolution of the initial networks.", least=1, most=32
    )
    hidden: int = option(
        0,
        "Units in the hidden layer of the initial networks; 0: no hidden layer.",
        least=0,
        most=32,
    )
    trials: int = option(
        500, "Evaluations that train the last layer of a new network before it competes.", least=0
    )
    crossover_rate: float = option(
        0.3, "Crossover rate: fraction of the children with two parents.", least=0.0, most=1.0
    )
    structure_rate: float = option(
        0.1, "Fraction of the children whose architecture is mutated.", least=0.0, most=1.0
    )
    mutation_rate: float = option(
        0.5, "Fraction of the architectures mutated in a generation.", least=0.0, most=1.0
    )
    epochs: int = option(10, "Epochs of training for each network.", least=1, most=1000)
    most: int = option(20_000, "Parameter count at which the size penalty is 1.", least=1)
    backend: str = option("fast", "Backend that evaluates the networks.", choices=tuple(BACKENDS))
    seed: int = option(
        1,
        "Seed of the random numbers; the same seed gives the same result.",
        least=0,
        most=LARGEST_SEED,
    )
    effects: ClassVar[Sequence[Effect]]
    until_solved: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for each in OPTIONS:
            check(each.name.replace("_", "-"), getattr(self, each.name), each.metadata)
        if self.zeroes + self.anywhere > 1:
            refuse("zeroes", self.zeroes, f"{1 - self.anywhere:g} at most, what anywhere leaves")
        if self.elite >= self.population:
            refuse("elite", self.elite, f"less than the population, {self.population}")
        if self.algorithm in (*POPULATIONS, "deepga"):
            refuse_less_than_a_generation(self.evaluations, self.population)
        if self.algorithm == "es" and self.population % 2:
            refuse("population", self.population, "an even number with the algorithm es")
        if self.algorithm in CNNS and self.tournament > self.population:
            refuse("tournament", self.tournament, f"up to the population, {self.population}")
        if self.algorithm == "deepga" and self.population < 4:
            refuse("population", self.population, "4 or more with the algorithm deepga")
        self._check_classes()
        if (self.algorithm, self.activation) == ("mlp", "step"):
            refuse("activation", self.activation, "one that has a gradient with the algorithm mlp")

    def _check_classes(self) -> None:
        if self.form.units[-1] != CLASSES:
            refuse("layers", self.layers, f"{CLASSES} classes last, one for each digit")

    @property
    def form(self) -> Form:
        """The networks' form."""
        return form_of(self.layers, IMAGE, self.shift, self.activation)

    @property
    def fitness(self) -> FitnessSettings:
        """What the fitness is told; a network of this form without zeroes has the size 1."""
        most = self.most if self.algorithm in CNNS else self.form.genes
        return FitnessSettings(self.accuracy, self.smooth, self.scale, self.size, self.counts, most)


def refuse_less_than_a_generation(evaluations: int, population: int) -> None:
    """Raise InputError for a budget that the first generation, which is a whole one, goes beyond.

    Of trained networks that generation may take minutes.
    """
    if evaluations < population:
        refuse("evaluations", evaluations, f"{population} or more with a population of as many")


@dataclass(frozen=True)
class SampleSettings(NeuroSettings):
    """The same for samples of a user's, which are rows of features, and any number of classes."""

    @property
    def form(self) -> Form:
        """See NeuroSettings.form."""
        features = int(self.layers.partition("-")[0])
        return form_of(self.layers, (1, 1, features), self.shift, self.activation)

    def _check_classes(self) -> None:
        """Any number of classes will do."""


OPTIONS = tuple(fields(NeuroSettings))
"""The options, named there with _ for -."""

_USED_BY: Mapping[str, Sequence[str]] = {
    "children": ("one-plus-lambda", "newt"),
    **dict.fromkeys(("zeroes", "anywhere", "temperature"), ("one-plus-lambda",)),
    "population": (*POPULATIONS, "newt", "deepga"),
    "tournament": ("ga", "ep", "newt", "deepga"),
    **dict.fromkeys(("elite", "encoding"), ("ga",)),
    "rate": ("ga", "ep"),
    "learning_rate": ("es",),
    **dict.fromkeys(("activation", "layers"), (*EVOLVED, "mlp")),
    **dict.fromkeys(("shift", "density"), EVOLVED),
    "copies": (*EVOLVED, *CNNS),
    **dict.fromkeys(("spread", "step"), (*EVOLVED, "newt")),
    **dict.fromkeys(
        (
            *("evaluations", "interval", "backend"),
            *("accuracy", "smooth", "scale", "size", "counts"),
        ),
        (*EVOLVED, *CNNS),
    ),
    **dict.fromkeys(("blocks", "filters", "hidden", "trials"), ("newt",)),
    **dict.fromkeys(("crossover_rate", "structure_rate"), ("newt",)),
    "mutation_rate": ("deepga",),
    "epochs": ("deepga", "hand-made"),
    "most": CNNS,
}
"""The algorithms that an option has an effect with; others have one with all."""

NeuroSettings.effects = (
    *used_by("algorithm", _USED_BY),
    Effect(("scale",), lambda s: s.smooth > 0, "with smooth 0"),
    Effect(("counts", "most"), lambda s: s.size > 0, "with size 0"),
    Effect(
        ("activation", "shift"),
        lambda s: len(s.form.units) > 1,
        "with layers {layers}, of which none is hidden",
    ),
    Effect(
        ("step",),
        lambda s: (s.algorithm, s.encoding) != ("ga", "permutation"),
        "with encoding {encoding}",
    ),
)
