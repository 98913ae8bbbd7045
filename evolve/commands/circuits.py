# SPDX-License-Identifier: Apache-2.0
"""Use a circuit: measure it, filter with it, draw it."""

import json
from contextlib import closing
from pathlib import Path

import click
import numpy as np

from evolve.commands.options import (
    FILE,
    after_option,
    backend_option,
    convert_option,
    option,
    output_option,
    read_photo,
    train_pair_option,
)
from evolve.filter.backends import open_backend
from evolve.filter.comparison import as_json, cascade
from evolve.filter.drawing import draw_svg
from evolve.filter.pruning import prune
from evolve.neuro.drawing import draw_network
from evolve.simplify.cost import luts
from model.errors import MismatchError
from model.files import format_of, write_atomically
from model.filter.circuit import read_circuit, write_circuit
from model.filter.fitness import metrics
from model.images import read_image, write_image
from model.neuro.network import FORMAT, load_network


@click.command()
@click.argument("circuit", type=FILE)
@click.argument("noisy", type=FILE)
@click.argument("clean", type=FILE)
@after_option
@backend_option(default="model")
@convert_option
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON object.")
def evaluate(
    circuit: Path,
    noisy: Path,
    clean: Path,
    after: tuple[Path, ...],
    backend: str,
    convert: bool,
    json_wanted: bool,
) -> None:
    """Print how far CIRCUIT's output for NOISY is from CLEAN.

    SAE is the sum of absolute errors, MAE the mean; PSNR is in dB; SSIM is 1 for equal images.
    """
    configuration = read_circuit(circuit)
    photo = read_photo(noisy, clean, convert, list(map(read_circuit, after)))
    with closing(
        open_backend(backend, configuration.shape, [(photo.given, photo.clean)])
    ) as opened:
        sae = int(opened.evaluate(configuration.genes[np.newaxis])[0])
        result = as_json(metrics(opened.filter(configuration.genes), photo.clean))
    if result["sae"] != sae:
        raise MismatchError(f"the SAE of {backend} is {sae}, that of its pixels {result['sae']}")
    if json_wanted:
        click.echo(json.dumps({"backend": backend, **result}))
    else:
        for name, value in result.items():
            shown = value if name == "sae" else "infinite" if value is None else f"{value:.6g}"
            click.echo(f"{name.upper():5}{shown}")


@click.command("filter")
@click.argument("circuit", type=FILE)
@click.argument("image", type=FILE)
@output_option(metavar="OUT.png", help="The filtered image: .png, .pgm or .bmp.")
@after_option
@backend_option(default="model")
@convert_option
def filter_command(
    circuit: Path, image: Path, output: Path, after: tuple[Path, ...], backend: str, convert: bool
) -> None:
    """Filter IMAGE with CIRCUIT."""
    configuration = read_circuit(circuit)
    pixels = cascade(list(map(read_circuit, after)), read_image(image, convert))
    with closing(open_backend(backend, configuration.shape, [(pixels, pixels)])) as opened:
        write_image(output, opened.filter(configuration.genes))


@click.command("prune")
@click.argument("circuit", type=FILE)
@click.argument("noisy", type=FILE)
@click.argument("clean", type=FILE)
@output_option(metavar="OUT.json", help="The cheaper circuit.")
@train_pair_option
@option(
    "--tolerance",
    type=click.FloatRange(0, 1000),
    default=1.0,
    metavar="PERCENT",
    help="By how much the SAE may rise in all.",
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
    given = read_circuit(circuit)
    before = list(map(read_circuit, after))
    photos = [read_photo(*pair, convert, before) for pair in ((noisy, clean), *train_pair)]
    pairs = [(photo.given, photo.clean) for photo in photos]
    with closing(open_backend("fast", given.shape, pairs)) as backend:
        sae = int(backend.evaluate(given.genes[np.newaxis])[0])
        most = int(sae * (1 + tolerance / 100))
        steps = [(given, sae), *prune(given, backend.evaluate, most)]
    pruned, pruned_sae = steps[-1]
    write_circuit(output, pruned)
    click.echo(
        f"{len(steps) - 1} genes changed: LUTs {luts(given):,} -> {luts(pruned):,}, "
        f"SAE {sae:,} -> {pruned_sae:,}"
    )


@click.command()
@click.argument("path", type=FILE, metavar="CIRCUIT|NETWORK")
@output_option(metavar="OUT.svg", help="The drawing.")
def show(path: Path, output: Path) -> None:
    """Draw CIRCUIT's mesh, or the layers and weights of NETWORK, as SVG.

    In colour is what the output depends on.
    """
    if format_of(path) == FORMAT:
        drawing = draw_network(load_network(path))
    else:
        drawing = draw_svg(read_circuit(path))
    write_atomically(output, drawing.encode())
