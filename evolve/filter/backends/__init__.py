# SPDX-License-Identifier: Apache-2.0
"""Where fitness comes from: the engine, the golden model, or the RTL in a simulator.

All give the same bits; they differ in speed, and in what they prove.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from queue import SimpleQueue
from threading import Barrier, Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.filter.backends.axi.icarus import IcarusAxiBackend
from evoarray.evolution.filter.backends.fast import FastBackend
from evoarray.evolution.filter.backends.icarus import IcarusBackend
from evoarray.evolution.filter.backends.model import ModelBackend
from evoarray.evolution.filter.backends.simulated import SimulatorBackend
from evoarray.evolution.filter.backends.verilator import VerilatorBackend
from evoarray.evolution.filter.goals import SAE, Goal
from evoarray.evolution.filter.sample import Pair, Sheet, as_sheet
from evoarray.evolution.filter.tribe import AskEvaluateTell, Evolver, Rule, Tribe
from evoarray.model.filter.circuit import Genes, Shape
from evoarray.model.filter.functions import Plane

SHARES = 4
"""Into how many shares for each backend tribes are parted: more balance better, but take longer."""

_SIMULATORS: dict[str, Callable[[Shape, Sheet], SimulatorBackend]] = {
    "icarus": IcarusBackend,
    "icarus-axi": IcarusAxiBackend,
    "verilator": VerilatorBackend,
}


MOST_PIXELS = 2**24
"""How many a function is given at once, unless one image has more."""

_ONE_AT_A_TIME = Lock()


class Backend(Evolver, Protocol):
    """An evaluator of circuits of one shape on image pairs; close it after use."""

    def filter(self, genes: Genes, /) -> Plane:
        """Return the filtered first image (H, W) uint8 of one genotype (genes,) uint8."""

    def close(self) -> None:
        """Stop what runs for this backend."""


def open_backend(
    name: str,
    shape: Shape,
    pairs: Sequence[Pair | Sheet],
    workers: int = 1,
    goal: Goal = SAE,
) -> Backend:
    """Start a backend of settings.BACKENDS, on up to `workers` cores, whose values are of a goal.

    Raises InputError if what it needs is not installed, BuildError or SimulatorError if that does
    not work.
    """
    sheets = [as_sheet(pair) for pair in pairs]
    squared = goal.fitness == "squared"
    if workers > 1 and name != "model":  # where Python's lock would let it use one core anyway
        one = partial(open_backend, name, shape, sheets, goal=goal)
        return _Crew(_open_all(one for _ in range(workers)))
    if goal.cost is not None or (squared and name in _SIMULATORS):
        inner = _open_all(partial(open_backend, name, shape, [sheet]) for sheet in sheets)
        return _Judged(inner, [sheet.reference for sheet in sheets], goal)
    if name == "model":
        return ModelBackend(shape, sheets, squared=squared)
    if name == "fast":
        return FastBackend(shape, sheets, squared=squared)
    simulator = _SIMULATORS[name]
    simulators = _open_all(partial(simulator, shape, sheet) for sheet in sheets)
    return simulators[0] if len(pairs) == 1 else _Sum(simulators)


def _shares(tribes: Sequence[Tribe], number: int) -> list[Sequence[Tribe]]:
    """Return the tribes in shares of equal size, at most so many."""
    size = max(1, -(-len(tribes) // number))
    return [tribes[start : start + size] for start in range(0, len(tribes), size)]


def _open_all(openers: Iterable[Callable[[], Backend]]) -> list[Backend]:
    """Open backends; close them again if one fails."""
    with ExitStack() as opened:
        backends = [opened.enter_context(closing(opener())) for opener in openers]
        opened.pop_all()
    return backends


def _started_pool(threads: int) -> ThreadPoolExecutor:
    """Return a pool whose threads run already.

    One that is started later, just as Ctrl-C raises an exception, would be unknown to its pool, and
    go on with a backend that is closed.
    """
    pool, all_run = ThreadPoolExecutor(threads), Barrier(threads)
    try:
        list(pool.map(lambda _: all_run.wait(), range(threads)))
    except BaseException:
        all_run.abort()
        raise
    return pool


class _Crew:
    """Several backends that share the work, each in a thread that waits for it."""

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = backends
        self._pool = _started_pool(len(backends))
        self._free = SimpleQueue[Backend]()
        for backend in backends:
            self._free.put(backend)

    def advance(self, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        """See Evolver.advance; a tribe, or a few of many, goes to whoever is free."""

        def advance_some(some: Sequence[Tribe]) -> None:
            with self._whoever_is_free() as backend:
                backend.advance(some, rule)

        owing = [tribe for tribe in tribes if tribe.owed]
        list(self._pool.map(advance_some, _shares(owing, SHARES * len(self._backends))))

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """See Evolver.evaluate; each backend takes a share of the batch."""

        def evaluate_some(share: slice) -> NDArray[np.int64]:
            with self._whoever_is_free() as backend:
                return backend.evaluate(batch[share], None if limits is None else limits[share])

        size = -(-len(batch) // len(self._backends))
        shares = [slice(start, start + size) for start in range(0, len(batch), size)]
        return np.concatenate(list(self._pool.map(evaluate_some, shares)))

    def filter(self, genes: Genes, /) -> Plane:
        """See Backend.filter."""
        with self._whoever_is_free() as backend:
            return backend.filter(genes)

    def close(self) -> None:
        """See Backend.close; waits for what is under way."""
        self._pool.shutdown(cancel_futures=True)
        for backend in self._backends:
            backend.close()

    @contextmanager
    def _whoever_is_free(self) -> Iterator[Backend]:
        backend = self._free.get()
        try:
            yield backend
        finally:
            self._free.put(backend)


class _Judged(AskEvaluateTell):
    """Backends for one pair each that filter; what that is worth, a goal says."""

    def __init__(self, backends: Sequence[Backend], clean: Sequence[Plane], goal: Goal) -> None:
        self._backends, self._clean, self._goal = backends, clean, goal

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """See Evolver.evaluate; every evaluation is complete."""
        largest = max(clean.size for clean in self._clean)
        size = max(1, MOST_PIXELS // largest)
        values = [
            value
            for start in range(0, len(batch), size)
            for value in self._values(batch[start : start + size])
        ]
        return np.array(values, np.int64)

    def _values(self, batch: Genes) -> list[int]:
        filtered = [np.stack([each.filter(genes) for genes in batch]) for each in self._backends]
        with _ONE_AT_A_TIME:  # a user's function need not bear several threads
            return self._goal.of_all(filtered, self._clean)

    def filter(self, genes: Genes, /) -> Plane:
        """See Backend.filter."""
        return self._backends[0].filter(genes)

    def close(self) -> None:
        """See Backend.close."""
        for backend in self._backends:
            backend.close()


class _Sum(AskEvaluateTell):
    """Backends for one pair each, as one for all pairs."""

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = backends

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """See Evolver.evaluate; each pair has what the ones before have left of the limits."""
        total = np.zeros(len(batch), np.int64)
        for backend in self._backends:
            total += backend.evaluate(batch, None if limits is None else limits - total)
        return total

    def filter(self, genes: Genes, /) -> Plane:
        """See Backend.filter."""
        return self._backends[0].filter(genes)

    def close(self) -> None:
        """See Backend.close."""
        for backend in self._backends:
            backend.close()
