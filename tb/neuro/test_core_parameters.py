# SPDX-License-Identifier: Apache-2.0
"""neuro_core: what it cannot be built for."""

import re
import subprocess

import pytest

from model.rtl import INCLUDE_DIR, find_simulator, sources

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
    options = [
        "-g2005",
        "-t",
        "null",
        "-s",
        "evoarray_neuro_core",
        "-P",
        f"evoarray_neuro_core.{name}={value}",
    ]
    command = [str(icarus), *options, f"-I{INCLUDE_DIR}", *map(str, sources("neuro"))]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode
    assert re.search(rf"Unknown module type: \w*{name}_(must_be_)?[0-9]", run.stderr)
