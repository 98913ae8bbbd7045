# SPDX-License-Identifier: Apache-2.0
"""Fitness, and the whole inner loop of evolution, from the engine in C.

C was chosen by measurement (docs/speed.md): it needs a compiler on the machine, once, and no
package.
"""

import ctypes
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.backends.library import address, load_compiled
from evoarray.evolution.filter.sample import Pair, Sheet, as_sheet
from evoarray.evolution.filter.tribe import Rule, Solution, Tribe
from evoarray.evolution.simplify.cost import luts_by_code
from evoarray.model.filter.circuit import Genes, Shape
from evoarray.model.filter.functions import FUNCTION_SETS, OPERATIONS, Plane, for_engine

SOURCE = Path(__file__).with_name("engine") / "engine.c"

MACROS = [f"-DOPERATIONS(X)={for_engine()}"]

WORK = 4_000_000
"""Steps of the engine, each an element's work on a block, that it takes at once: about 50 ms."""


class _Tribe(ctypes.Structure):
    """As Tribe in engine/loop.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("genes", "best")),
        *((name, ctypes.c_uint64) for name in ("state", "increment")),
        *((name, ctypes.c_int64) for name in ("sae", "luts", "best_sae", "best_luts", "weight")),
        *((name, ctypes.c_int64) for name in ("evaluations", "accepted", "owed")),
    )


class _Rule(ctypes.Structure):
    """As Rule in engine/loop.h; `arrays` keeps alive what it points to."""

    _fields_ = (
        *(
            (name, ctypes.c_void_p)
            for name in ("positions", "starts", "bounds", "functions", "costs")
        ),
        *((name, ctypes.c_int32) for name in ("groups", "elements", "lowest", "highest")),
        *((name, ctypes.c_int32) for name in ("children", "accept_equal", "temperature")),
    )
    arrays: list[NDArray[np.int32]]


def functions_of(function_set: str) -> NDArray[np.uint8]:
    """Return a function set as Function in engine/operations.h: (codes, 3) uint8."""
    numbers = {name: number for number, name in enumerate(("wire", "ones", *OPERATIONS))}
    return np.array(
        [
            (numbers[each.operation.name], *("NW".index((each.inputs or "N")[i]) for i in (0, -1)))
            for each in FUNCTION_SETS[function_set].functions
        ],
        np.uint8,
    )


@lru_cache(maxsize=64)
def _packed(rule: Rule) -> _Rule:
    mutation = rule.mutation
    positions = np.concatenate(mutation.groups).astype(np.int32)
    starts = np.cumsum([0, *map(len, mutation.groups)]).astype(np.int32)
    codes = mutation.functions.astype(np.int32)
    arrays = [positions, starts, mutation.bounds.astype(np.int32), codes]
    if rule.counted:
        arrays.append(np.array(luts_by_code(rule.counted.function_set), np.int32))
    packed = _Rule(
        *map(address, arrays),
        *([] if rule.counted else [None]),
        *(len(mutation.groups), mutation.elements, mutation.lowest, mutation.highest),
        *(rule.children, rule.accept == "equal", rule.temperature),
    )
    packed.arrays = arrays
    return packed


class FastBackend:
    """One engine; its calls leave Python's lock free for other threads."""

    def __init__(
        self, shape: Shape, pairs: Sequence[Pair | Sheet], *, squared: bool = False
    ) -> None:
        """Take pairs of images; squared: whether their errors are squared before they are added."""
        sheets = [as_sheet(pair) for pair in pairs]
        # For each pixel its window and its reference: all that the engine knows.
        image = np.concatenate(
            [np.concatenate([s.windows, [s.reference]]).reshape(10, -1).T for s in sheets]
        )
        image = np.ascontiguousarray(image)
        self._first = sheets[0].reference.shape
        self._pixels, self._image = len(image), image
        self._library = load_library()
        functions = functions_of(shape.function_set)
        self._engine = self._library.engine_new(
            *(shape.rows, shape.cols, address(functions), len(functions)),
            *(self._pixels, address(image), squared),
        )
        if not self._engine:
            raise MemoryError

    def advance(self, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        """See Evolver.advance; one tribe after the other."""
        packed, owing = _packed(rule), [tribe for tribe in tribes if tribe.owed]
        for tribe in owing:
            self._advance(tribe, packed, WORK // len(owing))

    def _advance(self, tribe: Tribe, rule: _Rule, work: int) -> None:
        best = tribe.best or Solution(tribe.genes, tribe.sae, tribe.luts)
        genes, best_genes, random = tribe.genes.copy(), best.genes.copy(), tribe.random
        state = _Tribe(
            *(address(genes), address(best_genes), random.state, random.increment),
            *(tribe.sae, tribe.luts, best.sae, best.luts, tribe.weight),
            *(tribe.evaluations, tribe.accepted, tribe.owed),
        )
        self._library.engine_advance(self._engine, state, work, rule)
        tribe.genes, tribe.sae, tribe.luts = genes, state.sae, state.luts
        tribe.best = Solution(best_genes, state.best_sae, state.best_luts)
        tribe.evaluations, tribe.accepted, tribe.owed = (
            state.evaluations,
            state.accepted,
            state.owed,
        )
        random.state = state.state

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """See Evolver.evaluate; the last tribe that advanced is taken for the parent."""
        genes = np.ascontiguousarray(batch)
        if limits is None:
            limits = np.full(len(genes), np.iinfo(np.int64).max)
        limits = np.ascontiguousarray(limits, np.int64)
        saes = np.empty(len(genes), np.int64)
        self._library.engine_evaluate(
            self._engine, address(genes), address(limits), len(genes), address(saes)
        )
        return saes

    def filter(self, genes: Genes, /) -> Plane:
        """See Backend.filter."""
        genes = np.ascontiguousarray(genes)
        pixels = np.empty(self._pixels, np.uint8)
        self._library.engine_filter(self._engine, address(genes), address(pixels))
        height, width = self._first
        return pixels[: height * width].reshape(height, width)

    @property
    def bytes_stored(self) -> int:
        """Bytes that the processing elements have put into planes so far."""
        return int(self._library.engine_stored(self._engine))

    def close(self) -> None:
        """Free the engine."""
        self._library.engine_free(self._engine)
        self._engine = None


@cache
def load_library(*flags: str) -> ctypes.CDLL:
    """Return the engine, compiled with further flags: tests ask for other blocks, and sanitizers.

    Raises InputError without a compiler, BuildError if it fails.
    """
    library = load_compiled(SOURCE, *flags, macros=MACROS)
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    library.engine_new.restype = pointer
    library.engine_new.argtypes = [
        *(ctypes.c_int, ctypes.c_int, pointer, ctypes.c_int),
        *(ctypes.c_int, pointer, ctypes.c_int),
    ]
    library.engine_advance.argtypes = [
        *(pointer, ctypes.POINTER(_Tribe), count, ctypes.POINTER(_Rule))
    ]
    library.engine_evaluate.argtypes = [pointer, pointer, pointer, count, pointer]
    library.engine_filter.argtypes = [pointer, pointer, pointer]
    library.engine_stored.restype = count
    library.engine_stored.argtypes = [pointer]
    library.engine_free.argtypes = [pointer]
    return library
