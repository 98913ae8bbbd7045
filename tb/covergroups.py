# SPDX-License-Identifier: Apache-2.0
"""Functional coverage: what the tests must have driven, as covergroups of coverpoints with bins.

Benches sample what was driven, not what was meant to be. A bin's first hit in a simulation appends
its name to the file that FUNCTIONAL_COVERAGE names; without it nothing is sampled.
"""

import os
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from model.filter.circuit import Circuit
from model.filter.functions import FUNCTION_SETS

if TYPE_CHECKING:
    from cocotb.handle import LogicArrayObject as Signal

Coverpoints = dict[str, tuple[str, ...]]

_MESH = 4  # rows and columns of the evaluator whose borders are covered
_LENGTHS = ("none", "single", "several", "long")
_LONG = 8  # cycles


def cross(*bins: Sequence[str]) -> tuple[str, ...]:
    """Return the bins of a cross: every combination of one bin each."""
    return tuple(" x ".join(combination) for combination in product(*bins))


def _stream(pauses: Sequence[str] = _LENGTHS) -> Coverpoints:
    """Return the coverpoints of a stream.

    handshake: valid and ready of a cycle; pause: how long the source offered nothing before an
    item; stall: how long the sink did not take what was offered.
    """
    return {
        "handshake": ("idle x ready", "idle x busy", "offered x busy", "offered x ready"),
        "pause": (*pauses, "back-to-back"),
        "stall": (*_LENGTHS, "back-to-back"),
    }


def _crossed_stream(impossible: Sequence[str] = ()) -> Coverpoints:
    """Return the coverpoints of a stream, and how long pauses meet how long stalls."""
    lengths = cross(_LENGTHS, _LENGTHS)
    assert set(impossible) <= set(lengths)
    possible = tuple(name for name in lengths if name not in impossible)
    return {**_stream(), "pause x stall": possible}


_SIZES = ("smallest", "widest and lowest", "narrowest and tallest", "largest", "other")

COVERGROUPS: dict[str, Coverpoints] = {
    "pe": {
        "function x set": tuple(
            f"{elements} {name} {code}"
            for elements, name in [("plain", s) for s in FUNCTION_SETS] + [("two-stage", "upm16")]
            for code in range(len(FUNCTION_SETS[name].functions))
        )
    },
    "evaluator 4x4": {
        "border x selector": cross(
            [f"{side} {i}" for side in ("north", "west") for i in range(_MESH)],
            [str(code) for code in range(9)],
        ),
        "output": tuple(str(row) for row in range(_MESH)),
    },
    "evaluator frame": {
        "size": _SIZES,
        "way x way before": cross(["pixels", "windows"], ["pixels", "windows"]),
        "commit": (
            *("between frames", "a cycle before", "with the first", "a cycle after", "within"),
        ),
        "limit": ("not reached", "reached", "exceeded", "exceeded by the last pixel", "given up"),
        "reset": ("idle", "first row", "inner row", "last row", "all in, not all out"),
        "reset x commit": ("none", "waits for a frame", "on its way"),
    },
    "pixel_window frame": {
        "size": _SIZES,
        "gap x size": cross(
            ["none", "single", "less than a row", "a row", "more"], ["the same", "another"]
        ),
        "reset": ("idle", "first row", "inner row", "last row", "all in, not all out"),
    },
    "evoarray_axi frame": {
        "size": _SIZES,
        "refused size": ("too narrow", "too low", "too wide", "too tall"),
        "outcome": ("filtered", "measured", "given up"),
        "marks": cross(
            ["noisy", "reference"],
            ["no frame start", "frame start within", "no line end", "line end within", "not"],
        ),
    },
    "neuro_axi image": {
        "outcome": ("read", "given up"),
        "marks": ("no end", "end within", "not"),
    },
    **{
        f"{name} stream": _crossed_stream()
        for name in (
            *("pixel_window s", "systolic_array s"),
            *("evaluator noisy", "evaluator window", "evaluator reference", "evaluator filtered"),
        )
    },
    # A gene waits only after a commit, for ten cycles in 4x4 elements if it does not pause.
    "evaluator cfg stream": _crossed_stream(
        impossible=[*cross(["none", "single"], ["single", "several"]), "several x single"]
    ),
    **{
        f"{core} {name} stream": _stream()
        for core, streams in (
            ("evoarray_axi", ("noisy", "reference", "filtered")),
            ("neuro_axi", ("image", "logits")),
        )
        for name in (*streams, "aw", "w", "ar")
    },
    # Between two answers there is a cycle without one.
    **{
        f"{core} {name} stream": _stream(_LENGTHS[1:])
        for core in ("evoarray_axi", "neuro_axi")
        for name in ("b", "r")
    },
}

_hit: set[str] = set()


def all_bins() -> list[str]:
    """Return the full names of all bins."""
    return [
        full_name(group, coverpoint, name)
        for group, coverpoints in COVERGROUPS.items()
        for coverpoint, bins in coverpoints.items()
        for name in bins
    ]


def full_name(group: str, coverpoint: str, name: str) -> str:
    """Return the name of a bin as it stands in reports."""
    return f"{group}, {coverpoint}: {name}"


def is_sampled() -> bool:
    """Return whether what is sampled is kept."""
    return "FUNCTIONAL_COVERAGE" in os.environ


def sample(group: str, coverpoint: str, name: str) -> None:
    """Note that a bin was hit. Raises AssertionError if there is no such bin."""
    if not is_sampled():
        return
    full = full_name(group, coverpoint, name)
    assert name in COVERGROUPS[group][coverpoint], f"no bin {full}"
    if full not in _hit:
        _hit.add(full)
        with Path(os.environ["FUNCTIONAL_COVERAGE"]).open("a", encoding="utf-8") as file:
            file.write(full + "\n")


def sample_circuit(circuit: Circuit, elements: str) -> None:
    """Note the functions that a circuit uses, of plain or two-stage elements."""
    if is_sampled():
        for code in set(circuit.functions.ravel().tolist()):
            sample("pe", "function x set", f"{elements} {circuit.function_set} {code}")


def sample_borders(circuit: Circuit) -> None:
    """Note the selectors and the output row of a circuit of 4x4 elements; ignore others."""
    if circuit.functions.shape == (_MESH, _MESH):
        for side, codes in (("north", circuit.north), ("west", circuit.west)):
            for i, code in enumerate(codes.tolist()):
                sample("evaluator 4x4", "border x selector", f"{side} {i} x {code}")
        sample("evaluator 4x4", "output", str(circuit.output))


def reset_bin(frames: Sequence[tuple[int, int]], taken: int, left: int) -> str:
    """Return the bin of a reset, for frames (height, width) that began and items in and out."""
    before = 0
    for height, width in frames:
        if before < taken < before + height * width:
            row = (taken - before) // width
            return {0: "first row", height - 1: "last row"}.get(row, "inner row")
        before += height * width
    return "idle" if left == taken else "all in, not all out"


def size_bin(size: tuple[int, int], largest: tuple[int, int]) -> str:
    """Return the bin of a frame's height and width."""
    smallest = (3, 3)
    extremes = (smallest, (3, largest[1]), (largest[0], 3), largest)
    return _SIZES[extremes.index(size)] if size in extremes else "other"


class StreamSampler:
    """Samples a stream: its handshakes, and the pause and the stall of each item.

    Call `look` before every rising edge, and `clear` in a reset.
    """

    def __init__(self, name: str, valid: "Signal", ready: "Signal") -> None:
        self.group = f"{name} stream"
        self.valid, self.ready = valid, ready
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.pauses: list[int] = []  # of all items that were taken
        self._pause = self._stall = 0
        self._before = (False, False)  # whether the item before had a pause, and a stall

    def look(self) -> None:
        """Sample a cycle."""
        offered, ready = bool(int(self.valid.value)), bool(int(self.ready.value))
        state = f"{'offered' if offered else 'idle'} x {'ready' if ready else 'busy'}"
        sample(self.group, "handshake", state)
        if not offered:
            self._pause += 1
        elif not ready:
            self._stall += 1
        else:
            self._taken()

    def _taken(self) -> None:
        pause, stall = _length(self._pause), _length(self._stall)
        sample(self.group, "pause", pause)
        sample(self.group, "stall", stall)
        if "pause x stall" in COVERGROUPS[self.group]:
            sample(self.group, "pause x stall", f"{pause} x {stall}")
        present = (self._pause > 0, self._stall > 0)
        for coverpoint, now, before in zip(("pause", "stall"), present, self._before, strict=True):
            if now and before:
                sample(self.group, coverpoint, "back-to-back")
        self.pauses.append(self._pause)
        self._before = present
        self._pause = self._stall = 0


def _length(cycles: int) -> str:
    """Return the bin of a number of cycles."""
    return _LENGTHS[min(cycles, 2)] if cycles < _LONG else _LENGTHS[3]
