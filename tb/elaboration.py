# SPDX-License-Identifier: Apache-2.0
"""Elaborates a module with parameters, without simulating it."""

import os
import subprocess
from collections.abc import Mapping

from evoarray.model.rtl import INCLUDE_DIR, RTL_DIR, find_simulator, sources

_FAMILY = {"evoarray_neuro_core": "neuro", "evoarray_neuro_axi": "neuro"}


def complaints(simulator: str, top: str, parameters: Mapping[str, int]) -> str:
    """Return what icarus or verilator says of a module with these parameters; "" if it is fine."""
    found = find_simulator(simulator)
    given = [f"{name}={value}" for name, value in parameters.items()]
    if simulator == "icarus":
        options = ["-g2005", "-Wall", "-t", "null", "-s", top]
        options += [option for value in given for option in ("-P", f"{top}.{value}")]
    else:
        options = ["--lint-only", "--quiet-stats", "-Wall", "--default-language", "1364-2005"]
        options += ["--top-module", top, *(f"-G{value}" for value in given)]
        options.append(str(RTL_DIR / "lint.vlt"))
    files = map(str, sources(_FAMILY.get(top, "filter")))
    run = subprocess.run(
        [str(found.command), *options, f"-I{INCLUDE_DIR}", *files],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | found.environment,
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0 or said
    return said
