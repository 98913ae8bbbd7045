# SPDX-License-Identifier: Apache-2.0
"""Settings from options named as on the command line, and the presets that complete them."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evoarray.evolution.filter.settings import OPTIONS, Settings
from evoarray.evolution.options import by_option, typed_option
from evoarray.model.errors import InputError, refuse, shown, whole
from evoarray.model.filter.circuit import LARGEST_SIDE, Shape

PRESETS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    Path(__file__).with_name("presets.toml").read_text(encoding="utf-8")
)
DEFAULT = "annealing"

_FIELDS = by_option(OPTIONS)
_KINDS = {
    **{key: each.metadata["kind"] for key, each in _FIELDS.items()},
    "preset": str,
    "rows": int,
    "cols": int,
    "size": str,
    "function-set": str,
}
NAMES = set(_KINDS)
"""Of all options that make settings; size is rows x cols."""


def with_preset(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with those of their preset where there are none.

    A preset's choice of functions is one of its own function set, and does not go with another; its
    tribes do not go with a budget in which none could be dropped. Raises InputError for an unknown
    preset.
    """
    name = options.get("preset", DEFAULT)
    if name not in PRESETS:
        raise InputError(f"preset is {name!r}; it must be one of {', '.join(PRESETS)}")
    preset = dict(PRESETS[name])
    own = preset.get("function-set")
    if options.get("function-set", own) != own:
        preset.pop("functions", None)
    least = preset.get("tribes", 1) * preset.get("drop-interval", 0)
    if options.get("evaluations", least) < least:
        for key in ("tribes", "war-interval", "drop-interval"):
            preset.pop(key, None)
    return {**preset, **options}


def shape_of(options: Mapping[str, Any]) -> Shape:
    """Return the shape that options ask for. Raises InputError for an illegal one."""
    rows, cols = options.get("rows", 8), options.get("cols", 8)
    if "size" in options:
        if {"rows", "cols"} & options.keys():
            size = shown(options["size"])
            raise InputError(f"size is {size}, beside rows or cols; give one of these")
        sides = [whole(side, 0, LARGEST_SIDE) for side in str(options["size"]).split("x")]
        if len(sides) != 2 or None in sides:
            refuse("size", options["size"], f"of the form 8x8, up to {LARGEST_SIDE}x{LARGEST_SIDE}")
        rows, cols = sides
    return Shape(rows, cols, options.get("function-set", "upm16"))


def settings_of(
    options: Mapping[str, Any],
    start_genes: tuple[int, ...] = (),
    edges: tuple[tuple[int, int], ...] = (),
) -> Settings:
    """Return the Settings of options, of which those in NAMES are taken, and of their preset.

    start_genes are those of the circuit to start from, edges those of the network in a file.
    Raises InputError for an illegal value.
    """
    options = with_preset(
        {
            key: typed_option(key, options[key], kind)
            for key, kind in _KINDS.items()
            if key in options
        }
    )
    chosen = {_FIELDS[key].name: value for key, value in options.items() if key in _FIELDS}
    return Settings(shape_of(options), start_genes=start_genes, edges=edges, **chosen)
