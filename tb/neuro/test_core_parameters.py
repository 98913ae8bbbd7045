# SPDX-License-Identifier: Apache-2.0
"""neuro_core: what it can be built for, and what it cannot."""

import re

import pytest

from tb.elaboration import complaints

CORE = "evoarray_neuro_core"
# The words of so many weights, in rows of four or of two words each, are 2^32.
ILLEGAL = [
    # Too many rows or columns are refused as well, after minutes of elaboration.
    *(("ROWS", n) for n in (-1, 8)),
    *(("COLS", n) for n in (-1, 0)),
    *(("LAYERS", n) for n in (-1, 0, 16385)),
    *(("ACTIVATIONS", n) for n in (1, 65537)),
    *(("POSITIONS", n) for n in (1, 65537)),
    *(("WEIGHTS", n) for n in (1, 32769, 65536, 2**30)),
    *(("BIASES", n) for n in (1, 65537)),
    *(("TABLES", n) for n in (0, 5)),
    *(("MULTIPLIER", n) for n in (-1, 2)),
]
LEGAL = [
    ("LAYERS", 16384),
    ("ACTIVATIONS", 65536),
    ("POSITIONS", 65536),
    ("WEIGHTS", 32768),
    ("BIASES", 65536),
    ("TABLES", 4),
    ("MULTIPLIER", 0),
]


@pytest.mark.parametrize(("name", "value"), ILLEGAL)
def test_an_illegal_parameter_stops_elaboration(name: str, value: int) -> None:
    said = complaints("icarus", CORE, {name: value})
    assert re.search(rf"Unknown module type: \w*{name}_((and_\w+_)?must_be_)?[0-9]", said)
    assert "%Error" in complaints("verilator", CORE, {name: value})


@pytest.mark.parametrize(("name", "value"), LEGAL)
@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_the_largest_elaborate(simulator: str, name: str, value: int) -> None:
    assert complaints(simulator, CORE, {name: value}) == ""
