# SPDX-License-Identifier: Apache-2.0
"""What `make synth` measures."""

from dataclasses import replace

from evoarray.evolution.synthesis.devices import DEVICES, ECP5_25, Design
from evoarray.model.neuro.program import Core
from evoarray.model.rtl import sources

TOP = "evoarray_evaluator"
"""The module that is the whole core."""

AXI_TOP = "evoarray_axi"
"""The same with AXI4-Stream and AXI4-Lite."""

CORE_SIDE = 8
CORE_FRAME = 128
CORE_SAE_BITS = 22
"""Enough for 255 times the pixels of CORE_FRAME x CORE_FRAME."""

SIDES = (4, 8, 12, 16, 20, 24)
PLACED_SIDES = (4, 8)
"""The arrays that are placed and routed as well; with larger ones that takes hours."""


def designs() -> list[Design]:
    """Return all that `make synth` measures."""
    arrays = [
        Design(
            f"array {side}x{side}",
            "evoarray_systolic_array",
            {"ROWS": side, "COLS": side, "TWO_STAGE": 1},
            DEVICES if side in PLACED_SIDES else (),
        )
        for side in SIDES
    ]
    core = {
        "ROWS": CORE_SIDE,
        "COLS": CORE_SIDE,
        "TWO_STAGE": 1,
        "MAX_WIDTH": CORE_FRAME,
        "MAX_HEIGHT": CORE_FRAME,
    }
    return [
        Design("element, plain", "evoarray_pe", {}, DEVICES),
        Design("element, two stages", "evoarray_pe_two_stage", {}, DEVICES),
        *arrays,
        Design(f"core {CORE_SIDE}x{CORE_SIDE}", TOP, {**core, "SAE_W": CORE_SAE_BITS}, DEVICES),
        Design(f"core {CORE_SIDE}x{CORE_SIDE}, AXI", AXI_TOP, core, DEVICES),
        *networks(),
    ]


def networks() -> list[Design]:
    """Return what is measured of the networks' RTL, each part with its default parameters."""
    rtl = tuple(sources("neuro"))
    core = Core()
    array = {"ROWS": core.rows, "COLS": core.cols}
    size = f"{core.rows}x{core.cols}"
    return [
        Design("networks: element", "evoarray_mac_pe", {}, DEVICES, rtl),
        Design(
            "networks: requant, multiplier", "evoarray_requant", {"MULTIPLIER": 1}, DEVICES, rtl
        ),
        Design("networks: requant, shift", "evoarray_requant", {"MULTIPLIER": 0}, DEVICES, rtl),
        Design("networks: conv3x3", "evoarray_conv3x3", {}, DEVICES, rtl),
        Design("networks: pool", "evoarray_pool", {}, DEVICES, rtl),
        # The devices have too few multipliers for all columns.
        Design(f"networks: array {size}", "evoarray_mac_array", array, (), rtl),
        Design(f"networks: core {size}", "evoarray_neuro_core", core.parameters, (), rtl),
        Design(f"networks: core {size}, AXI", "evoarray_neuro_axi", core.parameters, (), rtl),
        Design(
            f"networks: core {core.rows}x2, shift",
            "evoarray_neuro_core",
            replace(core, cols=2, multiplier=0).parameters,
            (ECP5_25,),
            rtl,
        ),
    ]
