# SPDX-License-Identifier: Apache-2.0
"""How many LUT6 sites of 7 series a module needs when its small LUTs share them."""

from collections.abc import Sequence
from itertools import combinations

import networkx as nx

SHARED_INPUTS = 5
"""A LUT6 is two LUTs with an output each where both together have no more inputs than this."""


def sites(luts: Sequence[frozenset[int]]) -> int:
    """Return the least number of LUT6 sites for LUTs, each given by the nets that it reads.

    That is a maximum matching in the graph whose edges are the pairs that fit one site.
    """
    graph: nx.Graph[int] = nx.Graph()
    small = [i for i, nets in enumerate(luts) if len(nets) <= SHARED_INPUTS]
    graph.add_edges_from(
        (a, b) for a, b in combinations(small, 2) if len(luts[a] | luts[b]) <= SHARED_INPUTS
    )
    return len(luts) - len(nx.max_weight_matching(graph, maxcardinality=True))
