# SPDX-License-Identifier: Apache-2.0
"""The circuit file of format version 1: what is written, what is read, what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import (
    Circuit,
    Shape,
    circuit_from_json,
    circuit_to_json,
    copy_filter,
    random_circuit,
    read_circuit,
    write_circuit,
)

SETS = ("upm16", "upm19", "cgp16")
KEYS = (
    "format",
    "version",
    "rows",
    "cols",
    "function_set",
    "functions",
    "north",
    "west",
    "output",
    "provenance",
)


def example() -> dict[str, Any]:
    """A legal file of every key; its largest codes are the largest legal ones."""
    return {
        "format": "evoarray-circuit",
        "version": 1,
        "rows": 2,
        "cols": 3,
        "function_set": "upm16",
        "functions": [[0, 15, 2], [3, 4, 5]],
        "north": [6, 8, 0],
        "west": [1, 8],
        "output": 1,
        "provenance": {"seed": 7, "author": "Bartolomé", "note": "a\nb", "list": [1, None, 0.5]},
    }


def refusal(text: str) -> str:
    """What the reader says to this text: always one sentence on one line of bearable length."""
    with pytest.raises(InputError) as caught:
        circuit_from_json(text)
    message = str(caught.value)
    assert message.strip()
    assert len(message.splitlines()) == 1
    assert len(message) < 300
    return message


# Written and read


def test_a_file_holds_exactly_the_keys_of_the_format(tmp_path: Path) -> None:
    path = tmp_path / "circuit.json"
    write_circuit(path, circuit_from_json(json.dumps(example())))
    plain = json.loads(path.read_bytes().decode("utf-8"))
    assert plain == example()
    assert tuple(plain) == KEYS


def test_reading_gives_the_values() -> None:
    circuit = circuit_from_json(json.dumps(example()))
    assert (circuit.rows, circuit.cols, circuit.function_set) == (2, 3, "upm16")
    assert circuit.functions.tolist() == [[0, 15, 2], [3, 4, 5]]
    assert (circuit.north.tolist(), circuit.west.tolist()) == ([6, 8, 0], [1, 8])
    assert circuit.output == 1
    assert circuit.provenance == example()["provenance"]
    for codes in (circuit.functions, circuit.north, circuit.west):
        assert codes.dtype == np.uint8


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 8), (8, 1), (3, 5), (24, 24), (64, 64)])
def test_round_trip(tmp_path: Path, rows: int, cols: int, name: str) -> None:
    path = tmp_path / "circuit.json"
    circuit = random_circuit(Shape(rows, cols, name), np.random.default_rng(rows + cols))
    write_circuit(path, circuit)
    again = read_circuit(path)
    assert again.genes.tolist() == circuit.genes.tolist()
    assert (again.rows, again.cols, again.function_set) == (rows, cols, name)
    assert again.provenance == {}


def test_bytes_are_stable(tmp_path: Path) -> None:
    """Order of keys and spaces in what was read leave no trace; a second pass changes nothing."""
    tight = json.dumps(example(), separators=(",", ":"))
    turned = json.dumps(dict(reversed(example().items())), indent=7, ensure_ascii=False)
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    write_circuit(first, circuit_from_json(tight))
    first_bytes = first.read_bytes()
    assert first_bytes.endswith(b"}\n")
    write_circuit(second, read_circuit(first))
    assert second.read_bytes() == first_bytes
    assert circuit_to_json(circuit_from_json(turned)).encode("utf-8") == first_bytes


def test_writing_replaces_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "circuit.json"
    path.write_text("old", encoding="utf-8")
    write_circuit(path, copy_filter(Shape(2, 2, "upm16")))
    assert read_circuit(path) == copy_filter(Shape(2, 2, "upm16"))
    assert list(tmp_path.iterdir()) == [path]


def test_writing_into_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing"):
        write_circuit(tmp_path / "missing" / "circuit.json", copy_filter(Shape(2, 2, "upm16")))


@pytest.mark.parametrize(
    ("name", "largest"), [("upm16", 15), ("upm19", 18), ("cgp16", 15)], ids=SETS
)
def test_the_codes_of_each_set(name: str, largest: int) -> None:
    plain = example() | {"function_set": name, "functions": [[largest] * 3] * 2}
    assert circuit_from_json(json.dumps(plain)).functions.tolist() == [[largest] * 3] * 2
    plain["functions"] = [[0, 0, 0], [0, largest + 1, 0]]
    message = refusal(json.dumps(plain))
    for part in ("functions", str(largest + 1), f"0 to {largest}"):
        assert part in message


# Refused

CHANGES: list[tuple[str, Any, tuple[str, ...]]] = [
    # key, its illegal value, what the sentence names after the key
    ("format", "other-circuit", ("evoarray-circuit",)),
    ("format", None, ("evoarray-circuit",)),
    ("format", ["evoarray-circuit"], ("evoarray-circuit",)),
    ("version", 0, ("0", "1")),
    ("version", 2, ("2", "1")),
    ("version", 1.0, ("1.0",)),
    ("version", True, ("1",)),
    ("version", "1", ("1",)),
    ("version", None, ("1",)),
    ("rows", 0, ("0", "1 to")),
    ("rows", -2, ("-2", "1 to")),
    ("rows", 65, ("65", "1 to 64")),
    ("rows", 10**9, ("1000000000", "1 to 64")),
    ("rows", 2.0, ("2.0",)),
    ("rows", True, ()),
    ("rows", "2", ()),
    ("rows", [2], ("[2]",)),
    ("cols", 0, ("0", "1 to")),
    ("cols", 65, ("65", "1 to 64")),
    ("cols", 3.0, ("3.0",)),
    ("cols", None, ()),
    ("function_set", "upm17", ("upm17", *SETS)),
    ("function_set", "UPM16", ("UPM16", *SETS)),
    ("function_set", "up\nm16", SETS),
    ("function_set", "x" * 10_000, SETS),
    ("function_set", 16, ("16", *SETS)),
    ("function_set", ["upm16"], SETS),
    ("function_set", {}, SETS),
    ("functions", 0, ("2",)),
    ("functions", {}, ("2",)),
    ("functions", [], ("2",)),
    ("functions", [0, 1, 2, 3, 4, 5], ("3",)),
    ("functions", [[0, 1, 2]], ("2",)),
    ("functions", [[0, 1, 2]] * 3, ("2",)),
    ("functions", [[0, 1, 2], [3, 4]], ("3",)),
    ("functions", [[0, 1], [2, 3], [4, 5]], ("2",)),
    ("functions", [[0, 1, 2], [3, 4, [5]]], ("[5]", "0 to 15")),
    ("functions", [[0, 1, 2], [3, 4, 16]], ("16", "0 to 15")),
    ("functions", [[0, 1, 2], [3, 4, 256]], ("256", "0 to 15")),
    ("functions", [[0, 1, 2], [3, 4, -1]], ("-1", "0 to 15")),
    ("functions", [[0, 1, 2], [3, 4, 10**30]], ("0 to 15",)),
    ("functions", [[0, 1, 2], [3, 4, 5.0]], ("5.0", "0 to 15")),
    ("functions", [[0, 1, 2], [3, 4, True]], ("0 to 15",)),
    ("functions", [[0, 1, 2], [3, 4, None]], ("0 to 15",)),
    ("functions", [[0, 1, 2], [3, 4, "5"]], ("5", "0 to 15")),
    ("functions", ["012", "345"], ("3",)),
    ("north", [6, 9, 0], ("9", "0 to 8")),
    ("north", [6, -1, 0], ("-1", "0 to 8")),
    ("north", [6, 1.0, 0], ("1.0", "0 to 8")),
    ("north", [6, False, 0], ("0 to 8",)),
    ("north", [6, 8], ("3",)),
    ("north", [6, 8, 0, 0], ("3",)),
    ("north", [[6, 8, 0]], ("3",)),
    ("north", "680", ("3",)),
    ("north", None, ("3",)),
    ("west", [1, 9], ("9", "0 to 8")),
    ("west", [1], ("2",)),
    ("west", [1, 8, 0], ("2",)),
    ("west", [1, "8"], ("8", "0 to 8")),
    ("west", 1, ("2",)),
    ("output", 2, ("2", "0 to 1")),
    ("output", -1, ("-1", "0 to 1")),
    ("output", 1.0, ("1.0", "0 to 1")),
    ("output", True, ("0 to 1",)),
    ("output", "1", ("0 to 1",)),
    ("output", [1], ("[1]", "0 to 1")),
    ("output", None, ("0 to 1",)),
    ("provenance", None, ("object",)),
    ("provenance", [], ("object",)),
    ("provenance", "seed 7", ("seed 7", "object")),
]


@pytest.mark.parametrize(
    ("key", "value", "named"), CHANGES, ids=lambda part: None if part == () else repr(part)[:40]
)
def test_illegal_value(key: str, value: Any, named: tuple[str, ...]) -> None:
    """The sentence names the key, then the value, then what is legal."""
    message = refusal(json.dumps(example() | {key: value}))
    place = 0
    for part in (key, *named):
        assert part in message[place:]
        place = message.index(part, place) + len(part)


def test_text_is_shown_as_text() -> None:
    """`rows is 2; it must be 1 to 64` would leave the reader of "rows": "2" at a loss."""
    for key in ("version", "rows", "cols", "output"):
        text = str(example()[key])
        message = refusal(json.dumps(example() | {key: text}))
        assert f"'{text}'" in message or f'"{text}"' in message


@pytest.mark.parametrize("key", KEYS)
def test_missing_key(key: str) -> None:
    plain = example()
    del plain[key]
    assert key in refusal(json.dumps(plain))


@pytest.mark.parametrize("key", ["outputs", "Rows", "", "a\nb", "x" * 10_000])
def test_extra_key(key: str) -> None:
    message = refusal(json.dumps(example() | {key: 1}))
    if len(key) < 10:
        assert repr(key)[1:-1] in message
    assert "the keys are format, " in message
    assert "provenance" in message


@pytest.mark.parametrize("key", KEYS)
def test_duplicate_key(key: str) -> None:
    """JSON leaves open which of the two counts, so neither may."""
    extra = json.dumps({key: example()[key]})[1:]
    message = refusal(json.dumps(example())[:-1] + ", " + extra)
    assert key in message
    assert "twice" in message


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "not JSON",
        "null",
        "true",
        "7",
        '"evoarray-circuit"',
        "[]",
        "{}",
        json.dumps([example()]),
        json.dumps(example())[:-1],
        json.dumps(example()) + "}",
        json.dumps(example()) * 2,
        "\ufeff" + json.dumps(example()),
        json.dumps(example()).replace('"', "'"),
        json.dumps(example()).replace('"output": 1', '"output": 01'),
        json.dumps(example()).replace('"output": 1', '"output": 1,,'),
        json.dumps(example()).replace('"output": 1', '"output": ' + "1" * 5000),
        "[" * 100_000,
        '{"format":' * 100_000,
        json.dumps(example()).replace('"seed": 7', '"seed": ' + "[" * 100_000 + "]" * 100_000),
    ],
    ids=lambda text: repr(text[:10] + ".." + text[-10:]),
)
def test_not_a_circuit(text: str) -> None:
    assert refusal(text)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("place", ['"output": 1', '"seed": 7', '"north": [6'])
def test_numbers_that_json_does_not_know(place: str, literal: str) -> None:
    text = json.dumps(example())
    assert place in text
    assert refusal(text.replace(place, place[:-1] + literal))


def test_a_large_foreign_object_is_refused_at_once() -> None:
    """Somebody's table of 30,000 keys must not keep the reader busy before it says no."""
    text = json.dumps({str(i): i for i in range(30_000)})
    start = time.perf_counter()
    assert refusal(text)
    assert time.perf_counter() - start < 2  # seconds; linear work takes a fiftieth of that


# Files


def write_nothing(_: Path) -> None:
    """Leave the path without a file."""


@pytest.mark.parametrize(
    "make",
    [
        write_nothing,
        Path.mkdir,
        Path.touch,
        lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        lambda path: path.write_bytes(json.dumps(example()).encode("utf-16")),
        lambda path: path.write_bytes(json.dumps(example(), ensure_ascii=False).encode("latin-1")),
        lambda path: path.write_text(json.dumps(example() | {"output": 2}), encoding="utf-8"),
    ],
    ids=["missing", "folder", "empty", "PNG", "UTF-16", "Latin-1", "illegal output"],
)
def test_unusable_file_is_named(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "circuit.json"
    make(path)
    with pytest.raises(InputError) as caught:
        read_circuit(path)
    message = str(caught.value)
    assert "circuit.json" in message
    assert len(message.splitlines()) == 1


# Circuits made by a program

PARTS: dict[str, Any] = {
    "function_set": "upm16",
    "functions": np.zeros((2, 3), np.uint8),
    "north": np.zeros(3, np.uint8),
    "west": np.zeros(2, np.uint8),
    "output": 1,
}


def test_a_circuit_can_be_made_from_its_parts() -> None:
    circuit = Circuit(**PARTS)
    assert (circuit.rows, circuit.cols, circuit.output) == (2, 3, 1)
    assert circuit.provenance == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("function_set", "upm17"),
        ("function_set", None),
        ("functions", np.full((2, 3), 16)),
        ("functions", np.full((2, 3), -1)),
        ("functions", np.full((2, 3), 256)),
        ("functions", np.zeros((2, 3))),
        ("functions", np.zeros((2, 3), np.bool_)),
        ("functions", np.zeros((3, 2), np.uint8)),
        ("functions", np.zeros(6, np.uint8)),
        ("functions", np.zeros((0, 3), np.uint8)),
        ("north", np.full(3, 9)),
        ("north", np.zeros(2, np.uint8)),
        ("north", np.zeros((3, 1), np.uint8)),
        ("west", np.full(2, 9)),
        ("west", np.zeros(3, np.uint8)),
        ("output", 2),
        ("output", -1),
        ("output", 1.0),
        ("output", True),
        ("output", "1"),
    ],
    ids=lambda part: part if isinstance(part, str) else None,
)
def test_a_circuit_of_illegal_parts_is_refused(key: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        Circuit(**PARTS | {key: value})
    if np.shape(value) != (3, 2):  # there another part may be taken for the wrong one
        assert key in str(caught.value)


@pytest.mark.parametrize(("rows", "cols"), [(65, 1), (1, 65), (300, 1)])
def test_no_circuit_is_larger_than_its_file_may_be(rows: int, cols: int) -> None:
    with pytest.raises(InputError):
        Circuit(
            "upm16",
            np.zeros((rows, cols), np.uint8),
            np.zeros(cols, np.uint8),
            np.zeros(rows, np.uint8),
            rows - 1,
        )


def test_a_circuit_cannot_be_written_that_could_not_be_read() -> None:
    """NaN is no JSON."""
    circuit = Circuit(**PARTS, provenance={"psnr": float("nan")})
    with pytest.raises((InputError, ValueError)):
        circuit_to_json(circuit)
