# SPDX-License-Identifier: Apache-2.0
"""Make a circuit or a network a product: a small file of its own."""

from pathlib import Path

import click

from evoarray.commands.options import (
    FILE,
    after_option,
    convert_option,
    given,
    option,
    output_option,
    read_cascade,
)
from evoarray.evolution.console import say
from evoarray.evolution.export import product
from evoarray.evolution.neuro.onnx import save_onnx
from evoarray.model.errors import InputError
from evoarray.model.files import format_of
from evoarray.model.neuro.network import FORMAT, load_network


@click.command()
@click.argument("path", type=FILE, metavar="CIRCUIT|NETWORK")
@output_option(metavar="DIR|FILE", help="The folder for the files, or the ONNX file of a network.")
@option("--name", default="evolved_filter", help="Name of the module or function.")
@option(
    "--language",
    type=click.Choice(product.LANGUAGES),
    default="verilog",
    help="A Verilog-2005 module with its testbench, or a function in C99 or Python.",
)
@option(
    "--pipeline",
    default="full",
    metavar="full|none|N",
    help="Registers of the Verilog module: after every operation, none, or N on every way.",
)
@click.option(
    "--stream",
    is_flag=True,
    help="Also a module with AXI4-Stream ports: windows are made and filtered from pixels.",
)
@click.option(
    "--prove",
    is_flag=True,
    help="Prove that the Verilog module equals the array with this circuit, for all inputs.",
)
@click.option(
    "--synthesize",
    is_flag=True,
    help="Measure LUTs, flip-flops and clock on three families of FPGA, with yosys and nextpnr.",
)
@click.option(
    "--test-pair",
    type=(FILE, FILE),
    multiple=True,
    metavar="NOISY CLEAN",
    help="A pair of images for the quality figures on the page of facts. May be repeated.",
)
@after_option
@convert_option
@click.pass_context
def export(
    context: click.Context,
    path: Path,
    output: Path,
    after: tuple[Path, ...],
    name: str,
    language: str,
    pipeline: str,
    stream: bool,
    prove: bool,
    synthesize: bool,
    test_pair: tuple[tuple[Path, Path], ...],
    convert: bool,
) -> None:
    """Write CIRCUIT as a small file of its own, without the array, or NETWORK as an ONNX file.

    What the output does not depend on is left out, and nothing is computed twice. A cascade is
    written as a file for each of its filters, and one for their streams. NAME.md has the facts.

    An ONNX file computes the logits of a network bit for bit. It needs no other option than -o.
    """
    if format_of(path) == FORMAT:
        _export_network(context, path, output)
        return
    if convert and not test_pair:
        raise InputError("--convert has no effect without --test-pair; leave it out")
    exported = read_cascade(path, after).export(
        language,
        output,
        name=name,
        pipeline=pipeline,
        stream=stream,
        prove=prove,
        synthesize=synthesize,
        test_pair=test_pair,
        convert=convert,
        inputs=[*after, path, *(photo for pair in test_pair for photo in pair)],
    )
    for part in exported.parts:
        click.echo(part.formula)
        told = f"{part.operations} operations, latency {part.latency} cycles"
        say(f"{part.name}: {told}; see {output}")
        if prove:
            click.echo("Proved: the module equals the array with this circuit, for all inputs.")


def _export_network(context: click.Context, path: Path, output: Path) -> None:
    useless = [name for name in given(context) if name not in {"-o", "output"}]
    if useless:
        raise InputError(f"--{useless[0]} is for circuits, and {path} is a network: leave it out")
    network = load_network(path)
    save_onnx(output, network)
    shape = ", ".join(map(str, network.input_shape))
    say(
        f"{output}: images (n, {shape}) int8, from -127 to 127, "
        f"become logits (n, {network.outputs}) int32"
    )
