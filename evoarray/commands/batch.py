# SPDX-License-Identifier: Apache-2.0
"""One change to many image files: which they are, where each goes, and what goes wrong."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from evoarray.evolution.console import say
from evoarray.model.errors import InputError, printable
from evoarray.model.files import make_folder
from evoarray.model.images import FORMATS, READ_SUFFIXES

Change: TypeAlias = Callable[[Path, Path], None]
"""Reads the one file, and writes the other."""

_WRITTEN_AS = {".gif": ".tif"}
"""The suffix for one that is not written, where it is not .png: GIF may have many frames."""


def change_files(sources: Sequence[Path], output: Path, change: Change) -> None:
    """Change an image into the file `output`, or several into the folder of that name.

    Without the suffix of an image it is the folder if it is one already, if there are several
    sources, or if a source is a folder, which stands for its images. There each keeps its name, but
    with a suffix of a format without loss; no source is ever overwritten. What cannot be read is
    told, and the others are done. Raises InputError before anything is written where that cannot
    be kept, and at the end if a file could not be done.
    """
    is_file = output.suffix.lower() in FORMATS
    if len(sources) == 1 and (is_file or not (sources[0].is_dir() or output.is_dir())):
        change(sources[0], output)
        return
    if is_file:
        raise InputError(
            f"'{output}' is named as one image, and there are {len(sources)}; name a folder with -o"
        )
    targets = _targets(_images_of(sources), output)
    make_folder(output)
    failed = 0
    for target, source in targets.items():
        try:
            change(source, target)
        except InputError as error:
            failed += 1
            say(f"evoarray: {printable(str(error))}", err=True)
        else:
            say(printable(f"{source} -> {target}"))
    if failed:
        others = f"; the others are in {output}" if failed < len(targets) else ""
        raise InputError(f"{failed} of {len(targets)} images could not be read or written{others}")


def _images_of(sources: Sequence[Path]) -> list[Path]:
    """Return the files, and of folders the images in order of their names."""
    files: list[Path] = []
    for source in sources:
        if not source.is_dir():
            files.append(source)
            continue
        found = sorted(path for path in source.iterdir() if _is_image(path))
        if not found:
            suffixes = ", ".join(sorted(READ_SUFFIXES))
            raise InputError(f"the folder '{source}' has no images, which end in {suffixes}")
        files += found
    return files


def _is_image(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return not hidden and path.suffix.lower() in READ_SUFFIXES and path.is_file()


def _targets(sources: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Return where each source goes, target by target."""
    given = {os.path.realpath(source) for source in sources}
    targets: dict[Path, Path] = {}
    names: dict[str, Path] = {}
    for source in sources:
        target = folder / _name(source)
        if os.path.realpath(target) in given:
            raise InputError(
                f"'{target}' would overwrite an image that is read; name another folder with -o"
            )
        # Some file systems do not tell a from A.
        if (other := names.setdefault(target.name.casefold(), source)) is not source:
            raise InputError(
                f"'{other}' and '{source}' would both become '{target}'; rename one, or filter "
                "them into two folders"
            )
        targets[target] = source
    return targets


def _name(source: Path) -> str:
    suffix = source.suffix.lower()
    if suffix in FORMATS:
        return source.name
    return source.with_suffix(_WRITTEN_AS.get(suffix, ".png")).name
