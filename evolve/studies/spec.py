# SPDX-License-Identifier: Apache-2.0
"""What a study is asked: kind, settings, runs and claims, from a TOML file.

    title = "Mutation rates at 8x8"
    source = "thesis, 4.4"
    kind = "filters"            # as without it; or another of KINDS, which has no photos
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
    worse = "mutation-rate 3", than = ["mutation-rate 2"]
    below = "mutation-rate 2", level = 0.9
    equals = "mutation-rate 2", level = 0.9
    predicts = "mutation-rate 2", at = 16384, apart = 0.1, level = 0.9
    improves = "mutation-rate 2", at = 131072, after = 262144, by = [0.05, 0.15]

Files are named from the spec's folder. Run r of every setting has the seed `seed + r`, and photo
number i the noise of the seed 1 + i, if it is held out 101 + i. The options of a kind are in
evolve/filter/settings.py, evolve/guided/settings.py and evolve/neuro/settings.py, for the
algorithm neat in evolve/neuro/neat/settings.py; the kind noisy-digits is neuro with noise, and has
those of evolve/neuro/filtered/settings.py, too.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from evoarray.evolution.effects import idle
from evoarray.evolution.options import typed
from evoarray.evolution.studies.filters import Filters
from evoarray.evolution.studies.guided import Networks
from evoarray.evolution.studies.kind import Kind, names_of, of_run
from evoarray.evolution.studies.neuro import Neuro
from evoarray.evolution.studies.noisy_digits import NoisyDigits
from evoarray.model.errors import InputError, refuse, shown
from evoarray.model.files import parse_toml

KINDS: Mapping[str, type[Kind]] = {
    "filters": Filters,
    "networks": Networks,
    "neuro": Neuro,
    "noisy-digits": NoisyDigits,
}

MOST_SETTINGS, MOST_RUNS = 10_000, 1_000_000
"""Of a study: settings, and runs of all of them together; the machine keeps lists of both."""

_KEYS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("title", "source", "kind"), (str, "a text")),
    **dict.fromkeys(("settings", "claims"), (list, "a list")),
    **dict.fromkeys(("options", "grid"), (dict, "a table")),
    **dict.fromkeys(("runs", "quick"), (int, "a whole number from 1 up")),
}
_CLAIM_KEYS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("says", "source", "thesis"), (str, "a text")),
    **dict.fromkeys(("than", "as"), (list, "a list of settings")),
    **dict.fromkeys(("at", "after"), (int, "a number of evaluations from 1 up")),
    **dict.fromkeys(("level", "apart"), (float, "a number such as 0.9")),
    "by": (list, "two numbers such as [0.05, 0.15]"),
}
_CLAIMS = {
    "better": ({"than"}, {"after"}),
    "same": ({"as"}, {"after"}),
    "worse": ({"than"}, {"after"}),
    "steadier": ({"than"}, {"after"}),
    "below": ({"level"}, {"after"}),
    "equals": ({"level"}, {"after"}),
    "predicts": ({"at"}, {"apart", "level"}),
    "improves": ({"at", "by"}, {"after"}),
}
"""Of claims, each with a setting: what else they need, and what they may have."""


@dataclass(frozen=True)
class Claim:
    """What somebody has found, and between which settings it shows.

    kind "better": setting one has lower values than each of others, "worse": higher ones; "same":
    the same as all of them; "steadier": its values scatter less than those of each; "below": its
    mean is below the level, "equals": its mean is that of the level; "predicts": the value of a run
    after `at` evaluations tells that at its end, and if `apart` is given, of two runs that are then
    so many parts apart the better one ends better in at least `level` of all cases; "improves": the
    mean falls from `at` by a part within `by`. after: how many evaluations are meant, 0 for the
    end. source is where the claim stands, figures what it says there.
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
    """A study as asked; settings by name, with the seed of the first run."""

    title: str
    source: str
    runs: int
    quick: int
    kind: Kind
    settings: Mapping[str, Any]
    claims: tuple[Claim, ...]

    @property
    def asked(self) -> tuple[object, ...]:
        """All that the results depend on; the rest may change when a study goes on."""
        return self.kind, dict(self.settings)


def parse_spec(text: str, called: str, *, stored: bool = False) -> Spec:
    """Return the study that a TOML text asks for.

    Raises InputError naming the file, the key and what is legal. Options without effect are refused
    unless the study is stored already: then what was found stays of use.
    """
    data = parse_toml(text, called)
    try:
        spec = _spec(data)
        if not stored:
            _refuse_idle(data, spec.settings)
        return spec
    except InputError as error:
        raise InputError(f"{called}: {error}") from None


def _spec(data: Mapping[str, Any]) -> Spec:
    name = data.get("kind", "filters")
    _value("kind", name, *_KEYS["kind"])
    if name not in KINDS:
        raise InputError(f"kind is {name!r}; it must be one of {', '.join(KINDS)}")
    keys = {**_KEYS, **KINDS[name].keys}
    _check_keys(data, keys)
    data = {key: _value(key, value, *keys[key]) for key, value in data.items()}
    kind = KINDS[name].of(data)
    settings = dict(_settings(data, kind))
    if not settings:
        raise InputError("there are no settings; give [grid] or [[settings]]")
    return Spec(
        title=data.get("title", "A study"),
        source=data.get("source", ""),
        runs=data.get("runs", 100),
        quick=data.get("quick", 10),
        kind=kind,
        settings=settings,
        claims=tuple(_claim(claim, settings) for claim in data.get("claims", [])),
    )


def _settings(data: Mapping[str, Any], kind: Kind) -> Iterator[tuple[str, Any]]:
    shared = data.get("options", {})
    for name, chosen in _chosen(data).items():
        try:
            options = {**shared, **chosen}
            _check_keys(options, kind.options)
            yield name, kind.settings_of(options)
        except InputError as error:
            raise InputError(f"setting {name!r}: {error}") from None


def _refuse_idle(data: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Refuse an option without effect in its setting, or one for all without effect in any."""
    shared, unused = data.get("options", {}), []
    for name, chosen in _chosen(data).items():
        for sentence in idle(chosen, settings[name]).values():
            raise InputError(f"setting {name!r}: {sentence}")
        unused.append(idle({**shared, **chosen}, settings[name]))
    for option, sentence in unused[0].items():
        if all(option in each for each in unused):
            raise InputError(f"options: {sentence}")


def _chosen(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what each setting has beside the options for all, by its name."""
    grid = data.get("grid", {})
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"grid: {key} is {shown(values)}; it must be a list")
    count = prod(map(len, grid.values())) + len(data.get("settings", []))
    if count > MOST_SETTINGS:
        raise InputError(f"there are {count:,} settings; give a grid of at most {MOST_SETTINGS:,}")
    wanted = []
    if grid:
        for values in product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            wanted.append((", ".join(map(_named, chosen.items())), chosen))
    for entry in data.get("settings", []):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise InputError(f"settings: {shown(entry)} has no name")
        wanted.append((entry["name"], {k: v for k, v in entry.items() if k != "name"}))
    for name, times in Counter(name for name, _ in wanted).items():
        if times > 1:
            raise InputError(f"settings: the name {name!r} comes twice")
    return dict(wanted)


def _named(option: tuple[str, Any]) -> str:
    key, value = option
    return f"{key} {value if isinstance(value, str) else shown(value)}"


def settings_of_run(spec: Spec, name: str, run: int) -> Any:
    """Return the settings of one run."""
    return of_run(spec.settings[name], run)


def _claim(data: Any, settings: Mapping[str, Any]) -> Claim:
    if not isinstance(data, dict):
        raise InputError(f"claims: {shown(data)} is not a table")
    kinds = [kind for kind in _CLAIMS if kind in data]
    if len(kinds) != 1 or "says" not in data:
        raise InputError(f"claims: {shown(data)} needs says, and one of {', '.join(_CLAIMS)}")
    kind = kinds[0]
    try:
        return _claim_of(kind, data, settings)
    except InputError as error:
        raise InputError(f"claim {shown(data['says'])}: {error}") from None


def _claim_of(kind: str, data: Mapping[str, Any], settings: Mapping[str, Any]) -> Claim:
    needed, possible = _CLAIMS[kind]
    _check_keys(data, {kind, "says", "source", "thesis", *needed, *possible})
    for key in sorted(needed - data.keys()):
        raise InputError(f"{key} is missing beside {kind}")
    data = {
        key: _value(key, value, *_CLAIM_KEYS.get(key, (str, "the name of a setting")))
        for key, value in data.items()
    }
    others = names_of("than", data.get("than", data.get("as", ())))
    if {"than", "as"} & needed and not others:
        raise InputError(f"{kind} needs at least one setting to be compared with")
    for name in (data[kind], *others):
        if name not in settings:
            raise InputError(f"{name!r} is no setting; there are {', '.join(settings)}")
    legal = _CLAIM_KEYS["by"][1]
    by = [typed("by", value, float, legal) for value in data.get("by", [0.0, 0.0])]
    if len(by) != 2 or by[0] > by[1]:
        refuse("by", data["by"], legal)
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


def _value(key: str, value: object, kind: type, legal: str) -> Any:
    value = typed(key, value, kind, legal)
    if type(value) is int and value < 1:
        refuse(key, value, legal)
    return value
