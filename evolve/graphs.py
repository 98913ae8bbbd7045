# SPDX-License-Identifier: Apache-2.0
"""Complex networks over individuals or tribes, made by networkx, and how they are rewired.

Nodes are numbered from 0. The same seed gives the same graph.
"""

from typing import TYPE_CHECKING, TypeAlias

from evoarray.evolution.rng import Random
from evoarray.model.errors import InputError

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.Graph"
Edge: TypeAlias = tuple[int, int]
"""Two nodes, the lower number first."""

TOPOLOGIES = ("complete", "ring", "small-world", "scale-free")

NEIGHBOURS = 4
"""Of each node of a small world, before some of its edges are led elsewhere."""

REWIRING_PROBABILITY = 0.1
"""The probability with which an edge of a small world is."""

ATTACHED = 2
"""Edges that each new node of a scale-free network brings."""

TRIES = 100
"""Pairs of edges drawn for a swap, before it is given up."""


def graph_of(
    topology: str,
    nodes: int,
    seed: int,
    *,
    neighbours: int = NEIGHBOURS,
    led_elsewhere: float = REWIRING_PROBABILITY,
    attached: int = ATTACHED,
) -> Graph:
    """Return a graph of two nodes or more.

    A small world is that of D. Watts and S. Strogatz (Nature 393, 1998) with `neighbours` and
    `led_elsewhere`, a scale-free network that of A.-L. Barabási and R. Albert (Science 286, 1999)
    with `attached`; both take fewer neighbours where there are not so many nodes. Raises InputError
    for another topology.
    """
    import networkx as nx  # which takes a while, and most commands need none of it

    if topology == "complete":
        return nx.complete_graph(nodes)
    if topology == "ring":
        return nx.cycle_graph(nodes)
    if topology == "small-world":
        few = max(2, min(neighbours, nodes - 1))  # one alone would be no edge
        return nx.watts_strogatz_graph(nodes, few, led_elsewhere, seed=seed)
    if topology == "scale-free":
        return nx.barabasi_albert_graph(nodes, min(attached, nodes - 1), seed=seed)
    raise InputError(f"topology is {topology!r}; it must be one of {', '.join(TOPOLOGIES)}")


def rewire(graph: Graph, swaps: int, random: Random) -> int:
    """Swap the ends of pairs of edges, in place, and return how often that could be done.

    networkx's own swap depends on the order in which edges were added, which a checkpoint would
    have to keep.
    """
    edges = edges_of(graph)
    joined = set(edges)
    done = 0
    for _ in range(swaps):
        if found := swap(edges, joined, random):
            graph.remove_edges_from(found[0])
            graph.add_edges_from(found[1])
            done += 1
    return done


def edges_of(graph: Graph) -> list[Edge]:
    """Return the edges in ascending order, each with its lower node first."""
    return sorted((min(edge), max(edge)) for edge in graph.edges)


def swap(
    edges: list[Edge], joined: set[Edge], random: Random
) -> tuple[list[Edge], list[Edge]] | None:
    """Swap the ends of two edges, in place; joined has the same edges.

    Edges a-b and c-d become a-c and b-d, unless there is one of these already; then another pair is
    drawn. Every node keeps its degree (J. Triana and others, Investigación e Innovación en
    Ingenierías 8, 2020). Returns the edges that went and those that came, or None if no pair was
    found.
    """
    for _ in range(TRIES if len(edges) > 1 else 0):
        one, other = random.below(len(edges)), random.below(len(edges))
        (a, b), (c, d) = edges[one], edges[other]
        if random.below(2):
            c, d = d, c
        new = [(min(a, c), max(a, c)), (min(b, d), max(b, d))]
        if len({a, b, c, d}) < 4 or not joined.isdisjoint(new):
            continue
        old = [edges[one], edges[other]]
        joined.difference_update(old)
        joined.update(new)
        edges[one], edges[other] = new
        return old, new
    return None
