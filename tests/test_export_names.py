# SPDX-License-Identifier: Apache-2.0
"""Names of exports: what is accepted compiles and computes in its language, whatever it is."""

import ctypes
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.export import product, verilog
from evoarray.evolution.export.names import check_name
from evoarray.evolution.export.product import LANGUAGES, LICENSE, export
from evoarray.evolution.export.proof import is_equal
from evoarray.evolution.export.stream import PARTS
from evoarray.evolution.simplify.graph import nodes, simplify
from evoarray.model.errors import InputError
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Circuit, read_circuit, write_circuit
from tests.conftest import Evoarray
from tests.test_export import compiled, simulated, some_circuit, verilator_lint

CIRCUIT = some_circuit("upm19", 8, 4, 3)
OPERATION = nodes(simplify(CIRCUIT))[0].operation
IMAGE = np.random.default_rng(2).integers(0, 256, (4, 5)).astype(np.uint8)

# What each tool or language takes for itself, and what the templates of an export call something.
WORDS = {
    "always end begin if case function wire reg initial": "Verilog",
    "bit byte logic final priority unique checker string this local": "SystemVerilog",
    "wone wreal": "Icarus Verilog",
    "randomize": "Verilator",
    "main char inline auto": "C",
    "template operator nullptr bool true namespace": "C++",
    "lambda def None pass yield": "Python",
    "con aux com1": "Windows",
}
LIBRARIES = {
    "c": "stdin stdout errno printf abs round log floor uint8_t read sync gamma linux",
    "python": "max min len range abs filter sum print random types json",
}


SUFFIXES = {".v", ".c", ".py"}
REMARKS = re.compile(r"""//.*|#.*|\"{3}[^"]*\"{3}|"[^"]*"|`\w+|'[bdh]\w+""")


def is_legal(name: str, language: str) -> bool:
    try:
        check_name(name, language)
    except InputError:
        return False
    return True


def exported(folder: Path, language: str) -> list[str]:
    """Export under every legal name that an export has for anything inside; return these names."""
    export([CIRCUIT], folder, "probe", language, "2", stream=language == "verilog")
    texts = [path.read_text() for path in folder.glob("probe*") if path.suffix in SUFFIXES]
    words = set(re.findall(r"\b[a-z][a-z0-9_]*\b", REMARKS.sub("", "\n".join(texts))))
    words -= {Path(part).stem for part in PARTS}
    names = sorted(w for w in words if "probe" not in w and is_legal(w, language))
    for name in names:
        export([CIRCUIT], folder, name, language, "2", stream=language == "verilog")
    return names


@pytest.fixture
def quick_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of files need not outlive a power failure."""
    monkeypatch.setattr(product, "write_atomically", Path.write_bytes)


@pytest.mark.parametrize(("words", "user"), WORDS.items())
def test_words_of_languages_are_refused_in_all(words: str, user: str) -> None:
    for word in words.split():
        for language in LANGUAGES:
            said = f"a word that {re.escape(user)} uses" if word.islower() else "small letter"
            with pytest.raises(InputError, match=f"name is '{word}'.*{said}"):
                check_name(word, language)


@pytest.mark.parametrize(("language", "words"), LIBRARIES.items())
def test_words_of_libraries_are_refused_in_their_language(language: str, words: str) -> None:
    for word in words.split():
        with pytest.raises(InputError, match=f"name is '{word}', a word that the library of "):
            check_name(word, language)
        check_name(word, "verilog")


def test_all_that_headers_of_c_declare_is_refused(tmp_path: Path) -> None:
    """What they declare is asked of the compiler: it refuses another declaration."""
    headers = (
        "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
        "stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath "
        "threads time uchar wchar wctype"
    )
    include = "".join(f"#include <{header}.h>\n" for header in headers.split())
    (tmp_path / "all.c").write_text(include)
    said = [gcc(tmp_path / "all.c", "-E", *how).stdout for how in ((), ("-dM",))]
    words = set(re.findall(r"\b[a-z][a-z0-9_]*\b", " ".join(said)))
    legal = sorted(word for word in words if is_legal(word, "c"))
    names = "".join(f"uint8_t {name}(const uint8_t window[9]);\n" for name in legal)
    (tmp_path / "all.c").write_text(include + names)
    assert gcc(tmp_path / "all.c", "-fsyntax-only", "-Werror").stderr == ""
    assert len(words) - len(legal) > 600


def gcc(source: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["gcc", "-std=c11", *options, str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("quick_files")
def test_legal_names_compute_in_c(tmp_path: Path) -> None:
    names = exported(tmp_path, "c")
    assert {"filtered", "noisy", "window", "width", "height", "x", "y", "column"} <= set(names)
    (tmp_path / "all.c").write_text("".join((tmp_path / f"{n}.c").read_text() for n in names))
    library = compiled(tmp_path / "all.c")
    expected = filter_image(CIRCUIT, IMAGE)
    pointer = ctypes.POINTER(ctypes.c_uint8)
    for name in names:
        filtered = np.zeros_like(IMAGE)
        library[f"{name}_image"](
            IMAGE.ctypes.data_as(pointer), filtered.ctypes.data_as(pointer), 5, 4
        )
        assert np.array_equal(filtered, expected), name
    compiler = ["g++", "-x", "c++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*compiler, tmp_path / "all.c"], check=True)


@pytest.mark.usefixtures("quick_files")
def test_legal_names_compute_in_python(tmp_path: Path) -> None:
    names = exported(tmp_path, "python")
    assert {"rows", "pixel", "width", "height", "x", "y", "window"} <= set(names)
    expected = filter_image(CIRCUIT, IMAGE).tolist()
    for name in names:
        scope: dict[str, Any] = {}
        exec((tmp_path / f"{name}.py").read_text(), scope)
        assert scope[f"{name}_image"](IMAGE.tolist()) == expected, name
        assert scope[name].__name__ == name


@pytest.mark.usefixtures("quick_files")
def test_legal_names_elaborate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them in one design; a simulation would say no more, and takes longer."""
    monkeypatch.setattr(verilog, "VECTORS", 20)
    names = exported(tmp_path, "verilog")
    assert {"window", "pixel", "clk", "ce", "dut", "noisy_valid", "valid", "v1"} <= set(names)
    modules = [f"{name}{what}" for name in names for what in ("", "_stream")]
    sources = [*(f"{each}.v" for each in modules), *PARTS]
    benches = [f"{each}_tb.v" for each in modules]
    command = ["iverilog", "-g2005", "-Wall", "-o", "design", *sources, *benches]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    top = "".join(f"  {name}_stream u_{n} ();\n" for n, name in enumerate(names))
    (tmp_path / "Top.v").write_text(f"module Top;\n{top}endmodule\n")
    said = verilator_lint(tmp_path, "-Wno-PINMISSING", "-Wno-DECLFILENAME", "Top.v", *sources)
    assert said == ""


def test_a_name_of_a_port_and_a_function_passes(tmp_path: Path) -> None:
    for name in ("window", OPERATION):
        export([CIRCUIT], tmp_path, name, "verilog", "1", stream=True)
        assert simulated(tmp_path, f"{name}.v", f"{name}_tb.v") == "PASS: 1000 windows"
        sources = [f"{name}.v", f"{name}_stream.v", *PARTS, f"{name}_stream_tb.v"]
        assert simulated(tmp_path, *sources) == "PASS: 189 pixels"


def test_an_export_that_is_called_as_a_part_of_its_proof_is_proved() -> None:
    circuit = some_circuit("upm16", 11, 3, 3)
    assert is_equal(
        circuit, "harness", 1, verilog.module(simplify(circuit), "harness", 1, ["right"])
    )


# --- files


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_stream_is_not_overwritten(tmp_path: Path, part: str) -> None:
    name = Path(part).stem
    with pytest.raises(InputError, match=f"name is '{name}', and {part} is also a part"):
        export([CIRCUIT], tmp_path / "out", name, "verilog", "full", stream=True)
    assert not (tmp_path / "out").exists()
    export([CIRCUIT], tmp_path / "out", name, "verilog", "full")


@pytest.mark.parametrize("name", ["f_tb", "f_stream", "f_stream_tb"])
def test_a_name_that_ends_like_a_file_of_an_export(tmp_path: Path, name: str) -> None:
    found = export([CIRCUIT], tmp_path, name, "verilog", "full", stream=True)
    assert found.rtl == [f"{name}.v", f"{name}_stream.v", *PARTS]
    assert found.benches == [f"{name}_stream_tb.v", f"{name}_tb.v"]
    assert found.streams == (f"{name}_stream",)
    assert simulated(tmp_path, *found.rtl, found.benches[0]) == "PASS: 189 pixels"


def test_what_is_exported_is_not_overwritten(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuits = [some_circuit("upm16", seed, 4, 4) for seed in (3, 4)]
    for number, circuit in enumerate(circuits, 1):
        write_circuit(images / f"f_{number}.json", circuit)
    ended = evoarray("export", "f_1.json", "--after", "f_2.json", "-o", ".", "--name", "f")
    assert ended.status == 2
    assert "f_2.json would be overwritten by the export" in ended.err
    for number, circuit in enumerate(circuits, 1):
        assert same(read_circuit(images / f"f_{number}.json"), circuit)
    (images / "clean.png").rename(images / "f.md")
    before = (images / "f.md").read_bytes()
    pair = ("--test-pair", "noisy.png", "f.md")
    ended = evoarray("export", "f_1.json", "-o", ".", "--name", "f", *pair)
    assert ended.status == 2
    assert "f.md would be overwritten by the export" in ended.err
    assert (images / "f.md").read_bytes() == before
    # In the order that it is in already, nothing changes.
    ended = evoarray("export", "f_2.json", "--after", "f_1.json", "-o", ".", "--name", "f")
    assert ended.status == 0, ended.err


def same(one: Circuit, other: Circuit) -> bool:
    return np.array_equal(one.genes, other.genes)


def test_every_file_says_its_license(evoarray: Evoarray, tmp_path: Path) -> None:
    write_circuit(tmp_path / "one.json", CIRCUIT)
    write_circuit(tmp_path / "two.json", some_circuit("upm16", 3))
    count = 0
    for language in LANGUAGES:
        more = ("--after", "two.json", "--stream") if language == "verilog" else ()
        folder = tmp_path / language
        ended = evoarray("export", "one.json", "-o", folder, "--language", language, *more)
        assert ended.status == 0, ended.err
        for path in folder.iterdir():
            if path.suffix != ".json":  # JSON has no comments
                first = path.read_text().split("\n")[:2]
                assert any(LICENSE in line for line in first), path
                count += 1
    assert count == 22


# --- FuseSoC


@pytest.mark.parametrize("name", ["f", "f_tb"])
def test_fusesoc_tells_a_failure(tmp_path: Path, name: str) -> None:
    pytest.importorskip("fusesoc")
    export([CIRCUIT], tmp_path / "cores", name, "verilog", "1")
    core = f"evoarray:filters:{name}"
    command = [sys.executable, "-m", "fusesoc.main", "--cores-root", "cores", "run", core]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "PASS: 1000 windows" in ended.stdout
    wrong = verilog.module(simplify(some_circuit("upm16", 4)), name, 1, ["wrong"])
    (tmp_path / "cores" / f"{name}.v").write_text(wrong)
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "FAIL: " in ended.stdout


def test_fusesoc_runs_the_default_target(tmp_path: Path) -> None:
    """And takes the module alone, without its testbench, as a part of another design."""
    pytest.importorskip("fusesoc")
    # In YAML the word alone is no text.
    export([CIRCUIT], tmp_path / "cores", "on", "verilog", "full")
    (tmp_path / "cores" / "around.core").write_text(
        """CAPI=2:
name: some:design:around:1
filesets:
  rtl: {files: [around.v], file_type: verilogSource, depend: ["evoarray:filters:on"]}
targets:
  default: {flow: sim, flow_options: {tool: icarus}, filesets: [rtl], toplevel: around}
"""
    )
    (tmp_path / "cores" / "around.v").write_text(
        """module around;
  on part ();
  initial $display("the design runs");
endmodule
"""
    )
    for core, says in (
        ("evoarray:filters:on", "PASS: 1000 windows"),
        ("some:design:around", "runs"),
    ):
        command = [sys.executable, "-m", "fusesoc.main", "--cores-root", "cores", "run", core]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        assert says in ended.stdout
    files = [path.name for path in (tmp_path / "build").glob("some*/*/src/*/*.v")]
    assert sorted(files) == ["around.v", "on.v"]
