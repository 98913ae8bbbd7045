# SPDX-License-Identifier: Apache-2.0
"""What an export leaves in its folder."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evoarray.evolution.backends.trust import temporary_folder
from evoarray.evolution.export.drawing import draw_graph
from evoarray.evolution.export.names import check_name
from evoarray.evolution.export.proof import is_equal
from evoarray.evolution.export.software import c_source, python_source
from evoarray.evolution.export.stream import cascade_files, parts, stream_files
from evoarray.evolution.export.verilog import module, stages_of, testbench
from evoarray.evolution.simplify.graph import Value, nodes, simplify
from evoarray.evolution.synthesis.devices import DEVICES, Design
from evoarray.evolution.synthesis.measure import Result, measure
from evoarray.model.errors import InputError, MismatchError
from evoarray.model.files import make_folder, write_atomically
from evoarray.model.filter.circuit import Circuit, circuit_to_json
from evoarray.model.temporary import TemporaryFolder

SEEDS = 3
"""Of nextpnr, for each design."""

JOBS = 2
"""Programs at a time; nextpnr takes some 500 MB."""

LANGUAGES = ("verilog", "c", "python")

LICENSE = "SPDX-License-Identifier: Apache-2.0"
"""The first remark in whatever is written."""


@dataclass(frozen=True)
class Exported:
    """What was written: the latency of each filter by the name of its module, and all files.

    streams are the modules with streams around them, none unless asked for.
    """

    latencies: Mapping[str, int]
    streams: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def benches(self) -> list[str]:
        """The testbenches; a filter, too, may have a name that ends in _tb."""
        benches = {f"{module}_tb.v" for module in (*self.latencies, *self.streams)}
        return [file for file in self.files if file in benches]

    @property
    def rtl(self) -> list[str]:
        """The Verilog files that are to be synthesized."""
        return [file for file in self.files if file.endswith(".v") and file not in self.benches]


def export(
    circuits: Sequence[Circuit],
    folder: Path,
    name: str,
    language: str,
    pipeline: str,
    *,
    stream: bool = False,
    inputs: Sequence[Path] = (),
) -> Exported:
    """Write circuits into a folder; NAME.md there is kept for the page of facts.

    Several are a cascade, and are numbered from 1. inputs are files of the user's that stay as they
    are. Raises InputError for an illegal name or pipeline, or a folder that cannot be written.
    """
    check_name(name, language)
    several = len(circuits) > 1
    names = [f"{name}_{number}" for number, _ in enumerate(circuits, 1)] if several else [name]
    files: list[tuple[str, str]] = []
    latencies = {}
    for circuit, each in zip(circuits, names, strict=True):
        output = simplify(circuit)
        latencies[each] = stages_of(output, pipeline) if language == "verilog" else 0
        files += _files(circuit, output, each, language, latencies[each], stream)
    streams: tuple[str, ...] = ()
    if stream:
        streams = tuple(f"{each}_stream" for each in names)
        if several:
            files += cascade_files(circuits, name)
            streams += (f"{name}_stream",)
        files += parts().items()
    exported = Exported(latencies, streams, tuple(file for file, _ in files))
    if language == "verilog":
        files.append((f"{name}.core", _core_file(name, exported)))
        exported = replace(exported, files=(*exported.files, f"{name}.core"))
    _check_files(name, [*exported.files, f"{name}.md"])
    for path in inputs:
        _check_input(path, folder, {**dict(files), f"{name}.md": ""})
    make_folder(folder)
    for file, text in files:
        write_atomically(folder / file, text.encode())
    return exported


def _check_files(name: str, files: Sequence[str]) -> None:
    """Raise InputError if two files have one name, as some file systems compare them."""
    counts = Counter(file.casefold() for file in files)
    twice = [file for file in files if counts[file.casefold()] > 1]
    if twice:
        raise InputError(
            f"name is {name!r}, and {twice[0]} is also a part of the export: choose another --name"
        )


def _check_input(path: Path, folder: Path, texts: Mapping[str, str]) -> None:
    """Raise InputError if a file of the user's would get another content."""
    for file, text in texts.items():
        written = folder / file
        if written.exists() and written.samefile(path) and path.read_bytes() != text.encode():
            raise InputError(
                f"{path} would be overwritten by the export: choose another folder with -o, or "
                "another --name"
            )


def _files(
    circuit: Circuit, output: Value, name: str, language: str, stages: int, stream: bool
) -> Iterator[tuple[str, str]]:
    """Yield what is written for a circuit with its simplified output: names and texts."""
    remarks = [
        LICENSE,
        f"{name}: an image filter that evoarray evolved, {len(nodes(output))} operations from "
        f"{circuit.rows}x{circuit.cols} elements of {circuit.function_set}.",
        f"Genes: SHA-256 {hashlib.sha256(circuit.genes.tobytes()).hexdigest()}",
    ]
    yield f"{name}.json", circuit_to_json(circuit)
    root, rest = draw_graph(output, name).split("\n", 1)
    yield f"{name}.svg", f"{root}\n<!-- {LICENSE} -->\n{rest}"
    if language == "verilog":
        yield f"{name}.v", module(output, name, stages, remarks)
        if stream:
            yield from stream_files(circuit, name, stages)
        yield f"{name}_tb.v", testbench(circuit, name, stages, remarks[:1])
    elif language == "c":
        yield f"{name}.c", c_source(output, name, remarks)
    else:
        yield f"{name}.py", python_source(output, name, remarks)


def prove(circuit: Circuit, folder: Path, name: str, stages: int) -> None:
    """Prove that the module in a folder equals the array. Raises MismatchError if it does not."""
    verilog = (folder / f"{name}.v").read_text(encoding="utf-8")
    if not is_equal(circuit, name, stages, verilog):
        raise MismatchError(f"{folder / name}.v is not the circuit")


def synthesize(folder: Path, exported: Exported) -> list[Result]:
    """Measure area and clock of every filter in a folder, and of every module with streams.

    Raises InputError where yosys or nextpnr is missing, ProgramError where one fails.
    """
    with TemporaryFolder(temporary_folder()) as root:  # the programs write where they read
        files = tuple(Path(root, file) for file in exported.rtl)
        for file in files:
            file.write_bytes((folder / file.name).read_bytes())
        designs = [
            Design(module, module, {}, DEVICES, files, Path(root))
            for module in (*exported.latencies, *exported.streams)
        ]
        return measure(designs, SEEDS, JOBS)


def _core_file(name: str, exported: Exported) -> str:
    """Return the core file. Its default target is that of a part in a design, and runs alone."""
    benches = exported.benches
    targets = {_target(name, bench): ("tb", bench.removesuffix(".v")) for bench in benches}
    whole = f"is_toplevel? ({benches[-1].removesuffix('.v')})"
    described = "".join(
        f"""  {target}:
    flow: sim
    flow_options: {{tool: icarus, vvp_options: [-N]}}
    filesets: [rtl, "{bench}"]
    toplevel: "{toplevel}"
"""
        for target, (bench, toplevel) in (
            ("default", ("is_toplevel? (tb)", whole)),
            *targets.items(),
        )
    )
    return f"""CAPI=2:
# {LICENSE}
name: evoarray:filters:{name}:1.0.0
description: An image filter that evoarray evolved
license: Apache-2.0

filesets:
  rtl:
    files: [{", ".join(exported.rtl)}]
    file_type: verilogSource
  tb:
    files: [{", ".join(benches)}]
    file_type: verilogSource

targets:
{described}"""


def _target(name: str, bench: str) -> str:
    """Return what the simulation of a testbench is called: sim, sim-stream, sim-1 and so on."""
    return "sim" + bench.removeprefix(name).removesuffix("_tb.v").replace("_", "-")
