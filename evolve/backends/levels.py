# SPDX-License-Identifier: Apache-2.0
"""For which processors wheels have the engines compiled, the most capable first.

setup.py runs this file alone, before there is a package or NumPy: it imports nothing of ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """A family of processors, as compilers call it, and what /proc/cpuinfo says of one."""

    name: str
    options: Sequence[str]
    flags: frozenset[str]


_V3 = frozenset(["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"])
_V4 = _V3 | frozenset(["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"])

LEVELS: Mapping[str, Sequence[Level]] = {
    "x86_64": (
        # GCC 12 takes whole vectors by itself; halves, which others prefer, cost 17 % on an EPYC.
        Level("x86-64-v4", ("-march=x86-64-v4", "-mprefer-vector-width=512"), _V4),
        # For processors without AVX-512; without -mtune it was 3 % slower than -march=znver3.
        Level("x86-64-v3", ("-march=x86-64-v3", "-mtune=haswell"), _V3),
        Level("x86-64", ("-march=x86-64",), frozenset()),
    ),
    "aarch64": (Level("aarch64", ("-march=armv8-a",), frozenset()),),
}
"""By what the system calls the machine; the levels are those of the x86-64 psABI."""

_OTHERS = {"AMD64": "x86_64", "arm64": "aarch64"}

OPTIONS = ("-std=c11", "-O3", "-shared", "-fPIC")
"""Of the C compiler, for every level."""


def levels(machine: str, flags: frozenset[str] | None = None) -> Iterator[Level]:
    """Yield the levels of a machine that a processor with these flags has; None: all of them."""
    for level in LEVELS.get(_OTHERS.get(machine, machine), ()):
        if flags is None or level.flags <= flags:
            yield level


def library_name(stem: str, level: Level) -> str:
    """Return what the compiled file beside a source is called."""
    return f"{stem}-{level.name}.so"
