# SPDX-License-Identifier: Apache-2.0
"""How fast every backend is in real evolution, all in the same run: `evoarray bench`.

A rate is per second of one core's CPU time. Rounds are interleaved: each measures every backend
before the next begins, so that a machine whose speed drifts moves all of them, and ratios are taken
within a round. Reported are the median of the rounds, the lowest and the highest.

The engine is timed while it evolves. The slow backends are sampled: at points spread evenly over
the engine's run they evaluate the next children of its tribe.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from evolve.backends import Backend, Pair, open_backend
from evolve.backends.fast import FastBackend, cpu_line
from evolve.backends.process import SimulatorBackend
from evolve.loop import found
from evolve.settings import Settings
from evolve.tribe import Tribe, ask, rule_at
from model.circuit import Circuit, Shape, circuit_of
from model.errors import InputError
from model.fitness import sae
from model.functions import FUNCTION_SETS
from model.images import read_image
from model.noise import add_noise
from model.rtl import find_simulator
from model.window import WINDOW_PIXELS, windows

PHOTO = Path(__file__).parents[1] / "images" / "training" / "camera.png"
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

PEER_SIDE = 8
RATE = "evaluations/s"


@dataclass(frozen=True)
class Figure:
    """A measured quantity: what, in which unit, on which array, and its values in all rounds."""

    what: str
    unit: str
    side: int
    values: list[float]

    def as_json(self) -> dict[str, Any]:
        """Return the median and the spread."""
        return {
            "what": self.what,
            "unit": self.unit,
            "array": f"{self.side}x{self.side}",
            "median": statistics.median(self.values),
            "lowest": min(self.values),
            "highest": max(self.values),
        }


def bench(sides: Sequence[int], rounds: int, console: Console) -> dict[str, Any]:
    """Measure; return everything as plain data. Each round evolves from another seed.

    A simulator that is not installed is left out, and said so. Raises InputError or BuildError if
    the engine or a program cannot be built.
    """
    pair, simulators = bundled_pair(), []
    for name in ("verilator", "icarus"):
        try:
            find_simulator(name)
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
    for seed in range(1, rounds + 1):
        for side in sides:
            with console.status(f"round {seed} of {rounds}, {side}x{side}"):
                measured.round(side, seed)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": cpu_line("model name").partition(":")[2].strip(),
        "cores": len(os.sched_getaffinity(0)),
        "store_limit_bytes_per_second": store_limit() or None,
        "rounds": rounds,
        "start_up_seconds": {"fast": start_up(), **programs},
        "peak_memory_mb": {f"{side}x{side}": probe(side)[1] for side in sides},
        "figures": [figure.as_json() for figure in measured.figures()],
    }


class Bench:
    """The figures so far, and how each is taken. pair is evolved for; simulators are measured."""

    def __init__(self, pair: Pair, simulators: Sequence[str]) -> None:
        self._pair = pair
        self._simulators = simulators
        self._limit = store_limit()
        self._figures: dict[tuple[str, str, int], Figure] = {}

    def round(self, side: int, seed: int) -> None:
        """Measure everything once on one array."""
        settings = Settings(Shape(side, side, "upm16"), seed=seed)
        golden = self._sample(settings)
        for rate in RATES:
            self._evolve(replace(settings, mutation_rate=rate), golden)
        self._second_core("fast", settings, ENGINE_EVALUATIONS[side])
        if "verilator" in self._simulators:
            self._second_core("verilator", settings, SAMPLES["verilator"][side])
        if side == PEER_SIDE and importlib.util.find_spec("cgpy"):
            self._peer(settings)

    def figures(self) -> list[Figure]:
        """Return all figures, in the order in which they were first taken."""
        return list(self._figures.values())

    def _note(self, what: str, unit: str, side: int, value: float) -> None:
        figure = self._figures.setdefault((what, unit, side), Figure(what, unit, side, []))
        figure.values.append(value)

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
                fast.advance(tribes, target - tribes[0].evaluations, rule_at(settings))
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
                fast.advance(tribes, target - tribes[0].evaluations, rule_at(settings))
                seconds += time.process_time() - started
                what = f"{mutation}, to {target}"
                self._note_rate(what, side, target / seconds)
                self._note(what, "x golden", side, target / seconds / golden)
            if self._limit:
                percent = 100 * fast.bytes_stored / seconds / self._limit
                self._note(what, "% of the store limit, in fact", side, percent)

    def _second_core(self, name: str, settings: Settings, count: int) -> None:
        """Time a run alone, then two such runs at once, on two cores by the clock on the wall."""
        with ExitStack() as stack:
            backends = [
                stack.enter_context(closing(open_backend(name, settings.shape, [self._pair])))
                for _ in range(2)
            ]
            tribes = found(settings, backends[0]).tribes

            def run(backend: Backend) -> None:
                backend.advance(deepcopy(tribes), count, rule_at(settings))

            def seconds(runs: int) -> float:
                with ThreadPoolExecutor(runs) as pool:
                    started = time.perf_counter()
                    list(pool.map(run, backends[:runs]))
                    return time.perf_counter() - started

            ratios = [2 * seconds(1) / seconds(2) for _ in range(5)]
        ratio = statistics.median(ratios)
        self._note(f"{name}, two cores", "x one core", settings.shape.rows, ratio)

    def _peer(self, settings: Settings) -> None:
        """Let cgpy evaluate an evolved circuit as a graph of 64 nodes."""
        from cgpy.cgp import CGP

        noisy, clean = self._pair
        with closing(open_backend("fast", settings.shape, [self._pair])) as fast:
            tribe = found(settings, fast).tribes[0]
            fast.advance([tribe], EARLY, rule_at(settings))
        genes = _graph_genes(circuit_of(tribe.genes, settings.shape))
        operations = [_Operation(code) for code in range(16)]
        planes = list(windows(noisy))
        started = time.process_time()
        for _ in range(SAMPLES["model"][PEER_SIDE]):
            if sae(CGP(len(planes), operations, genes).eval(planes), clean) != tribe.sae:
                raise RuntimeError("cgpy and the engine disagree about an SAE")
        seconds = time.process_time() - started
        self._note_rate("cgpy", PEER_SIDE, SAMPLES["model"][PEER_SIDE] / seconds)


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


class _Operation:
    """A function of upm16 as cgpy takes it."""

    is_binary = True

    def __init__(self, code: int) -> None:
        self._apply = FUNCTION_SETS["upm16"].functions[code].apply

    def func(self, north: Any, west: Any) -> Any:
        result = np.empty_like(north)
        self._apply(north, west, out=result)
        return result


def _graph_genes(circuit: Circuit) -> list[int]:
    """Return a circuit as CGP genes: for each node a function and two earlier nodes; the output."""
    rows, cols = circuit.functions.shape
    first = len(WINDOW_PIXELS)
    genes: list[int] = []
    for row, col in np.ndindex(rows, cols):
        node = first + row * cols + col
        north = node - cols if row else circuit.north[col]
        west = node - 1 if col else circuit.west[row]
        genes += [int(circuit.functions[row, col]), int(north), int(west)]
    return [*genes, first + circuit.output * cols + cols - 1]


def store_limit() -> float:
    """Return the bytes that a core can store a second, one vector a cycle; 0 if it is not known."""
    cpu = cpu_line("cpu MHz")
    flags = cpu_line("flags")
    width = 64 if "avx512bw" in flags else 32 if "avx2" in flags else 16
    return float(cpu.split(":")[1]) * 1e6 * width if cpu else 0.0


def start_up() -> dict[str, float]:
    """Return seconds from Python's start to a first SAE: engine compiled, and from the cache."""
    with tempfile.TemporaryDirectory() as folder:
        return {way: probe(PEER_SIDE, folder)[0] for way in ("compiled", "cached")}


def prepare(shape: Shape, pair: Pair) -> dict[str, float]:
    """Return seconds until Verilator's program runs: as found (perhaps built now), and cached."""
    seconds = {}
    for way in ("as found", "cached"):
        started = time.perf_counter()
        open_backend("verilator", shape, [pair]).close()
        seconds[way] = time.perf_counter() - started
    return seconds


def probe(side: int, cache: str | None = None) -> tuple[float, float]:
    """Evolve a little in a process of its own; return its seconds and its peak memory in MB."""
    environment = dict(os.environ) if cache is None else {**os.environ, "XDG_CACHE_HOME": cache}
    code = f"from evolve.bench import evolve_a_little; evolve_a_little({side})"
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return time.perf_counter() - started, float(done.stdout)


def evolve_a_little(side: int) -> None:
    """Evolve with the engine; print this process's peak memory in MB."""
    settings = Settings(Shape(side, side, "upm16"))
    with closing(open_backend("fast", settings.shape, [bundled_pair()])) as fast:
        fast.advance(found(settings, fast).tribes, 1024, rule_at(settings))
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(str(int(peak.split()[1]) / 1000))


def bundled_pair() -> Pair:
    """Return the photo that `make evolve` trains on, with and without noise."""
    clean = read_image(PHOTO)
    return add_noise(clean, "salt-and-pepper", 0.2, np.random.default_rng(1)), clean


def print_figures(results: Mapping[str, Any], console: Console) -> None:
    """Print the results as a table, in Markdown, a row a quantity and a column an array."""
    arrays = list(results["peak_memory_mb"])
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for figure in results["figures"]:
        spread = [f"{float(f'{figure[key]:.3g}'):,.10g}" for key in ("median", "lowest", "highest")]
        cell = "{} ({}-{})".format(*spread)
        rows.setdefault((figure["what"], figure["unit"]), {})[figure["array"]] = cell
    table = Table("backend", "quantity", *arrays, box=box.MARKDOWN)
    for (what, unit), cells in rows.items():
        table.add_row(what, unit, *(cells.get(array, "") for array in arrays))
    console.print(table)
    console.out(
        f"{results['date']}, {results['processor']}, {results['cores']} cores; median of "
        f"{results['rounds']} rounds (lowest-highest)"
    )
    if results["store_limit_bytes_per_second"]:
        limit = results["store_limit_bytes_per_second"] / 1e9
        console.out(f"The store limit is {limit:.0f} GB/s: a vector in every cycle of a core.")
    for name, seconds in results["start_up_seconds"].items():
        spent = ", ".join(f"{way} {value:.2f} s" for way, value in seconds.items())
        console.out(f"Start-up, {name}: {spent}")
    memory = ", ".join(
        f"{array} {value:.0f} MB" for array, value in results["peak_memory_mb"].items()
    )
    console.out(f"Peak memory of a process that evolves with the engine: {memory}")
