# SPDX-License-Identifier: Apache-2.0
"""How many clock cycles the RTL takes: what its tests assert."""

WINDOW_CYCLES = 1
"""pixel_window: from accepting pixel (y+1, x+1) to the window of pixel (y, x)."""

SHADOW_CYCLES = 2
"""config_shadow: from a write to the gene on its lane; a commit in the cycle after may use it."""

SAE_CYCLES = 2
"""sae: from accepting a frame's last pixel pair to its sum."""

MEDIAN_CYCLES = 9
"""baselines/median3x3: from a window to its median."""

ADAPTIVE_MEDIAN_CYCLES = 10
"""baselines/adaptive_median: from a window, however large, to its filtered pixel."""


def array_cycles(rows: int, cols: int) -> int:
    """systolic_array, and evaluator in a frame of windows: from a window to its output pixel.

    In cycles: one for the window's register, one for what the border selects of it,
    rows + cols - 1 for the longest path through the mesh. It does not depend on the circuit.
    """
    return rows + cols + 1


def first_pixel_cycles(rows: int, cols: int, width: int) -> int:
    """evaluator: from accepting a frame's first pixel to its first filtered pixel, unstalled.

    The first window needs the pixel one row and one column further.
    """
    return width + 1 + WINDOW_CYCLES + array_cycles(rows, cols)


def sae_cycles(rows: int, cols: int, width: int, height: int) -> int:
    """evaluator: from accepting a frame's first pixel to its SAE, unstalled.

    Frames that follow each other at once overlap: each takes width * height cycles.
    """
    return first_pixel_cycles(rows, cols, width) + width * height - 1 + SAE_CYCLES


def window_sae_cycles(rows: int, cols: int, pixels: int) -> int:
    """evaluator: from accepting the first window of a frame of windows to its SAE, unstalled."""
    return array_cycles(rows, cols) + pixels - 1 + SAE_CYCLES
