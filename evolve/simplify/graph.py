# SPDX-License-Identifier: Apache-2.0
"""A circuit as a graph of values: what is left of the mesh where nothing is computed in vain.

Elements on which the output does not depend are gone, wires are collapsed, constants folded, and
what is computed twice is computed once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.simplify.tables import commutes, table
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.functions import FUNCTION_SETS, ONES, WIRE
from evoarray.model.window import WINDOW_PIXELS


@dataclass(frozen=True)
class Pixel:
    """A pixel of the window, by its number in WINDOW_PIXELS."""

    number: int


@dataclass(frozen=True)
class Constant:
    """The same byte everywhere."""

    byte: int


@dataclass(frozen=True, eq=False)
class Node:
    """The result of an operation."""

    operation: str
    operands: tuple["Value", ...]

    @cached_property
    def depth(self) -> int:
        """How many operations follow each other, up to this one."""
        return 1 + max(depth(operand) for operand in self.operands)


Value = Pixel | Constant | Node


def depth(value: Value) -> int:
    """Return how many operations follow each other in a value."""
    return value.depth if isinstance(value, Node) else 0


def simplify(circuit: Circuit, *, shared: bool = True) -> Value:
    """Return what a circuit puts out; unless shared, every element computes for itself."""
    return elements(circuit, shared=shared)[-1][-1]


def elements(circuit: Circuit, *, shared: bool = True) -> list[list[Value]]:
    """Return the value of every element, row by row down to that of the output."""
    functions = FUNCTION_SETS[circuit.function_set].functions
    graph = _Graph(shared)
    south: list[Value] = [Pixel(number) for number in circuit.north.tolist()]
    rows = []
    for row in range(circuit.output + 1):
        east: Value = Pixel(int(circuit.west[row]))
        for col, code in enumerate(circuit.functions[row].tolist()):
            operation = functions[code].operation
            inputs = [south[col] if each == "N" else east for each in functions[code].inputs]
            if operation is ONES:
                east = Constant(255)
            elif operation is WIRE:
                (east,) = inputs
            else:
                east = graph.value(operation.name, tuple(inputs))
            south[col] = east
        rows.append(list(south))
    return rows


def nodes(output: Value) -> list[Node]:
    """Return the operations on which an output depends, every one after its operands."""
    found: dict[Node, None] = {}

    def visit(value: Value) -> None:
        if isinstance(value, Node) and value not in found:
            for operand in value.operands:
                visit(operand)
            found[value] = None

    visit(output)
    return list(found)


def pixels(output: Value) -> list[int]:
    """Return the numbers of the window's pixels that an output depends on, in order."""
    read = {output} | {operand for node in nodes(output) for operand in node.operands}
    return sorted(value.number for value in read if isinstance(value, Pixel))


def names(output: Value) -> Callable[[Value], str]:
    """Return what tells the name of a value: nw to se, v1 and on as in `nodes`, or 255."""
    numbers = {node: number for number, node in enumerate(nodes(output), 1)}

    def name(value: Value) -> str:
        if isinstance(value, Node):
            return f"v{numbers[value]}"
        return WINDOW_PIXELS[value.number].lower() if isinstance(value, Pixel) else str(value.byte)

    return name


def formula_of(node: Node, name: Callable[[Value], str]) -> str:
    """Return an operation as text, such as v2 = minimum(nw, v1)."""
    return f"{name(node)} = {node.operation}({', '.join(map(name, node.operands))})"


def formulas(output: Value) -> str:
    """Return a circuit as text, an operation a line."""
    name = names(output)
    lines = [formula_of(node, name) for node in nodes(output)]
    return "\n".join([*lines, f"output = {name(output)}"])


class _Graph:
    """The values so far; if shared, the same operation of the same operands is the same node."""

    def __init__(self, shared: bool) -> None:
        self._shared = shared
        self._nodes: dict[tuple[str, tuple[Value, ...]], Node] = {}
        self._numbers: dict[Node, int] = {}

    def value(self, operation: str, operands: tuple[Value, ...]) -> Value:
        """Return the value of an operation, which may be simpler than the operation."""
        simpler = next(_simpler(operation, operands), None)
        if simpler is not None:
            return simpler
        if commutes(operation):
            operands = tuple(sorted(operands, key=self._order))
        node = Node(operation, operands)
        if self._shared:
            node = self._nodes.setdefault((operation, operands), node)
        self._numbers.setdefault(node, len(self._numbers))
        return node

    def _order(self, value: Value) -> tuple[int, int]:
        """Tell which of two operands that may change places stands first."""
        if isinstance(value, Pixel):
            return 0, value.number
        return (1, value.byte) if isinstance(value, Constant) else (2, self._numbers[value])


def _simpler(operation: str, operands: tuple[Value, ...]) -> Iterator[Value]:
    """Yield what an operation is where known operands leave a constant or the other operand."""
    results = table(operation)
    left, right = operands[0], operands[-1]
    row: NDArray[np.uint8]
    other: Value
    if isinstance(left, Constant) and isinstance(right, Constant):
        row, other = results[left.byte, right.byte : right.byte + 1], left
    elif left == right:
        row, other = results.diagonal(), left
    elif isinstance(left, Constant):
        row, other = results[left.byte], right
    elif isinstance(right, Constant):
        row, other = results[:, right.byte], left
    else:
        return
    if (row == row[0]).all():
        yield Constant(int(row[0]))
    elif (row == np.arange(256)).all():
        yield other
