# SPDX-License-Identifier: Apache-2.0
"""Make what circuits are evolved for: noisy images, and goals."""

from pathlib import Path

import click
import numpy as np

from evoarray.commands.options import (
    FILE,
    change_planes,
    channels_option,
    convert_option,
    option,
    output_option,
)
from evoarray.model.errors import InputError
from evoarray.model.filter.functions import Plane
from evoarray.model.images import read_image, write_image
from evoarray.model.noise import KINDS, add_noise
from evoarray.model.targets import TARGETS, make_target


@click.command()
@click.argument("image", type=FILE)
@option("--kind", type=click.Choice(KINDS), default="salt-and-pepper", help="The kind of noise.")
@option(
    "--amount",
    default=0.2,
    help="The part of all pixels that is hit (salt-and-pepper, burst), or the standard deviation "
    "as a part of 255 (gaussian) or of the pixel (speckle); 0 to 1.",
)
@option("--seed", default=1, help="The same seed gives the same noise.")
@output_option(metavar="OUT.png", help="The noisy image: .png, .pgm, .ppm, .bmp or .tif.")
@convert_option
@channels_option
def noise(
    image: Path,
    kind: str,
    amount: float,
    seed: int,
    output: Path,
    convert: bool,
    channels: str | None,
) -> None:
    """Add noise to IMAGE, a photo or a sequence of frames."""
    if seed < 0:
        raise InputError(f"seed is {seed}; it must be a whole number from 0 up")
    rng = np.random.default_rng(seed)

    def noisy(plane: Plane) -> Plane:
        return add_noise(plane, kind, amount, rng)

    change_planes(image, output, noisy, convert, channels)


@click.command()
@click.argument("image", type=FILE)
@option(
    "--kind",
    type=click.Choice(TARGETS),
    default="edges",
    help="The operation on 3x3 pixels: mean, Gaussian mean, Sobel edges, minimum, maximum, or the "
    "difference between maximum and minimum.",
)
@output_option(metavar="OUT.png", help="The goal: .png, .pgm, .bmp or .tif.")
@convert_option
def target(image: Path, kind: str, output: Path, convert: bool) -> None:
    """Compute the target image that a circuit should learn to produce from IMAGE."""
    write_image(output, make_target(read_image(image, convert), kind))
