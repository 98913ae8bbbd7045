# SPDX-License-Identifier: Apache-2.0
"""How many LUT6 sites of 7 series a module needs when its small LUTs share them."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

SHARED_INPUTS = 5
"""A LUT6 is two LUTs with an output each where both together have no more inputs than this."""


class Lut(NamedTuple):
    """A LUT: the nets that it reads, and whether it tells a carry cell to propagate."""

    reads: frozenset[int]
    in_chain: bool = False


def sites(luts: Sequence[Lut]) -> int:
    """Return the least number of LUT6 sites for LUTs.

    That is a maximum matching in the graph whose edges are the pairs that fit one site. Every bit
    of a carry chain has a site of its own, so two LUTs of chains never share one.
    """
    import networkx as nx  # takes a while

    graph = nx.Graph()
    small = [i for i, lut in enumerate(luts) if len(lut.reads) <= SHARED_INPUTS]
    graph.add_edges_from((a, b) for a, b in combinations(small, 2) if _fit(luts[a], luts[b]))
    return len(luts) - len(nx.max_weight_matching(graph, maxcardinality=True))


def _fit(one: Lut, other: Lut) -> bool:
    both_in_chain = one.in_chain and other.in_chain
    return not both_in_chain and len(one.reads | other.reads) <= SHARED_INPUTS
