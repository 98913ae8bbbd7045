# SPDX-License-Identifier: Apache-2.0
"""What the machine has, asked so that every system answers."""

import os


def usable_cores() -> int:
    """Return how many cores this process may use; where the system cannot tell, how many it has."""
    if hasattr(os, "sched_getaffinity"):  # macOS and Windows lack it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
