# SPDX-License-Identifier: Apache-2.0
"""The network over tribes: which of them may meet, from a name or from a file.

networkx, which takes a while to load, is asked only where there is a network.
"""

import codecs
import io
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.graphs import Graph, graph_of
from evoarray.evolution.rng import Random
from evoarray.model.errors import InputError
from evoarray.model.files import read_file, read_text

Edges: TypeAlias = tuple[tuple[int, int], ...]
"""Pairs of tribes by number, the lower one first, in rising order."""

_GRAPHML = (".graphml", ".xml")
_COMMENTS = "#%"
_MATRIX = "%%MatrixMarket"
_HEADERS = {
    *(("source", "target"), ("from", "to"), ("src", "dst"), ("node1", "node2"), ("head", "tail")),
    ("fromnodeid", "tonodeid"),
}
"""What the columns of lists are called in their first line, where no nodes are."""


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

    XML is GraphML whatever the file is called. Of two names in a line what follows is ignored, as
    is what follows a # or %. Names that are all whole numbers count in their order, others as they
    appear; directions do not count. Raises InputError for a file that cannot be read, with a
    heading or with whole numbers beside other names, and for a graph of another number of nodes,
    without an edge, or with one from a node to itself.
    """
    try:
        content = read_file(path)
    except OSError as error:
        raise InputError(f"cannot read the graph file {path}: {error.strerror}") from None
    begins = content[:1024].removeprefix(codecs.BOM_UTF8).lstrip()
    is_xml = path.suffix.lower() in _GRAPHML or begins.startswith(b"<")
    graph = _read_graphml(path, content) if is_xml else _read_list(path)
    nodes: list[str] = list(graph)
    if not graph.edges:
        raise InputError(f"the graph of {path} has no edge, so that no tribes would meet")
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
    if all(node.isdecimal() for node in nodes):
        nodes.sort(key=Decimal)  # of as many digits as there may be
    number = {node: index for index, node in enumerate(nodes)}
    between = [(number[a], number[b]) for a, b in graph.edges]
    return tuple(sorted((min(edge), max(edge)) for edge in between))


def _read_list(path: Path) -> Graph:
    import networkx as nx

    text = read_text(path, "graph file")
    if text.startswith(_MATRIX):
        raise InputError(f"{path} is a MatrixMarket file; give GraphML, or a line for each edge")
    lines = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = re.split(f"[{_COMMENTS}]", line)[0].split()
        if len(words) == 1 or any({",", ";"} & set(word) for word in words[:2]):
            raise InputError(f"{path}, line {number}: {line!r} is no edge; it must look like 0 1")
        if words:
            lines[number] = (words[0], words[1])
    graph = nx.Graph()
    graph.add_edges_from(lines.values())
    _check_names(path, lines, graph)
    return graph


def _check_names(path: Path, lines: Mapping[int, tuple[str, str]], graph: Graph) -> None:
    """Refuse a heading, whose words would be nodes, and whole numbers beside other names."""
    numbered = [node for node in graph if node.isdecimal()]
    few = len(numbered) > len(graph) / 2  # of the two kinds, the rarer one is the odd one
    odd = {node for node in graph if node.isdecimal() != few}
    for number, edge in lines.items():
        heading = number == min(lines) and (edge[0].lower(), edge[1].lower()) in _HEADERS
        if heading or (numbered and not odd.isdisjoint(edge)):
            raise InputError(
                f"{path}, line {number}: {' '.join(edge)!r} is no edge like the others, of two "
                f"{'whole numbers' if few else 'names'}; take a heading out, or write # before it"
            )


def _read_graphml(path: Path, content: bytes) -> Graph:
    import networkx as nx

    try:
        return nx.Graph(nx.read_graphml(io.BytesIO(content), node_type=str))
    except (nx.NetworkXException, SyntaxError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a GraphML file: {error}") from None
