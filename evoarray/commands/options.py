# SPDX-License-Identifier: Apache-2.0
"""What several commands share: options, the console, and photos read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field
from functools import partial, wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
from rich.console import Console

from evoarray.api.circuits import Circuit
from evoarray.api.workers import MOST_WORKERS
from evoarray.evolution.console import open_console
from evoarray.evolution.filter.settings import BACKENDS
from evoarray.evolution.options import typed, typed_option
from evoarray.model.channels import CHANNELS, by_channel, planes_of
from evoarray.model.errors import InputError, refuse
from evoarray.model.files import read_toml
from evoarray.model.filter.circuit import read_circuit
from evoarray.model.filter.functions import Plane
from evoarray.model.images import Pixels, read_colours, read_frames, read_image, write_frames

FILE = click.Path(path_type=Path)
option = partial(click.option, show_default=True)

backend_option = partial(
    option,
    "--backend",
    type=click.Choice(BACKENDS),
    help="Who computes: the fast engine, the golden model, or the RTL in a simulator. All give the "
    "same bits.",
)
workers_option = option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    show_default="all cores",
    help="Cores to use; tribes are shared out among them. The result does not depend on it.",
)
train_pair_option = click.option(
    "--train-pair",
    type=(FILE, FILE),
    multiple=True,
    metavar="NOISY CLEAN",
    help="Another pair of images to evolve for; the SAEs are added. May be repeated.",
)
after_option = click.option(
    "--after",
    type=FILE,
    multiple=True,
    metavar="CIRCUIT",
    help="A circuit that filters the image before this one, in a cascade. May be repeated, in "
    "order.",
)
json_lines_option = click.option(
    "--json-lines",
    is_flag=True,
    help="Print JSON objects, one an epoch, then the results; the rest goes to standard error.",
)
convert_option = click.option(
    "--convert", is_flag=True, help="Convert colour and 16-bit images to 8-bit grey."
)


channels_option = click.option(
    "--channels",
    type=click.Choice(CHANNELS),
    help="Work on red, green and blue separately (each) or on the luma alone (luma), and keep the "
    "colours. 16 bits become 8; transparency stays.",
)


config_option = click.option(
    "--config",
    type=FILE,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, path: _read_config(context, path),
    help="A TOML file of these options, such as tribes = 8. Options on the command line override "
    "it.",
)


class _Number(click.ParamType[float]):
    """A whole number where it is written as one."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> float:
        text = str(value)
        try:
            number = int(text) if text.lstrip("+-").isdecimal() else float(text)
        except ValueError:
            self.fail(f"{value!r} is not a number", param, context)
        return number


def with_options(
    options: Sequence[Field[Any]],
    algorithm: str = "",
    others: Sequence[Field[Any]] = (),
    usual: Mapping[str, Any] = MappingProxyType({}),
) -> Callable[..., Any]:
    """Give a command fields of settings as options, with the names and defaults they have there.

    usual are what options come to where none is given, if that is not the fields' default.
    An algorithm may have others: where a name is among both, the first say what it means. `given`
    tells which of them were given; their values are those of the first settings otherwise.
    """
    names = {each.name for each in options}
    alone = [each for each in others if each.name not in names]
    twins = {each.name: each for each in others if each.name in names}

    def described(command: Callable[..., None]) -> Callable[..., None]:
        for each in reversed((*options, *alone)):
            says, twin = each.metadata, twins.get(each.name, each)
            name, default = each.name.replace("_", "-"), each.default
            default = usual.get(name, default)
            differs = twin.default not in {each.default, algorithm}
            once = [f"--{says['once']}"] if says["once"] else []
            command = click.option(
                *(f"--{name}", *once, each.name),
                type=_type_of((each, twin)),
                default=default,
                show_default=f"{default}; {algorithm}: {twin.default}" if differs else True,
                help=says["meaning"] if each.name in names else f"{algorithm}: {says['meaning']}",
                metavar=says["metavar"],
                is_eager=each.name == "algorithm",  # --help may ask which one it is
            )(command)
        return command

    return described


def _type_of(fields: Sequence[Field[Any]]) -> Any:
    """Return the type of an option that stands for fields of one name."""
    choices = dict.fromkeys(choice for each in fields for choice in each.metadata["choices"])
    if choices and not fields[0].metadata["metavar"]:
        return click.Choice(list(choices))
    kinds = {type(each.default) for each in fields}
    return kinds.pop() if len(kinds) == 1 else _Number()


def output_option(**says: Any) -> Callable[..., Any]:
    """Give a command an output, which may be none of the files that it reads."""

    def added(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def checked(*arguments: Any, output: Path, **others: Any) -> None:
            _keep(output, others.values())
            command(*arguments, output=output, **others)

        return click.option("-o", "--output", type=FILE, required=True, **says)(checked)

    return added


def _keep(output: Path, others: Iterable[Any]) -> None:
    """Raise InputError if the output is a file among the others, which may be tuples of them."""
    for each in others:
        if isinstance(each, tuple):
            _keep(output, each)
        elif isinstance(each, Path) and _is_same_file(output, each):
            raise InputError(f"{each} is read, and would be overwritten: name another one with -o")


def _is_same_file(output: Path, other: Path) -> bool:
    try:
        return output.is_file() and output.samefile(other)
    except OSError:  # one of them is not there, or its name is too long; others say it better
        return False


def options_of(context: click.Context) -> dict[str, click.Option]:
    """Return the options of a command as a file of options names them."""
    return {
        name.removeprefix("--"): parameter
        for parameter in context.command.params
        if isinstance(parameter, click.Option) and parameter.name != "config"
        for name in parameter.opts
    }


def given(context: click.Context) -> dict[str, Any]:
    """Return the options that were given, on the command line or in a file, and their values."""
    return {
        name: context.params[parameter.name]
        for name, parameter in options_of(context).items()
        if parameter.name
        and context.get_parameter_source(parameter.name) is not click.core.ParameterSource.DEFAULT
    }


def _read_config(context: click.Context, path: Path | None) -> None:
    """Take the options of a TOML file as defaults. Raises InputError naming what is wrong."""
    if path is None:
        return
    options = options_of(context)
    defaults = {}
    for name, value in read_toml(path).items():
        if name not in options:
            raise InputError(
                f"{path}: {name} is not an option; see evoarray {context.info_name} --help"
            )
        try:
            defaults[options[name].name] = _value_of(options[name], name, value)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    context.default_map = defaults


def _value_of(parameter: click.Option, name: str, value: Any) -> Any:
    """Return a value of a file as one that click takes for this option, and does not change."""
    if not parameter.multiple:
        return _single(parameter, name, value)
    single = parameter.nargs == 1
    lists = "a list of texts" if single else f"a list of lists of {parameter.nargs} texts"
    for each in typed(name, value, list, lists):
        texts = [each] if single else typed(name, each, list, lists)
        if len(texts) != parameter.nargs or not all(isinstance(text, str) for text in texts):
            refuse(name, value, lists)
    return value


def _single(parameter: click.Option, name: str, value: Any) -> Any:
    kinds = {
        click.types.BoolParamType: bool,
        click.types.IntParamType: int,
        click.types.FloatParamType: float,
    }
    kind = next((kinds[each] for each in kinds if isinstance(parameter.type, each)), str)
    if isinstance(parameter.type, _Number):
        return value if type(value) is int else typed(name, value, float)
    return typed_option(name, value, kind)


def console(json_wanted: bool) -> Console:
    """Return where to print sentences: not where JSON goes."""
    return open_console(stderr=json_wanted)


def change_planes(
    source: Path,
    target: Path,
    change: Callable[[Plane], Plane],
    convert: bool,
    channels: str | None,
) -> None:
    """Write what a change of planes makes of an image, frame by frame."""
    check_channels(convert, channels)
    frames = read_frames(source, convert, channels is not None)
    write_frames(target, (by_channel(frame, channels or "each", change) for frame in frames))


def check_channels(convert: bool, channels: str | None) -> None:
    """Refuse to drop colours and to keep them. Raises InputError."""
    if convert and channels:
        raise InputError("--convert drops the colours that --channels keeps; give one of the two")


def read_planes(
    noisy: Path, clean: Path, convert: bool, channels: str | None
) -> list[tuple[Plane, Plane]]:
    """Return the planes of two images of one size, pair by pair: one, or that of each colour.

    Raises InputError if sizes or colours differ.
    """
    check_channels(convert, channels)
    images: list[Pixels] = [
        read_image(path, convert) if channels is None else read_colours(path)
        for path in (noisy, clean)
    ]
    _check_sizes((noisy, clean), images)
    planes = [planes_of(image, channels or "each") for image in images]
    if len(planes[0]) != len(planes[1]):
        raise InputError(
            f"one of {noisy} and {clean} is in colour and the other is grey; give two of a kind"
        )
    return list(zip(*planes, strict=True))


def _check_sizes(paths: tuple[Path, Path], images: Sequence[Pixels]) -> None:
    sizes = [f"{image.shape[1]}x{image.shape[0]}" for image in images]
    if sizes[0] != sizes[1]:
        raise InputError(
            f"{paths[0]} is {sizes[0]} pixels and {paths[1]} is {sizes[1]}; give two images of one "
            "size"
        )


def read_cascade(circuit: Path, after: Sequence[Path]) -> Circuit:
    """Return a circuit of a file, and those that come before it."""
    return Circuit(read_circuit(circuit), tuple(Circuit(read_circuit(path)) for path in after))
