# SPDX-License-Identifier: Apache-2.0
"""neuro_core: networks of all kinds against the model, logit by logit and cycle by cycle."""

import math
import re
import subprocess
from collections.abc import Callable
from itertools import product

import cocotb
import numpy as np
import pytest

from model.neuro.arithmetic import LARGEST
from model.neuro.latency import inference_cycles
from model.neuro.layers import LARGEST_ACCUMULATOR as FULL
from model.neuro.network import Conv, Dense, Layer, Network, Pool
from model.neuro.program import BIASES, LAYERS, TABLES, WEIGHTS, Core
from model.rtl import INCLUDE_DIR, find_simulator, sources
from tb.drivers import Dut
from tb.neuro.drivers import Bench
from tests.neuro.networks import random_images

CORES = [
    Core(),
    Core(9, 1, layers=5, activations=600, positions=100, weights=2000, biases=30, multiplier=0),
    Core(20, 3, layers=6, activations=700, positions=100, weights=1000, biases=64, tables=4),
]
VERILATED = CORES[2]


def label(core: Core) -> str:
    return f"{core.rows}x{core.cols}"


@pytest.mark.parametrize(
    "core",
    [pytest.param(c, marks=[pytest.mark.verilator] if c == VERILATED else []) for c in CORES],
    ids=label,
)
def test_neuro_core(simulate: Callable[..., None], core: Core) -> None:
    simulate(
        toplevel="neuro_core",
        module="tb.neuro.test_neuro_core",
        parameters=core.parameters,
        family="neuro",
    )


@cocotb.test(timeout_time=500, timeout_unit="us")
async def dense_layers_of_all_sizes(dut: Dut) -> None:
    """Around one tile and one pass, and more of them; alone and after another layer."""
    bench = Bench(dut)
    await bench.reset()
    rows, cols = bench.core.rows, bench.core.cols
    inputs = (1, rows - 1, rows, rows + 1, 2 * rows, 3 * rows + 2)
    outputs = (1, cols, cols + 1, 3 * cols - 1)
    sizes = bench.random.sample(list(product(inputs, outputs)), 5 * bench.many)
    for number, (i, o) in enumerate(sizes):
        shape = (1, 1, i) if i <= 64 else (i, 1, 1)
        alone = Network(shape, (bench.dense(i, o),))
        await bench.try_out(alone if number % 2 else bench.closed(shape, bench.dense(i, o, "relu")))


@cocotb.test(timeout_time=500, timeout_unit="us")
async def convolutions_of_all_kinds(dut: Dut) -> None:
    """Hidden and as the last layer, on the smallest maps and longer ones, high or wide."""
    bench = Bench(dut)
    await bench.reset()
    sides = [(3, 3), (3, 9), (7, 3), (6, 5)]
    for stride, padding in [*product((1, 2), (0, 1))] * bench.many:
        side = bench.random.choice(sides)
        channels, outputs = bench.random.choice([1, 2, 3]), bench.random.randrange(1, 7)
        shape = (channels, *side)
        if bench.random.getrandbits(1):
            layers = (bench.conv(channels, outputs, stride, padding),)
            await bench.try_out(Network(shape, layers))
        else:
            hidden = bench.conv(channels, outputs, stride, padding, "relu")
            await bench.try_out(bench.closed(shape, hidden))


@cocotb.test(timeout_time=500, timeout_unit="us")
async def pooling_of_all_kinds(dut: Dut) -> None:
    """Also where the last rows and columns are not used, and right before other windows."""
    bench = Bench(dut)
    await bench.reset()
    sides = [(3, 3), (4, 7), (8, 3)]
    kinds = [*product(("max", "average"), ((2, 1), (2, 2), (3, 1), (3, 2), (3, 3)))]
    for kind, (size, stride) in bench.random.sample(kinds, min(len(kinds), 4 * bench.many)):
        shape = (bench.random.choice([1, 2]), *bench.random.choice(sides))
        await bench.try_out(bench.closed(shape, Pool(kind, size, stride)))
    halved = Pool("max", 2, 2)
    await bench.try_out(bench.closed((1, 9, 16), halved, Pool("average", 3, 2)))
    await bench.try_out(Network((1, 6, 24), (halved, bench.conv(1, 2, 1, 1))))


@cocotb.test(timeout_time=500, timeout_unit="us")
async def memories_to_their_ends(dut: Dut) -> None:
    """As many inputs and rows of weights, outputs and biases, tables and maps as there may be."""
    bench = Bench(dut)
    await bench.reset()
    core = bench.core
    inputs = min(core.activations, core.weights // core.rows * core.rows)
    await bench.try_out(Network((inputs, 1, 1), (bench.dense(inputs, 1),)), images=1)
    outputs = min(core.biases, core.weights // core.rows * core.cols)
    await bench.try_out(Network((1, 1, 2), (bench.dense(2, outputs),)))
    names = ("sigmoid", "tanh", "step")[: core.tables]
    await bench.try_out(bench.closed((1, 1, 4), *(bench.dense(4, 4, name) for name in names)))
    await bench.try_out(bench.closed((core.activations // 9, 3, 3), Pool("max", 3, 1)), images=1)


@cocotb.test(timeout_time=500, timeout_unit="us")
async def values_at_their_ends(dut: Dut) -> None:
    """The largest products and biases, every activation, the largest shifts and multipliers."""
    bench = Bench(dut)
    await bench.reset()
    images = np.empty((3, 2, 3, 3), np.int8)
    images[0], images[1] = LARGEST, -LARGEST
    images[2] = bench.rng.choice([-LARGEST, LARGEST], images[2].shape)
    weights = np.array([[LARGEST], [-LARGEST]] * 2, np.int8).repeat(18, axis=1)
    reach = 18 * LARGEST * LARGEST
    for bias in (reach, FULL - reach):
        biases = np.array([bias, bias, -bias, -bias], np.int32)
        kernels = weights.reshape(4, 2, 3, 3)
        both: list[Layer] = [Dense(weights, biases, 0, "logits")]
        both.append(Conv(kernels, biases, 0, "logits"))
        for last in bench.random.sample(both, min(2, bench.many)):
            await bench.loaded_and_run(Network((2, 3, 3), (last,)), images)
    scales = [(12, 1), (31, 1), *([(62, FULL), (46, FULL)] if bench.core.multiplier else [])]
    activations = ["linear", "relu", "sigmoid", "tanh", "step"]
    for activation in bench.random.sample(activations, min(5, 3 * bench.many)):
        biases = bench.rng.integers(-reach, reach, 4).astype(np.int32)
        shift, multiplier = bench.random.choice(scales)
        layer = Dense(weights, biases, shift, activation, multiplier)
        await bench.loaded_and_run(bench.closed((2, 3, 3), layer), images)


@cocotb.test(timeout_time=500, timeout_unit="us")
@cocotb.parametrize((("stall", "pause"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.3), (0.4, 0.2)]))
async def random_networks(dut: Dut, stall: float, pause: float) -> None:
    """One after the other, with some images each, while the streams stall or do not."""
    bench = Bench(dut)
    bench.enable.stall, bench.pixels.pause, bench.configuration.pause = stall, pause, pause / 8
    await bench.reset()
    for _ in range(bench.many):
        await bench.try_out(bench.random_network(), bench.random.choice([1, 3]))


@cocotb.test(timeout_time=500, timeout_unit="us")
async def images_back_to_back(dut: Dut) -> None:
    """Each is taken as soon as the logits before have left, and takes the cycles that it must."""
    bench = Bench(dut)
    await bench.reset()
    network = bench.random_network()
    bench.load(network)
    bench.run(random_images(bench.rng, network.input_shape, 4))
    await bench.finish()
    firsts = bench.pixels.taken[:: math.prod(network.input_shape)]
    assert np.diff(firsts).tolist() == bench.expected[1:]


@cocotb.test(timeout_time=500, timeout_unit="us")
async def a_network_that_is_loaded_meanwhile_waits(dut: Dut) -> None:
    """Its writes are offered while an inference is under way, and are in before the next image."""
    bench = Bench(dut)
    await bench.reset()
    bench.load(bench.random_network())
    for _ in range(2):
        network = bench.loaded
        assert network is not None
        await bench.until(lambda: not bench.configuration.queue)
        bench.run(random_images(bench.rng, network.input_shape, 1))
        await bench.until(lambda: not int(dut.cfg_ready.value))
        await bench.wait(bench.random.randrange(100))
        bench.load(bench.random_network())
    await bench.finish()


@cocotb.test(timeout_time=500, timeout_unit="us")
async def writes_beyond_a_memory_have_no_effect(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    network = bench.random_network()
    bench.load(network)
    core = bench.core
    for memory, words in (
        (LAYERS, 4 * core.layers),
        (TABLES, 256 * core.tables),
        (BIASES, core.biases),
        (WEIGHTS, core.weights * core.row_stride),
    ):
        beyond = [words, 2**16 - 1, *bench.rng.integers(words, 2**16, 8).tolist()]
        bench.configuration.send(
            (memory + place, bench.random.getrandbits(32)) for place in beyond if place < 2**16
        )
    await bench.until(lambda: not bench.configuration.queue)
    bench.run(random_images(bench.rng, network.input_shape, 2))
    await bench.finish()


@cocotb.test(timeout_time=500, timeout_unit="us")
@cocotb.parametrize(stall=[0.0, 0.3])
async def reset_at_every_phase(dut: Dut, stall: float) -> None:
    """What was under way leaves no trace, and the memories keep the network.

    These are some of the phases, and others in every run.
    """
    bench = Bench(dut)
    bench.enable.stall = bench.pixels.pause = stall
    await bench.reset()
    layers = (bench.conv(1, 2, 1, 1, "tanh"), Pool("max", 2, 1), bench.dense(8, 2))
    network = Network((1, 3, 3), layers)
    await bench.try_out(network)
    cycles = inference_cycles(network, bench.core)
    step = 32 // bench.many
    for phase in range(bench.random.randrange(step), round(cycles * (1 + stall)), step):
        bench.run(random_images(bench.rng, network.input_shape, 1))
        await bench.wait(phase)
        await bench.reset()
        bench.run(random_images(bench.rng, network.input_shape, 4)[-1:])
        await bench.finish(surplus=1)


ILLEGAL = [
    ("ROWS", 8),
    ("COLS", 0),
    ("LAYERS", 0),
    ("ACTIVATIONS", 65537),
    ("POSITIONS", 1),
    ("WEIGHTS", 65536),
    ("BIASES", 1),
    ("TABLES", 5),
]


@pytest.mark.parametrize(("name", "value"), ILLEGAL)
def test_an_illegal_parameter_stops_elaboration(name: str, value: int) -> None:
    icarus = find_simulator("icarus").command
    options = ["-g2005", "-t", "null", "-s", "neuro_core", "-P", f"neuro_core.{name}={value}"]
    command = [str(icarus), *options, f"-I{INCLUDE_DIR}", *map(str, sources("neuro"))]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode
    assert re.search(rf"Unknown module type: \w*{name}_(must_be_)?[0-9]", run.stderr)
