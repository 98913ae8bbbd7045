# SPDX-License-Identifier: Apache-2.0
"""What a run of evolution is told, checked where it is made."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from math import gcd
from typing import ClassVar

from evoarray.evolution.effects import Effect
from evoarray.evolution.filter.effects import EFFECTS
from evoarray.evolution.filter.goals import FITNESSES
from evoarray.evolution.options import LARGEST_SEED, option
from evoarray.evolution.options import check as _check
from evoarray.model.errors import refuse as _refuse
from evoarray.model.errors import whole
from evoarray.model.filter.circuit import LARGEST_SIDE, Shape
from evoarray.model.filter.functions import FUNCTION_SETS

STARTS = ("copy", "random", "circuit")
ACCEPT_RULES = ("equal", "better")
BACKENDS = ("fast", "model", "icarus", "icarus-axi", "verilator")
SCOPES = ("all", "elements", "column")
CROSSOVERS = ("none", "full", "partial")
DONORS = ("second", "best", "random")
PARSIMONIES = ("none", "tie", "weight", "pareto")
TOPOLOGIES = ("complete", "ring", "small-world", "scale-free", "file")
MATES = ("uniform", "roulette")

BLOCK = 1024
"""Evaluations per tribe between two looks at the tribes (thesis, 4.2 and 5)."""

LARGEST_WHOLE, SAMPLE = 2**17, 2**16
"""Pixels of which evolution sees all, and the windows that it sees of larger photos, unless it is
told otherwise: filters that saw so many are as good as those that saw all (docs/sample.md)."""

SAMPLE_STEP = 64
"""Samples are multiples of so many windows."""

MOST_SAMPLED = 4096 * SAMPLE_STEP  # the simulated evaluator takes 4096 rows

MOST_TRIBES = 1024
HIGHEST_RATE = 64
MOST_CHILDREN = 1024
MOST_ATTEMPTS = 4096
HIGHEST_WEIGHT = 65_536


@dataclass(frozen=True)
class Settings:
    """The options of a run. Raises InputError naming option, value and legal range.

    evaluations is the budget of all tribes and of all attempts at crossover together; the start
    circuit's own evaluation is not counted. Intervals are evaluations of each tribe; 0 means never.
    docs/evolution.md says what each option does, and where it comes from.
    """

    shape: Shape
    evaluations: int = option(
        262_144, "Budget: circuits evaluated by all tribes together.", least=1
    )
    mutation_rate: int | str = option(
        "2",
        "Genes redrawn in every child: a number; 1..8 to draw it for each child; 2,1 to change it "
        "halfway, 2,5@524288 at a time of your choice.",
    )
    scope: str = option(
        "all",
        "What is redrawn: any gene, functions of elements only, or genes of one column.",
        choices=SCOPES,
    )
    functions: str = option(
        "",
        "Functions that a redraw may give, such as N,W,max,min, or all of the set if there are "
        "none here; one that comes twice is drawn twice as often.",
        metavar="NAMES",
    )
    children: int = option(
        1,
        "Children per generation; the best may replace its parent.",
        least=1,
        most=MOST_CHILDREN,
    )
    tribes: int = option(
        1, "Tribes: independent evolutions that share the budget.", least=1, most=MOST_TRIBES
    )
    war_interval: int = option(
        BLOCK,
        "Evaluations per tribe between wars, in which the worst falls to the best it may meet; "
        "0: no wars.",
        least=0,
    )
    topology: str = option(
        "complete",
        "Which tribes may meet: all, those that are neighbours in a network, or in the graph of a "
        "file (GraphML, or a list of edges).",
        choices=TOPOLOGIES,
        metavar="complete|ring|small-world|scale-free|FILE",
    )
    edges: tuple[tuple[int, int], ...] = ()
    rewire_interval: int = option(
        0,
        "Evaluations per tribe after which two edges of the network swap ends, again and again; "
        "0: never.",
        least=0,
    )
    migration_interval: int = option(
        0,
        "Evaluations per tribe after which each takes the circuit of one of its neighbours, if "
        "that is better; 0: never.",
        least=0,
    )
    mates: str = option(
        "uniform",
        "How that neighbour, or a random donor, is drawn: all alike, or better ones more often.",
        choices=MATES,
    )
    drop_interval: int = option(
        0,
        "Evaluations per tribe after which the worst tribe is dropped, again and again; 0: never.",
        least=0,
    )
    drop_worse: int = option(
        0,
        "Drop tribes that are so many percent worse than the best, from 3072 evaluations on; "
        "0: none.",
        least=0,
    )
    survivors: int = option(1, "Number of tribes that are never dropped.", least=1)
    crossover: str = option(
        "none",
        "Join halves of the best tribe and of others, or try a square of one in the first.",
        choices=CROSSOVERS,
    )
    crossover_interval: int = option(BLOCK, "Evaluations per tribe between crossovers.", least=1)
    crossover_attempts: int = option(
        32,
        "Children tried in each crossover; they count as evaluations.",
        least=1,
        most=MOST_ATTEMPTS,
    )
    crossover_size: int = option(
        4,
        "Side, in elements, of the square exchanged by a partial crossover.",
        least=1,
        most=LARGEST_SIDE,
    )
    donor: str = option(
        "second",
        "Whose square it is: the second tribe's, that of the best other one, or of any.",
        choices=DONORS,
    )
    growth: str = option(
        "",
        "Evolve a corner first, then more: 4x4,8x8 gives each half of the budget.",
        metavar="SIZES",
    )
    pieces: str = option(
        "",
        "Evolve one piece of the mesh after the other: 2x2 for quarters.",
        metavar="ROWSxCOLS",
    )
    abrupt_after: int = option(
        0,
        "Evaluations without progress after which a copy of the champion is changed abruptly and "
        "evolves as a new tribe; 0: never.",
        least=0,
    )
    abrupt_rate: int = option(
        16, "Number of genes redrawn in an abrupt change.", least=1, most=HIGHEST_RATE
    )
    fitness: str = option(
        "sae",
        "What evolution makes as low as it can: the sum of absolute or of squared errors (sae, "
        "squared), or in Python a function.",
        choices=FITNESSES,
        metavar="sae|squared",
    )
    target_sae: int = option(
        0,
        "Stop when the best SAE (or other fitness) is at most this; 0 never stops early.",
        least=0,
    )
    stagnation: int = option(
        0, "Stop after this many evaluations without progress; 0: never.", least=0
    )
    seconds: float = option(
        0.0,
        "Stop after this many seconds, such as 0.5; 0: no limit.",
        least=0.0,
        once="max-seconds",
    )
    sample: str = option(
        "auto",
        "Windows of the training photos to evolve on, drawn by the seed: a number, all, or auto "
        f"(all up to {LARGEST_WHOLE:,}, else {SAMPLE:,}).",
        metavar="auto|all|NUMBER",
    )
    start: str = option(
        "copy",
        "Begin with the circuit that copies its input, with random ones, or with a circuit file.",
        choices=STARTS,
        metavar="copy|random|CIRCUIT",
    )
    start_genes: tuple[int, ...] = ()
    accept: str = option(
        "equal",
        "A child replaces its parent if it is better, or also if it is equally good.",
        choices=ACCEPT_RULES,
    )
    temperature: str = option(
        "0",
        "Take children that are worse, too, by this part of the SAE on average; 0.04..0.001 falls "
        "from the one to the other during the run.",
        metavar="PART[..PART]",
    )
    parsimony: str = option(
        "none",
        "Prefer circuits of few LUTs: among equal SAE, or at a weight, or on a whole Pareto front.",
        choices=PARSIMONIES,
    )
    lut_weight: int = option(
        16, "SAE that one LUT is worth, with --parsimony weight.", least=1, most=HIGHEST_WEIGHT
    )
    seed: int = option(
        1,
        "Seed of the random numbers; the same seed gives the same circuit on every backend.",
        least=0,
        most=LARGEST_SEED,
    )
    effects: ClassVar[Sequence[Effect]] = EFFECTS

    def __post_init__(self) -> None:
        for each in OPTIONS:
            _check(each.name.replace("_", "-"), getattr(self, each.name), each.metadata)
        self._check_together()
        self.rates  # noqa: B018  (checked here)
        self.sample_of(0)
        self.growth_sizes  # noqa: B018
        self.piece_grid  # noqa: B018
        self.function_codes  # noqa: B018
        self.temperatures  # noqa: B018
        if self.least_budget > self.evaluations:
            _refuse(
                "evaluations",
                self.evaluations,
                f"{self.least_budget} or more for {self.tribes} tribes",
            )

    def _check_together(self) -> None:
        limits = self.shape.limits.tolist() if self.start == "circuit" else []
        if len(self.start_genes) != len(limits) or any(
            not 0 <= gene < limit for gene, limit in zip(self.start_genes, limits, strict=False)
        ):
            _refuse("start", self.start, "a circuit of the run's own rows, cols and function-set")
        if self.crossover != "none":
            if self.tribes < 2:
                _refuse("crossover", self.crossover, "none with a single tribe")
            least = min(self.shape.rows, self.shape.cols)
            if self.crossover == "partial":
                _check("crossover-size", self.crossover_size, {"least": 1, "most": least})
            elif least < 2:
                _refuse(
                    "crossover", self.crossover, "none or partial in a mesh of one row or column"
                )
        self._check_network()
        if self.growth and self.pieces:
            _refuse("pieces", self.pieces, "nothing beside growth")
        if self.abrupt_after and self.wars:
            _refuse("abrupt-after", self.abrupt_after, "0 unless war-interval is 0: a war ends it")
        if self.abrupt_after and self.migration_interval:
            legal = "0 unless migration-interval is 0: a migration ends it"
            _refuse("abrupt-after", self.abrupt_after, legal)
        if self.parsimony == "pareto":
            others = sorted(self.intervals.keys() - {"front"})
            if others:
                _refuse(
                    "parsimony",
                    self.parsimony,
                    f"another one beside {', '.join(others)}: its tribes do not compete "
                    "(--preset plain --war-interval 0)",
                )
        if BLOCK % self.children:
            _refuse("children", self.children, f"a divisor of {BLOCK}")
        for name in (
            *("war_interval", "migration_interval", "drop_interval", "crossover_interval"),
            "rewire_interval",
        ):
            if getattr(self, name) % self.children:
                legal = f"a multiple of the {self.children} children"
                _refuse(name.replace("_", "-"), getattr(self, name), legal)

    def _check_network(self) -> None:
        """Check what stands in the graph of a file, and that a network is there to be used."""
        whole = all(type(node) is int for edge in self.edges for node in edge)
        between = {e for e in self.edges if len(e) == 2 and 0 <= e[0] < e[1] < self.tribes}
        listed = whole and list(self.edges) == sorted(between)
        if not listed or bool(self.edges) != (self.topology == "file"):
            _refuse("topology", self.topology, "a graph of which the tribes are the nodes")
        if self.migration_interval and self.tribes < 2:
            _refuse("migration-interval", self.migration_interval, "0 with a single tribe")
        draws = self.migration_interval or (self.crossover == "partial" and self.donor == "random")
        if self.mates != "uniform" and not draws:
            legal = "uniform unless tribes migrate, or the donor of a partial crossover is random"
            _refuse("mates", self.mates, legal)
        if self.topology == "complete":
            if self.rewire_interval:
                legal = "0 where all tribes are neighbours"
                _refuse("rewire-interval", self.rewire_interval, legal)
        elif self.tribes < 2:
            _refuse("topology", self.topology, "complete with a single tribe")
        elif not (self.wars or self.migration_interval or self.crossover != "none"):
            legal = "complete unless there are wars, migrations or crossovers, where tribes meet"
            _refuse("topology", self.topology, legal)

    @cached_property
    def rates(self) -> tuple[tuple[int, int, int], ...]:
        """The mutation rates: from how many evaluations on, lowest and highest redraws."""
        steps = [_RATE.fullmatch(step.strip()) for step in str(self.mutation_rate).split(",")]
        found = [step for step in steps if step]
        rates = [
            (
                int(step["since"] or index * self.evaluations // len(steps)),
                int(step["low"]),
                int(step["high"] or step["low"]),
            )
            for index, step in enumerate(found)
        ]
        marked = {step["since"] is not None for step in found[1:]}
        if (
            len(found) < len(steps)
            or len(marked) > 1
            or (found[0]["since"] is not None)
            or rates != sorted(rates, key=lambda rate: rate[0])
            or not all(1 <= low <= high <= HIGHEST_RATE for _, low, high in rates)
        ):
            _refuse(
                "mutation-rate",
                self.mutation_rate,
                f"a whole number from 1 to {HIGHEST_RATE}; or LOWEST..HIGHEST, drawn for each "
                "child; or a list of these, such as 2,1 or 2,5@524288",
            )
        return tuple(rates)

    def rates_at(self, evaluations: int) -> tuple[int, int]:
        """Return the lowest and the highest mutation rate after this many evaluations."""
        return next(
            (low, high) for since, low, high in reversed(self.rates) if since <= evaluations
        )

    @cached_property
    def function_codes(self) -> tuple[int, ...]:
        """The codes among which the redraw of an element draws, each as often as it is here."""
        known = [function.name for function in FUNCTION_SETS[self.shape.function_set].functions]
        names = [name.strip() for name in self.functions.split(",")] if self.functions else known
        if not set(names) <= set(known):
            _refuse("functions", self.functions, f"a list of {', '.join(known)}")
        return tuple(map(known.index, names))

    @cached_property
    def temperatures(self) -> tuple[Decimal, Decimal]:
        """The temperatures at the start and at the end of the run."""
        found = _TEMPERATURE.fullmatch(str(self.temperature))
        ends = [Decimal(end) for end in found.groups(default=found[1])] if found else []
        if not ends or max(ends) > 1 or (min(ends) == 0 < max(ends)):
            legal = "a part from 0 to 1, or two above 0, such as 0.04..0.001"
            _refuse("temperature", self.temperature, legal)
        return ends[0], ends[1]

    def temperature_at(self, evaluations: int) -> int:
        """Return the temperature after this many evaluations in parts per million.

        It falls geometrically. Decimals, unlike binary floating point, are the same everywhere.
        """
        first, last = self.temperatures
        if first == last:
            return round(first * 1_000_000)
        spent = Decimal(evaluations) / self.evaluations
        return round(first * (last / first) ** spent * 1_000_000)

    @cached_property
    def growth_sizes(self) -> tuple[tuple[int, int], ...]:
        """The rows and columns of the growing part of the mesh, one after the other."""
        sizes = _sizes("growth", self.growth)
        largest = (self.shape.rows, self.shape.cols)
        smaller = [(0, 0), *sizes]
        if sizes and (
            sizes[-1] != largest
            or any(a > b for one, two in pairwise(smaller) for a, b in zip(one, two, strict=True))
        ):
            whole = "x".join(map(str, largest))
            _refuse(
                "growth", self.growth, f"sizes that grow to the whole mesh, such as 2x2,{whole}"
            )
        return sizes

    @cached_property
    def piece_grid(self) -> tuple[int, int]:
        """Into how many pieces the rows and the columns of the mesh are cut."""
        grid = _sizes("pieces", self.pieces)
        if len(grid) > 1 or any(
            n > side for size in grid for n, side in zip(size, self._sides, strict=True)
        ):
            _refuse("pieces", self.pieces, "of the form 2x2, and no more than rows and columns")
        return grid[0] if grid else (1, 1)

    def sample_of(self, pixels: int) -> int:
        """Return how many windows of so many pixels evolution sees; 0: all of them.

        A number is rounded up to a multiple of SAMPLE_STEP.
        """
        if self.fitness == "own" and self.sample not in {"auto", "all"}:
            _refuse("sample", self.sample, "all with a function as the fitness: it sees images")
        whole_images = self.fitness == "own" or pixels <= LARGEST_WHOLE
        if self.sample == "all" or (self.sample == "auto" and whole_images):
            return 0
        wanted = str(SAMPLE) if self.sample == "auto" else self.sample
        count = whole(wanted, SAMPLE_STEP, MOST_SAMPLED) if wanted.isascii() else None
        if count is None:
            legal = f"auto, all, or a whole number from {SAMPLE_STEP} to {MOST_SAMPLED}"
            _refuse("sample", self.sample, legal)
        count = -(-count // SAMPLE_STEP) * SAMPLE_STEP
        return count if count < pixels else 0

    @property
    def _sides(self) -> tuple[int, int]:
        return self.shape.rows, self.shape.cols

    @property
    def weight(self) -> int:
        """How much SAE a LUT is worth throughout the run."""
        return self.lut_weight if self.parsimony == "weight" else 0

    @property
    def wars(self) -> bool:
        """Whether tribes make war."""
        return self.tribes > 1 and self.war_interval > 0

    @property
    def intervals(self) -> dict[str, int]:
        """How often what happens between tribes happens, by name; without what never does."""
        several = self.tribes > 1
        intervals = {
            "war": self.war_interval if several else 0,
            "migration": self.migration_interval,
            "drop": self.drop_interval if several else 0,
            "drop-worse": BLOCK if self.drop_worse and several else 0,
            self.crossover: self.crossover_interval if self.crossover != "none" else 0,
            "abrupt": BLOCK if self.abrupt_after else 0,
            "rewiring": self.rewire_interval,
            "front": BLOCK if self.parsimony == "pareto" else 0,
        }
        return {name: interval for name, interval in intervals.items() if interval}

    @property
    def epoch(self) -> int:
        """Evaluations of each tribe between two looks at the tribes."""
        return gcd(*self.intervals.values()) if self.intervals else BLOCK

    @property
    def least_budget(self) -> int:
        """The fewest evaluations with which anything happens."""
        return self.tribes * (self.epoch if self.intervals else self.children)


OPTIONS = tuple(each for each in fields(Settings) if each.metadata)
"""The fields of Settings that are options, named there with _ for -."""


# No number of more digits than LARGEST has.
_RATE = re.compile(r"(?P<low>[0-9]{1,19})(\.\.(?P<high>[0-9]{1,19}))?(@(?P<since>[0-9]{1,19}))?")
_TEMPERATURE = re.compile(r"([0-9]?\.?[0-9]{1,19})(?:\.\.([0-9]?\.?[0-9]{1,19}))?")
_SIZE = re.compile(r"([1-9][0-9]{0,18})x([1-9][0-9]{0,18})")


def _sizes(option: str, value: str) -> tuple[tuple[int, int], ...]:
    found = [_SIZE.fullmatch(size.strip()) for size in value.split(",")] if value else []
    sizes = tuple((int(size[1]), int(size[2])) for size in found if size)
    if len(sizes) < len(found):
        _refuse(option, value, "sizes such as 4x4, separated by commas")
    return sizes
