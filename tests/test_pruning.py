# SPDX-License-Identifier: Apache-2.0
"""A pruned circuit against what is found by trying everything on the golden model."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from evoarray.cli import commands
from evoarray.evolution.filter.backends.model import ModelBackend
from evoarray.evolution.filter.pruning import prune
from evoarray.evolution.simplify.cost import luts
from evoarray.model.filter.circuit import (
    Circuit,
    circuit_of,
    random_circuit,
    read_circuit,
    write_circuit,
)
from evoarray.model.images import write_image
from tests.test_engine import SETS, image_pair
from tests.test_parsimony import SHAPE, run

PAIR = image_pair(np.random.default_rng(40), 12, 15)


def cheapest_neighbour(circuit: Circuit, model: ModelBackend, most: int) -> tuple[int, int] | None:
    """Return LUTs and SAE of the best of all circuits that differ in one gene, if it is cheaper."""
    found = []
    for gene, limit in enumerate(circuit.shape.limits):
        for value in range(limit):
            genes = circuit.genes.copy()
            genes[gene] = value
            sae = int(model.evaluate(genes[np.newaxis])[0])
            if sae <= most:
                found.append((luts(circuit_of(genes, circuit.shape)), sae))
    best = min(found)
    return best if best[0] < luts(circuit) else None


@pytest.mark.parametrize("tolerance", [0, 0.1, 10])
@pytest.mark.parametrize("function_set", SETS)
def test_every_step_is_the_best_single_gene_until_there_is_none(
    function_set: str, tolerance: float
) -> None:
    circuit = random_circuit(type(SHAPE)(3, 4, function_set), np.random.default_rng(41))
    model = ModelBackend(circuit.shape, [PAIR])
    most = int(model.evaluate(circuit.genes[np.newaxis])[0] * (1 + tolerance))
    for cheaper, sae in prune(circuit, model.evaluate, most):
        assert cheapest_neighbour(circuit, model, most) == (luts(cheaper), sae)
        assert np.count_nonzero(cheaper.genes != circuit.genes) == 1
        circuit = cheaper
    assert cheapest_neighbour(circuit, model, most) is None


def test_the_command_keeps_to_its_tolerance(tmp_path: Path) -> None:
    noisy, clean = PAIR
    for name, image in (("noisy", noisy), ("clean", clean)):
        write_image(tmp_path / f"{name}.png", image)
    circuit = circuit_of(run(evaluations=20_000).best, SHAPE)
    write_circuit(tmp_path / "circuit.json", circuit)
    names = [str(tmp_path / name) for name in ("circuit.json", "noisy.png", "clean.png")]
    options = ["-o", str(tmp_path / "pruned.json"), "--tolerance", "20"]
    ended = CliRunner().invoke(commands, ["prune", *names, *options])
    assert ended.exit_code == 0, ended.output
    pruned = read_circuit(tmp_path / "pruned.json")
    model = ModelBackend(SHAPE, [PAIR])
    before, after = model.evaluate(np.stack([circuit.genes, pruned.genes])).tolist()
    assert after <= before * 1.2
    assert luts(pruned) < luts(circuit)
    assert (
        f"LUTs {luts(circuit):,} -> {luts(pruned):,}, SAE {before:,} -> {after:,}" in ended.output
    )
