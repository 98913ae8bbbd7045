# SPDX-License-Identifier: Apache-2.0
"""Writing a file whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any

from model.errors import InputError


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that, whatever happens, its old or its new content stands there whole.

    The data go to a temporary file in the same folder, which then takes the file's place; after a
    failure nothing of it is left. A symbolic link stays one. Raises InputError with the reason
    (no such folder, no permission, no space left on the device, ...).
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".evoarray-{os.getpid()}.tmp")
    try:
        if target.exists() and not target.is_file():  # never replace a folder or /dev/null
            raise InputError(f"cannot write '{path}': it is not a file; choose another name")
        try:
            with temporary.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())  # some file systems report a full disk only here
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write '{path}': {error.strerror}; put that right or choose another place"
        ) from None


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless it is there. Raises InputError with the reason."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from None


def write_json(path: Path, data: Any) -> None:
    """Write data as JSON for people and programs, atomically; make the file's folder if need be."""
    make_folder(path.parent)
    write_atomically(path, (json.dumps(data, indent=2) + "\n").encode())
