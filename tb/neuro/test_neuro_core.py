# SPDX-License-Identifier: Apache-2.0
"""neuro_core: networks of all kinds against the model, logit by logit and cycle by cycle."""

import math
from collections.abc import Callable
from itertools import cycle, islice, product

import cocotb
import numpy as np
import pytest

from evoarray.model.neuro.arithmetic import LARGEST
from evoarray.model.neuro.latency import FETCH_CYCLES, inference_cycles
from evoarray.model.neuro.layers import ACTIVATIONS, POOLS, SIDES
from evoarray.model.neuro.layers import LARGEST_ACCUMULATOR as FULL
from evoarray.model.neuro.network import Conv, Dense, Layer, Network, Pool
from evoarray.model.neuro.program import BIASES, LAYERS, TABLES, WEIGHTS, Core, program
from evoarray.model.neuro.tables import FUNCTIONS
from tb.drivers import LONG, Dut
from tb.neuro.cores import LARGE, SMALL, WIDE
from tb.neuro.drivers import Bench
from tests.neuro.networks import HIDDEN, random_images


@pytest.mark.parametrize(
    "core",
    [SMALL, WIDE, pytest.param(LARGE, marks=pytest.mark.verilator(alone=True))],
    ids=("small", "wide", "large"),
)
def test_neuro_core(simulate: Callable[..., None], core: Core) -> None:
    simulate(
        toplevel="evoarray_neuro_core",
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
    inputs = (1, rows - 1, rows, rows + 1, 2 * rows)
    outputs = (1, cols, cols + 1, 2 * cols)
    for number, (i, o) in enumerate(bench.some(list(product(inputs, outputs)), 5)):
        shape = (1, 1, i) if i <= 64 else (i, 1, 1)
        alone = Network(shape, (bench.dense(i, o),))
        await bench.try_out(alone if number % 2 else bench.closed(shape, bench.dense(i, o, "relu")))


@cocotb.test(timeout_time=500, timeout_unit="us")
async def convolutions_of_all_kinds(dut: Dut) -> None:
    """Hidden and as the last layer, on the smallest maps and longer ones, high or wide."""
    bench = Bench(dut)
    await bench.reset()
    cols = bench.core.cols
    windows = [*product((1, 2), (0, 1))]
    channels = [*product((1, 3), (1, cols, cols + 1, 2 * cols))]
    kinds = [*zip(windows * 3, ACTIVATIONS * 2, channels + channels[:4], strict=True)]
    for (stride, padding), activation, (inputs, outputs) in bench.some(kinds, 4):
        shape = (inputs, *bench.random.choice([(3, 3), (3, 9), (7, 3), (6, 5)]))
        layer = bench.conv(inputs, outputs, stride, padding, activation)
        last = activation == "logits"
        network = Network(shape, (layer,)) if last else bench.closed(shape, layer)
        await bench.try_out(network, images=1)


@cocotb.test(timeout_time=500, timeout_unit="us")
async def pooling_of_all_kinds(dut: Dut) -> None:
    """Also where the last rows and columns are not used, and right before other windows."""
    bench = Bench(dut)
    await bench.reset()
    sides = [(3, 3), (4, 7), (8, 3)]
    kinds = [*product(POOLS, ((2, 1), (2, 2), (3, 1), (3, 2), (3, 3)))]
    for kind, (size, stride) in bench.some(kinds, 4):
        shape = (bench.random.choice([1, 2]), *bench.random.choice(sides))
        await bench.try_out(bench.closed(shape, Pool(kind, size, stride)))
    halved = Pool("max", 2, 2)
    await bench.try_out(Network((1, 6, 24), (halved, bench.conv(1, 2, 1, 1))))


@cocotb.test(timeout_time=500, timeout_unit="us")
async def layers_in_every_order(dut: Dut) -> None:
    """Windows after windows, vectors after windows, and vectors after vectors."""
    bench = Bench(dut)
    await bench.reset()
    first, second, third = bench.random.choices(HIDDEN, k=3)
    windows: tuple[Layer, ...] = (
        bench.conv(1, 2, 1, 0, first),
        *(Pool("max", 2, 1), Pool("average", 2, 1)),
        bench.conv(2, 3, 1, 1, second),
    )
    vectors: tuple[Layer, ...] = (
        *(bench.conv(1, 2, 2, 1, first), bench.conv(2, 2, 1, 0, second)),
        bench.dense(8, 4, third),
    )
    for layers in bench.some([windows, vectors], 1):
        await bench.try_out(bench.closed((1, 7, 8), *layers))


@cocotb.test(timeout_time=500, timeout_unit="us")
async def maps_with_the_largest_sides(dut: Dut) -> None:
    """And with the smallest ones."""
    bench = Bench(dut)
    await bench.reset()
    sizes = [size for size in product(SIDES, SIDES) if math.prod(size) <= bench.core.activations]
    for size in bench.some(sizes, 1):
        shape = (1, *size)
        await bench.try_out(Network(shape, (bench.conv(1, 1, 2, 0),)), images=1)
        await bench.try_out(bench.closed(shape, Pool("max", 3, 3)), images=1)


@cocotb.test(timeout_time=500, timeout_unit="us")
async def memories_to_their_ends(dut: Dut) -> None:
    """As many of everything as there may be, of what there is a memory for."""
    bench = Bench(dut)
    await bench.reset()
    core = bench.core
    inputs = min(core.activations, core.weights // core.rows * core.rows)
    await bench.try_out(Network((inputs, 1, 1), (bench.dense(inputs, 1),)), images=1)
    outputs = min(core.biases, core.weights // core.rows * core.cols)
    await bench.try_out(Network((1, 1, 2), (bench.dense(2, outputs),)))
    names = cycle(list(FUNCTIONS)[: core.tables])
    hidden = [bench.dense(4, 4, name) for name in islice(names, core.layers - 1)]
    await bench.try_out(bench.closed((1, 1, 4), *hidden))
    await bench.try_out(bench.closed((core.activations // 9, 3, 3), Pool("max", 3, 1)), images=1)
    side = math.isqrt(core.positions)
    await bench.try_out(Network((1, side, side), (bench.conv(1, 1, 1, 1),)), images=1)


@cocotb.test(timeout_time=500, timeout_unit="us")
async def values_at_their_ends(dut: Dut) -> None:
    """The largest products, biases and accumulators, of both signs, and those that are 0."""
    bench = Bench(dut)
    await bench.reset()
    images = np.empty((3, 2, 3, 3), np.int8)
    images[0], images[1] = LARGEST, -LARGEST
    images[2] = bench.rng.choice([-LARGEST, LARGEST], images[2].shape)
    weights = np.array([[LARGEST], [-LARGEST]] * 2, np.int8).repeat(18, axis=1)
    reach = 18 * LARGEST * LARGEST
    cases = [*product((reach, FULL - reach), ("dense", "conv"), ("logits", "linear", "relu"))]
    for bias, kind, activation in bench.some(cases, 4):
        biases = np.array([bias, bias, -bias, -bias], np.int32)
        scale = 0 if activation == "logits" else 24, activation
        layer: Layer = Dense(weights, biases, *scale)
        if kind == "conv":
            layer = Conv(weights.reshape(4, 2, 3, 3), biases, *scale)
        last = activation == "logits"
        network = Network((2, 3, 3), (layer,)) if last else bench.closed((2, 3, 3), layer)
        await bench.loaded_and_run(network, images)


FIELDS = {  # word, lowest bit, width
    "relu": (0, 3, 1),
    "tabled": (0, 4, 1),
    "table": (0, 5, 2),
    "border": (0, 7, 2),
    "stride": (0, 9, 2),
    "average": (0, 11, 1),
    "shift": (0, 12, 6),
    "multiplier": (1, 0, 31),
    "outputs": (2, 16, 16),
    "width": (3, 0, 7),
    "height": (3, 8, 7),
}
UNUSED = {
    Dense: ("border", "stride", "average", "width", "height"),
    Conv: ("average",),
    Pool: ("relu", "table", "shift", "multiplier", "outputs"),
}
UNUSED_BY_LOGITS = ("relu", "tabled", "table", "shift", "multiplier")


@cocotb.test(timeout_time=500, timeout_unit="us")
async def fields_that_a_layer_does_not_use_do_not_matter(dut: Dut) -> None:
    """Whatever they hold: those that docs/neural-core.md names."""
    bench = Bench(dut)
    await bench.reset()
    layers = (
        *(bench.conv(1, 2, 1, 1, "relu"), Pool("average", 2, 2)),
        *(bench.dense(8, 3, "linear"), bench.dense(3, 2)),
    )
    network = Network((1, 4, 4), layers)
    words = [int(word) for _, word in program(network, bench.core)[: 4 * len(layers)]]
    for number, layer in enumerate(layers):
        unused = {"table", *UNUSED[type(layer)]}
        if number == len(layers) - 1:
            unused.update(UNUSED_BY_LOGITS)
        for word, lowest, width in map(FIELDS.__getitem__, unused):
            words[4 * number + word] ^= bench.random.randrange(1, 1 << width) << lowest
    bench.load(network)
    bench.configuration.send((LAYERS + place, word) for place, word in enumerate(words))
    await bench.until(lambda: not bench.configuration.queue)
    bench.run(random_images(bench.rng, network.input_shape, 3))
    await bench.finish()


@cocotb.test(timeout_time=500, timeout_unit="us")
async def sums_beyond_24_bits(dut: Dut) -> None:
    """The largest that so many weights make, of both signs, without a bias to make them large."""
    bench = Bench(dut)
    await bench.reset()
    core = bench.core
    inputs = min(core.activations, core.weights // core.rows * core.rows)
    weights = np.full((1, inputs), LARGEST, np.int8)
    network = Network((inputs, 1, 1), (Dense(weights, np.zeros(1, np.int32), 0, "logits"),))
    images = np.full((2, inputs, 1, 1), LARGEST, np.int8)
    images[1] = -LARGEST
    assert core.activations < LARGE.activations or inputs * LARGEST**2 >= 2**24
    await bench.loaded_and_run(network, images)


@cocotb.test(timeout_time=500, timeout_unit="us")
async def scales_and_activations_of_all_kinds(dut: Dut) -> None:
    """The smallest and the largest shifts and multipliers: ties, saturation and small values."""
    bench = Bench(dut)
    await bench.reset()
    scales = [(0, 1, 2), (1, 1, 3), (8, 1, 96), (31, 1, 1)]  # shift, multiplier and weight
    if bench.core.multiplier:
        scales += [(0, 2, 1), (1, 5, 1), (8, 97, 3), (46, FULL, 127), (62, FULL, 1)]
    for shift, multiplier, weight in bench.some(scales, 3):
        weights = np.diag([weight] * 6).astype(np.int8)
        # The largest shifts leave something of the largest accumulators only.
        large = FULL - LARGEST * weight if shift in {31, 62} else 0
        biases = np.array([large, -large] * 3, np.int32)
        layer = Dense(weights, biases, shift, bench.random.choice(HIDDEN), multiplier)
        await bench.try_out(bench.closed((1, 2, 3), layer))


@cocotb.test(timeout_time=500, timeout_unit="us")
@cocotb.parametrize(
    (
        ("stall", "pause", "long"),
        [(0.0, 0.0, LONG), (0.5, 0.0, LONG), (0.0, 0.3, LONG), (0.4, 0.2, 0.3)],
    )
)
async def random_networks(dut: Dut, stall: float, pause: float, long: float) -> None:
    """One after the other, with some images each, while the streams stall or do not."""
    bench = Bench(dut)
    bench.enable.stall, bench.pixels.pause, bench.configuration.pause = stall, pause, pause / 8
    bench.enable.long = bench.pixels.long = bench.configuration.long = long
    await bench.reset()
    for _ in range(2 if bench.is_fast else 1):
        await bench.try_out(bench.random_network(), bench.random.choice([1, 3]))


@cocotb.test(timeout_time=500, timeout_unit="us")
@cocotb.parametrize(long=[0.0, 0.3])
async def stalls_between_passes(dut: Dut, long: float) -> None:
    """Passes of one position follow each other as closely as they can, and wait for the sink."""
    bench = Bench(dut)
    bench.enable.stall, bench.enable.long = 0.5, long
    await bench.reset()
    outputs = 6 * bench.core.cols + 1
    network = Network((1, 3, 3), (bench.conv(1, outputs, 1, 0),))
    images = random_images(bench.rng, network.input_shape, 20 if bench.is_fast else 5)
    await bench.loaded_and_run(network, images)


@cocotb.test(timeout_time=500, timeout_unit="us")
async def images_back_to_back(dut: Dut) -> None:
    """Each is taken as soon as the logits before have left, and takes the cycles that it must.

    It may have been offered at any time before that.
    """
    bench = Bench(dut)
    await bench.reset()
    network = bench.random_network()
    bench.load(network)
    images = random_images(bench.rng, network.input_shape, 5)
    for image, gap in zip(images, (0, 0, 1, 3, 9), strict=True):
        bench.pixels.send([None] * gap)
        bench.run(image[np.newaxis])
    await bench.finish()
    firsts = bench.pixels.taken[:: math.prod(network.input_shape)]
    assert np.diff(firsts).tolist() == bench.expected[1:]


@cocotb.test(timeout_time=500, timeout_unit="us")
async def a_network_that_is_loaded_meanwhile_waits(dut: Dut) -> None:
    """Its writes are offered while an inference is under way, and are in before the next image."""
    bench = Bench(dut)
    await bench.reset()
    bench.load(bench.small_network())
    for left in bench.some([1, 2, 3, 4, 9, bench.random.randrange(40)], 2):
        network = bench.loaded
        assert network is not None
        await bench.until(lambda: not bench.configuration.queue)
        bench.run(random_images(bench.rng, network.input_shape, 5)[-1:])
        await bench.until_left(left)
        bench.load(bench.small_network())
    await bench.finish()


@cocotb.test(timeout_time=500, timeout_unit="us")
async def images_that_wait_go_in_between_two_writes(dut: Dut) -> None:
    """As many as there are gaps; the writes that follow wait, here with what is there already."""
    bench = Bench(dut)
    await bench.reset()
    network = bench.small_network()
    bench.load(network)
    await bench.until(lambda: not bench.configuration.queue)
    words = [tuple(map(int, word)) for word in program(network, bench.core)[:5]]
    for word, gap in zip(words, (1, 1, 3, 9, 0), strict=True):
        bench.configuration.send([word, *[None] * gap])
    bench.run(random_images(bench.rng, network.input_shape, 4))
    await bench.finish()


@cocotb.test(timeout_time=500, timeout_unit="us")
async def writes_beyond_a_memory_have_no_effect(dut: Dut) -> None:
    """Nor have those to its last word, which this network does not use.

    Those a power of two beyond would hit the first word if a bit of the address were not looked at.
    """
    bench = Bench(dut)
    bench.configuration.pause = 0.5
    await bench.reset()
    network = bench.small_network()
    bench.load(network)
    core = bench.core
    for memory, words in (
        (LAYERS, 4 * core.layers),
        (TABLES, 256 * core.tables),
        (BIASES, core.biases),
        (WEIGHTS, core.weights * core.row_stride),
    ):
        bench.configuration.send([(memory + words - 1, 2**32 - 1)])
        beyond = [words, 2**16 - 1, *bench.rng.integers(words, 2**16, 8).tolist()]
        beyond += [1 << bit for bit in range((words - 1).bit_length(), 16)]
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
    layers = (bench.conv(1, 2, 1, 1, "tanh"), Pool("max", 2, 1), bench.dense(8, 5))
    network = Network((1, 3, 3), layers)
    bench.load(network)
    await bench.wait(bench.random.randrange(1, 9))
    await bench.reset()
    await bench.try_out(network)
    cycles = inference_cycles(network, bench.core)
    step = (16 if stall else FETCH_CYCLES) if bench.is_fast else 32
    for phase in range(bench.random.randrange(step), round(cycles * (1 + stall)) + step, step):
        bench.run(random_images(bench.rng, network.input_shape, 1))
        await bench.wait(phase)
        await bench.reset()
        bench.pixels.send([None] * bench.random.choice([0, 1, 3]))
        bench.run(random_images(bench.rng, network.input_shape, 5)[-1:])
        await bench.finish(surplus=1)
