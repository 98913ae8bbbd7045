# SPDX-License-Identifier: Apache-2.0
"""Options that are described once: for their check, for the command line and for files."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, field
from sys import float_info
from typing import Any

from evoarray.model.errors import InputError, refuse
from evoarray.model.files import MOST_BITS

KINDS: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    list: "a list",
    dict: "a table",
}
"""The types of values in files, in words."""


MOST_WEIGHT = 1e6
"""Of a term of a sum, beyond which the others would count for nothing, or the sum be infinite."""

LARGEST = 2**63 - 1
"""The largest number that any option has: as much as the engine counts and a database holds."""

LARGEST_SEED = 2**128 - 1
"""As many bits as NumPy's generators draw seeds of, where none is given."""


def option(
    default: float | str,
    meaning: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: Sequence[str] = (),
    metavar: str | None = None,
    once: str = "",
) -> Any:
    """Describe a field of settings that is an option; a number is of its default's type.

    once is what the command line called it before, and still understands.
    """
    legal = {"kind": type(default), "least": least, "most": most, "choices": choices}
    says = {"meaning": meaning, "metavar": metavar, "once": once}
    return field(default=default, metadata={**says, **legal})


def check(name: str, value: Any, legal: Mapping[str, Any]) -> None:
    """Raise InputError unless a value is one of the choices, or a number within the bounds."""
    least, choices = legal["least"], legal.get("choices")
    most = LARGEST if legal["most"] is None else legal["most"]
    if choices and value not in choices:
        refuse(name, value, "one of " + ", ".join(choices))
    kind = legal.get("kind", int)
    if least is not None and (not _is_a(value, kind) or not least <= value <= most):
        told = most not in {LARGEST, LARGEST_SEED} or (_is_a(value, kind) and value > most)
        refuse(name, value, f"{KINDS[kind]} from {least} {f'to {most}' if told else 'up'}")


def typed(name: str, value: Any, kind: type, legal: str = "") -> Any:
    """Return a value of a file as one of this type; nothing is cut, and 1 stands for 1.0.

    Raises InputError for another type, and for what is no finite number.
    """
    if not _is_a(value, kind):
        refuse(name, value, legal or KINDS[kind])
    return float(value) if kind is float else value


def _is_a(value: object, kind: type) -> bool:
    if kind is int:
        return type(value) is int and value.bit_length() <= MOST_BITS
    if kind is float:
        return type(value) in {int, float} and abs(value) <= float_info.max  # type: ignore[arg-type]
    return type(value) is kind


def by_option(known: Sequence[Field[Any]]) -> Mapping[str, Field[Any]]:
    """Return the fields of settings by the names that a spec has for them."""
    return {each.name.replace("_", "-"): each for each in known}


def chosen(options: Mapping[str, Any], known: Sequence[Field[Any]]) -> dict[str, Any]:
    """Return options by the names of the fields.

    Raises InputError for one that is not there, and for a value of another type.
    """
    fields, found = by_option(known), {}
    for key, value in options.items():
        if key not in fields:
            algorithm = options.get("algorithm", fields["algorithm"].default)
            raise InputError(f"{key} has no effect with algorithm {algorithm}; leave it out")
        found[fields[key].name] = typed_option(key, value, fields[key].metadata["kind"])
    return found


def typed_option(name: str, value: Any, kind: type) -> Any:
    """Return an option's value as `typed` does; a text such as a rate may be given as a number."""
    if kind is str and _is_a(value, float):
        return str(value)
    return typed(name, value, kind)
