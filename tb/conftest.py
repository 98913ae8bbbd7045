# SPDX-License-Identifier: Apache-2.0
"""Who simulates what: every test on Icarus, the tests marked verilator on Verilator too.

Tests of what is large, which Icarus takes long for and has smaller ones of, are marked with
alone=True: they run on Verilator only.

The environment variable SIM selects one simulator.
"""

import os
import re
from collections.abc import Callable
from functools import partial

import pytest

from tb import runner

SIMULATORS = ("verilator", "icarus")


@pytest.fixture(params=SIMULATORS)
def simulate(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return tb.runner.simulate for this test's name and simulator."""
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    return partial(runner.simulate, name, request.param)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = os.environ.get("SIM") or None
    if chosen not in {None, *SIMULATORS}:
        raise pytest.UsageError(f"SIM is {chosen}; it must be {' or '.join(SIMULATORS)}, or empty")
    dropped = [item for item in items if not _wanted(item, chosen)]
    config.hook.pytest_deselected(items=dropped)
    # Verilator's builds take longest: begun first, they leave no core idle at the end.
    items[:] = sorted(
        (item for item in items if item not in dropped),
        key=lambda item: _simulator(item) != "verilator",
    )


def _wanted(item: pytest.Item, chosen: str | None) -> bool:
    simulator, marker = _simulator(item), item.get_closest_marker("verilator")
    if simulator == "verilator" and marker is None:
        return False
    if simulator == "icarus" and marker is not None and marker.kwargs.get("alone"):
        return False
    return simulator is None or chosen in {None, simulator}


def _simulator(item: pytest.Item) -> object:
    """Return the name of a test's simulator, or None for a test that simulates nothing."""
    call = getattr(item, "callspec", None)
    return call.params.get("simulate") if call else None
