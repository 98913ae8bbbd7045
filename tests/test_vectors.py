# SPDX-License-Identifier: Apache-2.0
"""Model and scalar reference both give exactly the pixels and SAE of a third implementation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import circuit_from_json
from evoarray.model.filter.fitness import sae
from tests import reference

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors" / "filters.json").read_text(encoding="utf-8")
)["cases"]


def label(case: dict[str, Any]) -> str:
    circuit = case["circuit"]
    return f"{circuit['function_set']}-{circuit['rows']}x{circuit['cols']}"


def test_the_fixture_is_whole() -> None:
    assert len(CASES) == 18
    assert {case["circuit"]["function_set"] for case in CASES} == {"upm16", "upm19", "cgp16"}


@pytest.mark.parametrize("case", CASES, ids=label)
def test_model(case: dict[str, Any]) -> None:
    circuit = circuit_from_json(json.dumps(case["circuit"]))
    output = filter_image(circuit, np.array(case["noisy"], np.uint8))
    assert output.dtype == np.uint8
    assert output.tolist() == case["output"]
    assert sae(output, np.array(case["clean"], np.uint8)) == case["sae"]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_reference(case: dict[str, Any]) -> None:
    output = reference.filter_image(case["circuit"], case["noisy"])
    assert output == case["output"]
    assert reference.sae(output, case["clean"]) == case["sae"]
