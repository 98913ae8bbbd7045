# SPDX-License-Identifier: Apache-2.0
"""The active path, and the drawing that shows it."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from evoarray.evolution.filter.drawing import draw_svg
from evoarray.model.filter.activity import active, operands, reads
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Circuit, Shape, copy_filter, random_circuit
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.window import WINDOW_PIXELS

SVG = "{http://www.w3.org/2000/svg}"
ADD, CONSTANT, NORTH, WEST = 0, 7, 10, 11  # codes of upm16


def upm16(functions: list[list[int]], output: int) -> Circuit:
    rows, cols = len(functions), len(functions[0])
    north = np.arange(cols, dtype=np.uint8)
    west = np.arange(rows, dtype=np.uint8)
    return Circuit("upm16", np.array(functions, np.uint8), north, west, output)


def groups(circuit: Circuit, kind: str) -> list[ET.Element]:
    """Return the groups of a drawing whose first class is this one, in document order."""
    root = ET.fromstring(draw_svg(circuit))
    return [g for g in root.iter(f"{SVG}g") if g.get("class", "").split()[:1] == [kind]]


def classes(element: ET.Element) -> set[str]:
    return set(element.get("class", "").split())


def texts(element: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in element.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", FUNCTION_SETS)
def test_reads_names_the_operands_of_the_formula(name: str) -> None:
    for function in FUNCTION_SETS[name].functions:
        formula = function.formula.replace("mod", "")
        assert reads(function) == ("N" in formula, "W" in formula), function.formula


def test_operands_follow_the_codes() -> None:
    north, west = operands(upm16([[ADD, CONSTANT], [NORTH, WEST]], 0))
    assert north.tolist() == [[True, False], [True, False]]
    assert west.tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize(
    ("functions", "output", "expected"),
    [
        ([[ADD]], 0, ["#"]),
        # Everything is added: all that lies north and west of the output acts.
        ([[ADD, ADD], [ADD, ADD], [ADD, ADD]], 1, ["##", "##", ".."]),
        # The output row copies its west input; the column above it does nothing.
        ([[ADD, ADD, ADD], [WEST, WEST, WEST]], 1, ["...", "###"]),
        # Up the east column, then west along the first row.
        ([[WEST, WEST, WEST], [ADD, ADD, NORTH], [ADD, ADD, NORTH]], 2, ["###", "..#", "..#"]),
        # A constant cuts off everything before it.
        ([[ADD, ADD, ADD], [ADD, CONSTANT, ADD]], 1, ["###", ".##"]),
        ([[ADD, ADD], [ADD, CONSTANT]], 1, ["..", ".#"]),
        # Two ways from one PE meet again.
        ([[ADD, WEST], [NORTH, ADD]], 1, ["##", "##"]),
    ],
)
def test_active_path_worked_by_hand(
    functions: list[list[int]], output: int, expected: list[str]
) -> None:
    mask = active(upm16(functions, output))
    assert ["".join(".#"[int(on)] for on in row) for row in mask] == expected


@pytest.mark.parametrize("name", FUNCTION_SETS)
def test_what_is_not_active_changes_nothing(name: str) -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (9, 9), dtype=np.uint8)
    idle = 0
    for _ in range(40):
        circuit = random_circuit(Shape(5, 4, name), rng)
        mask = active(circuit)
        codes = len(FUNCTION_SETS[name].functions)
        functions = np.where(mask, circuit.functions, rng.integers(0, codes, mask.shape))
        changed = Circuit(name, functions, circuit.north, circuit.west, circuit.output)
        assert np.array_equal(filter_image(changed, image), filter_image(circuit, image))
        idle += int((~mask).sum())
    assert idle > 0


@pytest.mark.parametrize(
    ("rows", "cols", "name"),
    [(1, 1, "upm16"), (1, 8, "upm19"), (5, 3, "cgp16"), (24, 24, "upm19")],
)
def test_the_drawing_has_a_cell_per_element_and_names_everything(
    rows: int, cols: int, name: str
) -> None:
    circuit = random_circuit(Shape(rows, cols, name), np.random.default_rng(rows * cols))
    cells = groups(circuit, "pe")
    assert len(cells) == rows * cols
    functions = FUNCTION_SETS[name].functions
    for index, cell in enumerate(cells):
        row, col = divmod(index, cols)
        code = int(circuit.functions[row, col])
        title = cell.findtext(f"{SVG}title") or ""
        assert title.startswith(f"row {row}, column {col}: {functions[code].formula} (code {code})")
        label = functions[code].name.replace("-", "\u2212").replace(">=", "\u2265")
        assert texts(cell)[0] == label
        assert ("on" in classes(cell)) == bool(active(circuit)[row, col])
        assert ("out" in classes(cell)) == ((row, col) == (circuit.output, cols - 1))
    inputs = [texts(group)[0] for group in groups(circuit, "input")]
    assert inputs == [WINDOW_PIXELS[i] for i in [*circuit.north, *circuit.west]]


def test_the_wires_show_the_path() -> None:
    # The west input of row 1 goes through two copies; nothing else acts.
    circuit = upm16([[ADD, CONSTANT], [WEST, WEST]], 1)
    wires = [[classes(p) for p in cell.iter(f"{SVG}path")] for cell in groups(circuit, "pe")]
    assert wires == [
        [{"wire"}, {"wire"}],
        [{"wire", "unread"}, {"wire", "unread"}],
        [{"wire", "unread"}, {"wire", "on"}],
        [{"wire", "unread"}, {"wire", "on"}],
    ]
    inputs = ["on" in classes(group) for group in groups(circuit, "input")]
    assert inputs == [False, False, False, True]


def test_everything_lies_inside_the_page() -> None:
    for shape in (Shape(1, 1, "upm16"), Shape(3, 9, "upm19"), Shape(64, 64, "cgp16")):
        root = ET.fromstring(draw_svg(copy_filter(shape)))
        page = [float(root.get(side, "")) for side in ("width", "height")]
        assert root.get("viewBox") == "0 0 " + " ".join(f"{side:g}" for side in page)
        mesh = next(g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}g") is not None)
        origin = _translation(mesh)
        for group in mesh.iter(f"{SVG}g"):
            if group is not mesh:
                place = np.add(origin, _translation(group))
                assert (place > 0).all()
                assert (place < np.subtract(page, (70, 60))).all()


def test_the_drawing_is_stable_and_knows_the_dark() -> None:
    circuit = random_circuit(Shape(4, 4, "upm16"), np.random.default_rng(1))
    assert draw_svg(circuit) == draw_svg(circuit)
    assert "@media (prefers-color-scheme:dark)" in draw_svg(circuit)
    assert "href" not in draw_svg(circuit)


def _translation(group: ET.Element) -> tuple[float, ...]:
    numbers = group.get("transform", "").removeprefix("translate(").removesuffix(")")
    return tuple(float(number) for number in numbers.split())
