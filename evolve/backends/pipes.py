# SPDX-License-Identifier: Apache-2.0
"""The other ends of process.py's pipes, for modules that run inside a simulator."""

import os

REQUESTS = int(os.environ["EVOARRAY_REQUESTS"])
REPLIES = int(os.environ["EVOARRAY_REPLIES"])
