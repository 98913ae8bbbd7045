# SPDX-License-Identifier: Apache-2.0
"""The golden model against the scalar reference, and against examples worked by hand."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.filter.array import filter_image, run
from evoarray.model.filter.circuit import (
    Circuit,
    Shape,
    circuit_from_json,
    circuit_of,
    copy_filter,
    random_circuit,
)
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.window import windows
from tests import reference

Pixels = NDArray[np.uint8]

SETS = sorted(reference.FUNCTIONS)
MESHES = [(1, 1), (1, 8), (8, 1), (3, 5), (4, 4), (8, 8), (16, 16), (24, 24)]
IMAGES = [(3, 3), (3, 17), (17, 3), (9, 11)]


def random_image(rng: np.random.Generator, shape: tuple[int, int]) -> Pixels:
    return rng.integers(0, 256, shape, np.uint8)


def random_object(rng: np.random.Generator, rows: int, cols: int, name: str) -> dict[str, Any]:
    """A random circuit as the object of a circuit file, drawn without the model's help."""
    return {
        "format": "evoarray-circuit",
        "version": 1,
        "rows": rows,
        "cols": cols,
        "function_set": name,
        "functions": rng.integers(0, len(reference.FUNCTIONS[name]), (rows, cols)).tolist(),
        "north": rng.integers(0, 9, cols).tolist(),
        "west": rng.integers(0, 9, rows).tolist(),
        "output": int(rng.integers(0, rows)),
        "provenance": {},
    }


def circuit_from(plain: dict[str, Any]) -> Circuit:
    return circuit_from_json(json.dumps(plain))


def wires(rows: int, cols: int) -> dict[str, Any]:
    """A upm16 mesh whose PEs all pass W; tests change what they study."""
    return {
        "format": "evoarray-circuit",
        "version": 1,
        "rows": rows,
        "cols": cols,
        "function_set": "upm16",
        "functions": [[11] * cols for _ in range(rows)],
        "north": [4] * cols,
        "west": [4] * rows,
        "output": rows - 1,
        "provenance": {},
    }


# Functions


def test_the_three_sets() -> None:
    assert {name: len(s.functions) for name, s in FUNCTION_SETS.items()} == {
        "upm16": 16,
        "upm19": 19,
        "cgp16": 16,
    }
    for name, function_set in FUNCTION_SETS.items():
        assert function_set.name == name
        for labels in (
            [f.name for f in function_set.functions],
            [f.formula for f in function_set.functions],
        ):
            assert all(labels)
            assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("name", "code"),
    [(name, code) for name in SETS for code in range(len(reference.FUNCTIONS[name]))],
)
def test_function_on_all_pairs(name: str, code: int) -> None:
    """All 65,536 pairs, whatever stood in the result before; the inputs stay as they were."""
    pairs = [[(n, w) for w in range(256)] for n in range(256)]
    north = np.array([[n for n, _ in row] for row in pairs], np.uint8)
    west = np.array([[w for _, w in row] for row in pairs], np.uint8)
    result = np.random.default_rng(code).integers(0, 256, (256, 256), np.uint8)
    apply = FUNCTION_SETS[name].functions[code].apply
    scalar = reference.FUNCTIONS[name][code]
    apply(north, west, out=result)
    assert result.tolist() == [[scalar(n, w) for n, w in row] for row in pairs]
    assert [list(zip(*lines, strict=True)) for lines in zip(north, west, strict=True)] == pairs
    # Both inputs of a border PE may be one and the same plane.
    line = np.arange(256, dtype=np.uint8)
    apply(line, line, out=result[0])
    assert result[0].tolist() == [scalar(v, v) for v in range(256)]
    assert line.tolist() == list(range(256))


@pytest.mark.parametrize("name", SETS)
def test_formulas_are_true(name: str) -> None:
    """What drawings and tables print, read as arithmetic, is what the function does."""
    levels = [0, 1, 2, 15, 16, 100, 127, 128, 129, 200, 254, 255]
    functions = FUNCTION_SETS[name].functions
    for function, scalar in zip(functions, reference.FUNCTIONS[name], strict=True):
        text = function.formula.replace("mod", "%").replace("/", "//").replace("~", "255^")
        text = re.sub(r"(\d)([NW])", r"\1*\2", text)
        text = re.sub(r"^\|(.+)\|$", r"abs(\1)", text)
        text = re.sub(r"^(.+) \? (.+) : (.+)$", r"\2 if \1 else \3", text)
        for n in levels:
            for w in levels:
                assert eval(text, {"N": n, "W": w}) == scalar(n, w), function.formula


# Window


def test_windows_of_3x3() -> None:
    image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    planes = windows(image)
    assert planes.shape == (9, 3, 3)
    assert planes.dtype == np.uint8
    assert planes.tolist() == [
        [[1, 1, 2], [1, 1, 2], [4, 4, 5]],  # NW
        [[1, 2, 3], [1, 2, 3], [4, 5, 6]],  # N
        [[2, 3, 3], [2, 3, 3], [5, 6, 6]],  # NE
        [[1, 1, 2], [4, 4, 5], [7, 7, 8]],  # W
        [[1, 2, 3], [4, 5, 6], [7, 8, 9]],  # C
        [[2, 3, 3], [5, 6, 6], [8, 9, 9]],  # E
        [[4, 4, 5], [7, 7, 8], [7, 7, 8]],  # SW
        [[4, 5, 6], [7, 8, 9], [7, 8, 9]],  # S
        [[5, 6, 6], [8, 9, 9], [8, 9, 9]],  # SE
    ]


def test_windows_of_4x3() -> None:
    """Four lines of three pixels: rows and columns cannot be exchanged unseen."""
    image = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90], [100, 110, 120]], np.uint8)
    planes = windows(image)
    assert planes.shape == (9, 4, 3)
    assert planes[:, 0, 0].tolist() == [10, 10, 20, 10, 10, 20, 40, 40, 50]
    assert planes[:, 0, 2].tolist() == [20, 30, 30, 20, 30, 30, 50, 60, 60]
    assert planes[:, 1, 1].tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert planes[:, 2, 0].tolist() == [40, 40, 50, 70, 70, 80, 100, 100, 110]
    assert planes[:, 3, 0].tolist() == [70, 70, 80, 100, 100, 110, 100, 100, 110]
    assert planes[:, 3, 2].tolist() == [80, 90, 90, 110, 120, 120, 110, 120, 120]


@pytest.mark.parametrize("shape", IMAGES)
def test_windows_are_the_scalar_ones(shape: tuple[int, int]) -> None:
    image = random_image(np.random.default_rng(7), shape)
    planes, plain = windows(image), image.tolist()
    for y in range(shape[0]):
        for x in range(shape[1]):
            assert planes[:, y, x].tolist() == reference.window(plain, y, x)


# Mesh


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("mesh", MESHES, ids=lambda mesh: f"{mesh[0]}x{mesh[1]}")
def test_random_circuits(mesh: tuple[int, int], name: str) -> None:
    """Several circuits on each image size; the image is left as it was."""
    rng = np.random.default_rng([*mesh, SETS.index(name)])
    for shape in IMAGES:
        for _ in range(6):
            plain, image = random_object(rng, *mesh, name), random_image(rng, shape)
            before = image.tolist()
            output = filter_image(circuit_from(plain), image)
            assert output.dtype == np.uint8
            assert output.tolist() == reference.filter_image(plain, before), plain
            assert image.tolist() == before


def test_run_is_filter_image_after_the_window() -> None:
    rng = np.random.default_rng(3)
    circuit, image = circuit_from(random_object(rng, 5, 3, "upm19")), random_image(rng, (9, 11))
    planes = windows(image)
    before = planes.tolist()
    assert run(circuit, planes).tolist() == filter_image(circuit, image).tolist()
    assert planes.tolist() == before


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("mesh", MESHES, ids=lambda mesh: f"{mesh[0]}x{mesh[1]}")
def test_copy_filter_passes_the_centre(mesh: tuple[int, int], name: str) -> None:
    """All functions are W; cgp16 has no such function, and N does the same there."""
    circuit = copy_filter(Shape(*mesh, name))
    code = {"upm16": 11, "upm19": 1, "cgp16": 1}[name]
    assert circuit.functions.tolist() == [[code] * mesh[1]] * mesh[0]
    image = random_image(np.random.default_rng(1), (9, 11))
    assert filter_image(circuit, image).tolist() == image.tolist()
    assert (circuit.rows, circuit.cols, circuit.function_set) == (*mesh, name)
    assert set(circuit.north.tolist()) == set(circuit.west.tolist()) == {4}
    assert circuit.output == mesh[0] - 1


@pytest.mark.parametrize("selector", range(9))
def test_every_selector_value(selector: int) -> None:
    """Each border input of a 3x4 mesh, alone on its way to the output, shows the pixel it names."""
    image = random_image(np.random.default_rng(2), (9, 11))
    plain = image.tolist()
    expected = [[reference.window(plain, y, x)[selector] for x in range(11)] for y in range(9)]
    other = (selector + 1) % 9
    for column in range(4):
        # Down the column by N, then east along the last row by W.
        mesh = wires(3, 4) | {"north": [other] * 4, "west": [other] * 3}
        mesh["north"][column] = selector
        for row in range(3):
            mesh["functions"][row][column] = 10
        assert filter_image(circuit_from(mesh), image).tolist() == expected, f"column {column}"
    for row in range(3):
        mesh = wires(3, 4) | {"north": [other] * 4, "west": [other] * 3, "output": row}
        mesh["west"][row] = selector
        assert filter_image(circuit_from(mesh), image).tolist() == expected, f"row {row}"


@pytest.mark.parametrize("output", range(5))
def test_every_output_row(output: int) -> None:
    """Row r of the wires carries window pixel r + 2, so the image tells which row came out."""
    image = random_image(np.random.default_rng(4), (9, 11))
    mesh = wires(5, 3) | {"west": [2, 3, 4, 5, 6], "output": output}
    assert filter_image(circuit_from(mesh), image).tolist() == windows(image)[output + 2].tolist()


def test_north_comes_from_above_and_west_from_the_left() -> None:
    """Worked by hand: 2x2, upm16, on a 3x3 image, its centre pixel.

    (0,0) N - W = 9 - 1 = 8; (0,1) takes N = 2 and W = 8: 2W = 16;
    (1,0) takes N = 8 and W = 4: N >> 1 = 4; (1,1) takes N = 16 and W = 4: N - W = 12.
    """
    image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    mesh = wires(2, 2) | {"functions": [[14, 2], [8, 14]], "north": [8, 1], "west": [0, 3]}
    assert filter_image(circuit_from(mesh), image)[1, 1] == 12
    assert filter_image(circuit_from(mesh | {"output": 0}), image)[1, 1] == 16


# Genes


def test_genes_in_order() -> None:
    plain = wires(2, 3) | {
        "functions": [[1, 2, 3], [4, 5, 6]],
        "north": [7, 8, 0],
        "west": [2, 5],
        "output": 1,
    }
    circuit = circuit_from(plain)
    assert circuit.genes.dtype == np.uint8
    assert circuit.genes.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 0, 2, 5, 1]
    assert circuit.shape.limits.tolist() == [16] * 6 + [9] * 5 + [2]
    again = circuit_of(circuit.genes, circuit.shape)
    assert again.functions.tolist() == plain["functions"]
    assert (again.north.tolist(), again.west.tolist()) == ([7, 8, 0], [2, 5])
    assert (again.output, again.function_set) == (1, "upm16")


@pytest.mark.parametrize("length", [0, 11, 13])
def test_genes_of_the_wrong_length_are_refused(length: int) -> None:
    with pytest.raises(InputError):
        circuit_of(np.zeros(length, np.uint8), Shape(2, 3, "upm16"))


@pytest.mark.parametrize("gene", range(12))
def test_each_gene_has_its_limit(gene: int) -> None:
    shape = Shape(2, 3, "upm19")
    limit = ([19] * 6 + [9] * 5 + [2])[gene]
    assert shape.limits[gene] == limit
    genes = np.zeros(12, np.uint8)
    genes[gene] = limit - 1
    assert circuit_of(genes, shape).genes.tolist() == genes.tolist()
    genes[gene] = limit
    with pytest.raises(InputError):
        circuit_of(genes, shape)


def test_a_circuit_keeps_its_own_genes() -> None:
    """Neither the array that it was made from nor what it hands out can change a circuit."""
    genes = copy_filter(Shape(2, 2, "upm16")).genes
    before = genes.tolist()
    circuit = circuit_of(genes, Shape(2, 2, "upm16"))
    genes[:] = 0
    circuit.genes[:] = 0
    assert circuit.genes.tolist() == before
    for own in (circuit.functions, circuit.north, circuit.west):
        with pytest.raises(ValueError, match="read-only"):
            own[...] = 0
    with pytest.raises(FrozenInstanceError):
        circuit.output = 0  # type: ignore[misc]


def test_equality_is_that_of_shape_and_genes() -> None:
    """The same genes mean another circuit in another set or shape; provenance does not count."""
    genes = np.zeros(4 + 4 + 1, np.uint8)
    square, line = Shape(2, 2, "upm16"), Shape(1, 4, "upm16")
    circuit = circuit_of(genes, square)
    twin = circuit_of(genes, square, {"seed": 1})
    assert circuit == twin
    assert hash(circuit) == hash(twin)
    assert circuit != circuit_of(genes, Shape(2, 2, "upm19"))
    assert circuit != circuit_of(np.zeros(10, np.uint8), line)
    assert circuit != genes.tolist()
    genes[-1] = 1
    assert circuit != circuit_of(genes, square)


@pytest.mark.parametrize("name", SETS)
def test_random_circuit_is_uniform(name: str) -> None:
    """Each code of each kind of gene is as frequent as any other, within 5 deviations."""
    rng = np.random.default_rng(11)
    drawn = [random_circuit(Shape(6, 7, name), rng) for _ in range(300)]
    samples = {
        len(reference.FUNCTIONS[name]): [c.functions.ravel() for c in drawn],
        9: [np.concatenate([c.north, c.west]) for c in drawn],
        6: [np.array([c.output]) for c in drawn],
    }
    for codes, parts in samples.items():
        values = np.concatenate(parts)
        counts = np.bincount(values, minlength=codes)
        assert len(counts) == codes
        p = 1 / codes
        assert np.abs(counts - len(values) * p).max() < 5 * np.sqrt(len(values) * p * (1 - p))


def test_random_circuit_follows_its_generator() -> None:
    first, again, other = (
        random_circuit(Shape(4, 5, "upm19"), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.genes.tolist() == again.genes.tolist() != other.genes.tolist()


# SAE


def test_sae_by_hand() -> None:
    a = np.array([[0, 255, 10], [7, 7, 200]], np.uint8)
    b = np.array([[255, 0, 13], [7, 6, 100]], np.uint8)
    assert sae(a, b) == sae(b, a) == 255 + 255 + 3 + 0 + 1 + 100
    assert sae(a, a) == 0
    assert type(sae(a, b)) is int


def test_sae_is_the_scalar_one() -> None:
    rng = np.random.default_rng(5)
    a, b = random_image(rng, (17, 23)), random_image(rng, (17, 23))
    assert sae(a, b) == reference.sae(a.tolist(), b.tolist())


def test_sae_holds_the_largest_sum() -> None:
    """255 at each of 4112 x 4112 pixels is more than 32 bits hold."""
    black = np.zeros((4112, 4112), np.uint8)
    assert sae(~black, black) == sae(black, ~black) == 255 * 4112 * 4112 > 2**32
