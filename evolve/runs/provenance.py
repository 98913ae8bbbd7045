# SPDX-License-Identifier: Apache-2.0
"""What made a result: versions, and the commit of the program."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def made_with() -> dict[str, Any]:
    """Return the versions of what computes here, and the git commit, or None outside of git."""
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
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
