# SPDX-License-Identifier: Apache-2.0
"""What is proved of the RTL, how far each proof reaches, and the mutants that it must not survive.

A proof is a harness in this folder. By induction it holds in every cycle; otherwise in the first
`steps` cycles from a reset, for all inputs that the harness allows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mutant:
    """A wrong file of rtl/: one text, which occurs in it once, stands there in place of another."""

    file: str
    text: str
    wrong: str


@dataclass(frozen=True)
class Proof:
    """A harness with its parameters, and the faults that it must find, each within its steps."""

    name: str
    claim: str
    harness: str
    mutants: tuple[Mutant, ...]
    steps: int
    induction: bool = False
    parameters: Mapping[str, int] = field(default_factory=dict)

    @property
    def bound(self) -> str:
        """How far the proof reaches, in words."""
        return "none (induction)" if self.induction else f"{self.steps} cycles"


_PE = "every function and code equals its row of the specification, for all operands"

_ROW = Mutant("systolic_array.v", "delay_line #(.DEPTH(r + 1))", "delay_line #(.DEPTH(1))")
_COLUMN = Mutant("systolic_array.v", "delay_line #(.DEPTH(c + 1))", "delay_line #(.DEPTH(1))")
_EARLY = Mutant("systolic_array.v", "if (load[r+c+1])", "if (load[r+1])")
_KEPT = Mutant("pixel_window.v", "(tail_due && !s_valid)", "1'b0")

PROOFS = (
    Proof(
        "pe-upm16",
        _PE,
        "pe_proof",
        (
            Mutant(
                "pe.v",
                "4'd9:    result <= {1'b0, west[7:1]}",
                "4'd9:    result <= {2'b0, west[7:2]}",
            ),
        ),
        steps=2,
        induction=True,
        parameters={"FUNCTION_SET": 0},
    ),
    Proof(
        "pe-upm19",
        _PE,
        "pe_proof",
        (Mutant("pe.v", "{8{north >= west}}", "{8{north > west}}"),),
        steps=2,
        induction=True,
        parameters={"FUNCTION_SET": 1},
    ),
    Proof(
        "pe-cgp16",
        _PE,
        "pe_proof",
        (Mutant("pe.v", "{north[3:0], west[3:0]}", "{west[3:0], north[3:0]}"),),
        steps=2,
        induction=True,
        parameters={"FUNCTION_SET": 2},
    ),
    Proof(
        "pe-two-stage",
        "behind pe_decoder it equals the same specification, and so pe",
        "pe_proof",
        (Mutant("pe_decoder.v", "{MINIMUM, N_NOT_W}", "{MAXIMUM, N_NOT_W}"),),
        steps=2,
        induction=True,
        parameters={"TWO_STAGE": 1},
    ),
    *(
        Proof(
            f"systolic-array-{rows}x{cols}{'-stalls' if stalls else ''}",
            "a pixel takes every path through the mesh in the same time, with its window's circuit"
            + (", whenever the array is stalled" if stalls else ""),
            "systolic_array_proof",
            (_ROW,) if cols == 1 else (_COLUMN,) if stalls else (_COLUMN, _EARLY),
            steps=2 * (rows + cols) + (3 if stalls else 6),  # without stalls, of two circuits
            parameters={"ROWS": rows, "COLS": cols, "STALLS": stalls},
        )
        for rows, cols, stalls in ((1, 2, 1), (2, 1, 1), (2, 2, 0), (2, 3, 0), (3, 3, 0))
    ),
    *(
        Proof(
            f"pixel-window-3x3-{pixels}-pixels" if pixels else "pixel-window-3x3-pause",
            "every window of frames of 3x3 pixels, its marks and order, "
            + (
                f"in a stream that ends after {pixels} pixels"
                if pixels
                else "in a stream that pauses once, at any time and for any time"
            ),
            "pixel_window_proof",
            (
                Mutant("pixel_window.v", "second_column_reg ? mid_reg : left_reg", "left_reg"),
                *((_KEPT,) if pixels else ()),
            ),
            steps=steps,
            parameters={"PIXELS": pixels},
        )
        for pixels, steps in ((0, 14), (18, 30))
    ),
    Proof(
        "pixel-window-5x4-40-pixels",
        "every window of frames of 5x4 pixels, in a stream that ends after two of them",
        "pixel_window_proof",
        (
            Mutant(
                "pixel_window.v",
                "in_second_row ? ahead_reg[7:0]",
                "in_first_row_reg ? ahead_reg[7:0]",
            ),
            _KEPT,
        ),
        steps=55,
        parameters={"WIDTH": 5, "HEIGHT": 4, "PIXELS": 40},
    ),
    Proof(
        "evaluator-order",
        "copied pixels and windows come out in their order, with the marks of their frames, none is"
        " lost or invented; offers and the sink pause once, at any time and for any time",
        "evaluator_order_proof",
        (
            Mutant("evaluator.v", "(noisy_idle && !s_noisy_valid)", "!s_noisy_valid"),
            Mutant(
                "evaluator.v", "= !array_valid || leaves;", "= !array_valid || s_reference_valid;"
            ),
        ),
        steps=17,
    ),
    Proof(
        "evaluator",
        "what waits stays, a pixel leaves with its reference, a frame brings one sum, a reset"
        " leaves nothing behind; from every state a frame of 3x3 gets out within 24 cycles in which"
        " all are ready",
        "evaluator_proof",
        (
            Mutant(
                "evaluator.v", "= !array_valid || leaves;", "= !array_valid || s_reference_valid;"
            ),
            Mutant("evaluator.v", "= !array_valid || leaves;", "= leaves;"),
            Mutant("sae.v", "m_valid <= valid_reg && last_reg;", "m_valid <= valid_reg;"),
        ),
        steps=32,
        induction=True,
    ),
)
