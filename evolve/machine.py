# SPDX-License-Identifier: Apache-2.0
"""What the machine has, asked so that every system answers."""

import os
from collections.abc import MutableMapping

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""The variables that libraries read when NumPy loads them."""


def take_one_core(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let NumPy's matrix products have one core, in processes that have not loaded it yet.

    A run has one core, or several by its workers. On a machine that has other work, the threads of
    a product wait for each other, and small ones take ten times as long.
    """
    for name in THREADS:
        environment.setdefault(name, "1")


def usable_cores() -> int:
    """Return how many cores this process may use; where the system cannot tell, how many it has."""
    if hasattr(os, "sched_getaffinity"):  # macOS and Windows lack it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
