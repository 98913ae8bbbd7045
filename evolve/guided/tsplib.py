# SPDX-License-Identifier: Apache-2.0
"""Cities from files of TSPLIB (G. Reinelt, ORSA Journal on Computing 3, 1991).

Edge weight types EUC_2D, CEIL_2D, ATT, GEO, and EXPLICIT as FULL_MATRIX or as the rows of an upper
or lower triangle. Whatever else a file may ask for, such as fixed edges, would be another problem,
and is refused. Where TSPLIB says how to round, so is it done: known optima are those of its
whole numbers.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.guided.problems import Reals
from evoarray.model.errors import InputError, refuse, whole

MOST = 2000
"""Cities."""

LONGEST = 2**53
"""Of a tour: all whole numbers up to it are exact in float64."""

RADIUS = 6378.388
"""Of the earth in kilometres, as TSPLIB has it."""

_PI = 3.141592  # TSPLIB's, on which its whole numbers depend

_KEYWORDS = (
    *("NAME", "TYPE", "COMMENT", "DIMENSION", "EDGE_WEIGHT_TYPE", "EDGE_WEIGHT_FORMAT"),
    *("NODE_COORD_TYPE", "DISPLAY_DATA_TYPE"),
)
_COORDINATES, _WEIGHTS = "NODE_COORD_SECTION", "EDGE_WEIGHT_SECTION"
_SECTIONS = (_COORDINATES, _WEIGHTS, "DISPLAY_DATA_SECTION")
"""What files may have; of these, all that is for display changes no distance."""


def read_tsplib(text: str, called: str) -> Reals:
    """Return the distances (n, n) float64 between the cities of a file's text.

    Raises InputError naming the file for what is not of these types, or not whole.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused
            distances = _distances(*_parts(text))
        if not np.abs(distances).max() <= LONGEST / len(distances):
            raise InputError(
                f"a tour may be longer than {LONGEST:,}, and its length would not be exact; give "
                "the distances in a larger unit"
            )
        return distances
    except InputError as error:
        raise InputError(f"{called}: {error}") from None


def _parts(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the values of a file's keywords, and the words of its sections."""
    facts: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        word = key.strip()
        if word == "EOF":
            break
        if word.endswith("_SECTION"):
            _check_word(word, sections, _SECTIONS)
            sections[word] = []
        elif colon:
            _check_word(word, facts if word != "COMMENT" else (), _KEYWORDS)
            facts[word] = value.strip()
        elif word:
            if not sections:
                raise InputError(f"{word[:40]!r} is no line of a TSPLIB file")
            list(sections.values())[-1].extend(line.split())
    return facts, sections


def _check_word(word: str, before: Container[str], known: Sequence[str]) -> None:
    if word not in known:
        raise InputError(
            f"{word[:40]} would change the problem, or is unknown; take it out to have that of the "
            f"distances alone, which has {', '.join(known)}"
        )
    if word in before:
        raise InputError(f"{word} is given twice; take one out")


def _distances(facts: Mapping[str, str], sections: Mapping[str, Sequence[str]]) -> Reals:
    if facts.get("TYPE", "TSP").split()[:1] != ["TSP"]:
        raise InputError(f"TYPE is {facts['TYPE']!r}; it must be TSP")
    dimension = facts.get("DIMENSION", "")
    count = whole(dimension, 3, MOST)
    if count is None:
        refuse("DIMENSION", dimension, f"a whole number from 3 to {MOST}")
    if facts.get("NODE_COORD_TYPE", "") == "THREED_COORDS":
        raise InputError("NODE_COORD_TYPE is 'THREED_COORDS'; it must be TWOD_COORDS")
    kind = facts.get("EDGE_WEIGHT_TYPE", "")
    if kind == "EXPLICIT":
        name = facts.get("EDGE_WEIGHT_FORMAT", "")
        if name not in _FORMATS:
            legal = ", ".join(_FORMATS)
            raise InputError(f"EDGE_WEIGHT_FORMAT is {name!r}; it must be one of {legal}")
        one, other = _FORMATS[name](count)
        weights = _numbers(sections, _WEIGHTS, len(one))
        distances = np.zeros((count, count))
        distances[one, other] = weights
        if name != "FULL_MATRIX":
            distances[other, one] = weights
        elif (distances != distances.T).any():
            raise InputError("the distances are not the same in both directions")
        return distances
    if kind not in _TYPES:
        legal = ", ".join((*_TYPES, "EXPLICIT"))
        raise InputError(f"EDGE_WEIGHT_TYPE is {kind!r}; it must be one of {legal}")
    if _WEIGHTS in sections:
        raise InputError(f"{_WEIGHTS} needs EDGE_WEIGHT_TYPE: EXPLICIT, and it is {kind}")
    rows = _numbers(sections, _COORDINATES, 3 * count).reshape(count, 3)
    if sorted(rows[:, 0]) != list(range(1, count + 1)):
        raise InputError(f"{_COORDINATES} does not number its cities from 1 to {count}")
    places = rows[rows[:, 0].argsort(), 1:]
    distances = _TYPES[kind](places)
    np.fill_diagonal(distances, 0)
    return distances


def _numbers(sections: Mapping[str, Sequence[str]], name: str, count: int) -> Reals:
    words = sections.get(name, ())
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise InputError(f"{name} has {len(numbers)} numbers; it must have {count} finite ones")
    return np.array(numbers)


def _apart(places: Reals) -> Reals:
    return places[:, np.newaxis] - places


def _plain(places: Reals) -> Reals:
    found: Reals = np.sqrt((_apart(places) ** 2).sum(-1))
    return found


def _pseudo(places: Reals) -> Reals:
    """Return ATT's: a tenth of the square, and rounded up."""
    found: Reals = np.ceil(np.sqrt((_apart(places) ** 2).sum(-1) / 10.0))
    return found


def _geographical(places: Reals) -> Reals:
    """Return GEO's: kilometres between latitudes and longitudes given as degrees.minutes."""
    degrees = np.trunc(places)
    angles = _PI * (degrees + 5.0 * (places - degrees) / 3.0) / 180.0
    latitude, longitude = angles.T
    q1 = np.cos(longitude[:, np.newaxis] - longitude)
    q2 = np.cos(latitude[:, np.newaxis] - latitude)
    q3 = np.cos(latitude[:, np.newaxis] + latitude)
    cosine = 0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3)
    found: Reals = np.floor(RADIUS * np.arccos(np.clip(cosine, -1.0, 1.0)) + 1.0)
    return found


_TYPES: Mapping[str, Callable[[Reals], Reals]] = {
    "EUC_2D": lambda places: np.floor(_plain(places) + 0.5),
    "CEIL_2D": lambda places: np.ceil(_plain(places)),
    "ATT": _pseudo,
    "GEO": _geographical,
}
_FORMATS: Mapping[str, Callable[[int], tuple[NDArray[Any], NDArray[Any]]]] = {
    "FULL_MATRIX": lambda n: np.divmod(np.arange(n * n), n),
    "UPPER_ROW": lambda n: np.triu_indices(n, 1),
    "UPPER_DIAG_ROW": lambda n: np.triu_indices(n),
    "LOWER_ROW": lambda n: np.tril_indices(n, -1),
    "LOWER_DIAG_ROW": lambda n: np.tril_indices(n),
}
