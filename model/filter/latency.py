# SPDX-License-Identifier: Apache-2.0
"""How many clock cycles the RTL takes: what its tests assert."""

WINDOW_CYCLES = 1
"""evoarray_pixel_window: from accepting pixel (y+1, x+1) to the window of pixel (y, x)."""

SHADOW_CYCLES = 2
"""evoarray_config_shadow: from a write to the gene on its lane, for a commit in the next cycle."""

SAE_CYCLES = 2
"""evoarray_sae: from accepting a frame's last pixel pair to its sum."""

MEDIAN_CYCLES = 9
"""baselines/evoarray_median3x3: from a window to its median."""

ADAPTIVE_MEDIAN_CYCLES = 10
"""baselines/evoarray_adaptive_median: from a window, however large, to its filtered pixel."""


def array_cycles(rows: int, cols: int) -> int:
    """evoarray_systolic_array, and a frame of windows in the evaluator: from a window to its pixel.

    In cycles: one for the window's register, one for what the border selects of it,
    rows + cols - 1 for the longest path through the mesh. It does not depend on the circuit.
    """
    return rows + cols + 1


def first_pixel_cycles(rows: int, cols: int, width: int) -> int:
    """evoarray_evaluator: from taking a frame's first pixel to the first filtered one, unstalled.

    The first window needs the pixel one row and one column further.
    """
    return width + 1 + WINDOW_CYCLES + array_cycles(rows, cols)


def sae_cycles(rows: int, cols: int, width: int, height: int) -> int:
    """evoarray_evaluator: from accepting a frame's first pixel to its SAE, unstalled.

    Frames that follow each other at once overlap: each takes width * height cycles.
    """
    return first_pixel_cycles(rows, cols, width) + width * height - 1 + SAE_CYCLES


def window_sae_cycles(rows: int, cols: int, pixels: int) -> int:
    """evoarray_evaluator: from accepting the first of a frame of windows to its SAE, unstalled."""
    return array_cycles(rows, cols) + pixels - 1 + SAE_CYCLES
