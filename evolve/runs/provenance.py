# SPDX-License-Identifier: Apache-2.0
"""What made a result: versions, and the commit of the program."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def made_with() -> dict[str, Any]:
    """Return the versions of what computes here, and the git commit, or None outside a checkout.

    The commit ends in -dirty where files that it has were changed.
    """
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
    """Return the commit, with -dirty after it if the files are not those of the commit.

    Packages are installed below the checkouts of others, and GIT_DIR may name one: that is ours
    which begins where we do, and has this file.
    """
    here = Path(__file__).resolve()
    root = here.parents[2]
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel")) != root:
            return None
        _git(root, "ls-files", "--error-unmatch", "pyproject.toml", str(here))
        commit = _git(root, "rev-parse", "HEAD")
        # Unlike describe --dirty this never locks the index: a kill -9 would leave the lock there.
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
        return f"{commit}-dirty" if changed else commit
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    """Return what git says in a folder, whatever the environment says of other repositories."""
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    # A repository may name a program here, and who asks only for a commit should not run it.
    command = ["git", "-c", "core.fsmonitor=false", "--no-optional-locks", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="surrogateescape",
        check=True,
    ).stdout.strip()
