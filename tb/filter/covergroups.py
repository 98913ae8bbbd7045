# SPDX-License-Identifier: Apache-2.0
"""What the tests of the filter's modules must have driven."""

from evoarray.model.filter.functions import FUNCTION_SETS
from tb.bins import LENGTHS, RESETS, SIZES, Coverpoints, cross, crossed_stream, stream

MESH = 4
"""Rows and columns of the evaluator whose borders are covered."""

COVERGROUPS: dict[str, Coverpoints] = {
    "pe": {
        "function x set": tuple(
            f"{elements} {name} {code}"
            for elements, name in [("plain", s) for s in FUNCTION_SETS] + [("two-stage", "upm16")]
            for code in range(len(FUNCTION_SETS[name].functions))
        )
    },
    "evaluator 4x4": {
        "border x selector": cross(
            [f"{side} {i}" for side in ("north", "west") for i in range(MESH)],
            [str(code) for code in range(9)],
        ),
        "output": tuple(str(row) for row in range(MESH)),
    },
    "evaluator frame": {
        "size": SIZES,
        "way x way before": cross(["pixels", "windows"], ["pixels", "windows"]),
        "commit": (
            *("between frames", "a cycle before", "with the first", "a cycle after", "within"),
        ),
        "limit": ("not reached", "reached", "exceeded", "exceeded by the last pixel", "given up"),
        "reset": RESETS,
        "reset x commit": ("none", "waits for a frame", "on its way"),
    },
    "evoarray_axi frame": {
        "size": SIZES,
        "refused size": ("too narrow", "too low", "too wide", "too tall"),
        "outcome": ("filtered", "measured", "given up", "given up by the core"),
        "out of step": (
            *("nothing", "pixel lost", "first pixel lost", "last pixel lost", "line lost"),
            *("pixel doubled", "line doubled", "garbage before", "RESET within"),
        ),
        "marks": cross(
            ["noisy", "reference"],
            ["no frame start", "frame start within", "no line end", "line end within", "not"],
        ),
    },
    **{
        f"{name} stream": crossed_stream()
        for name in (
            "systolic_array s",
            *("evaluator noisy", "evaluator window", "evaluator reference", "evaluator filtered"),
        )
    },
    # A gene waits only after a commit, for ten cycles in 4x4 elements if it does not pause.
    "evaluator cfg stream": crossed_stream(
        without=[*cross(["none", "single"], ["single", "several"]), "several x single"]
    ),
    **{
        f"evoarray_axi {name} stream": stream()
        for name in ("noisy", "reference", "filtered", "aw", "w", "ar")
    },
    # Between two answers there is a cycle without one.
    **{f"evoarray_axi {name} stream": stream(LENGTHS[1:]) for name in ("b", "r")},
}
