# SPDX-License-Identifier: Apache-2.0
"""What several commands share: options, the console, and photos read."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from evolve.runs.comparison import Photo, photo_of
from evolve.settings import BACKENDS
from model.errors import InputError
from model.filter.circuit import Circuit
from model.images import read_image

FILE = click.Path(path_type=Path)
option = partial(click.option, show_default=True)

output_option = partial(click.option, "-o", "--output", type=FILE, required=True)
backend_option = partial(
    option,
    "--backend",
    type=click.Choice(BACKENDS),
    help="Who computes: the fast engine, the golden model, or the RTL in a simulator. All give the "
    "same bits.",
)
workers_option = option(
    "--workers",
    type=click.IntRange(1, 1024),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="all cores",
    help="Cores to use; tribes are shared out among them. The result does not depend on it.",
)
train_pair_option = click.option(
    "--train-pair",
    type=(FILE, FILE),
    multiple=True,
    metavar="NOISY CLEAN",
    help="More images to judge by, beside NOISY and CLEAN: their SAE is added; may be repeated.",
)
after_option = click.option(
    "--after",
    type=FILE,
    multiple=True,
    metavar="CIRCUIT",
    help="A filter that comes before this one in a cascade; may be repeated, in their order.",
)
json_lines_option = click.option(
    "--json-lines",
    is_flag=True,
    help="Print JSON objects, one an epoch, then the results; the rest goes to standard error.",
)
convert_option = click.option(
    "--convert", is_flag=True, help="Turn colour and 16-bit images to 8-bit grey, not refuse them."
)


def console(json_wanted: bool) -> Console:
    """Return where to print sentences: not where JSON goes."""
    return Console(highlight=False, markup=False, emoji=False, stderr=json_wanted)


def read_photo(noisy: Path, clean: Path, convert: bool, after: Sequence[Circuit] = ()) -> Photo:
    """Return two images of one size. Raises InputError if they are not."""
    pixels, reference = read_image(noisy, convert), read_image(clean, convert)
    if pixels.shape != reference.shape:
        sizes = [f"{image.shape[1]}x{image.shape[0]}" for image in (pixels, reference)]
        raise InputError(
            f"{noisy} is {sizes[0]} pixels and {clean} is {sizes[1]}; give two images of one size"
        )
    # A name that is not UTF-8 would break the pictures.
    name = os.fsencode(clean.stem).decode(errors="replace")
    return photo_of(after, name, pixels, reference)
