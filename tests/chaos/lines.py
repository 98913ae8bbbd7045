# SPDX-License-Identifier: Apache-2.0
"""Random command lines: any command, any of its options, values of all sorts.

Start reading at `line`. The options are asked of the commands themselves, so that a new one is
tried as soon as it exists.
"""

import shutil
from pathlib import Path
from random import Random

import click

from evoarray.cli import commands
from tests.chaos.flips import goods

_NUMBERS = (
    *(
        "0",
        "1",
        "2",
        "3",
        "4",
        "8",
        "16",
        "64",
        "100",
        "1000",
        "-1",
        "0.5",
        "1e-9",
        "1e308",
        "1e999",
    ),
    *(
        "nan",
        "inf",
        "-inf",
        "1000000000",
        str(10**18),
        str(10**30),
        "9" * 5000,
        "1_0",
        "0x10",
        "1e3",
    ),
)
_TEXTS = (
    *(
        "",
        " ",
        "-",
        "--",
        "x",
        "4x4",
        "1..8",
        "0.02..0.001",
        "a,b",
        "complete",
        "best",
        "none",
        "auto",
    ),
    *(
        "\n",
        "\x1b[31mred",
        "\u202e",
        "ä" * 300,
        "%s%n",
        "../..",
        "$(id)",
        "`id`",
        "<script>",
        "\udcff",
    ),
)
_PATHS = (
    *("noisy.png", "clean.png", "circuit.json", "network.json", "spec.toml", "config.toml"),
    *("photo.jpg", "photo.tif", "missing", "", ".", "empty", "fifo", "loop", "out", "secret"),
    *("new.png", "new.json", "new.svg", "new.md", "new", "no/such/folder/x", "x" * 300),
)
_SANE = {
    "noisy": ("noisy.png",),
    "clean": ("clean.png",),
    "pairs": ("noisy.png",),
    "image": ("photo.bmp",),
    "images": ("photo.tif", "noisy.png"),
    "circuit": ("circuit.json",),
    "after": ("circuit.json",),
    "path": ("circuit.json", "network.json"),
    "spec": ("spec.toml",),
    "config": ("config.toml",),
    "folder": ("out",),
    "shards": ("out",),
    "studies": ("out",),
    "output": ("new", "new.png", "new.json"),
    "rows": ("4", "3"),
    "cols": ("4", "3"),
}
"""By the name of a parameter, what can be right."""

_SLOW = ("bench",)
"""What takes minutes by its nature, and uses no file of the user."""


def line(workshop: Path, folder: Path, random: Random) -> list[str]:
    """Put all sorts of files into a folder, and return the arguments of a command line."""
    for each in goods(workshop).iterdir():
        if each.is_file():
            shutil.copy(each, folder)
    shutil.copytree(goods(workshop) / random.choice(("stopped", "killed", "study")), folder / "out")
    (folder / "empty").touch()
    (folder / "loop").symlink_to("loop")
    (folder / "secret").mkdir(mode=0o000)
    command, arguments = _draw_command(random)
    sense = random.choice((0.5, 0.9, 0.98))
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            count = 1 if parameter.nargs > 0 or random.random() < sense else random.randint(0, 3)
            arguments += [_value(parameter, random, sense) for _ in range(count)]
    wanted = [each for each in command.params if isinstance(each, click.Option)]
    for option in random.sample(wanted, min(len(wanted), random.choice((0, 1, 1, 2, 3, 5)))):
        arguments += _option(option, random, sense)
    for option in wanted:
        if option.required and random.random() < sense:
            arguments += _option(option, random, sense)
    if random.random() > sense:
        random.shuffle(arguments)
    return arguments


def _draw_command(random: Random) -> tuple[click.Command, list[str]]:
    names = [name for name in commands.commands if name not in _SLOW]
    name = random.choice(names)
    command, words = commands.commands[name], [name]
    if isinstance(command, click.Group):
        name = random.choice([*command.commands])
        command, words = command.commands[name], [*words, name]
    return command, words


def _option(option: click.Option, random: Random, sense: float) -> list[str]:
    name = random.choice([*option.opts])
    if option.is_flag:
        return [name]
    return [name, *(_value(option, random, sense) for _ in range(option.nargs))]


def _value(parameter: click.Parameter, random: Random, sense: float) -> str:
    kind, sane = parameter.type, _SANE.get(parameter.name or "")
    if random.random() > sense:
        return random.choice((*_NUMBERS, *_TEXTS, *_PATHS))
    if sane and random.random() < sense:
        return random.choice(sane)
    if isinstance(kind, click.Choice):
        return random.choice([*map(str, kind.choices)])
    if isinstance(kind, (click.Path, click.Tuple)):
        return random.choice(_PATHS)
    if kind.name.startswith(("integer", "float")):
        return random.choice(_NUMBERS[: random.choice((8, len(_NUMBERS)))])
    return random.choice((*_TEXTS, *_NUMBERS, *_PATHS))
