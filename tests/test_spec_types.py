# SPDX-License-Identifier: Apache-2.0
"""Whatever type stands anywhere in a spec: it is taken as what it is, or refused in a sentence."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from evoarray.evolution.studies.spec import KINDS, parse_spec
from evoarray.model.errors import InputError

ODD = (
    *("true", "1.5", "3.0", "-1", "0", "1" + "0" * 40, "0x" + "f" * 5000, "inf", "nan", "1e308"),
    *('"x"', '""', "1979-05-27", "07:32:00", "[]", "[1]", "[[1]]", '["x", 1]', "{}", "{a = 1}"),
    *("[{}]", "[{name = 1}]", '[{name = "x", says = 1}]'),
)

COUNTS = ("runs", "quick")


def head(kind: str) -> str:
    photos = 'photos = ["a.png"]\n' if kind == "filters" else ""
    noise = 'noise = "gaussian"\namount = 0.1\n' if kind == "noisy-digits" else ""
    return f'kind = "{kind}"\n{photos}{noise}'


def specs(kind: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield a key, and a spec that has this value there."""
    setting = '[[settings]]\nname = "s"\n'
    for key in (
        "title",
        "source",
        "kind",
        "settings",
        "claims",
        "options",
        "grid",
        "runs",
        "quick",
    ):
        rest = "" if key == "settings" else setting
        text = head(kind).replace('kind = "', '# "') if key == "kind" else head(kind)
        yield key, f"{text}{key} = {value}\n{rest}"
    for key in KINDS[kind].keys:
        lines = [line for line in head(kind).splitlines() if not line.startswith(f"{key} =")]
        yield key, "\n".join([*lines, f"{key} = {value}", setting])
    for key in sorted(KINDS[kind].options):
        yield key, f"{head(kind)}[options]\n{key} = {value}\n{setting}"
        yield key, f"{head(kind)}[grid]\n{key} = [{value}]\n"
        yield key, f"{head(kind)}[grid]\n{key} = {value}\n"
        yield key, f"{head(kind)}{setting}{key} = {value}\n"
    for key in ("says", "source", "thesis", "better", "than", "as", "at", "after", "level", "by"):
        claim = f'[[claims]]\nsays = "a"\nbetter = "s"\nthan = ["s"]\n{key} = {value}\n'
        yield key, head(kind) + setting + claim.replace(f'{key} = "s"\n', "", 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", ODD, ids=lambda value: value[:12])
def test_every_type_everywhere(kind: str, value: str) -> None:
    for key, text in specs(kind, value):
        try:
            spec = parse_spec(text, "spec.toml")
        except InputError as error:
            said = str(error)
            assert said.startswith("spec.toml"), (key, said)
            assert "\n" not in said.strip() or "TOML" in said
            assert len(said) < 900, (key, said)
            continue
        _check_kept(spec.settings, key, text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_types_are_taken(kind: str) -> None:
    """So that what is refused above is refused for its type."""
    plain = parse_spec(f'{head(kind)}[[settings]]\nname = "s"\n', "spec.toml")
    defaults = asdict(plain.settings["s"])
    told = {key: defaults.get(key.replace("-", "_")) for key in KINDS[kind].options}
    taken = {key: value for key, value in told.items() if isinstance(value, int | float | str)}
    assert len(taken) > 9
    for key, value in taken.items():
        text = f'{head(kind)}[options]\n{key} = {json.dumps(value)}\n[[settings]]\nname = "s"\n'
        assert parse_spec(text, "spec.toml").settings == plain.settings, key


def _check_kept(settings: Any, key: str, text: str) -> None:
    """Nothing is cut: what settings have equals what the file says."""
    data = tomllib.loads(text)
    for where in (data.get("options", {}), *data.get("settings", [])):
        if isinstance(where, dict) and key in where and key != "name":
            for each in settings.values():
                found = asdict(each).get(key.replace("-", "_"))
                given: Any = where[key]
                assert found is None or found == given or str(given) == found, (key, given, found)
