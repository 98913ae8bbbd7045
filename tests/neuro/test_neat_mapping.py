# SPDX-License-Identifier: Apache-2.0
"""A genome on the array computes what its graph computes, to the last bit."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from evoarray.evolution.neuro.neat.genes import ACTIVATIONS, Frame
from evoarray.evolution.neuro.neat.genome import Genome, minimal
from evoarray.evolution.neuro.neat.mapping import map_genes
from evoarray.model.neuro.forward import activate, forward
from evoarray.model.neuro.network import Dense
from evoarray.model.neuro.tables import table
from tests.neuro.neat_examples import PAPER, genome_of, genomes_and_images, logits_of


@settings(max_examples=200, deadline=None)
@given(genomes_and_images())
def test_logits_are_those_of_the_graph(case: tuple[Genome, NDArray[np.int8]]) -> None:
    genome, images = case
    mapped = map_genes(genome)
    expected = [logits_of(genome, image.ravel().tolist()) for image in images]
    assert forward(mapped.network, images).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(genomes_and_images())
def test_layers_are_as_few_as_the_longest_way(case: tuple[Genome, NDArray[np.int8]]) -> None:
    genome = case[0]
    frame, mapped = genome.frame, map_genes(genome)
    ends = zip(genome.sources[genome.enabled], genome.targets[genome.enabled], strict=True)
    graph = nx.DiGraph((int(a), int(b)) for a, b in ends)
    outputs = set(range(frame.first_output, frame.first_hidden))
    needed = outputs.union(*(nx.ancestors(graph, node) for node in outputs & set(graph)))
    graph = graph.subgraph(needed).copy()
    hidden = {node for node in graph if node >= frame.first_hidden}
    assert (mapped.hidden, mapped.connections) == (len(hidden), graph.number_of_edges())
    biased = graph.out_degree(frame.bias) if frame.bias in graph else 0
    layers = mapped.network.layers
    stored = sum(layer.weights.size for layer in layers if isinstance(layer, Dense))
    assert stored == mapped.connections - biased + mapped.lanes + mapped.zeros
    if frame.bias in graph:
        graph.remove_node(frame.bias)
    # A hidden node that nothing leads to is a constant, made by the first layer.
    graph.add_edges_from((0, node) for node in hidden if not graph.in_degree(node))
    assert len(layers) == max(1, nx.dag_longest_path_length(graph))


@pytest.mark.parametrize("shift", range(7))
@pytest.mark.parametrize(
    ("activation", "values"),
    [("relu", range(128)), ("linear", range(-127, 128)), ("step", (0, 127))],
)
def test_a_lane_keeps_its_value(activation: str, values: range, shift: int) -> None:
    bias = np.array([ACTIVATIONS[activation] << shift], np.int32)
    lane = Dense(np.array([[1 << shift]], np.int8), bias, shift, activation)
    kept = np.array(values, np.int64)
    assert activate((kept << shift) + int(lane.bias[0]), lane).tolist() == kept.tolist()


@pytest.mark.parametrize(("activation", "lowest"), [("sigmoid", 0), ("tanh", -127)])
def test_no_lane_can_pass_a_table(activation: str, lowest: int) -> None:
    """It would need a different entry for each value that such a layer itself may have."""
    assert len(set(table(activation).tolist())) < 128 - lowest


def test_padding_by_hand() -> None:
    """XOR in the paper's minimal structure: both inputs pass the layer of the one hidden node."""
    rows = [(0, 0, 3, 64, True), (1, 1, 3, 64, True), (2, 2, 4, -64, True), (3, 0, 4, 64, True)]
    rows += [(4, 1, 4, 64, True), (5, 4, 3, -127, True), (6, 2, 3, 5, False)]
    mapped = map_genes(genome_of(PAPER, rows))
    hidden, last = mapped.network.layers
    assert isinstance(hidden, Dense)
    assert isinstance(last, Dense)
    assert hidden.weights.tolist() == [[64, 0], [0, 64], [64, 64]]
    assert hidden.bias.tolist() == [0, 0, -64 * 127]
    assert (last.weights.tolist(), last.bias.tolist()) == ([[64, 64, -127]], [0])
    assert (mapped.hidden, mapped.connections, mapped.lanes, mapped.zeros) == (1, 6, 2, 2)
    images = np.array([[0, 0], [0, 127], [127, 0], [127, 127]], np.int8).reshape(4, 2, 1, 1)
    assert forward(mapped.network, images).ravel().tolist() == [0, 8128, 8128, 127]


def test_a_minimal_genome_is_one_layer() -> None:
    mapped = map_genes(minimal(Frame((1, 4, 4), 10), np.random.default_rng(1)))
    assert len(mapped.network.layers) == 1
    assert mapped.network.parameters == 170
    assert (mapped.hidden, mapped.connections, mapped.lanes, mapped.zeros) == (0, 170, 0, 0)
