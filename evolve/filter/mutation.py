# SPDX-License-Identifier: Apache-2.0
"""What a mutation may redraw: how many genes, which ones, and to what, at any time of a run.

The rate may follow a schedule or be drawn for each child (thesis, 4.6 and 4.7); the genes may be
those of the elements alone, or of one column (4.3), or of a part of the mesh that grows (3.3.3) or
moves on (8.3.3). Whatever it is, it comes down to a Mutation, which every backend understands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.rng import Random
from evoarray.model.filter.circuit import Genes, Shape
from evoarray.model.filter.functions import FUNCTION_SETS


@dataclass(frozen=True, eq=False)
class Mutation:
    """A child has `lowest` to `highest` redraws, all in one group of genes.

    groups: for each group the positions of its genes, int64; bounds (genes,) int64: among how many
    values a redrawn gene is drawn; functions (codes,) int64: what a draw means for an element.
    """

    groups: tuple[NDArray[np.int64], ...]
    bounds: NDArray[np.int64]
    functions: NDArray[np.int64]
    elements: int
    lowest: int
    highest: int

    def redraw(self, position: int, random: Random) -> int:
        """Return a new value for the gene at a position."""
        value = random.below(int(self.bounds[position]))
        return int(self.functions[value]) if position < self.elements else value

    def child(self, genes: Genes, random: Random) -> Genes:
        """Return genes (genes,) uint8 with some redrawn; nothing is drawn that is not open.

        Positions are drawn independently, so one may come twice, and a redraw may give the value
        that was there (UPM tutorial).
        """
        child = genes.copy()
        rate, group = self.lowest, self.groups[0]
        if self.highest > self.lowest:
            rate += random.below(self.highest - self.lowest + 1)
        if len(self.groups) > 1:
            group = self.groups[random.below(len(self.groups))]
        for _ in range(rate):
            position = int(group[random.below(len(group))])
            child[position] = self.redraw(position, random)
        return child


@dataclass(frozen=True)
class Region:
    """A part of the mesh: rows top to bottom - 1, columns left to right - 1."""

    top: int
    left: int
    bottom: int
    right: int


def mutation_at(settings: Settings, evaluations: int = 0) -> Mutation:
    """Return the mutation of a run that has spent this many evaluations."""
    stages = regions(settings)
    stage = min(evaluations * len(stages) // settings.evaluations, len(stages) - 1)
    lowest, highest = settings.rates_at(evaluations)
    growing = bool(settings.growth)
    codes, scope = settings.function_codes, settings.scope
    return _mutation(settings.shape, codes, scope, stages[stage], growing, lowest, highest)


def mutation_of_all_genes(settings: Settings, rate: int) -> Mutation:
    """Return the mutation that redraws `rate` genes of the whole circuit."""
    shape = settings.shape
    whole = Region(0, 0, shape.rows, shape.cols)
    return _mutation(shape, settings.function_codes, "all", whole, False, rate, rate)


def regions(settings: Settings) -> Sequence[Region]:
    """Return the parts of the mesh that evolve one after the other, each for an equal time.

    What lies outside passes results on to the east, or, in a set that cannot, to the south: then
    parts are taken from the east edge.
    """
    rows, cols = settings.shape.rows, settings.shape.cols
    parts = [Region(0, 0, rows, cols)]
    if settings.growth:
        parts = [Region(0, 0, *size) for size in settings.growth_sizes]
    elif settings.pieces:
        down, across = settings.piece_grid
        tops = [row * rows // down for row in range(down + 1)]
        lefts = [col * cols // across for col in range(across + 1)]
        parts = [
            Region(tops[row], lefts[col], tops[row + 1], lefts[col + 1])
            for row in range(down)
            for col in range(across)
        ]
    if passes_east(settings.shape):
        return parts
    return [Region(p.top, cols - p.right, p.bottom, cols - p.left) for p in parts]


def passes_east(shape: Shape) -> bool:
    """Whether the elements of the copy filter pass on what comes from the west."""
    return "W" in [function.name for function in FUNCTION_SETS[shape.function_set].functions]


@cache
def _mutation(
    shape: Shape,
    codes: tuple[int, ...],
    scope: str,
    region: Region,
    growing: bool,
    lowest: int,
    highest: int,
) -> Mutation:
    first_north = shape.rows * shape.cols
    first_west = first_north + shape.cols
    rows, cols = range(region.top, region.bottom), range(region.left, region.right)
    columns = [[row * shape.cols + col for row in rows] for col in cols]
    north = [first_north + col for col in cols if region.top == 0]
    west = [first_west + row for row in rows if region.left == 0]
    output = len(shape.limits) - 1
    if scope == "column":
        groups = [[*columns[i], *north[i : i + 1]] for i in range(len(columns))]
        groups.append([*west, output])
    elif scope == "elements":
        groups = [[*chain(*columns)]]
    else:
        groups = [[*chain(*columns), *north, *west, output]]
    bounds = shape.limits.copy()
    bounds[:first_north] = len(codes)
    if growing:  # the rows of the sub-array, whose results pass to the east edge
        bounds[output] = region.bottom
    positions = tuple(np.sort(group) for group in groups)
    return Mutation(positions, bounds, np.array(codes), first_north, lowest, highest)
