# SPDX-License-Identifier: Apache-2.0
"""evoarray_axi, evaluator, systolic_array: what they can be built for, and what they cannot."""

import pytest

from tb.elaboration import complaints

_FRAME = "MAX_WIDTH_and_MAX_HEIGHT_must"
_SMALL = {"ROWS": 1, "COLS": 1}
# 46341 squared and 65535 squared are more than a parameter's 32 bits hold.
ILLEGAL = [
    ("evoarray_axi", {"MAX_WIDTH": 46341, "MAX_HEIGHT": 46341}, _FRAME),
    ("evoarray_axi", {"MAX_WIDTH": 65535, "MAX_HEIGHT": 65535}, _FRAME),
    ("evoarray_axi", {"MAX_WIDTH": 4097, "MAX_HEIGHT": 4096}, _FRAME),
    ("evoarray_axi", {"MAX_WIDTH": 65536, "MAX_HEIGHT": 3}, _FRAME),
    ("evoarray_axi", {"MAX_WIDTH": 2**31 - 1}, _FRAME),
    *(("evoarray_axi", {"MAX_WIDTH": side}, _FRAME) for side in (-3, 0, 2)),
    *(("evoarray_axi", {"MAX_HEIGHT": side}, _FRAME) for side in (-3, 0, 2)),
    *(("evoarray_axi", {**_SMALL, "ARRAYS": n}, "ARRAYS_must") for n in (-1, 0, 256)),
    *(("evoarray_axi", {side: n}, "ROWS_and_COLS_must") for side in _SMALL for n in (-1, 0, 65)),
    *(("evoarray_axi", {"FUNCTION_SET": n}, "FUNCTION_SET_must") for n in (-1, 3)),
    *(("evoarray_axi", {"TWO_STAGE": n}, "TWO_STAGE_must") for n in (-1, 2)),
    ("evoarray_axi", {"TWO_STAGE": 1, "FUNCTION_SET": 1}, "TWO_STAGE_needs"),
    ("evoarray_evaluator", {"MAX_WIDTH": 46341, "MAX_HEIGHT": 46341}, "SAE_W_must"),
    ("evoarray_evaluator", {"MAX_WIDTH": 129, "MAX_HEIGHT": 128, "SAE_W": 22}, "SAE_W_must"),
    ("evoarray_evaluator", {"SAE_W": 65}, "SAE_W_must"),
    ("evoarray_evaluator", {"ARRAYS": 0}, "ARRAYS_must"),
    ("evoarray_systolic_array", {"ROWS": 65}, "ROWS_and_COLS_must"),
]
LEGAL = [
    ("evoarray_axi", {"MAX_WIDTH": 4096, "MAX_HEIGHT": 4096}),
    ("evoarray_axi", {"MAX_WIDTH": 65535, "MAX_HEIGHT": 256}),
    ("evoarray_axi", {"MAX_WIDTH": 256, "MAX_HEIGHT": 65535}),
    ("evoarray_axi", {"MAX_WIDTH": 3, "MAX_HEIGHT": 3}),
    ("evoarray_axi", {"ROWS": 64, "COLS": 1}),
    ("evoarray_axi", {"ROWS": 1, "COLS": 64}),
    ("evoarray_evaluator", {"MAX_WIDTH": 128, "MAX_HEIGHT": 128, "SAE_W": 22}),
    ("evoarray_evaluator", {"MAX_WIDTH": 3, "MAX_HEIGHT": 3, "SAE_W": 12}),
    ("evoarray_evaluator", {"SAE_W": 64}),
]


@pytest.mark.parametrize(("top", "parameters", "name"), ILLEGAL)
def test_an_illegal_parameter_stops_elaboration(
    top: str, parameters: dict[str, int], name: str
) -> None:
    assert f"Unknown module type: {name}" in complaints("icarus", top, parameters)
    # Without a range of its own, a width below 1 is what Verilator names first.
    assert "%Error" in complaints("verilator", top, parameters)


@pytest.mark.parametrize(("top", "parameters"), LEGAL)
@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_the_largest_and_the_smallest_elaborate(
    simulator: str, top: str, parameters: dict[str, int]
) -> None:
    assert complaints(simulator, top, parameters) == ""


def test_255_arrays_elaborate() -> None:
    """On Icarus alone: the other one takes long for them."""
    assert complaints("icarus", "evoarray_axi", {**_SMALL, "ARRAYS": 255}) == ""
