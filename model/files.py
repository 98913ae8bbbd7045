# SPDX-License-Identifier: Apache-2.0
"""Writing a file whole or not at all, and reading one that may be damaged."""

import codecs
import errno
import io
import json
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Iterator
from itertools import accumulate
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from evoarray.model.errors import InputError, refuse, shown
from evoarray.model.temporary import temporary_file

DEEPEST = 100
"""Levels of a file's lists and tables: Python cannot write as many as it reads."""

ROOM = 1 << 20
"""Bytes that a program may want for its temporary files at least."""

MOST_BITS = 4096
"""Of a whole number: Python writes none of thousands of digits."""


_kept: set[str] = set()


def keep_inside(folder: Path) -> None:
    """Follow no symbolic link out of this folder from now on, when a file in it is written.

    For folders that somebody else may have made, of which it is not known where links lead.
    """
    _kept.add(os.path.realpath(folder))


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that, whatever happens, its old or its new content stands there whole.

    The data go to a temporary file in the same folder, which then takes the file's place; after a
    failure nothing of it is left. A symbolic link stays one. Raises InputError with the reason
    (no such folder, no permission, no space left on the device, a link that `keep_inside` forbids,
    ...).
    """
    target = Path(os.path.realpath(path))
    for folder in map(os.path.realpath, Path(os.path.normpath(path.absolute())).parents):
        if folder in _kept and not target.is_relative_to(folder):
            raise InputError(f"cannot write '{path}': a link leads out to '{target}'; remove it")
    try:
        if target.exists() and not target.is_file():  # never replace a folder or /dev/null
            raise InputError(f"cannot write '{path}': it is not a file; choose another name")
        with temporary_file(target.parent) as (temporary, stream):
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())  # some file systems report a full disk only here
            temporary.replace(target)
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


def check_room(*folders: Path) -> None:
    """Raise InputError for the first of these folders in which no file can be written.

    It is asked where a program has failed, for some call a full disk a syntax error. Without a
    folder it is that for temporary files.
    """
    # tempfile passes over a full folder without a word, and other programs do not.
    named = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if name in os.environ]
    for folder in folders or map(Path, named[:1] or [tempfile.gettempdir()]):
        try:
            with tempfile.TemporaryFile(dir=folder) as stream:
                stream.write(bytes(ROOM))
        except OSError as error:
            raise InputError(
                f"cannot write in {folder}: {error.strerror}; put that right, or name another "
                "folder with TMPDIR, or with XDG_CACHE_HOME for what is compiled"
            ) from None


def write_json(path: Path, data: Any) -> None:
    """Write data as JSON for people and programs, atomically; make the file's folder if need be."""
    make_folder(path.parent)
    write_atomically(path, (json.dumps(data, indent=2) + "\n").encode())


def read_file(path: Path) -> bytes:
    """Return the content of a file, or of a pipe that somebody writes to, as <(...) of a shell is.

    Raises OSError with the reason; also for a socket, a device, which may never end, and a pipe
    that nobody writes to.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
        os.set_blocking(descriptor, True)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            content = stream.read()
        if not content and stat.S_ISFIFO(mode):
            raise OSError(errno.EINVAL, "it is a pipe that nobody writes to", str(path))
        return content
    finally:
        os.close(descriptor)


def read_text(path: Path, kind: str) -> str:
    """Return the text of a file of this kind, UTF-8 with or without a byte order mark.

    Raises InputError with the reason.
    """
    try:
        data = read_file(path)
    except OSError as error:
        raise InputError(f"cannot read the {kind} {path}: {error.strerror}") from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{path} is not a {kind}: it is UTF-16 text; save it as UTF-8")
    try:
        # Lines end in as many ways as open() knows.
        return io.StringIO(data.decode("utf-8-sig"), newline=None).read()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a {kind}: it is not UTF-8 text") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return the values of a TOML file. Raises InputError with the reason."""
    return parse_toml(read_text(path, "TOML file"), str(path))


def parse_toml(text: str, called: str) -> dict[str, Any]:
    """Return the values of the text of a TOML file. Raises InputError naming the file."""
    steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[][{}]", text))
    if max(accumulate(steps), default=0) > 5 * DEEPEST:  # where some may be in texts or remarks
        raise InputError(f"{called} is nested too deeply; at most {DEEPEST} levels are allowed")
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also an integer of thousands of digits
        raise InputError(f"{called} is not a TOML file: {error}") from None
    for values in _levels(data):
        if any(type(each) is int and each.bit_length() > MOST_BITS for each in values):
            raise InputError(f"{called} has a whole number of more than {MOST_BITS} bits")
        if any(isinstance(each, str) and "\0" in each for each in values):
            raise InputError(f"{called} has a text with the character NUL in it; take it out")
    return data


def format_of(path: Path) -> object:
    """Return what a JSON file says is its format, None if it says nothing or is not one."""
    try:
        data = json.loads(read_text(path, "JSON file"))
    except (ValueError, RecursionError):  # an InputError is a ValueError
        return None
    return data.get("format") if isinstance(data, dict) else None


def parse_json(text: str, name: str, version: int, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return the JSON object of a file of format `name`, which has exactly these keys.

    Two of them are "format" and "version". Raises InputError for anything else, also for numbers
    that JSON does not know and for a key that is given twice.
    """
    try:
        data = json.loads(
            text, object_pairs_hook=_unique_keys, parse_constant=_no_number, parse_float=_float
        )
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # also an integer of thousands of digits
        raise InputError(f"it is not JSON ({error})") from None
    if not isinstance(data, dict) or data.get("format") != name:
        raise InputError(f'it is not a JSON object with "format": "{name}"')
    if data.get("version") != version or type(data["version"]) is not int:
        refuse("version", data.get("version"), f"{version}, the only one known here")
    check_keys(data, keys)
    for _ in _levels(data):
        pass
    return data


def _levels(data: object) -> Iterator[list[Any]]:
    """Yield all values that are nested so deeply, beginning with the outermost one.

    Raises InputError where there are more than DEEPEST levels.
    """
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        yield level
        nested = [each for each in level if isinstance(each, list | dict)]
        level = [e for each in nested for e in (each.values() if isinstance(each, dict) else each)]
        if not level:
            return
    raise InputError(
        f"lists and tables are nested too deeply; at most {DEEPEST} levels are allowed"
    )


def check_keys(data: dict[str, Any], keys: tuple[str, ...]) -> None:
    """Refuse a JSON object that has not exactly these keys. Raises InputError."""
    for key in keys:
        if key not in data:
            raise InputError(f'the key "{key}" is missing')
    for key in data:
        if key not in keys:
            raise InputError(f"the key {shown(key)} is unknown; the keys are {', '.join(keys)}")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise InputError(f"the key {shown(key)} is given twice")
        data[key] = value
    return data


def _float(literal: str) -> float:
    """Return a number. Raises InputError for one beyond all floats, which Python reads as inf."""
    number = float(literal)
    return number if isfinite(number) else _no_number(shown(literal))


def _no_number(literal: str) -> NoReturn:
    raise InputError(f"it is not JSON ({literal} is no number there)")
