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
    harness: str  # a module of formal/, or one of rtl/ that states its rules itself
    mutants: tuple[Mutant, ...]
    steps: int
    induction: bool = False
    parameters: Mapping[str, int] = field(default_factory=dict)
    cut: str = ""  # a module of rtl/ whose outputs may be anything: what is proved is around it

    @property
    def bound(self) -> str:
        """How far the proof reaches, in words."""
        return "none (induction)" if self.induction else f"{self.steps} cycles"


_PE = "every function and code equals its row of the specification, for all operands"

_ROW = Mutant("evoarray_systolic_array.v", "= entering_west[r*8 +: 8]", "= selected_west[r*8 +: 8]")
_COLUMN = Mutant(
    "evoarray_systolic_array.v", "= entering_north[c*8 +: 8]", "= selected_north[c*8 +: 8]"
)
_EARLY = Mutant("evoarray_systolic_array.v", "if (load[r+c+1])", "if (load[r+1])")
_KEPT = Mutant("evoarray_pixel_window.v", "(tail_due && !s_valid)", "1'b0")

_REQUANT = (
    Mutant("evoarray_requant.v", "half_reg && (lost_reg || quotient_reg[0])", "half_reg"),
    Mutant("evoarray_requant.v", "<= coarse_lost_reg || |(coarse_reg", "<= |(coarse_reg"),
    Mutant("evoarray_requant.v", "quotient_reg == LOWEST - 8'sd1", "1'b0"),
    Mutant("evoarray_requant.v", "zero_reg[2])", "zero_reg[1])"),
)
_POOL = (
    Mutant("evoarray_pool.v", "total_reg[1] && (total_reg[0] || total_reg[2])", "total_reg[1]"),
    Mutant("evoarray_pool.v", "23'd3641", "23'd3640"),
    Mutant("evoarray_pool.v", "{5{!average, 7'd0}}", "40'd0"),
    Mutant("evoarray_pool.v", "9 * 128 + 4", "9 * 128 + 3"),
)
_WINDOWS = (
    Mutant("evoarray_conv3x3.v", "zeros ? rows >= next_row", "zeros ? rows > next_row"),
    Mutant("evoarray_conv3x3.v", "window_valid ? window_last : starting_reg", "starting_reg"),
    Mutant("evoarray_conv3x3.v", "border_reg       <= in_border_reg", "border_reg       <= border"),
)

_LOAD = Mutant("evoarray_mac_array.v", "#(.DEPTH(r), .WIDTH(1))", "#(.DEPTH(0), .WIDTH(1))")
_WEIGHT = Mutant(
    "evoarray_mac_array.v", "evoarray_delay_line #(.DEPTH(c))", "evoarray_delay_line #(.DEPTH(0))"
)
_SUM = Mutant("evoarray_mac_array.v", ".DEPTH(COLS - 1 - c)", ".DEPTH(COLS - 1)")

PROOFS = (
    Proof(
        "pe-upm16",
        _PE,
        "pe_proof",
        (Mutant("evoarray_pe.v", "result <= {1'b0, west[7:1]}", "result <= {2'b0, west[7:2]}"),),
        steps=2,
        induction=True,
        parameters={"FUNCTION_SET": 0},
    ),
    Proof(
        "pe-upm19",
        _PE,
        "pe_proof",
        (Mutant("evoarray_pe.v", "{8{north >= west}}", "{8{north > west}}"),),
        steps=2,
        induction=True,
        parameters={"FUNCTION_SET": 1},
    ),
    Proof(
        "pe-cgp16",
        _PE,
        "pe_proof",
        (Mutant("evoarray_pe.v", "{north[3:0], west[3:0]}", "{west[3:0], north[3:0]}"),),
        steps=2,
        induction=True,
        parameters={"FUNCTION_SET": 2},
    ),
    Proof(
        "pe-two-stage",
        "behind evoarray_pe_decoder it equals the same specification, and so evoarray_pe",
        "pe_proof",
        (Mutant("evoarray_pe_decoder.v", "{MINIMUM, N_NOT_W}", "{MAXIMUM, N_NOT_W}"),),
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
                Mutant(
                    "evoarray_pixel_window.v", "second_column_reg ? mid_reg : left_reg", "left_reg"
                ),
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
                "evoarray_pixel_window.v",
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
            Mutant("evoarray_evaluator.v", "(noisy_idle && !s_noisy_valid)", "!s_noisy_valid"),
            Mutant(
                "evoarray_evaluator.v",
                "= !array_valid || leaves;",
                "= !array_valid || s_reference_valid;",
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
                "evoarray_evaluator.v",
                "= !array_valid || leaves;",
                "= !array_valid || s_reference_valid;",
            ),
            Mutant("evoarray_evaluator.v", "= !array_valid || leaves;", "= leaves;"),
            Mutant("evoarray_sae.v", "m_valid <= valid_reg && last_reg;", "m_valid <= valid_reg;"),
        ),
        steps=32,
        induction=True,
    ),
    Proof(
        "evaluator-commit",
        "a commit gets through within 24 cycles in which all are ready, whenever it comes",
        "evaluator_proof",
        (
            Mutant(
                "evoarray_evaluator.v",
                "pending_reg && frame_accept",
                "pending_reg && window_accept",
            ),
            Mutant(
                "evoarray_evaluator.v", "if (ce && array_load)", "if (array_load && frame_accept)"
            ),
            Mutant(
                "evoarray_pixel_window.v",
                "load_reg && slides_reg && top_reg",
                "load_reg && owed_reg",
            ),
        ),
        steps=32,
        parameters={"COMMITS": 1},
    ),
    Proof(
        "sae",
        "a frame brings the sum of its absolute errors, once and two cycles after its last pair;"
        " m_over compares what was added so far with the limit",
        "evoarray_sae",
        (
            Mutant("evoarray_sae.v", "s_reference - s_pixel", "s_pixel - s_reference"),
            Mutant("evoarray_sae.v", "last_reg ? {SAE_W{1'b0}} : sum_next", "sum_next"),
            Mutant("evoarray_sae.v", "sum_reg > limit", "sum_reg >= limit"),
        ),
        steps=5,
        induction=True,
    ),
    Proof(
        "axis-register",
        "items come out in their order, none is lost or invented, what waits stays; as long as the"
        " sink takes, there is a place; a reset leaves it empty",
        "evoarray_axis_register",
        (
            Mutant("evoarray_axis_register.v", "spare_valid_reg || s_valid", "s_valid"),
            Mutant("evoarray_axis_register.v", "if (s_ready)", "if (s_valid)"),
            Mutant("evoarray_axis_register.v", "= !spare_valid_reg;", "= !valid_reg;"),
            Mutant("evoarray_axis_register.v", "m_ready || !valid_reg", "1'b1"),
        ),
        steps=3,
        induction=True,
    ),
    Proof(
        "axis-fifo",
        "items come out in their order, none is lost or invented, what waits stays; it has the"
        " places that it says; a reset leaves it empty",
        "evoarray_axis_fifo",
        (
            Mutant("evoarray_axis_fifo.v", "= !level[DEPTH_W];", "= 1'b1;"),
            Mutant("evoarray_axis_fifo.v", "= m_ready || !valid_reg;", "= 1'b1;"),
            Mutant("evoarray_axis_fifo.v", "        if (filled)\n", ""),
            Mutant("evoarray_axis_fifo.v", "    if (accept)\n      memory", "    memory"),
        ),
        steps=4,
        induction=True,
        parameters={"DATA_W": 2, "DEPTH_W": 2},
    ),
    Proof(
        "frame-sync",
        "every frame of 3x3 with right marks goes in whole and in its place, from every state and"
        " whatever came before it; what is taken goes in or is dropped and counted; no wrong mark"
        " is kept secret; a tuser waits for the rest of the frame before it, 9 cycles at most",
        "evoarray_frame_sync",
        (
            Mutant("evoarray_frame_sync.v", "filling || (sync", "(sync"),
            Mutant("evoarray_frame_sync.v", "&& (bad_reg || m_first);", "&& bad_reg;"),
            Mutant("evoarray_frame_sync.v", "!s_user && (bad_reg", "(bad_reg"),
            Mutant("evoarray_frame_sync.v", "&& !dropped && !early)", "&& !dropped)"),
            Mutant("evoarray_frame_sync.v", "    else if (m_ready)\n", "    else\n"),
            Mutant("evoarray_frame_sync.v", "= sync && s_user && !m_first;", "= 1'b0;"),
        ),
        steps=4,
        induction=True,
    ),
    Proof(
        "axil-slave",
        "all five channels: what is offered stays and waits for no ready, addresses and data come"
        " in any order, each access is done once and as it came and has one response, in the"
        " second cycle at the latest; a reset leaves nothing behind",
        "evoarray_axil_slave",
        (
            Mutant("evoarray_axil_slave.v", "w_valid_reg && !b_valid_reg", "w_valid_reg"),
            Mutant("evoarray_axil_slave.v", "= b_valid_reg;", "= b_valid_reg && s_axil_bready;"),
            Mutant("evoarray_axil_slave.v", "= !w_valid_reg;", "= aw_valid_reg && !w_valid_reg;"),
            Mutant("evoarray_axil_slave.v", "= write_now && whole_reg", "= write_now"),
            Mutant("evoarray_axil_slave.v", "if (read_now) begin", "if (ar_valid_reg) begin"),
        ),
        steps=4,
        induction=True,
    ),
    *(
        Proof(
            f"config-shadow{'-two-stage' if two_stage else ''}",
            "a gene is on its lane two cycles after its write, and stays until it is written again",
            "config_shadow_proof",
            (
                Mutant("evoarray_config_shadow.v", "= WEST + i;", "= NORTH + i;"),
                Mutant(
                    "evoarray_config_shadow.v",
                    "== OUTPUT[ADDRESS_W-1:0]",
                    ">= OUTPUT[ADDRESS_W-1:0]",
                ),
            ),
            steps=4,
            induction=True,
            parameters={"TWO_STAGE": two_stage},
        )
        for two_stage in (0, 1)
    ),
    Proof(
        "axi-registers",
        "all registers as docs/registers.md describes them: what is refused and changes nothing,"
        " what reads show, that no event is lost, when irq is high, that no gene and no commit is"
        " lost",
        "axi_registers_proof",
        (
            Mutant("evoarray_axi_registers.v", "= write && !write_refused", "= write"),
            Mutant("evoarray_axi_registers.v", "!cfg_ready || reset_reg ||", "!cfg_ready ||"),
            Mutant("evoarray_axi_registers.v", "(write_data >= ARRAYS)", "(write_data > ARRAYS)"),
            Mutant("evoarray_axi_registers.v", "if (sae_valid)", "if (sae_valid && !status_write)"),
            Mutant(
                "evoarray_axi_registers.v",
                "fitness_ready_reg && interrupt_reg",
                "fitness_ready_reg",
            ),
            Mutant("evoarray_axi_registers.v", "given_up_reg || &sae_over", "given_up_reg"),
            Mutant("evoarray_axi_registers.v", "if (noisy_dropped)", "if (noisy_marks_wrong)"),
            Mutant(
                "evoarray_axi_registers.v", "limit_reg[array_reg*32 +: 32] <=", "limit_reg[31:0] <="
            ),
        ),
        steps=4,
        induction=True,
    ),
    Proof(
        "evoarray-axi",
        "whatever host and streams do, what is offered stays; a reset leaves nothing behind; while"
        " the host holds the data path in reset, what arrives is taken; from every other state a"
        " frame of 3x3 begins to leave within 20 cycles in which all streams are ready; after a"
        " reset in any cycle the next pixel begins a frame, and FITNESS counts for it; a frame that"
        " is given up has no fitness, every other measured one has",
        "evoarray_axi_proof",
        (
            Mutant(
                "evoarray_axi.v",
                """    .rst     (rst),
    .s_valid (filtered_valid && !given_up_reg),""",
                """    .rst     (data_rst),
    .s_valid (filtered_valid && !given_up_reg),""",
            ),
            Mutant(
                "evoarray_axi.v",
                """      evoarray_axis_register #(.DATA_W(10)) u_reference (
        .clk     (clk),
        .rst     (data_rst),""",
                """      evoarray_axis_register #(.DATA_W(10)) u_reference (
        .clk     (clk),
        .rst     (rst),""",
            ),
            Mutant(
                "evoarray_axi.v",
                "if (data_rst)\n      first_reg <= 1'b1;",
                "if (rst)\n      first_reg <= 1'b1;",
            ),
            Mutant(
                "evoarray_axi.v",
                "if (data_rst)\n      given_up_reg <= 1'b0;",
                "if (rst)\n      given_up_reg <= 1'b0;",
            ),
            Mutant("evoarray_axi.v", "&& !first_reg && !given_up_reg", "&& !given_up_reg"),
            Mutant("evoarray_axi.v", "ending_reg   <= given_up_reg;", "ending_reg   <= 1'b0;"),
            Mutant("evoarray_evaluator.v", "= !array_valid || leaves;", "= leaves;"),
        ),
        steps=22,
        induction=True,
    ),
    Proof(
        "evoarray-axi-marks",
        "as many pixels leave as came, each with the marks of its place, measured or not; offers"
        " and the sink pause once, at any time and for any time",
        "evoarray_axi_proof",
        (
            Mutant("evoarray_axi.v", "first_reg <= filtered_last;", "first_reg <= 1'b0;"),
            _KEPT,
        ),
        steps=22,
        parameters={"MARKS": 1},
    ),
    Proof(
        "neuro-registers",
        "all registers as docs/neural-registers.md describes them: what is refused and changes"
        " nothing, what reads show, that no event is lost, when irq is high, that no word is lost",
        "neuro_registers_proof",
        (
            Mutant("evoarray_neuro_registers.v", "= write && !write_refused", "= write"),
            Mutant("evoarray_neuro_registers.v", "!cfg_ready || reset_reg", "!cfg_ready"),
            Mutant(
                "evoarray_neuro_registers.v",
                "if (image_done)\n        done",
                "if (accept)\n        done",
            ),
            Mutant("evoarray_neuro_registers.v", "done_reg && interrupt_reg", "done_reg"),
            Mutant("evoarray_neuro_registers.v", "write_address[19:2]", "write_address[20:3]"),
        ),
        steps=4,
        induction=True,
    ),
    Proof(
        "neuro-axi",
        "whatever host, streams and memories do, what is offered stays; a reset leaves nothing"
        " behind; while the host holds the data path in reset, what arrives is taken",
        "neuro_axi_proof",
        (
            Mutant(
                "evoarray_neuro_axi.v",
                """    .rst     (rst),
    .s_valid (logits_valid),""",
                """    .rst     (data_rst),
    .s_valid (logits_valid),""",
            ),
            Mutant(
                "evoarray_neuro_axi.v",
                """    .rst     (data_rst),
    .s_valid (s_axis_image_tvalid),""",
                """    .rst     (rst),
    .s_valid (s_axis_image_tvalid),""",
            ),
        ),
        steps=12,
        induction=True,
        cut="evoarray_neuro_core",
    ),
    *(
        Proof(
            f"requant-{'multiplier' if multiplier else 'shift'}{'-stalls' if stalls else ''}",
            "every accumulator, "
            + ("multiplier and shift" if multiplier else "with every shift")
            + " makes the value of the specification"
            + (", whenever it is stalled" if stalls else ", if it is not stalled"),
            "requant_proof",
            (
                Mutant(
                    "evoarray_requant.v", "else if (ce)\n      {m_valid", "else\n      {m_valid"
                ),
                Mutant(
                    "evoarray_requant.v", "if (ce) begin\n      shift_reg", "begin\n      shift_reg"
                ),
            )
            if stalls
            else _REQUANT,
            steps=8 if stalls else 6,
            induction=not stalls,
            parameters={"MULTIPLIER": multiplier, "STALLS": stalls},
        )
        for multiplier, stalls in ((0, 0), (0, 1), (1, 0))
    ),
    *(
        Proof(
            f"pool{'-stalls' if stalls else ''}",
            "windows of equal taps have that as their maximum and average, whenever it is stalled"
            if stalls
            else "all windows have their maximum, or the integer nearest to their average",
            "pool_proof",
            (Mutant("evoarray_pool.v", "else if (ce)\n      {m_valid", "else\n      {m_valid"),)
            if stalls
            else _POOL,
            steps=7 if stalls else 5,
            induction=not stalls,
            parameters={"STALLS": stalls},
        )
        for stalls in (0, 1)
    ),
    *(
        Proof(
            f"conv3x3-{width}x{height}{f'-{pixels}-pixels' if pixels else '-pause'}",
            f"the windows of maps of {width}x{height} pixels with any border and stride, which"
            " change from map to map, "
            + (
                f"in a stream that ends after {pixels} pixels"
                if pixels
                else "in a stream that pauses once, at any time and for any time"
            ),
            "conv3x3_proof",
            _WINDOWS,
            steps=steps,
            parameters={"WIDTH": width, "HEIGHT": height, "PIXELS": pixels},
        )
        for width, height, pixels, steps in ((3, 3, 0, 16), (3, 3, 18, 31), (5, 4, 20, 35))
    ),
    *(
        Proof(
            f"mac-array-{rows}x{cols}{'-stalls' if stalls else ''}",
            "every activation meets the weights of its tile and its row in every column, and the"
            " sums of a vector leave together"
            + (", whenever the array is stalled" if stalls else ""),
            "mac_array_proof",
            (_LOAD,) if cols == 1 else (_WEIGHT, _SUM) if rows == 1 else (_LOAD, _WEIGHT, _SUM),
            steps=3 * rows + 2 * cols + 3,
            parameters={"ROWS": rows, "COLS": cols, "STALLS": stalls},
        )
        for rows, cols, stalls in ((1, 2, 1), (2, 1, 1), (2, 2, 0), (2, 3, 0))
    ),
)
