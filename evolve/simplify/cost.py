# SPDX-License-Identifier: Apache-2.0
"""What a circuit would cost as hardware of its own, in LUTs: what evolution can be told to save."""

import tomllib
from functools import cache
from importlib.resources import files

from evoarray.evolution.simplify.graph import nodes, simplify
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.functions import FUNCTION_SETS, OPERATIONS


@cache
def luts_by_operation() -> dict[str, int]:
    """Return the LUTs of 7 series for each operation of 8 bits, as `make synth` measured them."""
    text = files("evoarray.evolution.simplify").joinpath("luts.toml").read_text(encoding="utf-8")
    luts: dict[str, int] = tomllib.loads(text)
    return luts


def luts_by_code(function_set: str) -> tuple[int, ...]:
    """Return the LUTs of an element by its gene code; what only passes on costs nothing."""
    operations = [function.operation.name for function in FUNCTION_SETS[function_set].functions]
    return tuple(luts_by_operation()[op] if op in OPERATIONS else 0 for op in operations)


def luts(circuit: Circuit) -> int:
    """Return the LUTs of the elements on which the output depends.

    Elements that pass an operand on or always give the same are gone. What two elements compute
    alike counts twice, unlike in an export, so that a mutation changes the sum only downstream.
    """
    costs = luts_by_operation()
    return sum(costs[node.operation] for node in nodes(simplify(circuit, shared=False)))
