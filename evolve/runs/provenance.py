# SPDX-License-Identifier: Apache-2.0
"""What made a result: versions, and the commit of the program."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def made_with() -> dict[str, Any]:
    """Return the versions of what computes here, and the git commit, or None outside a checkout."""
    return {
        "versions": {
            "evoarray": version("evoarray"),
            "networkx": version("networkx"),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "git_commit": _git_commit(),
    }


def _git_commit() -> str | None:
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--show-toplevel", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    # A checkout may not be ours: packages are installed below those of others, too.
    top, _, commit = done.stdout.strip().partition("\n")
    ours = done.returncode == 0 and Path(top) == Path(__file__).resolve().parents[2]
    return commit if ours else None
