# SPDX-License-Identifier: Apache-2.0
"""The numbers of what is new in a structure."""

from dataclasses import dataclass, field

from evoarray.evolution.neuro.neat.genes import Frame


@dataclass
class Innovations:
    """Gives numbers to new genes and nodes; the same novelty in a generation has the same (3.2).

    genes and nodes are the next free numbers.
    """

    genes: int
    nodes: int
    _joined: dict[tuple[int, int], int] = field(default_factory=dict)
    _split: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    @classmethod
    def after_minimal(cls, frame: Frame) -> "Innovations":
        """Return the numbers that are free after those of `genome.minimal`."""
        return cls((frame.bias + 1) * frame.outputs, frame.first_hidden)

    def next_generation(self) -> None:
        """Forget what was new; numbers are never given again."""
        self._joined.clear()
        self._split.clear()

    def connection(self, source: int, target: int) -> int:
        """Return the number of a new connection between two nodes."""
        if (source, target) not in self._joined:
            self._joined[source, target] = self.genes
            self.genes += 1
        return self._joined[source, target]

    def node(self, gene: int) -> tuple[int, int, int]:
        """Return the number of a node that splits this gene, and of the genes to and from it."""
        if gene not in self._split:
            self._split[gene] = self.nodes, self.genes, self.genes + 1
            self.nodes += 1
            self.genes += 2
        return self._split[gene]
