# SPDX-License-Identifier: Apache-2.0
"""Genomes to test NEAT with: written by hand, and drawn by hypothesis."""

from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from evoarray.evolution.neuro.neat.genes import Frame
from evoarray.evolution.neuro.neat.genome import Genome

PAPER = Frame((2, 1, 1), 1)
"""Of the paper's figures, whose nodes 1 to 6 are 0 to 5 here; its third input is the bias."""

Row = tuple[int, int, int, int, bool]


def genome_of(frame: Frame, rows: list[Row]) -> Genome:
    """Return a genome of genes: innovation, source, target, weight, enabled."""
    return Genome.from_json({"frame": vars(frame), "genes": rows})


def figure_4(weights: tuple[int, int] = (64, 64)) -> tuple[Genome, Genome]:
    """Return the parents of the paper's figure 4; all weights of a parent are the same."""
    joins = [(0, 3), (1, 3), (2, 3), (1, 4), (4, 3), (4, 5), (5, 3), (0, 4), (2, 4), (0, 5)]
    parents = [((1, 2, 3, 4, 5, 8), (2,)), ((1, 2, 3, 4, 5, 6, 7, 9, 10), (2, 5))]
    one, other = (
        genome_of(PAPER, [(n, *joins[n - 1], weight, n not in disabled) for n in numbers])
        for (numbers, disabled), weight in zip(parents, weights, strict=True)
    )
    return one, other


@st.composite
def genomes(draw: st.DrawFn) -> Genome:
    """Draw any genome of a few nodes without cycles; what comes first need not have low numbers."""
    frame = Frame(
        (draw(st.integers(1, 4)), 1, 1),
        draw(st.integers(1, 3)),
        draw(st.sampled_from(["relu", "linear", "step"])),
        draw(st.integers(0, 6)),
    )
    first = frame.first_hidden
    hidden = draw(st.permutations(range(first, first + draw(st.integers(0, 6)))))
    outputs = range(frame.first_output, first)
    places = list(product(range(frame.first_output), [*hidden, *outputs]))
    for number, node in enumerate(hidden):
        places += product([node], [*hidden[number + 1 :], *outputs])
    joined = draw(st.lists(st.sampled_from(places), unique=True, max_size=40))
    weight = st.integers(-127, 127)
    rows: list[Row] = [
        (number, *ends, draw(weight), draw(st.booleans())) for number, ends in enumerate(joined)
    ]
    return genome_of(frame, rows)


@st.composite
def genomes_and_images(draw: st.DrawFn) -> tuple[Genome, NDArray[np.int8]]:
    """Draw a genome, and images (n, channels, 1, 1) int8 of values that its lanes keep."""
    genome = draw(genomes())
    values = {
        "relu": st.integers(0, 127),
        "linear": st.integers(-127, 127),
        "step": st.sampled_from([0, 127]),
    }[genome.frame.activation]
    count = genome.frame.bias
    image = st.lists(values, min_size=count, max_size=count)
    images = draw(st.lists(image, min_size=1, max_size=4))
    return genome, np.array(images, np.int8).reshape(-1, *genome.frame.input_shape)


def logits_of(genome: Genome, image: list[int]) -> list[int]:
    """Return the logits of one image, node by node along the graph: no layers, no lanes."""
    frame = genome.frame
    known = dict(enumerate([*image, 127]))

    def total(node: int) -> int:
        genes = zip(*(column.tolist() for column in genome.columns), strict=True)
        return sum(
            weight * value(source)
            for _, source, target, weight, enabled in genes
            if target == node and enabled
        )

    def value(node: int) -> int:
        if node not in known:
            scaled = round(Fraction(total(node), 2**frame.shift))  # ties to the even number
            known[node] = {
                "relu": min(127, max(0, scaled)),
                "linear": min(127, max(-127, scaled)),
                "step": 127 * (scaled >= 0),
            }[frame.activation]
        return known[node]

    return [total(node) for node in range(frame.first_output, frame.first_hidden)]
