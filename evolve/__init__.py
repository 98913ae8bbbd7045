# SPDX-License-Identifier: Apache-2.0
"""Evolution: of filters in evolve/filter/, of networks in evolve/neuro/, and what both share.

A run has one core, or several by its workers, never by NumPy's matrix products: on a machine that
has other work, their threads wait for each other, and small products take ten times as long.
"""

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""The variables that libraries read when NumPy loads them, here and in processes started later."""

for _name in THREADS:
    os.environ.setdefault(_name, "1")
