# SPDX-License-Identifier: Apache-2.0
"""What an export leaves in its folder."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from tempfile import TemporaryDirectory

from evolve.export.drawing import draw_graph
from evolve.export.proof import is_equal
from evolve.export.software import c_source, python_source
from evolve.export.stream import cascade_files, stream_files
from evolve.export.verilog import module, stages_of, testbench
from evolve.simplify.graph import Value, nodes, simplify
from evolve.synthesis.devices import DEVICES, Design
from evolve.synthesis.measure import Result, measure
from model.errors import InputError, MismatchError
from model.files import make_folder, write_atomically
from model.filter.circuit import Circuit, circuit_to_json

SEEDS = 3
"""Of nextpnr, for each design."""

JOBS = 2
"""Programs at a time; nextpnr takes some 500 MB."""

LANGUAGES = ("verilog", "c", "python")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYWORDS = frozenset(  # of C and Verilog
    """
    always assign auto automatic begin break buf bufif0 bufif1 case casex casez cell char cmos
    config const deassign default defparam design disable do double edge endcase endconfig
    endfunction endgenerate endmodule endprimitive endspecify endtable endtask enum event
    extern float force forever fork function generate genvar goto highz0 highz1 ifnone incdir
    include initial inline inout input instance int integer join large liblist library
    localparam long macromodule main medium module nand negedge nmos nor noshowcancelled
    notif0 notif1 output parameter pmos posedge primitive pull0 pull1 pulldown pullup
    pulsestyle_ondetect pulsestyle_onevent rcmos real realtime reg register release repeat
    restrict return rnmos rpmos rtran rtranif0 rtranif1 scalared short showcancelled signed
    sizeof small specify specparam static strong0 strong1 struct supply0 supply1 switch table
    task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg typedef union unsigned
    use uwire vectored void volatile wait wand weak0 weak1 wire wor xnor xor
    """.split()  # noqa: SIM905  (a list of strings would fill pages)
)


@dataclass(frozen=True)
class Exported:
    """What was written: the latency of each filter by the name of its module, and all files."""

    latencies: Mapping[str, int]
    files: tuple[str, ...]

    @property
    def rtl(self) -> list[str]:
        """The Verilog files that are to be synthesized."""
        return [file for file in self.files if file.endswith(".v") and not file.endswith("_tb.v")]


def export(
    circuits: Sequence[Circuit],
    folder: Path,
    name: str,
    language: str,
    pipeline: str,
    *,
    stream: bool = False,
) -> Exported:
    """Write circuits into a folder.

    Several are a cascade, and are numbered from 1. Raises InputError for an illegal name or
    pipeline, or a folder that cannot be written.
    """
    if not _NAME.fullmatch(name) or name in _KEYWORDS or iskeyword(name):
        raise InputError(
            f"name is {name!r}; legal are small letters, digits and _, a letter first, and no "
            "word that Verilog, C or Python uses itself"
        )
    several = len(circuits) > 1
    names = [f"{name}_{number}" for number, _ in enumerate(circuits, 1)] if several else [name]
    files: dict[str, str] = {}
    latencies = {}
    for circuit, each in zip(circuits, names, strict=True):
        output = simplify(circuit)
        latencies[each] = stages_of(output, pipeline) if language == "verilog" else 0
        files |= _files(circuit, output, each, language, latencies[each], stream)
    if several and stream:
        files |= cascade_files(circuits, name)
    if language == "verilog":
        files[f"{name}.core"] = _core_file(name, Exported(latencies, tuple(files)))
    make_folder(folder)
    for file, text in files.items():
        write_atomically(folder / file, text.encode())
    return Exported(latencies, tuple(files))


def _files(
    circuit: Circuit, output: Value, name: str, language: str, stages: int, stream: bool
) -> dict[str, str]:
    """Return what is written for a circuit with its simplified output: texts by their names."""
    remarks = [
        f"{name}: an image filter that evoarray evolved, {len(nodes(output))} operations from "
        f"{circuit.rows}x{circuit.cols} elements of {circuit.function_set}.",
        f"Genes: SHA-256 {hashlib.sha256(circuit.genes.tobytes()).hexdigest()}",
    ]
    files = {f"{name}.json": circuit_to_json(circuit), f"{name}.svg": draw_graph(output, name)}
    if language == "verilog":
        files[f"{name}.v"] = module(output, name, stages, remarks)
        if stream:
            files |= stream_files(circuit, name, stages)
        files[f"{name}_tb.v"] = testbench(circuit, name, stages)
    elif language == "c":
        files[f"{name}.c"] = c_source(output, name, remarks)
    else:
        files[f"{name}.py"] = python_source(output, name, remarks)
    return files


def prove(circuit: Circuit, folder: Path, name: str, stages: int) -> None:
    """Prove that the module in a folder equals the array. Raises MismatchError if it does not."""
    verilog = (folder / f"{name}.v").read_text(encoding="utf-8")
    if not is_equal(circuit, name, stages, verilog):
        raise MismatchError(f"{folder / name}.v is not the circuit")


def synthesize(folder: Path, exported: Exported) -> list[Result]:
    """Measure area and clock of every filter in a folder, and of every module with streams.

    Raises InputError where yosys or nextpnr is missing, ProgramError where one fails.
    """
    with TemporaryDirectory() as root:  # the programs write where they read
        files = tuple(Path(root, file) for file in exported.rtl)
        for file in files:
            file.write_bytes((folder / file.name).read_bytes())
        streams = [file.stem for file in files if file.stem.endswith("_stream")]
        designs = [
            Design(module, module, {}, DEVICES, files, Path(root))
            for module in (*exported.latencies, *streams)
        ]
        return measure(designs, SEEDS, JOBS)


def _core_file(name: str, exported: Exported) -> str:
    benches = [file for file in exported.files if file.endswith("_tb.v")]
    simulations = "".join(
        f"""  {_target(name, bench)}:
    default_tool: icarus
    filesets: [rtl, tb]
    toplevel: {bench.removesuffix(".v")}
"""
        for bench in benches
    )
    return f"""CAPI=2:
name: evoarray:filters:{name}:1.0.0
description: An image filter that evoarray evolved

filesets:
  rtl:
    files: [{", ".join(exported.rtl)}]
    file_type: verilogSource
  tb:
    files: [{", ".join(benches)}]
    file_type: verilogSource

targets:
  default:
    filesets: [rtl]
{simulations}"""


def _target(name: str, bench: str) -> str:
    """Return what the simulation of a testbench is called: sim, sim-stream, sim-1 and so on."""
    return "sim" + bench.removeprefix(name).removesuffix("_tb.v").replace("_", "-")
