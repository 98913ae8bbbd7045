# SPDX-License-Identifier: Apache-2.0
"""Options that are described once: for their check, for the command line and for files."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, field
from math import isfinite
from typing import Any

from model.errors import InputError, refuse


def option(
    default: float | str,
    meaning: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: Sequence[str] = (),
    metavar: str | None = None,
) -> Any:
    """Describe a field of settings that is an option; a number is of its default's type."""
    legal = {"kind": type(default), "least": least, "most": most, "choices": choices}
    return field(default=default, metadata={"meaning": meaning, "metavar": metavar, **legal})


def check(name: str, value: Any, legal: Mapping[str, Any]) -> None:
    """Raise InputError unless a value is one of the choices, or a number within the bounds."""
    least, most, choices = legal["least"], legal["most"], legal.get("choices")
    if choices and value not in choices:
        refuse(name, value, "one of " + ", ".join(choices))
    kind = legal.get("kind", int)
    if least is not None and (
        type(value) is not kind
        or not isfinite(value)
        or value < least
        or (most is not None and value > most)
    ):
        number = "a whole number" if kind is int else "a number"
        refuse(name, value, f"{number} from {least} {f'to {most}' if most else 'up'}")


def by_option(known: Sequence[Field[Any]]) -> Mapping[str, Field[Any]]:
    """Return the fields of settings by the names that a spec has for them."""
    return {each.name.replace("_", "-"): each for each in known}


def chosen(options: Mapping[str, Any], known: Sequence[Field[Any]]) -> dict[str, Any]:
    """Return options by the names of the fields. Raises InputError for one that is not there."""
    fields, found = by_option(known), {}
    for key, value in options.items():
        if key not in fields:
            algorithm = options.get("algorithm", fields["algorithm"].default)
            raise InputError(f"{key} has no use with the algorithm {algorithm}")
        whole = type(value) is int and type(fields[key].default) is float  # 1 stands for 1.0
        found[fields[key].name] = float(value) if whole else value
    return found
