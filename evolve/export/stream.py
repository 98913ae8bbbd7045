# SPDX-License-Identifier: Apache-2.0
"""An exported module behind the window generator, with AXI4-Stream ports, and its testbench."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from evoarray.evolution.filter.comparison import cascade
from evoarray.model.filter.circuit import Circuit
from evoarray.model.rtl import sources

TEMPLATES = Path(__file__).parent / "templates"

PARTS = ("evoarray_pixel_window.v", "evoarray_axis_register.v")
"""The files of the RTL that a stream needs besides the exported module."""

FRAMES, HEIGHT, WIDTH = 3, 7, 9
"""What the testbench sends."""


def parts() -> dict[str, str]:
    """Return the text of PARTS. Raises InputError where the sources of the RTL are missing."""
    found = {source.name: source for source in sources("filter")}
    return {part: found[part].read_text(encoding="utf-8") for part in PARTS}


def stream_files(circuit: Circuit, name: str, stages: int) -> Iterator[tuple[str, str]]:
    """Yield the files around a module of so many stages, names and texts, its testbench last."""
    around = {
        "LATENCY": str(stages),
        "CLOCK": "    .clk    (clk),\n    .ce     (ce),\n" if stages else "",
    }
    yield f"{name}_stream.v", _filled("stream.v", name, around)
    yield f"{name}_stream_tb.v", _testbench([circuit], name, [f"{name}.v"])


def cascade_files(circuits: Sequence[Circuit], name: str) -> Iterator[tuple[str, str]]:
    """Yield the files around the streams of several circuits, NAME_1_stream and on."""
    numbers = range(1, len(circuits) + 1)
    sources = [f"{name}_{n}{what}.v" for n in numbers for what in ("", "_stream")]
    filters = "\n".join(_filter(name, number) for number in numbers)
    around = {"COUNT": str(len(circuits)), "FILTERS": filters}
    yield f"{name}_stream.v", _filled("cascade.v", name, around)
    yield f"{name}_stream_tb.v", _testbench(circuits, name, sources)


def _filter(name: str, number: int) -> str:
    before = number - 1
    return f"""\
  {name}_{number}_stream #(.MAX_WIDTH(MAX_WIDTH), .MAX_HEIGHT(MAX_HEIGHT)) u_{number} (
    .clk           (clk),
    .rst           (rst),
    .frame_width   (frame_width),
    .frame_height  (frame_height),
    .s_axis_tdata  (item[{before}][7:0]),
    .s_axis_tvalid (valid[{before}]),
    .s_axis_tready (ready[{before}]),
    .s_axis_tuser  (item[{before}][9]),
    .s_axis_tlast  (item[{before}][8]),
    .m_axis_tdata  (item[{number}][7:0]),
    .m_axis_tvalid (valid[{number}]),
    .m_axis_tready (ready[{number}]),
    .m_axis_tuser  (item[{number}][9]),
    .m_axis_tlast  (item[{number}][8]),
    .marks_wrong   (wrong[{number}])
  );
"""


def _testbench(circuits: Sequence[Circuit], name: str, sources: Sequence[str]) -> str:
    names = " ".join([*sources, f"{name}_stream.v", *PARTS])
    return _filled("stream_tb.v", name, {"SOURCES": names, "VECTORS": _vectors(circuits)})


def _filled(template: str, name: str, words: dict[str, str]) -> str:
    """Return a template with a word in place of each placeholder that stands in it."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for placeholder, word in {**words, "NAME": name}.items():
        text = text.replace(placeholder, word)
    return text


def _vectors(circuits: Sequence[Circuit]) -> str:
    noisy = np.random.default_rng(1).integers(0, 256, (FRAMES, HEIGHT, WIDTH)).astype(np.uint8)
    filtered = np.stack([cascade(circuits, frame) for frame in noisy])
    pairs = zip(filtered.ravel().tolist(), noisy.ravel().tolist(), strict=True)
    return "\n".join(
        f"    vectors[{number}] = 16'h{after:02x}{before:02x};"
        for number, (after, before) in enumerate(pairs)
    )
