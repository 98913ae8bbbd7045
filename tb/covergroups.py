# SPDX-License-Identifier: Apache-2.0
"""Functional coverage: what the tests must have driven, as covergroups of coverpoints with bins.

The covergroups stand in tb/filter, tb/neuro and tb/shared, next to the tests that sample them.
Benches sample what was driven, not what was meant to be. A bin's first hit in a simulation appends
its name to the file that FUNCTIONAL_COVERAGE names; without it nothing is sampled.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tb.bins import Coverpoints, length_bin
from tb.filter.covergroups import COVERGROUPS as FILTER
from tb.neuro.covergroups import COVERGROUPS as NEURO
from tb.shared.covergroups import COVERGROUPS as SHARED

if TYPE_CHECKING:
    from cocotb.handle import LogicArrayObject as Signal

COVERGROUPS: dict[str, Coverpoints] = {**FILTER, **NEURO, **SHARED}

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
        pause, stall = length_bin(self._pause), length_bin(self._stall)
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
