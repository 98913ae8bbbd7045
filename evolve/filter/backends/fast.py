# SPDX-License-Identifier: Apache-2.0
"""Fitness, and the whole inner loop of evolution, from the engine in engine.c.

C was chosen by measurement (docs/speed.md): it needs a compiler on the machine, once, and no
package.
"""

import ctypes
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evolve.backends.library import address, load_compiled
from evolve.filter.tribe import Rule, Tribe
from evolve.simplify.cost import luts_by_code
from model.filter.circuit import Genes, Shape
from model.filter.functions import FUNCTION_SETS, Plane
from model.window import windows

_SOURCE = Path(__file__).with_name("engine.c")


class _Tribe(ctypes.Structure):
    """As Tribe in engine.c."""

    _fields_ = (
        ("state", ctypes.c_uint64),
        ("increment", ctypes.c_uint64),
        ("sae", ctypes.c_int64),
        ("evaluations", ctypes.c_int64),
        ("accepted", ctypes.c_int64),
        ("luts", ctypes.c_int64),
        ("weight", ctypes.c_int64),
    )


class _Rule(ctypes.Structure):
    """As Rule in engine.c; `arrays` keeps alive what it points to."""

    _fields_ = (
        *(
            (name, ctypes.c_void_p)
            for name in ("positions", "starts", "bounds", "functions", "costs")
        ),
        *((name, ctypes.c_int32) for name in ("groups", "elements", "lowest", "highest")),
        *((name, ctypes.c_int32) for name in ("children", "accept_equal", "temperature")),
    )
    arrays: list[NDArray[np.int32]]


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
    """One engine of engine.c; its calls leave Python's lock free for other threads."""

    def __init__(self, shape: Shape, pairs: Sequence[tuple[Plane, Plane]]) -> None:
        # For each pixel of every pair its window and its reference: all that the engine knows.
        image = np.concatenate(
            [np.concatenate([windows(noisy), [clean]]).reshape(10, -1).T for noisy, clean in pairs]
        )
        image = np.ascontiguousarray(image)
        self._first = pairs[0][0].shape
        self._pixels = len(image)
        self._library = load_library()
        number = list(FUNCTION_SETS).index(shape.function_set)
        self._engine = self._library.engine_new(
            shape.rows, shape.cols, number, self._pixels, address(image)
        )
        if not self._engine:
            raise MemoryError

    def advance(self, tribes: Sequence[Tribe], count: int, rule: Rule, /) -> None:
        """See Evolver.advance; one tribe after the other."""
        packed = _packed(rule)
        for tribe in tribes:
            genes = tribe.genes.copy()
            random = tribe.random
            state = _Tribe(
                *(random.state, random.increment, 0, tribe.evaluations, tribe.accepted),
                *(0, tribe.weight),
            )
            self._library.engine_advance(self._engine, state, address(genes), count, packed)
            tribe.genes, tribe.sae, random.state = genes, state.sae, state.state
            tribe.evaluations, tribe.accepted = state.evaluations, state.accepted
            tribe.luts = state.luts

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
    library = load_compiled(_SOURCE, *flags)
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    library.engine_new.restype = pointer
    library.engine_new.argtypes = [ctypes.c_int] * 4 + [pointer]
    library.engine_advance.argtypes = [
        *(pointer, ctypes.POINTER(_Tribe), pointer, count, ctypes.POINTER(_Rule))
    ]
    library.engine_evaluate.argtypes = [pointer, pointer, pointer, count, pointer]
    library.engine_filter.argtypes = [pointer, pointer, pointer]
    library.engine_stored.restype = count
    library.engine_stored.argtypes = [pointer]
    library.engine_free.argtypes = [pointer]
    return library
