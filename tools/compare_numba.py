# SPDX-License-Identifier: Apache-2.0
"""Why the fast engine is in C: its inner work done by Numba, on the same random 8x8 circuits.

Both compute elements over blocks of pixels and sum the absolute errors, whole frames, without any
of the engine's shortcuts between a parent and its child; what counts is bytes stored per second.
Usage: .venv/bin/pip install numba && .venv/bin/python tools/compare_numba.py
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from numba import njit

from evoarray.evolution.bench.machine import bundled_pair
from evoarray.evolution.filter.backends.fast import FastBackend
from evoarray.model.filter.circuit import Shape, circuit_of
from evoarray.model.window import windows

SHAPE = Shape(8, 8, "upm16")
BLOCK = 1024  # of which Numba stores more than of the 512 that the engine takes
CIRCUITS = 200
ROUNDS = 7


FORMULAS = (
    *("a + b", "a + a", "b + b", "min(a + b, 255)", "min(a + a, 255)", "min(b + b, 255)"),
    *("(a + b) >> 1", "255", "a >> 1", "b >> 1", "a", "b", "max(a, b)", "min(a, b)"),
    *("max(a - b, 0)", "max(b - a, 0)"),
)
"""The functions of upm16."""


def compiled_combine() -> Callable[..., None]:
    """Return a function that computes function `code` for a block, with a loop for each code."""
    source = "def combine(code, n, w, out):\n"
    for code, formula in enumerate(FORMULAS):
        source += f"  {'el' if code else ''}if code == {code}:\n    for i in range({BLOCK}):\n"
        source += f"      a, b = np.int16(n[i]), np.int16(w[i])\n      out[i] = {formula}\n"
    names = {"np": np}
    exec(source, names)
    return njit(names["combine"])


combine = compiled_combine()


@njit
def evaluate(functions, north, west, output, pixels, reference):
    """Return the SAE of a circuit: pixels (9, n), reference (n,), n a multiple of BLOCK."""
    rows, cols = functions.shape
    planes = np.empty((rows, cols, BLOCK), np.uint8)
    total = 0
    for start in range(0, len(reference), BLOCK):
        for row in range(rows):
            for col in range(cols):
                n = planes[row - 1, col] if row else pixels[north[col], start : start + BLOCK]
                w = planes[row, col - 1] if col else pixels[west[row], start : start + BLOCK]
                combine(functions[row, col], n, w, planes[row, col])
        result = planes[output, cols - 1]
        for i in range(BLOCK):
            total += abs(np.int16(result[i]) - np.int16(reference[start + i]))
    return total


def main() -> None:
    """Print the rates and their ratio."""
    pair = bundled_pair()
    pixels, reference = windows(pair[0]).reshape(9, -1), pair[1].ravel()
    rng = np.random.default_rng(1)
    batch = rng.integers(0, SHAPE.limits, (CIRCUITS, len(SHAPE.limits))).astype(np.uint8)
    circuits = [circuit_of(genes, SHAPE) for genes in batch]
    engine = FastBackend(SHAPE, [pair])

    def by_numba() -> tuple[list[int], int]:
        saes = [
            evaluate(c.functions, c.north, c.west, c.output, pixels, reference) for c in circuits
        ]
        return saes, CIRCUITS * SHAPE.rows * SHAPE.cols * len(reference)

    def by_c() -> tuple[list[int], int]:
        before = engine.bytes_stored
        return engine.evaluate(batch).tolist(), engine.bytes_stored - before

    if by_numba()[0] != by_c()[0]:
        raise SystemExit("Numba and the engine disagree")
    rates: dict[str, list[float]] = {"Numba": [], "C": []}
    for _ in range(ROUNDS):
        for name, run in (("Numba", by_numba), ("C", by_c)):
            started = time.process_time()
            stored = run()[1]
            rates[name].append(stored / (time.process_time() - started) / 1e9)
    for name, values in rates.items():
        median = statistics.median(values)
        print(f"{name}: {median:.2f} GB/s stored ({min(values):.2f}-{max(values):.2f})")
    ratios = [c / numba for c, numba in zip(rates["C"], rates["Numba"], strict=True)]
    print(f"C is {statistics.median(ratios):.1f} times as fast")
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import numba"], check=True)
    print(f"Importing Numba takes {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main()
