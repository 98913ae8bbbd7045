# SPDX-License-Identifier: Apache-2.0
"""The network over tribes: which of them may meet, from a name or from a file.

networkx, which takes a while to load, is asked only where there is a network.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from evolve.filter.settings import Settings
from evolve.networks.graphs import Graph, graph_of
from evolve.rng import Random
from model.errors import InputError

Edges: TypeAlias = tuple[tuple[int, int], ...]
"""Pairs of tribes by number, the lower one first, in rising order."""

GRAPHML = (".graphml", ".xml")


def network_of(settings: Settings, random: Random) -> "Graph | None":
    """Return the network of a run's tribes at its start; None where all are neighbours.

    What a seed decides is drawn with one draw of 31 bits.
    """
    if settings.topology == "complete":
        return None
    if settings.topology == "file":
        return network(range(settings.tribes), settings.edges)
    return graph_of(settings.topology, settings.tribes, random.below(1 << 31))


def network(tribes: Iterable[int], edges: Iterable[tuple[int, int]]) -> Graph:
    """Return the network of these tribes, by number, and edges."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(tribes)
    graph.add_edges_from(edges)
    return graph


def read_edges(path: Path, tribes: int) -> Edges:
    """Return the edges between tribes that a graph file has: GraphML, or a line for each edge.

    Of two names in a line what follows is ignored, as is what follows a #. Names that are all
    whole numbers count in their order, others as they appear; directions do not count. Raises
    InputError for a file that cannot be read, and for a graph of another number of nodes, without
    an edge, or with one from a node to itself.
    """
    try:
        graph = _read_graphml(path) if path.suffix in GRAPHML else _read_list(path)
    except OSError as error:
        raise InputError(f"cannot read the graph file {path}: {error.strerror}") from None
    nodes: list[str] = list(graph)
    if len(nodes) != tribes:
        raise InputError(
            f"the graph of {path} has {len(nodes)} nodes, and there are {tribes} tribes; give "
            f"--tribes {len(nodes)}"
        )
    loops = [node for node in nodes if graph.has_edge(node, node)]
    if loops:
        raise InputError(
            f"the graph of {path} has an edge from {loops[0]!r} to itself; take it out"
        )
    if not graph.edges:
        raise InputError(f"the graph of {path} has no edge, so that no tribes would meet")
    if all(node.isdecimal() for node in nodes):
        nodes.sort(key=int)
    number = {node: index for index, node in enumerate(nodes)}
    between = [(number[a], number[b]) for a, b in graph.edges]
    return tuple(sorted((min(edge), max(edge)) for edge in between))


def _read_list(path: Path) -> Graph:
    import networkx as nx

    graph = nx.Graph()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a graph file: it is no text") from None
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if len(words) == 1:
            raise InputError(f"{path}, line {number}: {line!r} is no edge; legal is such as 0 1")
        if words:
            graph.add_edge(*words[:2])
    return graph


def _read_graphml(path: Path) -> Graph:
    import networkx as nx

    try:
        return nx.Graph(nx.read_graphml(path, node_type=str))
    except (nx.NetworkXException, SyntaxError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a GraphML file: {error}") from None
