# SPDX-License-Identifier: Apache-2.0
"""How many processes share the work."""

from evoarray.evolution.machine import usable_cores
from evoarray.evolution.options import check

MOST_WORKERS = 1024


def workers_of(workers: int | None) -> int:
    """Return so many workers, or one for each core. Raises InputError for another number."""
    if workers is None:
        return usable_cores()
    check("workers", workers, {"least": 1, "most": MOST_WORKERS})
    return workers
