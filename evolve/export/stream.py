# SPDX-License-Identifier: Apache-2.0
"""An exported module behind the window generator, with AXI4-Stream ports, and its testbench."""

from pathlib import Path

import numpy as np

from model.array import filter_image
from model.circuit import Circuit
from model.rtl import sources

TEMPLATES = Path(__file__).parent / "templates"

PARTS = ("pixel_window.v", "axis_register.v")
"""The files of the RTL that a stream needs besides the exported module."""

FRAMES, HEIGHT, WIDTH = 3, 7, 9
"""What the testbench sends."""


def stream_files(circuit: Circuit, name: str, stages: int) -> dict[str, str]:
    """Return the files around a module of so many stages: their text by name, testbench last.

    Raises InputError where the sources of the RTL are missing.
    """
    found = {source.name: source for source in sources()}
    words = {
        "NAME": name,
        "LATENCY": str(stages),
        "CLOCK": "    .clk    (clk),\n    .ce     (ce),\n" if stages else "",
        "VECTORS": _vectors(circuit),
    }
    return {
        f"{name}_stream.v": _filled("stream.v", words),
        **{part: found[part].read_text(encoding="utf-8") for part in PARTS},
        f"{name}_stream_tb.v": _filled("stream_tb.v", words),
    }


def _filled(template: str, words: dict[str, str]) -> str:
    """Return a template with a word in place of each placeholder that stands in it."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for placeholder, word in words.items():
        text = text.replace(placeholder, word)
    return text


def _vectors(circuit: Circuit) -> str:
    noisy = np.random.default_rng(1).integers(0, 256, (FRAMES, HEIGHT, WIDTH)).astype(np.uint8)
    filtered = np.stack([filter_image(circuit, frame) for frame in noisy])
    pairs = zip(filtered.ravel().tolist(), noisy.ravel().tolist(), strict=True)
    return "\n".join(
        f"    vectors[{number}] = 16'h{after:02x}{before:02x};"
        for number, (after, before) in enumerate(pairs)
    )
