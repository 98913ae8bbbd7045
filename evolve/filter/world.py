# SPDX-License-Identifier: Apache-2.0
"""All that an evolution is at a moment and needs to go on: a checkpoint is this as JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evoarray.evolution.filter.topology import Edges, network
from evoarray.evolution.filter.tribe import Solution, Tribe, score
from evoarray.evolution.graphs import Graph, edges_of
from evoarray.evolution.rng import Random
from evoarray.model.filter.circuit import Genes, Shape


@dataclass
class World:
    """The living tribes, what they have spent, and the best circuit that any had.

    evaluations are those of all tribes and of all attempts at crossover; age is how many each of
    the first tribes had. random is for what happens between tribes; founded counts the tribes that
    ever were; improved is `evaluations` when the best SAE fell last, changed when an abrupt change
    founded a tribe last; counters tell what happened. weight is how much SAE a LUT is worth where
    circuits of several tribes are compared. front: where LUTs count, what no circuit beats in both
    SAE and LUTs, by rising LUTs. epoch: how many children each tribe has in the epoch that is under
    way, 0 between two epochs. graph: the network of the living tribes, by number; None where all
    are neighbours.
    """

    tribes: list[Tribe]
    random: Random
    best: Genes
    sae: int
    founded: int
    evaluations: int = 0
    age: int = 0
    improved: int = 0
    changed: int = 0
    counters: Counter[str] = field(default_factory=Counter)
    luts: int = 0
    weight: int = 0
    front: list[Solution] = field(default_factory=list)
    graph: "Graph | None" = None
    epoch: int = 0

    def begin_epoch(self, children: int) -> None:
        """Let every tribe owe so many children."""
        self.epoch = children
        for tribe in self.tribes:
            tribe.owe(children)

    def end_epoch(self) -> None:
        """Count what the tribes have had, and keep the best that they found."""
        self.evaluations = self.spent
        self.age += self.epoch
        self.epoch = 0
        for tribe in self.tribes:
            tribe.owed = 0
        self.remember()

    @property
    def spent(self) -> int:
        """The evaluations so far, those of the epoch that is under way included."""
        return self.evaluations + sum(self.epoch - tribe.owed for tribe in self.tribes)

    def remember(self) -> None:
        """Keep the best circuit of the tribes if it is better than any before, and the front."""
        found = [Solution(tribe.genes, tribe.sae, tribe.luts) for tribe in self.tribes]
        found += [tribe.best for tribe in self.tribes if tribe.best is not None]
        best = min(found, key=lambda each: each.score(self.weight))
        if best.score(self.weight) < score(self.sae, self.luts, self.weight):
            self.best, self.sae, self.luts = best.genes, best.sae, best.luts
            self.improved = self.evaluations
        if self.front:
            self.front = front([*self.front, *found])

    @property
    def champion(self) -> Tribe:
        """The best living tribe; of equals the first."""
        return min(self.tribes, key=self._score)

    @property
    def worst(self) -> Tribe:
        """The worst living tribe; of equals the first."""
        return max(self.tribes, key=self._score)

    def neighbours(self, tribe: Tribe) -> list[Tribe]:
        """Return the tribes that one may meet, in the order of all."""
        others = [other for other in self.tribes if other is not tribe]
        if self.graph is None:
            return others
        near = self.graph.adj[tribe.number]
        return [other for other in others if other.number in near]

    @property
    def edges(self) -> Edges | None:
        """The edges of the network; None where all tribes are neighbours."""
        return None if self.graph is None else tuple(edges_of(self.graph))

    def _score(self, tribe: Tribe) -> int:
        return score(tribe.sae, tribe.luts, self.weight)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "tribes": [_tribe_as_json(tribe) for tribe in self.tribes],
            "random": [self.random.state, self.random.increment],
            "best": self.best.tolist(),
            "sae": self.sae,
            "founded": self.founded,
            "evaluations": self.evaluations,
            "age": self.age,
            "improved": self.improved,
            "changed": self.changed,
            "counters": dict(self.counters),
            "luts": self.luts,
            "weight": self.weight,
            "front": [_solution_as_json(found) for found in self.front],
            "edges": self.edges,
            "epoch": self.epoch,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], shape: Shape) -> "World":
        """Return the world of which as_json made this data. Raises ValueError if none did."""
        try:
            numbers = ("sae", "founded", "evaluations", "age", "improved", "changed", "luts")
            world = cls(
                tribes=[_tribe_from_json(tribe, shape) for tribe in data["tribes"]],
                random=_random_from_json(data["random"]),
                best=_genes_from_json(data["best"], shape),
                counters=Counter({str(k): _number(v) for k, v in data["counters"].items()}),
                front=[_solution_from_json(found, shape) for found in data["front"]],
                weight=_number(data["weight"]),
                epoch=_number(data["epoch"]),
                **{name: _number(data[name]) for name in numbers},
            )
            if data["edges"] is not None:
                world.graph = _graph_from_json(data["edges"], world.tribes)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a world: {error!r}") from None
        if not world.tribes:
            raise ValueError("not a world: it has no tribe")
        return world


def front(found: Sequence[Solution]) -> list[Solution]:
    """Return what none of the others beats in both SAE and LUTs, by rising LUTs; of equals one."""
    best: list[Solution] = []
    for each in sorted(found, key=lambda each: (each.luts, each.sae)):
        if not best or each.sae < best[-1].sae:
            best.append(each)
    return best


def _tribe_as_json(tribe: Tribe) -> dict[str, Any]:
    return {
        "genes": tribe.genes.tolist(),
        "sae": tribe.sae,
        "random": [tribe.random.state, tribe.random.increment],
        "evaluations": tribe.evaluations,
        "accepted": tribe.accepted,
        "number": tribe.number,
        "luts": tribe.luts,
        "weight": tribe.weight,
        "owed": tribe.owed,
        "best": None if tribe.best is None else _solution_as_json(tribe.best),
    }


def _tribe_from_json(data: Mapping[str, Any], shape: Shape) -> Tribe:
    return Tribe(
        _genes_from_json(data["genes"], shape),
        _number(data["sae"]),
        _random_from_json(data["random"]),
        _number(data["evaluations"]),
        _number(data["accepted"]),
        _number(data["number"]),
        _number(data["luts"]),
        _number(data["weight"]),
        _number(data["owed"]),
        None if data["best"] is None else _solution_from_json(data["best"], shape),
    )


def _solution_as_json(found: Solution) -> list[Any]:
    return [found.genes.tolist(), found.sae, found.luts]


def _solution_from_json(data: Any, shape: Shape) -> Solution:
    genes, sae, luts = data
    return Solution(_genes_from_json(genes, shape), _number(sae), _number(luts))


def _genes_from_json(data: Any, shape: Shape) -> Genes:
    genes = np.array([_number(gene) for gene in data], np.int64)
    if genes.shape != shape.limits.shape or (genes >= shape.limits).any():
        raise ValueError("not a world: genes that no circuit of its shape has")
    return genes.astype(np.uint8)


def _random_from_json(data: Any) -> Random:
    state, increment = map(_number, data)
    if max(state, increment) >= 2**64 or increment % 2 == 0:
        raise ValueError("not a world: no state of a generator")
    return Random(state, increment)


def _graph_from_json(data: Any, tribes: Sequence[Tribe]) -> Graph:
    numbers = {tribe.number for tribe in tribes}
    if any(len(edge) != 2 or edge[0] == edge[1] or not {*edge} <= numbers for edge in data):
        raise ValueError("not a world: an edge that does not join two of its tribes")
    return network(numbers, [(_number(one), _number(other)) for one, other in data])


def _number(data: Any) -> int:
    if type(data) is not int or data < 0:
        raise ValueError(f"not a world: {data!r} in a number's place")
    return data
