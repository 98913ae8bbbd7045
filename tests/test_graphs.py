# SPDX-License-Identifier: Apache-2.0
"""Complex networks, and what rewiring keeps."""

import networkx as nx
import pytest

from evoarray.evolution.graphs import TOPOLOGIES, Graph, graph_of, rewire
from evoarray.evolution.rng import Random
from evoarray.model.errors import InputError


@pytest.mark.parametrize("nodes", [2, 3, 5, 12])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_graph_has_its_nodes_and_comes_again(topology: str, nodes: int) -> None:
    graph = graph_of(topology, nodes, 1)
    assert sorted(graph) == list(range(nodes))
    assert nx.number_of_selfloops(graph) == 0
    assert min(degree for _, degree in graph.degree) > 0
    assert nx.utils.edges_equal(graph.edges, graph_of(topology, nodes, 1).edges)


def test_topologies_have_their_edges() -> None:
    assert graph_of("complete", 7, 1).number_of_edges() == 21
    assert {degree for _, degree in graph_of("ring", 7, 1).degree} == {2}
    assert graph_of("small-world", 20, 1, neighbours=6).number_of_edges() == 60
    assert graph_of("scale-free", 20, 1, attached=3).number_of_edges() == 51
    lattice = graph_of("small-world", 20, 1, led_elsewhere=0.0)
    assert {degree for _, degree in lattice.degree} == {4}


@pytest.mark.parametrize("topology", ["small-world", "scale-free"])
def test_another_seed_gives_another_graph(topology: str) -> None:
    graphs = [set(graph_of(topology, 30, seed).edges) for seed in range(2)]
    assert graphs[0] != graphs[1]


def test_an_unknown_topology_is_refused() -> None:
    with pytest.raises(InputError, match="topology is 'star'; it must be one of complete, ring"):
        graph_of("star", 5, 1)


@pytest.mark.parametrize("topology", ["ring", "small-world", "scale-free"])
def test_rewiring_keeps_every_degree(topology: str) -> None:
    graph = graph_of(topology, 30, 1)
    before: Graph = graph.copy()
    assert rewire(graph, 20, Random.stream(7, 0, 0)) == 20
    assert dict(graph.degree) == dict(before.degree)
    assert nx.number_of_selfloops(graph) == 0
    assert set(graph.edges) != set(before.edges)
    again: Graph = nx.Graph(reversed(list(before.edges)))
    rewire(again, 20, Random.stream(7, 0, 0))
    assert nx.utils.edges_equal(graph.edges, again.edges)


@pytest.mark.parametrize("graph", [graph_of("complete", 6, 1), graph_of("ring", 3, 1)])
def test_what_cannot_be_rewired_stays(graph: Graph) -> None:
    before = set(graph.edges)
    assert rewire(graph, 5, Random.stream(1, 0, 0)) == 0
    assert set(graph.edges) == before
