# SPDX-License-Identifier: Apache-2.0
"""How fast every backend is in real evolution, all in the same run: `evoarray bench`.

A rate is per second of one core's CPU time. Rounds are interleaved: each measures every backend
before the next begins, so that a machine whose speed drifts moves all of them, and ratios are taken
within a round. Mechanisms differ by little, so they are interleaved epoch by epoch, and in every
round they have several seeds, as what there is to compute depends on the way that an evolution
takes. Reported are the median, the lowest and the highest.

The engine is timed while it evolves. The slow backends are sampled: at points spread evenly over
the engine's run they evaluate the next children of its tribe.
"""

import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from evoarray.evolution.backends.library import cpu_line
from evoarray.evolution.backends.ready import require
from evoarray.evolution.bench.figures import Figures
from evoarray.evolution.bench.machine import (
    SIDE,
    bundled_pair,
    command_seconds,
    prepare,
    probe,
    start_up,
    store_a_while,
    store_limit,
)
from evoarray.evolution.bench.neuro import measure_neuro
from evoarray.evolution.bench.peer import evaluate_with_cgpy
from evoarray.evolution.bench.photos import measure_photos
from evoarray.evolution.filter.backends import Backend, open_backend
from evoarray.evolution.filter.backends.fast import FastBackend
from evoarray.evolution.filter.backends.simulated import SimulatorBackend
from evoarray.evolution.filter.goals import Goal
from evoarray.evolution.filter.loop import evolve, found
from evoarray.evolution.filter.presets import PRESETS
from evoarray.evolution.filter.sample import Pair
from evoarray.evolution.filter.settings import BLOCK, Settings
from evoarray.evolution.filter.tribe import Evolver, Rule, Tribe, advance, ask, rule_at
from evoarray.evolution.machine import usable_cores
from evoarray.evolution.neuro.data import TRAINING
from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import Genes, Shape

SIDES = (4, 8, 16, 24)
RATES = (2, 3)
EARLY, WHOLE = 20_000, 262_144
"""Evaluations: the first of a run, and the thesis's whole budget."""

POINTS = 4
SAMPLES = {
    "model": {4: 250, 8: 80, 16: 25, 24: 12},
    "verilator": {4: 100, 8: 60, 16: 20, 24: 10},
    "icarus": {4: 2, 8: 1, 16: 1, 24: 1},
}
"""Where along a run the slow backends are sampled, and how often; Icarus only at the first."""

ENGINE_EVALUATIONS = {4: 500_000, 8: 400_000, 16: 100_000, 24: 60_000}
"""The length of the engine's runs that measure a second core."""

SEEDS = {4: 9, 8: 9, 16: 6, 24: 3}
"""How many evolutions with each mechanism a round has; those of large arrays take longer."""

LONGER = {4: 16, 8: 8, 16: 4, 24: 3}
"""How many times WHOLE the longer command takes that is compared with one of WHOLE."""

DRAWN, SAME_MEAN = "rates 1..8", "rates 4, then 5"
"""A mutation rate that is drawn for each child, and what it costs is told apart from: a child that
differs from its parent in more genes is more work."""

PEER_SIDE = 8
PAIRINGS = 9
RATE = "evaluations/s"


def mechanisms(side: int) -> dict[str, dict[str, Any]]:
    """Return what the engine's loop is measured with, tribes alone first."""
    crossed = {"crossover": "full"}
    dropped = {"drop_interval": 3 * BLOCK}
    return {
        "8 tribes alone": {},
        "wars": {"war_interval": BLOCK},
        "drops": dropped,
        "full crossover": crossed,
        "partial crossover": {"crossover": "partial", "donor": "random"},
        "wars, drops, full crossover": {"war_interval": BLOCK, **dropped, **crossed},
        "growth": {"growth": f"{side // 2}x{side // 2},{side}x{side}"},
        "pieces": {"pieces": "2x2"},
        "abrupt changes": {"abrupt_after": 8 * BLOCK},
        "annealing": {"temperature": PRESETS["annealing"]["temperature"]},
        "four children": {"children": 4},
        "columns": {"scope": "column"},
        SAME_MEAN: {"mutation_rate": "4,5"},
        DRAWN: {"mutation_rate": "1..8"},
        "tie": {"parsimony": "tie"},
        "squared errors": {"fitness": "squared"},
    }


def bench(sides: Sequence[int], rounds: int, console: Console) -> dict[str, Any]:
    """Measure; return everything as plain data. Each round evolves from another seed.

    A simulator that is not installed is left out, and said so. Raises InputError or BuildError if
    the engine or a program cannot be built.
    """
    pair, simulators = bundled_pair(), []
    for name in ("verilator", "icarus"):
        try:
            require(name, "filter")
        except InputError as error:
            console.out(f"Without {name}: {error}")
        else:
            simulators.append(name)
    measured = Bench(pair, simulators)
    with console.status("building the programs"):
        shapes = {f"verilator {side}x{side}": Shape(side, side, "upm16") for side in sides}
        programs = (
            {name: prepare(shape, pair) for name, shape in shapes.items()}
            if "verilator" in simulators
            else {}
        )
    networks, photos, rtl = Figures(), Figures(), "verilator" in simulators
    for seed in range(1, rounds + 1):
        for side in sides:
            with console.status(f"round {seed} of {rounds}, {side}x{side}"):
                measured.round(side, seed)
        if SIDE in sides:
            with console.status(f"round {seed} of {rounds}, photos of several sizes"):
                for measured_photo in measure_photos(seed):
                    photos.note(*measured_photo)
        with console.status(f"round {seed} of {rounds}, networks"):
            for figure in measure_neuro(seed, rtl=rtl):
                networks.note(*figure)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": cpu_line("model name").partition(":")[2].strip(),
        "cores": usable_cores(),
        "store_limit_bytes_per_second": store_limit() or None,
        "rounds": rounds,
        "start_up_seconds": {"fast": start_up(), **programs},
        "peak_memory_mb": {f"{side}x{side}": probe(side)[1] for side in sides},
        "figures": measured.figures.as_json(),
        "photos": photos.as_json(),
        "images": TRAINING,
        "networks": networks.as_json(),
    }


class Bench:
    """The figures so far, and how each is taken. pair is evolved for; simulators are measured."""

    def __init__(self, pair: Pair, simulators: Sequence[str]) -> None:
        self._pair = pair
        self._simulators = simulators
        self._limit = store_limit()
        self.figures = Figures()

    def round(self, side: int, seed: int) -> None:
        """Measure everything once on one array."""
        settings = Settings(Shape(side, side, "upm16"), seed=seed)
        golden = self._sample(settings)
        for rate in RATES:
            self._evolve(replace(settings, mutation_rate=rate), golden)
        for number in range(SEEDS[side]):
            eight = replace(settings, tribes=8, war_interval=0, seed=seed * SEEDS[side] + number)
            self._mechanisms(eight, golden)
        self._whole_command(settings)
        self._second_core("fast", settings, ENGINE_EVALUATIONS[side])
        if "verilator" in self._simulators:
            self._second_core("verilator", settings, SAMPLES["verilator"][side])
        if side == PEER_SIDE and importlib.util.find_spec("cgpy"):
            count = SAMPLES["model"][PEER_SIDE]
            self._note_rate("cgpy", side, count / evaluate_with_cgpy(settings, self._pair, count))

    def _note(self, what: str, unit: str, side: int, value: float) -> None:
        self.figures.note(what, unit, f"{side}x{side}", value)

    def _note_rate(self, what: str, side: int, rate: float) -> None:
        self._note(what, RATE, side, rate)
        if self._limit:
            stored = rate * side**2 * self._pair[0].size
            self._note(what, "% of the store limit", side, 100 * stored / self._limit)

    def _sample(self, settings: Settings) -> float:
        """Sample the golden model and the simulators along a run; return the model's rate."""
        side = settings.shape.rows
        taken = [_Sample(name) for name in ("model", *self._simulators)]
        with ExitStack() as stack:

            def opened(name: str) -> Backend:
                backend = open_backend(name, settings.shape, [self._pair])
                return stack.enter_context(closing(backend))

            fast = opened("fast")
            backends = [opened(sample.name) for sample in taken]
            tribes = found(settings, fast).tribes
            for point in range(POINTS):
                target = (2 * point + 1) * WHOLE // (2 * POINTS)
                advance(fast, tribes, target - tribes[0].evaluations, rule_at(settings))
                for sample, backend in zip(taken, backends, strict=True):
                    if point == 0 or sample.name != "icarus":
                        sample.take(backend, tribes[0], settings)
        for sample in taken:
            self._note_sample(sample, side)
        return taken[0].full.rate

    def _note_sample(self, sample: "_Sample", side: int) -> None:
        name, full, early = sample.name, sample.full, sample.early
        if name == "model":
            self._note_rate("golden", side, full.rate)
            return
        for way, spent in (("full frames", full), ("early stop", early)):
            self._note(f"{name}, {way}", RATE, side, spent.rate)
            self._note(f"{name}, {way}", "cycles/evaluation", side, spent.cycles / spent.count)
        ideal = self._pair[0].size * full.count
        self._note(f"{name}, full frames", "% of a pixel a cycle", side, 100 * ideal / full.cycles)
        self._note(f"{name}, full frames", "cycles/s", side, full.cycles / full.seconds)
        self._note(f"{name}, early stop", "x full frames", side, early.rate / full.rate)

    def _evolve(self, settings: Settings, golden: float) -> None:
        """Let the engine evolve, to EARLY and to WHOLE."""
        side, mutation = settings.shape.rows, f"fast, k={settings.mutation_rate}"
        with closing(FastBackend(settings.shape, [self._pair])) as fast:
            tribes = found(settings, fast).tribes
            seconds = 0.0
            for target in (EARLY, WHOLE):
                started = time.process_time()
                advance(fast, tribes, target - tribes[0].evaluations, rule_at(settings))
                seconds += time.process_time() - started
                what = f"{mutation}, to {target}"
                self._note_rate(what, side, target / seconds)
                self._note(what, "x golden", side, target / seconds / golden)
            if self._limit:
                percent = 100 * fast.bytes_stored / seconds / self._limit
                self._note(what, "% of the store limit, in fact", side, percent)

    def _whole_command(self, settings: Settings) -> None:
        """Take what a longer run of `evoarray evolve` costs more, run folder and log included."""
        side = settings.shape.rows
        counts = (WHOLE, LONGER[side] * WHOLE)
        seconds = [command_seconds(self._pair, side, count) for count in counts]
        rate = (counts[1] - counts[0]) / (seconds[1] - seconds[0])
        self._note_rate("fast, evoarray evolve", side, rate)

    def _mechanisms(self, settings: Settings, golden: float) -> None:
        """Let eight tribes evolve with the engine, alone and with each mechanism, in turns.

        Who has evaluated least is next, so that all meet the same moods of the machine.
        """
        with ExitStack() as stack:
            runs = []
            for name, options in mechanisms(settings.shape.rows).items():
                asked = replace(settings, evaluations=WHOLE, **options)
                goal = Goal(asked.fitness)
                fast = open_backend("fast", asked.shape, [self._pair], goal=goal)
                runs.append(_Run(name, asked, stack.enter_context(closing(fast))))
            going = list(runs)
            while going:
                run = min(going, key=lambda run: run.evaluations)
                if not run.step():
                    going.remove(run)
        for run in runs:
            side, what = settings.shape.rows, f"fast, {run.name}"
            self._note(what, RATE, side, run.rate)
            self._note(what, "x golden", side, run.rate / golden)
            self._note(what, "x 8 tribes alone", side, run.rate / runs[0].rate)
            self._note(what, "% of the time between epochs", side, run.percent_between)
        rates = {run.name: run.rate for run in runs}
        drawn = rates[DRAWN] / rates[SAME_MEAN]
        self._note(f"fast, {DRAWN}", f"x {SAME_MEAN}", settings.shape.rows, drawn)

    def _second_core(self, name: str, settings: Settings, count: int) -> None:
        """Time a run alone, then two such runs at once, on two cores by the clock on the wall.

        What vectors in the nearest cache gain by a second core, in turns with the runs, is what the
        machine gives at best: cores may share units, or a host its cores.
        """
        with ExitStack() as stack:
            backends = [
                stack.enter_context(closing(open_backend(name, settings.shape, [self._pair])))
                for _ in range(2)
            ]
            tribes = found(settings, backends[0]).tribes
            store_a_while(0)  # looks for its library, which is not to be timed

            def run(number: int) -> None:
                advance(backends[number], deepcopy(tribes), count, rule_at(settings))

            pairs = [(two_cores(run), two_cores(store_a_while)) for _ in range(PAIRINGS)]
        medians = np.median(pairs, axis=0).tolist()
        for what, ratio in zip((name, f"vectors beside {name}"), medians, strict=True):
            self._note(f"{what}, two cores", "x one core", settings.shape.rows, ratio)


def two_cores(run: Callable[[int], None]) -> float:
    """Return how much more gets done by run(0) and run(1) at once than by run(0) alone."""

    def seconds(runs: int) -> float:
        with ThreadPoolExecutor(runs) as pool:
            started = time.perf_counter()
            list(pool.map(run, range(runs)))
            return time.perf_counter() - started

    return 2 * seconds(1) / seconds(2)


class _Run:
    """An evolution that is taken step by step, and its CPU seconds."""

    def __init__(self, name: str, settings: Settings, evolver: Evolver) -> None:
        self.name = name
        self.evaluations = 0
        self._evolver = _Timed(evolver)
        self._epochs = evolve(settings, self._evolver)
        self._seconds = 0.0

    def step(self) -> bool:
        """Go on for an epoch; return whether there was one left."""
        started = time.process_time()
        epoch = next(self._epochs, None)
        self._seconds += time.process_time() - started
        if epoch:
            self.evaluations = epoch.evaluations
        return epoch is not None

    @property
    def rate(self) -> float:
        """Return evaluations a second."""
        return self.evaluations / self._seconds

    @property
    def percent_between(self) -> float:
        """Return the part of the time that the evolver had nothing to do, in per cent."""
        return 100 * (1 - self._evolver.seconds / self._seconds)


class _Timed:
    """An Evolver that counts the CPU seconds that another one takes."""

    def __init__(self, evolver: Evolver) -> None:
        self._evolver = evolver
        self.seconds = 0.0

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        with self._counted():
            return self._evolver.evaluate(batch, limits)

    def advance(self, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        with self._counted():
            self._evolver.advance(tribes, rule)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        started = time.process_time()
        yield
        self.seconds += time.process_time() - started


@dataclass
class _Spent:
    """What evaluations took."""

    count: int = 0
    seconds: float = 0.0
    cycles: int = 0

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@dataclass
class _Sample:
    """What a backend took for samples of a run, with whole frames and with the early stop."""

    name: str
    full: _Spent = field(default_factory=_Spent)
    early: _Spent = field(default_factory=_Spent)

    def take(self, backend: Backend, tribe: Tribe, settings: Settings) -> None:
        """Evaluate the next children of a tribe, which stays as it is."""
        future, rule = deepcopy(tribe), rule_at(settings)
        count = SAMPLES[self.name][settings.shape.rows]
        children = np.concatenate([ask(future, rule) for _ in range(count)])
        if self.name == "verilator":  # which learns from parents where children err
            backend.evaluate(tribe.genes[np.newaxis], np.array([tribe.sae]))
        for spent, limits in ((self.full, None), (self.early, np.full(count, tribe.sae))):
            seconds, cycles = _clocks(backend)
            backend.evaluate(children, limits)
            seconds_now, cycles_now = _clocks(backend)
            spent.count += count
            spent.seconds += seconds_now - seconds
            spent.cycles += cycles_now - cycles


def _clocks(backend: Backend) -> tuple[float, int]:
    if isinstance(backend, SimulatorBackend):
        return backend.simulation.cpu_seconds(), backend.cycles
    return time.process_time(), 0
