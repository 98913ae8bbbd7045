# SPDX-License-Identifier: Apache-2.0
"""The command evoarray: options to calls, and errors to sentences."""

import io
import json
import os
import signal
import sys
import tomllib
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from evolve import doctor as doctors
from evolve.backends import open_backend
from evolve.backends.cache import BuildError
from evolve.backends.process import SimulatorError
from evolve.bench import measure
from evolve.bench.figures import print_figures
from evolve.drawing import draw_svg
from evolve.presets import DEFAULT, PRESETS, settings_of, shape_of, with_preset
from evolve.report.page import report
from evolve.runs.comparison import Photo, as_json
from evolve.runs.listing import list_runs
from evolve.runs.results import MismatchError
from evolve.runs.run import Job, provenance, run
from evolve.runs.run import resume as resume_run
from evolve.settings import BACKENDS, OPTIONS
from evolve.studies.study import merge
from evolve.studies.study import study as do_study
from evolve.studies.summary import summarize_studies
from model.circuit import Shape, read_circuit
from model.errors import InputError
from model.files import write_atomically
from model.fitness import metrics
from model.functions import FUNCTION_SETS
from model.images import read_image, write_image
from model.noise import KINDS, add_noise
from model.targets import TARGETS, make_target

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
json_lines_option = click.option(
    "--json-lines",
    is_flag=True,
    help="Print JSON objects, one an epoch, then the results; the rest goes to standard error.",
)
convert_option = click.option(
    "--convert", is_flag=True, help="Turn colour and 16-bit images to 8-bit grey, not refuse them."
)


class _Shard(click.ParamType[tuple[int, int]]):
    """I/N as a pair of numbers."""

    name = "I/N"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> tuple[int, int]:
        part, _, parts = str(value).partition("/")
        if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
            self.fail(f"{value!r}; legal is I/N, with I from 1 to N", param, context)
        return int(part), int(parts)


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command every option of Settings, with the name and the default that it has there."""
    for each in reversed(OPTIONS):
        described = each.metadata
        metavar, choices = described["metavar"], described["choices"]
        command = option(
            f"--{each.name.replace('_', '-')}",
            type=click.Choice(choices) if choices and not metavar else type(each.default),
            default=each.default,
            help=described["meaning"],
            metavar=metavar,
        )(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="evoarray")
def commands() -> None:
    """Evolve image filters on a systolic array, and run them on its RTL.

    Images are 8-bit greyscale PNG, PGM or BMP files of at least 3x3 pixels. A circuit is a JSON
    file that `evolve` writes. A first run, from a clean photo of yours:

    \b
      evoarray noise photo.png --kind salt-and-pepper --amount 0.2 -o noisy.png
      evoarray evolve noisy.png photo.png -o run
      evoarray filter run/circuit.json other-noisy.png -o filtered.png
    """  # noqa: D301  (click reads the \b)


@commands.command()
@click.argument("noisy", type=FILE)
@click.argument("clean", type=FILE)
@output_option(metavar="DIR", help="The run folder; it must not exist yet.")
@option("--rows", default=8, help="Rows of the array.")
@option("--cols", default=8, help="Columns of the array.")
@option(
    "--function-set",
    type=click.Choice(list(FUNCTION_SETS)),
    default="upm16",
    help="What a processing element can compute.",
)
@settings_options
@backend_option(default="fast")
@click.option(
    "--config",
    type=FILE,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, path: _read_config(context, path),
    help="A TOML file of these options, named as here: tribes = 8. Those given here go first.",
)
@option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default=DEFAULT,
    help="Options that go together, where none of them is given: annealing (the best that was "
    "found), thesis (its best), or plain (one tribe); docs/evolution.md has them.",
)
@workers_option
@click.option(
    "--train-pair",
    type=(FILE, FILE),
    multiple=True,
    metavar="NOISY CLEAN",
    help="More images to evolve for, beside NOISY and CLEAN: their SAE is added; may be repeated.",
)
@click.option(
    "--test-pair",
    type=(FILE, FILE),
    multiple=True,
    metavar="NOISY CLEAN",
    help="Images that evolution does not see, for the table at the end; may be repeated.",
)
@click.option(
    "--replay",
    type=click.Choice(("icarus", "verilator")),
    help="Check the champion, pixel by pixel, on the RTL in this simulator.",
)
@json_lines_option
@convert_option
def evolve(
    noisy: Path,
    clean: Path,
    output: Path,
    backend: str,
    workers: int,
    train_pair: tuple[tuple[Path, Path], ...],
    test_pair: tuple[tuple[Path, Path], ...],
    replay: str | None,
    json_lines: bool,
    convert: bool,
    **_: Any,
) -> None:
    """Evolve a filter that turns NOISY into CLEAN.

    Leaves in DIR the circuit, the filtered image, a comparison with the medians, the curve of the
    best SAE, and all that is needed to repeat the run.
    """
    options = _given(click.get_current_context())
    start_genes: tuple[int, ...] = ()
    if options.get("start", "copy") not in {"copy", "random"}:
        start_genes = _read_start(Path(options["start"]), shape_of(with_preset(options)))
        options["start"] = "circuit"
    settings = settings_of(options, start_genes)
    pairs = [(noisy, clean), *train_pair]
    training = [_read_photo(*pair, convert) for pair in pairs]
    held_out = [_read_photo(*pair, convert) for pair in test_pair]
    origin = provenance(settings, backend, pairs)
    job = Job(settings, training, held_out, backend, workers, replay, output, origin)
    run(job, _console(json_lines), json_lines=json_lines)


@commands.command()
@click.argument("folder", type=FILE, metavar="DIR")
@workers_option
@json_lines_option
def resume(folder: Path, workers: int, json_lines: bool) -> None:
    """Go on with the run in DIR, which was stopped or killed.

    It ends in the same circuit, curve and counters as if it had not been.
    """
    resume_run(folder, workers, _console(json_lines), json_lines=json_lines)


@commands.command()
@click.argument("folder", type=FILE, metavar="DIR", default=Path("runs"))
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON array.")
def runs(folder: Path, json_wanted: bool) -> None:
    """List the runs in DIR: how they stand, their best SAE and their command."""
    found = list_runs(folder)
    if json_wanted:
        click.echo(json.dumps([{**asdict(info), "folder": str(info.folder)} for info in found]))
        return
    table = Table(*("run", "state", "evaluations", "best SAE", "begun", "command"))
    for info in found:
        done = f"{info.evaluations or 0:,} of {info.budget or 0:,}"
        best = "-" if info.sae is None else f"{info.sae:,}"
        says = info.problem or info.command or ""
        table.add_row(str(info.folder), info.state, done, best, info.created, says)
    _console(False).print(table)


class _Study(click.Group):
    """A group in which what is not the name of a command is the spec of a study."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(context, args)


@commands.group(cls=_Study, context_settings={"ignore_unknown_options": True})
def study() -> None:
    """Do many runs of several settings: evoarray study SPEC.toml -o DIR.

    SPEC.toml says which; docs/studies.md describes it. The same command goes on with a study that
    was stopped, or has more --runs than before.
    """


@study.command("run")
@click.argument("spec", type=FILE)
@output_option(metavar="DIR", help="The study's folder, new or with a part of the results.")
@click.option("--runs", type=click.IntRange(1), help="Runs of each setting.  [default: SPEC's]")
@click.option("--quick", is_flag=True, help="Do only as many runs as SPEC has for a quick look.")
@workers_option
@click.option(
    "--cluster", metavar="ADDRESS", help="Send the runs to a Dask cluster: tcp://HOST:PORT."
)
@click.option(
    "--shard",
    type=_Shard(),
    default="1/1",
    metavar="I/N",
    help="Do only the I-th of N parts, in a folder of its own; see `study merge`.",
)
def study_run(
    spec: Path,
    output: Path,
    runs: int | None,
    quick: bool,
    workers: int,
    cluster: str | None,
    shard: tuple[int, int],
) -> None:
    """Do the runs that SPEC.toml asks for. The word run may be left out."""
    do_study(spec, output, runs, workers, cluster, shard, _console(False), quick=quick)


@study.command("merge")
@click.argument("shards", type=FILE, nargs=-1, required=True, metavar="DIR...")
@output_option(metavar="DIR", help="The folder for all results.")
def study_merge(shards: tuple[Path, ...], output: Path) -> None:
    """Put the results of the parts of a study together."""
    merge(shards, output)


@study.command("summary")
@click.argument("studies", type=FILE, nargs=-1, required=True, metavar="DIR...")
@output_option(metavar="OUT.md", help="The Markdown file.")
def study_summary(studies: tuple[Path, ...], output: Path) -> None:
    """Write what studies say of their claims, and what each setting has come to."""
    write_atomically(output, summarize_studies(studies).encode())


@commands.command("report")
@click.argument("folder", type=FILE, metavar="DIR")
@click.option(
    "-o", "--output", type=FILE, metavar="FILE.html", help="The page.  [default: DIR/report.html]"
)
def report_command(folder: Path, output: Path | None) -> None:
    """Write a page about the study or the run in DIR.

    It needs no network. Beside it the results are written as CSV and JSON, and as Parquet if
    pyarrow is installed.
    """
    report(folder, output, _console(False))


@commands.command()
@click.argument("circuit", type=FILE)
@click.argument("noisy", type=FILE)
@click.argument("clean", type=FILE)
@backend_option(default="model")
@convert_option
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON object.")
def evaluate(
    circuit: Path, noisy: Path, clean: Path, backend: str, convert: bool, json_wanted: bool
) -> None:
    """Print how far CIRCUIT's output for NOISY is from CLEAN.

    SAE is the sum of absolute errors, MAE the mean; PSNR is in dB; SSIM is 1 for equal images.
    """
    configuration = read_circuit(circuit)
    photo = _read_photo(noisy, clean, convert)
    with closing(
        open_backend(backend, configuration.shape, [(photo.noisy, photo.clean)])
    ) as opened:
        sae = int(opened.evaluate(configuration.genes[np.newaxis])[0])
        result = as_json(metrics(opened.filter(configuration.genes), photo.clean))
    if result["sae"] != sae:
        raise MismatchError(f"the SAE of {backend} is {sae}, that of its pixels {result['sae']}")
    if json_wanted:
        click.echo(json.dumps({"backend": backend, **result}))
    else:
        for name, value in result.items():
            click.echo(f"{name.upper():5}{'infinite' if value is None else f'{value:.6g}'}")


@commands.command("filter")
@click.argument("circuit", type=FILE)
@click.argument("image", type=FILE)
@output_option(metavar="OUT.png", help="The filtered image: .png, .pgm or .bmp.")
@backend_option(default="model")
@convert_option
def filter_command(circuit: Path, image: Path, output: Path, backend: str, convert: bool) -> None:
    """Filter IMAGE with CIRCUIT."""
    configuration = read_circuit(circuit)
    pixels = read_image(image, convert)
    with closing(open_backend(backend, configuration.shape, [(pixels, pixels)])) as opened:
        write_image(output, opened.filter(configuration.genes))


@commands.command()
@click.argument("image", type=FILE)
@option("--kind", type=click.Choice(KINDS), default="salt-and-pepper", help="The kind of noise.")
@option(
    "--amount",
    default=0.2,
    help="The part of all pixels that is hit (salt-and-pepper, burst), or the standard deviation "
    "as a part of 255 (gaussian) or of the pixel (speckle); 0 to 1.",
)
@option("--seed", default=1, help="The same seed gives the same noise.")
@output_option(metavar="OUT.png", help="The noisy image: .png, .pgm or .bmp.")
@convert_option
def noise(image: Path, kind: str, amount: float, seed: int, output: Path, convert: bool) -> None:
    """Add noise to IMAGE."""
    if seed < 0:
        raise InputError(f"seed is {seed}; legal is a whole number from 0 up")
    pixels = read_image(image, convert)
    write_image(output, add_noise(pixels, kind, amount, np.random.default_rng(seed)))


@commands.command()
@click.argument("image", type=FILE)
@option(
    "--kind",
    type=click.Choice(TARGETS),
    default="edges",
    help="Of 3x3 pixels the mean, the mean with a gaussian's weights, the edges by Sobel, the "
    "least, the greatest, or the difference of these two.",
)
@output_option(metavar="OUT.png", help="The goal: .png, .pgm or .bmp.")
@convert_option
def target(image: Path, kind: str, output: Path, convert: bool) -> None:
    """Make of IMAGE what a circuit shall learn to make of it."""
    write_image(output, make_target(read_image(image, convert), kind))


@commands.command()
@click.argument("circuit", type=FILE)
@output_option(metavar="OUT.svg", help="The drawing.")
def show(circuit: Path, output: Path) -> None:
    """Draw CIRCUIT's mesh as SVG, with the path that its output depends on."""
    write_atomically(output, draw_svg(read_circuit(circuit)).encode())


@commands.command()
@click.option(
    "--side",
    "sides",
    type=click.Choice([str(side) for side in measure.SIDES]),
    multiple=True,
    help="Rows and columns of the array; may be repeated.  [default: all]",
)
@option("--rounds", type=click.IntRange(1, 100), default=3, help="How often all is measured.")
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON object.")
def bench(sides: tuple[str, ...], rounds: int, json_wanted: bool) -> None:
    """Measure every backend that is installed, in one run, with its spread."""
    console = _console(json_wanted)
    results = measure.bench([int(side) for side in sides] or measure.SIDES, rounds, console)
    if json_wanted:
        click.echo(json.dumps(results, indent=2))
    else:
        print_figures(results, console)


@commands.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON object.")
def doctor(json_wanted: bool) -> None:
    """Say which tools are found, and what to install. Fails if something is missing."""
    findings = doctors.examine()
    if json_wanted:
        click.echo(json.dumps({f.name: {"found": f.found, "says": f.says} for f in findings}))
    else:
        for finding in findings:
            click.echo(
                f"{'ok     ' if finding.found else 'MISSING'} {finding.name}: {finding.says}"
            )
    if not all(finding.found for finding in findings):
        sys.exit(1)


class _Terminated(BaseException):
    """SIGTERM came; it ends a run as Ctrl-C does."""


def _terminate(*_: object) -> NoReturn:
    # `timeout` sends it twice: the second must not disturb what the first made us do.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Terminated


def main() -> None:
    """Run the command line; end with status 2 and one sentence where something cannot be used."""
    _prepare_streams()
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_status(partial(commands.main, prog_name="evoarray", standalone_mode=False)))


def _prepare_streams() -> None:
    # A pipe to a simulator must not get the number of a standard stream that is closed.
    while (unused := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(unused)
    # A name that the terminal cannot show is no reason to fail.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _status(command: Callable[[], object]) -> int:
    try:
        result = command()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _complain(error.format_message(), 2)
    except (InputError, BuildError, SimulatorError) as error:
        return _complain(str(error), 2)
    except MismatchError as error:
        return _complain(f"RTL AND MODEL DISAGREE: {error}", 1)
    except click.Abort:
        return _complain("stopped", 130)
    except _Terminated:
        return _complain("stopped", 143)
    except MemoryError:
        return _complain("there is not enough memory; give a smaller image or array", 2)
    except OSError as error:
        # What could not be written to standard output would fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        place = f"{error.filename}: " if error.filename else ""
        return _complain(f"{place}{error.strerror or error}", 2)
    return result if isinstance(result, int) else 0


def _complain(sentence: str, status: int) -> int:
    click.echo(f"evoarray: {sentence}", err=True)
    return status


def _read_start(path: Path, shape: Shape) -> tuple[int, ...]:
    circuit = read_circuit(path)
    if circuit.shape != shape:
        rows, cols = circuit.shape.rows, circuit.shape.cols
        raise InputError(
            f"{path} is a circuit of {rows}x{cols} elements of {circuit.function_set}; give "
            f"--rows {rows} --cols {cols} --function-set {circuit.function_set}"
        )
    return tuple(circuit.genes.tolist())


def _read_config(context: click.Context, path: Path | None) -> None:
    """Take the options of a TOML file as defaults. Raises InputError naming what is wrong."""
    if path is None:
        return
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a TOML file: {error}") from None
    options = _options(context)
    for name, value in config.items():
        if name not in options:
            raise InputError(f"{path}: {name} is not an option; see evoarray evolve --help")
        if isinstance(value, dict) or (isinstance(value, list) and not options[name].multiple):
            raise InputError(f"{path}: {name} is {value!r}; legal is one value")
    context.default_map = {options[name].name: value for name, value in config.items()}


def _given(context: click.Context) -> dict[str, Any]:
    """Return the options that were given, on the command line or in a file, and their values."""
    return {
        name: context.params[parameter.name]
        for name, parameter in _options(context).items()
        if parameter.name
        and context.get_parameter_source(parameter.name) is not click.core.ParameterSource.DEFAULT
    }


def _options(context: click.Context) -> dict[str, click.Option]:
    """Return the options of a command as a file of options names them."""
    return {
        name.removeprefix("--"): parameter
        for parameter in context.command.params
        if isinstance(parameter, click.Option) and parameter.name != "config"
        for name in parameter.opts
    }


def _console(json_wanted: bool) -> Console:
    return Console(highlight=False, markup=False, emoji=False, stderr=json_wanted)


def _read_photo(noisy: Path, clean: Path, convert: bool) -> Photo:
    pixels, reference = read_image(noisy, convert), read_image(clean, convert)
    if pixels.shape != reference.shape:
        sizes = [f"{image.shape[1]}x{image.shape[0]}" for image in (pixels, reference)]
        raise InputError(
            f"{noisy} is {sizes[0]} pixels and {clean} is {sizes[1]}; give two images of one size"
        )
    # A name that is not UTF-8 would break the pictures.
    return Photo(os.fsencode(clean.stem).decode(errors="replace"), pixels, reference)
