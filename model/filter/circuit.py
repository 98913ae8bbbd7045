# SPDX-License-Identifier: Apache-2.0
"""A circuit: the configuration of the array, which is also the genotype, and its file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evoarray.model.errors import InputError, refuse
from evoarray.model.files import parse_json, read_text, write_atomically
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.window import CENTRE, WINDOW_PIXELS

FORMAT = "evoarray-circuit"
VERSION = 1
LARGEST_SIDE = 64
KEYS = (
    "format",
    "version",
    "rows",
    "cols",
    "function_set",
    "functions",
    "north",
    "west",
    "output",
    "provenance",
)

Genes = NDArray[np.uint8]


@dataclass(frozen=True)
class Shape:
    """What is fixed before evolution: rows and columns of the mesh, and its function set.

    Raises InputError for a side outside 1..64 or an unknown set.
    """

    rows: int
    cols: int
    function_set: str

    def __post_init__(self) -> None:
        for key, side in (("rows", self.rows), ("cols", self.cols)):
            if type(side) is not int or not 1 <= side <= LARGEST_SIDE:
                refuse(key, side, f"a whole number from 1 to {LARGEST_SIDE}")
        _check_function_set(self.function_set)

    @cached_property
    def limits(self) -> NDArray[np.int64]:
        """How many values each gene may take, (genes,) int64, in the order of `Circuit.genes`.

        The order is also the address order of the RTL's configuration port: functions row by
        row, north selectors, west selectors, output row.
        """
        codes = len(FUNCTION_SETS[self.function_set].functions)
        borders = self.rows + self.cols
        return np.repeat(
            [codes, len(WINDOW_PIXELS), self.rows], [self.rows * self.cols, borders, 1]
        )


@dataclass(frozen=True, eq=False)
class Circuit:
    """One configuration of the array.

    functions (rows, cols), north (cols,) and west (rows,) are read-only uint8; output is the row
    of the east column that is read. Raises InputError naming key, value and legal range.
    Source: UPM tutorial of 2023; thesis, 3.3.
    """

    function_set: str
    functions: NDArray[np.uint8]
    north: NDArray[np.uint8]
    west: NDArray[np.uint8]
    output: int
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_function_set(self.function_set)
        if np.ndim(self.functions) != 2 or not np.size(self.functions):
            refuse("functions", np.shape(self.functions), "a shape of rows and columns")
        rows, cols = np.shape(self.functions)
        Shape(rows, cols, self.function_set)
        codes = len(FUNCTION_SETS[self.function_set].functions)
        pixels = len(WINDOW_PIXELS)
        for key, shape, count in (
            ("functions", (rows, cols), codes),
            ("north", (cols,), pixels),
            ("west", (rows,), pixels),
        ):
            object.__setattr__(self, key, _codes(key, getattr(self, key), shape, count))
        object.__setattr__(self, "output", int(_codes("output", self.output, (), rows)))

    @property
    def shape(self) -> Shape:
        """Rows, columns and function set."""
        rows, cols = self.functions.shape
        return Shape(rows, cols, self.function_set)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.functions.shape[0])

    @property
    def cols(self) -> int:
        """Number of columns."""
        return int(self.functions.shape[1])

    @property
    def genes(self) -> Genes:
        """The genotype as one vector (genes,) uint8, in the order of `Shape.limits`."""
        output = np.array([self.output], np.uint8)
        return np.concatenate([self.functions.ravel(), self.north, self.west, output])

    def __eq__(self, other: object) -> bool:
        """Same shape, set and genes; where the circuits come from does not count."""
        if not isinstance(other, Circuit):
            return NotImplemented
        return self.shape == other.shape and bool(np.array_equal(self.genes, other.genes))

    def __hash__(self) -> int:
        """Hash what equality compares."""
        return hash((self.shape, self.genes.tobytes()))


def circuit_of(genes: Genes, shape: Shape, provenance: Mapping[str, Any] | None = None) -> Circuit:
    """Return the circuit of a gene vector (genes,) uint8. Raises InputError on illegal genes."""
    if genes.shape != shape.limits.shape:
        refuse("the shape of genes", genes.shape, str(shape.limits.shape))
    functions, north, west, output = np.split(
        genes,
        np.cumsum([shape.rows * shape.cols, shape.cols, shape.rows]),
    )
    return Circuit(
        shape.function_set,
        functions.reshape(shape.rows, shape.cols),
        north,
        west,
        output[0],
        provenance or {},
    )


def copy_filter(shape: Shape) -> Circuit:
    """Return the circuit that passes the centre pixel through (UPM tutorial: the start)."""
    names = [f.name for f in FUNCTION_SETS[shape.function_set].functions]
    # A set without "W" hands the centre down the columns instead: cgp16 has only its first input.
    code = names.index("W") if "W" in names else names.index("N")
    return Circuit(
        shape.function_set,
        np.full((shape.rows, shape.cols), code),
        np.full(shape.cols, CENTRE),
        np.full(shape.rows, CENTRE),
        shape.rows - 1,
    )


def random_circuit(shape: Shape, rng: np.random.Generator) -> Circuit:
    """Return a circuit whose genes are uniform and independent."""
    return circuit_of(rng.integers(0, shape.limits).astype(np.uint8), shape)


def write_circuit(path: Path, circuit: Circuit) -> None:
    """Write a circuit file; nothing is left behind where that fails. Raises InputError."""
    write_atomically(path, circuit_to_json(circuit).encode())


def read_circuit(path: Path) -> Circuit:
    """Read a circuit file. Raises InputError with a sentence that says what is wrong in it."""
    text = read_text(path, "circuit file")
    try:
        return circuit_from_json(text)
    except InputError as error:
        raise InputError(f"{path} is not a usable circuit file: {error}") from None


def circuit_to_json(circuit: Circuit) -> str:
    """Return the text of a circuit file (SPEC section 8): a mesh row per line, stable bytes."""
    mesh = ",\n    ".join(json.dumps(row) for row in circuit.functions.tolist())
    fields = {
        "format": json.dumps(FORMAT),
        "version": json.dumps(VERSION),
        "rows": json.dumps(circuit.rows),
        "cols": json.dumps(circuit.cols),
        "function_set": json.dumps(circuit.function_set),
        "functions": f"[\n    {mesh}\n  ]",
        "north": json.dumps(circuit.north.tolist()),
        "west": json.dumps(circuit.west.tolist()),
        "output": json.dumps(circuit.output),
        "provenance": json.dumps(dict(circuit.provenance), indent=2, allow_nan=False).replace(
            "\n", "\n  "
        ),
    }
    return "{\n" + ",\n".join(f'  "{key}": {value}' for key, value in fields.items()) + "\n}\n"


def circuit_from_json(text: str) -> Circuit:
    """Return the circuit of a circuit file's text. Raises InputError naming key and value."""
    data = parse_json(text, FORMAT, VERSION, KEYS)
    shape = Shape(data["rows"], data["cols"], data["function_set"])
    codes = {
        "functions": ((shape.rows, shape.cols), len(FUNCTION_SETS[shape.function_set].functions)),
        "north": ((shape.cols,), len(WINDOW_PIXELS)),
        "west": ((shape.rows,), len(WINDOW_PIXELS)),
        "output": ((), shape.rows),
    }
    for key, (size, count) in codes.items():
        _check_nested(key, data[key], size, count)
    if not isinstance(data["provenance"], dict):
        refuse("provenance", data["provenance"], "an object")
    return Circuit(shape.function_set, *(data[key] for key in (*codes, "provenance")))


def _check_function_set(name: object) -> None:
    if not isinstance(name, str) or name not in FUNCTION_SETS:
        refuse("function_set", name, "one of " + ", ".join(FUNCTION_SETS))


def _check_nested(key: str, value: object, size: tuple[int, ...], count: int) -> None:
    """Refuse anything but lists nested to this size with whole numbers 0..count-1 in them."""
    if not size:
        if type(value) is not int or not 0 <= value < count:  # True is an int, but not a code
            refuse(key, value, f"a whole number from 0 to {count - 1}")
        return
    if not isinstance(value, list) or len(value) != size[0]:
        refuse(key, value, f"a list of length {size[0]}")
    for index, item in enumerate(value):
        _check_nested(f"{key}[{index}]", item, size[1:], count)


def _codes(key: str, value: ArrayLike, shape: tuple[int, ...], count: int) -> NDArray[np.uint8]:
    """Return value as a read-only uint8 array of this shape with codes 0..count-1."""
    array = np.asarray(value)
    if array.shape != shape:
        refuse(f"the shape of {key}", array.shape, str(shape))
    if array.dtype.kind not in "iu" or array.min() < 0 or array.max() >= count:
        refuse(key, array.tolist(), f"whole numbers from 0 to {count - 1}")
    codes = array.astype(np.uint8)
    codes.flags.writeable = False
    return codes
