# SPDX-License-Identifier: Apache-2.0
"""Use a circuit: measure it, filter with it, draw it."""

import json
from functools import partial
from pathlib import Path

import click

from evoarray.api.circuits import Circuit, Drawing
from evoarray.commands.batch import change_files
from evoarray.commands.options import (
    FILE,
    after_option,
    backend_option,
    change_planes,
    channels_option,
    check_channels,
    convert_option,
    option,
    output_option,
    read_cascade,
    read_planes,
    train_pair_option,
)
from evoarray.evolution.neuro.drawing import draw_network
from evoarray.model.files import format_of
from evoarray.model.filter.circuit import read_circuit
from evoarray.model.neuro.network import FORMAT, load_network


@click.command()
@click.argument("circuit", type=FILE)
@click.argument("noisy", type=FILE)
@click.argument("clean", type=FILE)
@after_option
@backend_option(default="model")
@convert_option
@channels_option
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON object.")
def evaluate(
    circuit: Path,
    noisy: Path,
    clean: Path,
    after: tuple[Path, ...],
    backend: str,
    convert: bool,
    channels: str | None,
    json_wanted: bool,
) -> None:
    """Print how far CIRCUIT's output for NOISY is from CLEAN.

    SAE is the sum of absolute errors, MAE the mean; PSNR is in dB; SSIM is 1 for equal images. With
    --channels each they are taken over all samples, SSIM as the mean of the channels.
    """
    planes = read_planes(noisy, clean, convert, channels)
    result = read_cascade(circuit, after).measure(planes, backend)
    if json_wanted:
        click.echo(json.dumps({"backend": backend, **result}))
    else:
        for name, value in result.items():
            shown = value if name == "sae" else "infinite" if value is None else f"{value:.6g}"
            click.echo(f"{name.upper():5}{shown}")


@click.command("filter")
@click.argument("circuit", type=FILE)
@click.argument("images", type=FILE, nargs=-1, required=True, metavar="IMAGE...")
@output_option(
    metavar="OUT.png|DIR",
    help="The filtered image: .png, .pgm, .ppm, .bmp or .tif; or the folder for several.",
)
@after_option
@backend_option(default="model")
@convert_option
@channels_option
def filter_command(
    circuit: Path,
    images: tuple[Path, ...],
    output: Path,
    after: tuple[Path, ...],
    backend: str,
    convert: bool,
    channels: str | None,
) -> None:
    """Filter IMAGE with CIRCUIT: a file, several, or a folder of them.

    In DIR each image keeps its name; JPEG and WebP become .png, and GIF becomes .tif, without loss.
    All frames of a TIFF, GIF or WebP are filtered, into a TIFF. An image that cannot be read is
    reported, and the others are still filtered.
    """
    cascade = read_cascade(circuit, after)

    def change(source: Path, target: Path) -> None:
        filtered = partial(cascade.filter_plane, backend=backend)
        change_planes(source, target, filtered, convert, channels)

    check_channels(convert, channels)  # once, not for every image
    change_files(images, output, change)


@click.command("prune")
@click.argument("circuit", type=FILE)
@click.argument("noisy", type=FILE)
@click.argument("clean", type=FILE)
@output_option(metavar="OUT.json", help="The cheaper circuit.")
@train_pair_option
@option(
    "--tolerance",
    default=1.0,
    metavar="PERCENT",
    help="Largest total rise of the SAE, in percent.",
)
@after_option
@convert_option
def prune_command(
    circuit: Path,
    noisy: Path,
    clean: Path,
    output: Path,
    after: tuple[Path, ...],
    train_pair: tuple[tuple[Path, Path], ...],
    tolerance: float,
    convert: bool,
) -> None:
    """Take out of CIRCUIT what hardly matters for turning NOISY into CLEAN.

    Gene by gene, the change that saves most LUTs is made, as long as the SAE stays within the
    tolerance.
    """
    given = read_cascade(circuit, after)
    pruned = given.prune(noisy, clean, tolerance=tolerance, train_pair=train_pair, convert=convert)
    pruned.circuit.save(output)
    click.echo(
        f"{pruned.changed} genes changed: LUTs {given.luts:,} -> {pruned.circuit.luts:,}, "
        f"SAE {pruned.sae_before:,} -> {pruned.sae:,}"
    )


@click.command()
@click.argument("path", type=FILE, metavar="CIRCUIT|NETWORK")
@output_option(metavar="OUT.svg", help="The drawing.")
def show(path: Path, output: Path) -> None:
    """Draw CIRCUIT's mesh, or the layers and weights of NETWORK, as SVG.

    In colour is what the output depends on.
    """
    if format_of(path) == FORMAT:
        Drawing(draw_network(load_network(path))).save(output)
    else:
        Circuit(read_circuit(path)).draw().save(output)
