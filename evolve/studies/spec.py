# SPDX-License-Identifier: Apache-2.0
"""What a study is asked: settings, runs, photos and claims, from a TOML file.

    title = "Mutation rates at 8x8"
    source = "thesis, 4.4"
    runs = 100                  # of each setting
    photos = ["camera.png"]     # clean; run r evolves for photo r mod their number
    together = false            # true: every run evolves for the sum over all of them
    held-out = []               # photos that evolution does not see
    noise = "salt-and-pepper"
    amount = 0.2

    [options]                   # those of `evoarray evolve`, for all settings; size is rows x cols
    size = "8x8"
    [grid]                      # every combination is a setting, named "mutation-rate 1"
    mutation-rate = [1, 2, 3]
    [[settings]]                # further settings; their options go before the others
    name = "2 then 1"
    mutation-rate = "2,1"
    [[claims]]                  # what somebody has found; evolve/studies/claims.py judges it
    says = "Rate 2 is better than rate 1"
    better = "mutation-rate 2"
    than = ["mutation-rate 1"]

Photos are named from the file's folder. Run r of every setting has the seed `seed + r`, and photo
number i the noise of the seed 1 + i, if it is held out 101 + i.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from evolve.runs.comparison import Photo
from evolve.settings import OPTIONS, Settings
from model.circuit import Shape
from model.errors import InputError
from model.images import read_image
from model.noise import add_noise

_KEYS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("title", "source", "noise"), (str, "a text")),
    **dict.fromkeys(("photos", "held-out", "settings", "claims"), (list, "a list")),
    **dict.fromkeys(("options", "grid"), (dict, "a table")),
    "runs": (int, "a whole number from 1 up"),
    "together": (bool, "true or false"),
    "amount": (float, "a number such as 0.2"),
}
_CLAIM_KEYS = {
    *("says", "source", "thesis", "better", "than", "same", "as"),
    *("predicts", "at", "below", "level"),
}
_KINDS = {"better": "than", "same": "as", "predicts": "at", "below": "level"}
"""Of claims: the key that names a setting, and the one with what it is compared with."""
_NAMES = {each.name.replace("_", "-"): each.name for each in OPTIONS}
del _NAMES["max-seconds"]  # what a study finds may not depend on the machine
_SHAPE = ("rows", "cols", "function-set", "size")


@dataclass(frozen=True)
class Claim:
    """What somebody has found, and between which settings it shows.

    kind "better": setting one has a lower SAE than each of others; "same": the same as all of them;
    "predicts": the SAE of a run of setting one after `at` evaluations tells that at its end;
    "below": the mean of setting one, as a part of the 3x3 median's SAE, is below the level.
    source is where it stands, figures what it says there.
    """

    says: str
    kind: str
    one: str
    others: tuple[str, ...] = ()
    at: int = 0
    level: float = 0.0
    source: str = ""
    figures: str = ""


@dataclass(frozen=True)
class Spec:
    """A study as asked; settings by name, with the seed of the first run. Photos are read apart."""

    title: str
    source: str
    runs: int
    photos: tuple[str, ...]
    together: bool
    held_out: tuple[str, ...]
    noise: str
    amount: float
    settings: Mapping[str, Settings]
    claims: tuple[Claim, ...]

    def photo_of(self, run: int) -> int | None:
        """Return which photo a run evolves for, or None for all together."""
        return None if self.together else run % len(self.photos)


def parse_spec(text: str, called: str) -> Spec:
    """Return the study that a TOML text asks for.

    Raises InputError naming the file, the key and what is legal.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{called} is not a TOML file: {error}") from None
    try:
        return _spec(data)
    except InputError as error:
        raise InputError(f"{called}: {error}") from None


def read_photos(spec: Spec, folder: Path) -> tuple[list[Photo], list[Photo]]:
    """Return the photos to train on and those held out, with their noise.

    Raises InputError for a file that is no image, and for images of several sizes that are to be
    evolved for together.
    """
    return tuple(  # type: ignore[return-value]
        [
            Photo(Path(name).stem, _noisy(spec, clean, first + number), clean)
            for number, name in enumerate(names)
            for clean in [read_image(folder / name)]
        ]
        for names, first in ((spec.photos, 1), (spec.held_out, 101))
    )


def _noisy(spec: Spec, clean: Any, seed: int) -> Any:
    return add_noise(clean, spec.noise, spec.amount, np.random.default_rng(seed))


def _spec(data: Mapping[str, Any]) -> Spec:
    _check_keys(data, _KEYS)
    for key, value in data.items():
        kind, legal = _KEYS[key]
        if type(value) is not kind or (key == "runs" and data[key] < 1):
            raise InputError(f"{key} is {value!r}; legal is {legal}")
    photos = _names("photos", data.get("photos", []))
    if not photos:
        raise InputError("photos is missing; give a list of image files")
    settings = dict(_settings(data))
    if not settings:
        raise InputError("there are no settings; give [grid] or [[settings]]")
    return Spec(
        title=data.get("title", "A study"),
        source=data.get("source", ""),
        runs=data.get("runs", 100),
        photos=photos,
        together=data.get("together", False),
        held_out=_names("held-out", data.get("held-out", [])),
        noise=data.get("noise", "salt-and-pepper"),
        amount=data.get("amount", 0.2),
        settings=settings,
        claims=tuple(_claim(claim, settings) for claim in data.get("claims", [])),
    )


def _settings(data: Mapping[str, Any]) -> Iterator[tuple[str, Settings]]:
    shared, grid = data.get("options", {}), data.get("grid", {})
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"grid: {key} is {values!r}; legal is a list")
    wanted = []
    if grid:
        for values in product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            wanted.append((", ".join(f"{key} {value}" for key, value in chosen.items()), chosen))
    for entry in data.get("settings", []):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise InputError(f"settings: {entry!r} has no name")
        wanted.append((entry["name"], {k: v for k, v in entry.items() if k != "name"}))
    names = [name for name, _ in wanted]
    for name, chosen in wanted:
        if names.count(name) > 1:
            raise InputError(f"settings: the name {name!r} comes twice")
        try:
            yield name, settings_of({**shared, **chosen})
        except InputError as error:
            raise InputError(f"setting {name!r}: {error}") from None


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Return the Settings of options named as on the command line; `size` is rows x cols.

    Raises InputError for an option that is unknown or has an illegal value.
    """
    _check_keys(options, {*_NAMES, *_SHAPE})
    rows, cols = options.get("rows", 8), options.get("cols", 8)
    if "size" in options:
        sides = str(options["size"]).split("x")
        if len(sides) != 2 or not all(side.isdecimal() for side in sides):
            raise InputError(f"size is {options['size']!r}; legal is such as 8x8")
        rows, cols = map(int, sides)
    shape = Shape(rows, cols, options.get("function-set", "upm16"))
    chosen = {_NAMES[key]: value for key, value in options.items() if key in _NAMES}
    if "mutation_rate" in chosen:
        chosen["mutation_rate"] = str(chosen["mutation_rate"])
    return Settings(shape, **chosen)


def settings_of_run(spec: Spec, name: str, run: int) -> Settings:
    """Return the settings of one run, which differs from others in its seed."""
    settings = spec.settings[name]
    return replace(settings, seed=settings.seed + run)


def _claim(data: Any, settings: Mapping[str, Settings]) -> Claim:
    if not isinstance(data, dict):
        raise InputError(f"claims: {data!r} is not a table")
    _check_keys(data, _CLAIM_KEYS)
    kinds = [kind for kind in _KINDS if kind in data]
    if len(kinds) != 1 or not isinstance(data.get("says"), str):
        raise InputError(f"claims: {data!r} needs says, and one of {', '.join(_KINDS)}")
    kind = kinds[0]
    with_what = data.get(_KINDS[kind])
    others = with_what if isinstance(with_what, list) else []
    for name in (data[kind], *others):
        if name not in settings:
            raise InputError(f"claims: {name!r} is no setting; there are {', '.join(settings)}")
    if not with_what or bool(others) != (kind in {"better", "same"}):
        raise InputError(f"claims: {data['says']!r} needs {_KINDS[kind]}, what it compares with")
    return Claim(
        data["says"],
        kind,
        data[kind],
        tuple(others),
        at=with_what if kind == "predicts" else 0,
        level=with_what if kind == "below" else 0.0,
        source=str(data.get("source", "")),
        figures=str(data.get("thesis", "")),
    )


def _check_keys(data: Mapping[str, Any], known: Any) -> None:
    for key in data:
        if key not in known:
            raise InputError(f"{key} is not known; known are {', '.join(sorted(known))}")


def _names(key: str, values: Sequence[Any]) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise InputError(f"{key} is {values!r}; legal is a list of names")
    return tuple(values)
