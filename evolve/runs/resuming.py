# SPDX-License-Identifier: Apache-2.0
"""What every kind of run does: before it goes on, and for programs that watch it."""

import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from evoarray.evolution.backends.ready import SIMULATORS
from evoarray.evolution.runs.database import Loaded
from evoarray.evolution.runs.store import RunStore
from evoarray.model.errors import InputError, not_ours
from evoarray.model.files import write_json


def load_to_resume(store: RunStore, folder: Path, console: Console) -> Loaded:
    """Return a run that can go on, and say what was found damaged.

    Raises InputError for a run that is finished, or that another version began.
    """
    loaded = store.load()
    for warning in loaded.warnings:
        console.out(f"Warning: {warning}")
    if loaded.status == "finished":
        raise InputError(f"the run {folder} is finished; there is nothing to resume")
    _check_version(folder, loaded.description)
    origin = folder / "provenance.json"
    if not origin.exists():  # it was killed, or a disk was full, just when it began
        write_json(origin, loaded.description["provenance"])
    return loaded


def replay_of(description: Mapping[str, Any]) -> str | None:
    """Return the simulator of a run's replay. Raises ValueError for what is none."""
    replay = description["replay"]
    if replay is not None and replay not in SIMULATORS:
        raise ValueError(f"the replay is {replay!r}")
    return str(replay) if replay else None


def _check_version(folder: Path, description: Mapping[str, Any]) -> None:
    with not_ours(f"the run {folder}"):
        made = description["provenance"]["versions"]["evoarray"]
    if made != version("evoarray"):
        raise InputError(
            f"{folder} was begun by evoarray {made}, and this is {version('evoarray')}, which "
            f"may evolve otherwise: resume it with evoarray {made}, or start anew"
            + (" from its circuit with --start" if "kind" not in description else "")
        )


def print_json(data: Mapping[str, Any]) -> None:
    """Print an object on a line of its own, at once."""
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()
