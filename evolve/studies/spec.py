# SPDX-License-Identifier: Apache-2.0
"""What a study is asked: settings, runs, photos and claims, from a TOML file.

    title = "Mutation rates at 8x8"
    source = "thesis, 4.4"
    runs = 100                  # of each setting
    quick = 20                  # with --quick
    photos = ["camera.png"]     # clean; run r evolves for photo r mod their number
    together = false            # true: every run evolves for the sum over all of them
    first-tribe = false         # true: what counts is the first tribe's circuit, not the best one
    held-out = []               # photos that evolution does not see
    noise = "salt-and-pepper"
    amount = 0.2

    [options]                   # those of `evoarray evolve`, for all settings; size is rows x cols;
                                # the preset is plain unless named
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
    after = 131072              # evaluations; without it, at the end

Other claims name a setting and what is said of it:

    same = "2 then 1", as = ["mutation-rate 2"]
    steadier = "mutation-rate 2", than = ["mutation-rate 3"]
    below = "mutation-rate 2", level = 0.9
    predicts = "mutation-rate 2", at = 16384, apart = 0.1, level = 0.9
    improves = "mutation-rate 2", at = 131072, after = 262144, by = [0.05, 0.15]

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

from evolve.presets import NAMES, settings_of
from evolve.runs.comparison import Photo
from evolve.settings import Settings
from model.errors import InputError
from model.images import read_image
from model.noise import add_noise

_KEYS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("title", "source", "noise"), (str, "a text")),
    **dict.fromkeys(("photos", "held-out", "settings", "claims"), (list, "a list")),
    **dict.fromkeys(("options", "grid"), (dict, "a table")),
    **dict.fromkeys(("runs", "quick"), (int, "a whole number from 1 up")),
    **dict.fromkeys(("together", "first-tribe"), (bool, "true or false")),
    "amount": (float, "a number such as 0.2"),
}
_CLAIM_KEYS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("says", "source", "thesis"), (str, "a text")),
    **dict.fromkeys(("than", "as"), (list, "a list of settings")),
    **dict.fromkeys(("at", "after"), (int, "a number of evaluations from 1 up")),
    **dict.fromkeys(("level", "apart"), (float, "a number such as 0.9")),
    "by": (list, "two numbers such as [0.05, 0.15]"),
}
_KINDS = {
    "better": ({"than"}, {"after"}),
    "same": ({"as"}, {"after"}),
    "steadier": ({"than"}, {"after"}),
    "below": ({"level"}, {"after"}),
    "predicts": ({"at"}, {"apart", "level"}),
    "improves": ({"at", "by"}, {"after"}),
}
"""Of claims, each with a setting: what else they need, and what they may have."""
_NAMES = NAMES - {"max-seconds"}  # what a study finds may not depend on the machine


@dataclass(frozen=True)
class Claim:
    """What somebody has found, and between which settings it shows.

    kind "better": setting one has a lower SAE than each of others; "same": the same as all of them;
    "steadier": its SAEs scatter less than those of each; "below": its mean, as a part of the 3x3
    median's SAE, is below the level; "predicts": the SAE of a run after `at` evaluations tells that
    at its end, and if `apart` is given, of two runs that are then so many parts apart the better
    one ends better in at least `level` of all cases; "improves": the mean falls from `at` by a part
    within `by`. after: how many evaluations are meant, 0 for the end. source is where the claim
    stands, figures what it says there.
    """

    says: str
    kind: str
    one: str
    others: tuple[str, ...] = ()
    at: int = 0
    after: int = 0
    level: float = 0.0
    apart: float = 0.0
    by: tuple[float, float] = (0.0, 0.0)
    source: str = ""
    figures: str = ""


@dataclass(frozen=True)
class Spec:
    """A study as asked; settings by name, with the seed of the first run. Photos are read apart."""

    title: str
    source: str
    runs: int
    quick: int
    photos: tuple[str, ...]
    together: bool
    first_tribe: bool
    held_out: tuple[str, ...]
    noise: str
    amount: float
    settings: Mapping[str, Settings]
    claims: tuple[Claim, ...]

    @property
    def asked(self) -> tuple[object, ...]:
        """All that the results depend on; the rest may change when a study goes on."""
        photos = (self.photos, self.held_out, self.together, self.first_tribe)
        return *photos, self.noise, self.amount, dict(self.settings)

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
        _check_value(key, value, kind, legal)
    photos = _names("photos", data.get("photos", []))
    if not photos:
        raise InputError("photos is missing; give a list of image files")
    settings = dict(_settings(data))
    if not settings:
        raise InputError("there are no settings; give [grid] or [[settings]]")
    if data.get("first-tribe"):
        for name, each in settings.items():
            if {"drop", "drop-worse", "abrupt"} & each.intervals.keys():
                raise InputError(f"first-tribe: in setting {name!r} the first tribe may be dropped")
    return Spec(
        title=data.get("title", "A study"),
        source=data.get("source", ""),
        runs=data.get("runs", 100),
        quick=data.get("quick", 10),
        photos=photos,
        together=data.get("together", False),
        first_tribe=data.get("first-tribe", False),
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
            options = {"preset": "plain", **shared, **chosen}
            _check_keys(options, _NAMES)
            yield name, settings_of(options)
        except InputError as error:
            raise InputError(f"setting {name!r}: {error}") from None


def settings_of_run(spec: Spec, name: str, run: int) -> Settings:
    """Return the settings of one run, which differs from others in its seed."""
    settings = spec.settings[name]
    return replace(settings, seed=settings.seed + run)


def _claim(data: Any, settings: Mapping[str, Settings]) -> Claim:
    if not isinstance(data, dict):
        raise InputError(f"claims: {data!r} is not a table")
    kinds = [kind for kind in _KINDS if kind in data]
    if len(kinds) != 1 or "says" not in data:
        raise InputError(f"claims: {data!r} needs says, and one of {', '.join(_KINDS)}")
    kind = kinds[0]
    try:
        return _claim_of(kind, data, settings)
    except InputError as error:
        raise InputError(f"claim {data['says']!r}: {error}") from None


def _claim_of(kind: str, data: Mapping[str, Any], settings: Mapping[str, Settings]) -> Claim:
    needed, possible = _KINDS[kind]
    _check_keys(data, {kind, "says", "source", "thesis", *needed, *possible})
    for key in sorted(needed - data.keys()):
        raise InputError(f"{key} is missing beside {kind}")
    for key, value in data.items():
        _check_value(key, value, *_CLAIM_KEYS.get(key, (str, "the name of a setting")))
    others = tuple(data.get("than", data.get("as", ())))
    if {"than", "as"} & needed and not others:
        raise InputError(f"{kind} needs at least one setting to be compared with")
    for name in (data[kind], *others):
        if name not in settings:
            raise InputError(f"{name!r} is no setting; there are {', '.join(settings)}")
    by = data.get("by", [0.0, 0.0])
    if [type(value) for value in by] != [float, float] or by[0] > by[1]:
        raise InputError(f"by is {by!r}; legal is {_CLAIM_KEYS['by'][1]}")
    if ("apart" in data) != ("level" in data) and kind == "predicts":
        raise InputError("apart and level need each other")
    return Claim(
        data["says"],
        kind,
        data[kind],
        others,
        at=data.get("at", 0),
        after=data.get("after", 0),
        level=data.get("level", 0.0),
        apart=data.get("apart", 0.0),
        by=(by[0], by[1]),
        source=data.get("source", ""),
        figures=data.get("thesis", ""),
    )


def _check_keys(data: Mapping[str, Any], known: Any) -> None:
    for key in data:
        if key not in known:
            raise InputError(f"{key} is not known; known are {', '.join(sorted(known))}")


def _check_value(key: str, value: object, kind: type, legal: str) -> None:
    if type(value) is not kind or (type(value) is int and value < 1):
        raise InputError(f"{key} is {value!r}; legal is {legal}")


def _names(key: str, values: Sequence[Any]) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise InputError(f"{key} is {values!r}; legal is a list of names")
    return tuple(values)
