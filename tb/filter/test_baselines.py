# SPDX-License-Identifier: Apache-2.0
"""The filters by hand: windows and whole images against the model's, and their latency."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cocotb
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from evoarray.model.filter.baselines import adaptive_median, median3x3
from evoarray.model.filter.functions import Plane
from evoarray.model.filter.latency import ADAPTIVE_MEDIAN_CYCLES, MEDIAN_CYCLES
from evoarray.model.filter.rtl import BASELINES_DIR, baselines
from evoarray.model.images import read_image
from evoarray.model.noise import add_noise
from evoarray.model.rtl import ROOT
from tb.drivers import Dut, Scoreboard, Testbench
from tb.runner import Simulation, run

Windows = NDArray[np.uint8]  # (N, side, side)

MODULE = "tb.filter.test_baselines"


@pytest.mark.verilator
def test_median3x3(simulate: Callable[..., None]) -> None:
    simulate(toplevel="evoarray_median3x3", module=MODULE, sources=baselines())


@pytest.mark.parametrize("largest", [3, pytest.param(5, marks=pytest.mark.verilator), 7])
def test_adaptive_median(simulate: Callable[..., None], largest: int) -> None:
    simulate(
        toplevel="evoarray_adaptive_median",
        module=MODULE,
        parameters={"LARGEST": largest},
        sources=baselines(),
    )


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("evoarray_sort3.v", "b1_reg, c1_reg);", "c1_reg, c1_reg);"),
        ("evoarray_median3x3.v", "high6_reg     <= high5_reg", "high6_reg     <= high4_reg"),
        ("evoarray_bitwise_median.v", "(done & voted)", "(voted)"),
        ("evoarray_adaptive_median.v", "> centre", ">= centre"),
        ("evoarray_adaptive_median.v", "kept_reg[7]", "kept_reg[6]"),
        (
            "evoarray_adaptive_median.v",
            "size = SIZES - 1; size >= 0",
            "size = SIZES - 1; size >= 1",
        ),
    ],
)
def test_a_fault_is_noticed(tmp_path: Path, file: str, right: str, wrong: str) -> None:
    text = (BASELINES_DIR / file).read_text(encoding="utf-8")
    assert right in text
    (tmp_path / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    sources = (tmp_path / file, *(each for each in baselines() if each.name != file))
    top, parameters = ("evoarray_adaptive_median", {"LARGEST": 3})
    if file in {"evoarray_sort3.v", "evoarray_median3x3.v"}:
        top, parameters = ("evoarray_median3x3", {})
    name = f"fault-{tmp_path.name}"
    assert run(Simulation(name, "icarus", top, MODULE, parameters, sources), seed=1)


class Bench(Testbench):
    """Drives windows, with stalls at random, and expects of each what the model makes of it."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.adaptive = dut._name == "evoarray_adaptive_median"
        self.side = int(dut.LARGEST.value) if self.adaptive else 3
        self.latency = ADAPTIVE_MEDIAN_CYCLES if self.adaptive else MEDIAN_CYCLES
        self.scoreboard = Scoreboard("pixel")

    def filtered(self, image: Plane) -> Plane:
        """Return what the model makes of an image (H, W) uint8."""
        return adaptive_median(image, self.side) if self.adaptive else median3x3(image)

    def middles(self, windows: Windows) -> list[int]:
        """Return what the model makes of the pixels in the middle of windows."""
        middle = self.side // 2
        # Side by side they are one image, of which the middles see nothing but their windows.
        image = np.concatenate(list(windows), axis=1)
        return self.filtered(image)[middle, middle :: self.side].tolist()  # type: ignore[no-any-return]

    async def filter(self, windows: Windows, expected: list[int], stall: float) -> None:
        """Check that each window's pixel is there after its cycles of ce, and stays."""
        sent = 0
        vectors = [int.from_bytes(window.tobytes(), "little") for window in windows]
        while sent < len(vectors) + self.latency:
            enabled = self.random.random() >= stall
            self.dut.ce.value = enabled
            ours = enabled and sent < len(vectors)
            self.dut.window.value = (
                vectors[sent] if ours else self.random.getrandbits(8 * self.side**2)
            )
            await self.edge
            if sent >= self.latency:
                self.scoreboard.expect([(expected[sent - self.latency],)])
                self.scoreboard.observe((int(self.dut.pixel.value),))
            sent += enabled
        self.scoreboard.check()


def corners(side: int, rng: np.random.Generator) -> Iterator[Windows]:
    """Yield windows (N, side, side) of the kinds at which a median may go wrong."""
    pixels = side * side
    for byte in (0, 1, 127, 128, 254, 255):
        yield np.full((1, side, side), byte, np.uint8)
    # Only 0 and 255, up to as many of each as decide and one more or less.
    for impulses in (1, pixels // 2, pixels // 2 + 1, pixels - 1):
        binary = np.where(np.arange(pixels) < impulses, 255, 0).astype(np.uint8)
        yield rng.permuted(np.tile(binary, (8, 1)), axis=1).reshape(-1, side, side)
    # An impulse, and a byte that is next to the others, at every place.
    for ground, byte in ((100, 0), (100, 255), (100, 99), (100, 101), (0, 255), (255, 0)):
        one = np.where(np.eye(pixels, dtype=np.bool_), byte, ground).astype(np.uint8)
        yield one.reshape(-1, side, side)
    # All different: each place has the median, the least and the greatest once.
    ranks = np.sort(rng.choice(256, pixels, replace=False)).astype(np.uint8)
    rolled = np.stack([np.roll(ranks, shift) for shift in range(pixels)])
    yield rolled.reshape(-1, side, side)


def of_few_values(side: int, rng: np.random.Generator, count: int) -> Windows:
    """Return windows whose pixels are often equal, so that small windows do not decide."""
    palette = rng.integers(0, 256, (count, 4))
    palette[:, :2] = (0, 255)
    share = rng.random((count, 1))
    chosen = np.where(rng.random((count, side * side)) < share, 2, 0)
    chosen += rng.integers(0, 2, chosen.shape)
    return np.take_along_axis(palette, chosen, axis=1).astype(np.uint8).reshape(-1, side, side)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def windows_of_every_kind(dut: Dut) -> None:
    bench = Bench(dut)
    side, rng = bench.side, bench.rng
    everything = np.concatenate(
        [
            *corners(side, rng),
            rng.integers(0, 256, (60, side, side)).astype(np.uint8),
            of_few_values(side, rng, 150),
        ]
    )
    windows = rng.permutation(everything)
    await bench.filter(windows, bench.middles(windows), 0.3)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_whole_image(dut: Dut) -> None:
    """Without a stall; so noisy that windows of every size decide."""
    bench = Bench(dut)
    side = bench.side
    photo = read_image(ROOT / "images" / "test" / "chelsea.png")[40:52, 30:44]
    noisy = add_noise(photo, "salt-and-pepper", 0.5, bench.rng)
    seen = sliding_window_view(np.pad(noisy, side // 2, mode="edge"), (side, side))
    windows = np.ascontiguousarray(seen.reshape(-1, side, side))
    await bench.filter(windows, bench.filtered(noisy).ravel().tolist(), 0.0)
