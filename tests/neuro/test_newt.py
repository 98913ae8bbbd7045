# SPDX-License-Identifier: Apache-2.0
"""The operators of DeepNEWT by their exact rules, and what must hold in every run."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from evoarray.evolution.neuro.architecture import Architecture, Block, Kernel
from evoarray.evolution.neuro.backends import open_backend
from evoarray.evolution.neuro.cnn import (
    MOST_BIAS,
    Cnn,
    cnn_of,
    crossed,
    mutated,
    random_cnn,
    refitted,
    restructured,
)
from evoarray.evolution.neuro.fitness import Fitness, FitnessSettings
from evoarray.evolution.neuro.heads import head_of, heads, with_head
from evoarray.evolution.neuro.mutants import MOST_CHANGES
from evoarray.evolution.neuro.newt import Newt
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.layers import Dense, Pool
from evoarray.model.neuro.network import Network
from tests.neuro.strategies import LAYERS, SEEDS, architecture, images, random_kernels

MAX2 = Pool("max", 2, 2)
ONE = Architecture((1, 8, 8), (Block(3, 1, 1, MAX2),), (), 10)


def full_cnn(architecture: Architecture, seed: int) -> Cnn:
    return Cnn(architecture, random_kernels(architecture, seed))


def same(one: Cnn, other: Cnn) -> bool:
    return json.dumps(one.to_json()) == json.dumps(other.to_json())


@given(LAYERS, LAYERS, SEEDS)
@settings(max_examples=60, deadline=None)
def test_children_are_networks(one: Any, other: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parents = full_cnn(architecture(one), seed), random_cnn(architecture(other), 30.0, rng)
    before = [json.dumps(parent.to_json()) for parent in parents]
    child = crossed(*parents, rng)
    for _ in range(5):
        child = mutated(restructured(child, 30.0, rng), 32.0, rng)
        network = child.network()
        assert network.parameters == child.architecture.parameters
        assert [kernel.weights.shape for kernel in child.kernels] == [*child.architecture.kernels]
        assert forward(network, images(1, seed)).shape == (1, 10)
        assert same(cnn_of(json.loads(json.dumps(child.to_json()))), child)
    assert [json.dumps(parent.to_json()) for parent in parents] == before


def test_refitted_cuts_fills_and_moves() -> None:
    def reader(map_side: int, filters: int, units: int) -> Architecture:
        side = 2 * map_side  # halved by the pool
        return Architecture((1, side, side), (Block(filters, 1, 1, MAX2),), (), units)

    old = full_cnn(reader(2, 2, 3), 1)
    first, last = refitted(old.kernels, reader(4, 3, 2))
    assert (first.weights[:2] == old.kernels[0].weights).all()
    assert (first.bias.tolist(), first.shift) == (
        [*old.kernels[0].bias.tolist(), 0],
        old.kernels[0].shift,
    )
    assert not first.weights[2].any()
    assert not last.weights[:, 2].any()
    assert last.bias.tolist() == old.kernels[1].bias[:2].tolist()
    for y in range(4):
        for x in range(4):
            expected = old.kernels[1].weights[:2, :, y // 2, x // 2]
            assert (last.weights[:, :2, y, x] == expected).all()
    back = refitted([first, last], reader(2, 2, 2))
    assert (back[0].weights == old.kernels[0].weights).all()
    assert (back[1].weights == old.kernels[1].weights[:2]).all()


def test_crossover_exchanges_whole_filters_with_what_reads_them() -> None:
    mother, father = full_cnn(ONE, 1), full_cnn(ONE, 2)
    father = replace(
        father,
        kernels=(replace(father.kernels[0], shift=mother.kernels[0].shift), father.kernels[1]),
    )
    taken = []
    for seed in range(40):
        child = crossed(mother, father, np.random.default_rng(seed))
        for unit in range(3):
            parts = [
                (each.kernels[0].weights[unit].tolist(), int(each.kernels[0].bias[unit]))
                for each in (mother, father, child)
            ]
            readers = [
                each.kernels[1].weights[:, unit].tolist() for each in (mother, father, child)
            ]
            taken.append(parts.index(parts[2]))
            assert taken[-1] in {0, 1}
            assert readers[2] == readers[taken[-1]]
        assert (child.kernels[1].bias == mother.kernels[1].bias).all()
        assert child.architecture == ONE
    assert 40 < sum(taken) < 80


def test_a_filter_is_scaled_where_the_shifts_differ() -> None:
    plain = Kernel(np.array([-127, 3, 5], np.int8).reshape(1, 1, 1, 3), np.array([1001]), 7)
    wide = np.zeros((1, 1, 3, 3), np.int8)
    wide[0, 0, 0] = plain.weights.ravel()
    alone = Architecture((1, 8, 8), (Block(1, 1, 2),), (), 2)
    father = full_cnn(alone, 1)
    father = replace(
        father, kernels=(Kernel(wide, np.array([1001], np.int32), 7), father.kernels[1])
    )
    for shift, weights, bias in ((6, [-64, 2, 2], 500), (8, [-127, 6, 10], 2002)):
        mother = full_cnn(alone, 2)
        mother = replace(
            mother, kernels=(replace(mother.kernels[0], shift=shift), mother.kernels[1])
        )
        children = [crossed(mother, father, np.random.default_rng(seed)) for seed in range(8)]
        found = {tuple(child.kernels[0].weights[0, 0, 0].tolist()) for child in children}
        assert found == {tuple(weights), tuple(mother.kernels[0].weights[0, 0, 0].tolist())}
        assert {int(child.kernels[0].bias[0]) for child in children} == {
            bias,
            int(mother.kernels[0].bias[0]),
        }
        assert {child.kernels[0].shift for child in children} == {shift}


def test_parents_of_different_depth_have_no_filters_in_common() -> None:
    deep = full_cnn(architecture(([Block(2), Block(2)], [])), 1)
    hidden = full_cnn(architecture(([Block(2)], [3])), 2)
    for one, other in ((deep, hidden), (hidden, full_cnn(ONE, 1)), (full_cnn(ONE, 1), deep)):
        assert crossed(one, other, np.random.default_rng(1)) is one


def test_how_many_weights_move_follows_the_power_law() -> None:
    parent = full_cnn(ONE, 1)
    counts = []
    for seed in range(400):
        child = mutated(parent, 1.0, np.random.default_rng(seed))  # steps of about 1
        one, other = parent.kernels[0], child.kernels[0]
        moved = (one.weights != other.weights).sum() + (one.bias != other.bias).sum()
        counts.append(int(moved))
        assert np.abs(other.weights.astype(int)).max() <= 127
        assert np.abs(other.bias).max() <= MOST_BIAS
        assert child.kernels[1] is parent.kernels[1]
    # Of k = 1 at P = 0.29 one moves; every step moves unless its weight stands at the end.
    assert 0.2 < np.mean(np.array(counts) == 1) < 0.4
    assert np.max(counts) > 30 / 2


def test_a_new_filter_changes_nothing_and_a_lost_one_only_itself() -> None:
    parent = full_cnn(architecture(([Block(3, 1, 1, MAX2)], [4])), 1)
    pixels = images(20, 1)
    before = forward(parent.network(), pixels)
    sizes = set()
    for seed in range(60):
        child = restructured(parent, 30.0, np.random.default_rng(seed))
        units = child.architecture.blocks[0].filters, *child.architecture.hidden
        if units in {(4, 4), (3, 5)}:
            sizes.add(units)
            assert (forward(child.network(), pixels) == before).all()
        if units == (2, 4):
            sizes.add(units)
            kept = [
                parent.kernels[0].weights.tolist().index(filter_)
                for filter_ in child.kernels[0].weights.tolist()
            ]
            (gone,) = {0, 1, 2} - set(kept)
            unread = parent.kernels[1].weights.copy()
            unread[:, gone] = 0
            silent = replace(parent.kernels[1], weights=unread)
            without = replace(parent, kernels=(parent.kernels[0], silent, parent.kernels[2]))
            assert (forward(child.network(), pixels) == forward(without.network(), pixels)).all()
    assert sizes == {(4, 4), (3, 5), (2, 4)}


def test_one_thing_changes_of_an_architecture() -> None:
    parent = full_cnn(ONE, 1)
    seen = set()
    for seed in range(100):
        (block,) = restructured(parent, 30.0, np.random.default_rng(seed)).architecture.blocks
        changed = [
            name
            for name in ("filters", "padding", "stride", "pool")
            if getattr(block, name) != getattr(ONE.blocks[0], name)
        ]
        assert len(changed) == 1
        seen.add((changed[0], str(getattr(block, changed[0]))))
    assert {name for name, _ in seen} == {"filters", "padding", "stride", "pool"}
    assert len(seen) == 2 + 1 + 1 + 4


def test_bounds_of_size() -> None:
    least = full_cnn(Architecture((1, 8, 8), (Block(1),), (1,), 10), 1)
    most = full_cnn(Architecture((1, 8, 8), (Block(32),), (32,), 10), 1)
    for seed in range(40):
        for parent, low, high in ((least, 1, 2), (most, 31, 32)):
            found = restructured(parent, 30.0, np.random.default_rng(seed)).architecture
            assert low <= found.blocks[0].filters <= high
            assert low <= found.hidden[0] <= high


# --- the algorithm


def run(newt: Newt, generations: int) -> list[float]:
    """Evolve brightness by the first logit; return the best of each generation."""
    pixels = images(6, 1)
    wanted = pixels.astype(np.int64).sum((1, 2, 3)) // 2
    best = []
    for _ in range(generations):
        found = [forward(genome.network(), pixels)[:, 0] for genome in newt.ask()]
        newt.tell(-np.abs(np.array(found) - wanted).mean(1))
        best.append(newt.best[1])
    return best


def make(seed: int, **options: Any) -> Newt:
    given = {
        "evaluations": 60,
        "population": 6,
        "children": 5,
        "trials": 10,
        "tournament": 2,
        "structure_rate": 0.3,
        **options,
    }
    chosen = NeuroSettings(algorithm="newt", **given)
    return Newt(chosen, np.random.default_rng(seed), (1, 8, 8), 10)


def test_it_gets_better_and_comes_to_the_same_again() -> None:
    one, again, other = make(1), make(1), make(2)
    best = run(one, 90)
    assert best == sorted(best)
    assert best[-1] > best[0]
    assert run(again, 90) == best
    assert run(other, 90) != best
    assert one.state() == again.state()
    # A network and twice five others with its filters take three turns; the first six are drawn.
    assert one.counters["children"] == 90 // 3 - 6
    assert one.counters["crossovers"] > 0
    assert one.counters["changes of architecture"] > 0


def test_architectures_change_after_a_while() -> None:
    newt = make(1, evaluations=400, population=3, structure_rate=1.0, crossover_rate=0.0)
    start = Architecture((1, 8, 8), (Block(4, 1, 1, MAX2),), (), 10)
    evaluated = 0
    while evaluated <= 120:  # three tenths
        assert all(genome.architecture == start for genome in newt.ask())
        evaluated += len(newt.ask())
        run(newt, 1)
    assert newt.ask()[0].architecture != start


@pytest.mark.parametrize("stop", [5, 18, 25])  # at the start, between two networks, within one
@pytest.mark.parametrize("options", [{}, {"blocks": 2, "hidden": 4}])
def test_a_stopped_run_goes_on_with_the_same_bits(options: dict[str, int], stop: int) -> None:
    whole, part = make(3, **options), make(3, **options)
    run(whole, 40)
    run(part, stop)
    resumed = make(99, **options)
    resumed.restore(json.loads(json.dumps(part.state())))
    run(resumed, 40 - stop)
    assert json.dumps(resumed.state()) == json.dumps(whole.state())


def test_the_fittest_survive_and_of_equals_the_younger() -> None:
    newt = make(1, trials=0)
    told = []
    for fitness in (1.0, 3.0, 2.0, 3.0, 0.0, 1.0, 3.0, -1.0):
        told.append(newt.ask()[0])
        newt.tell(np.array([fitness]))
    assert [fitness for _, fitness in newt.population] == [3, 3, 3, 2, 1, 1]
    survivors = [genome for genome, _ in newt.population]
    assert survivors == [told[each] for each in (6, 3, 1, 2, 5, 0)]
    assert newt.best[0] is told[1]  # of equals the first


def test_a_new_network_evolves_its_last_layer_before_it_competes() -> None:
    newt = make(1, population=3)
    (first,) = newt.ask()
    newt.tell(np.array([1.0]))
    some = list(newt.ask())
    assert len(some) == 5
    newt.tell(np.array([0.0, 0.5, 0.9, 0.9, 0.0]))
    assert not newt.population
    last = list(newt.ask())
    for child in (*some, *last):  # of the first one, which none of these has replaced
        assert child.kernels[:-1] == first.kernels[:-1]  # the same objects
        one, other = (each.kernels[-1] for each in (first, child))
        moved = (one.weights != other.weights).sum() + (one.bias != other.bias).sum()
        assert 1 <= moved <= MOST_CHANGES
    newt.tell(np.array([0.0, 1.0, 0.0, 1.0, 0.0]))
    assert [(genome.to_json(), fitness) for genome, fitness in newt.population] == [
        (last[1].to_json(), 1.0)  # as good is good enough; of equals the first
    ]
    (second,) = newt.ask()
    assert second.kernels[0] is not first.kernels[0]


def test_a_head_is_what_the_last_layer_is() -> None:
    parent = random_cnn(architecture(([Block(2)], [5])), 30.0, np.random.default_rng(1))
    genes = np.arange(10 * 6, dtype=np.int8).reshape(10, 6) - 40
    child = with_head(parent, replace(head_of(parent), row=genes.ravel()))
    assert (head_of(child).row == genes.ravel()).all()
    assert (child.kernels[-1].weights[:, :, 0, 0] == genes[:, :5]).all()
    pixels = images(7, 1)
    seen = Dense(np.eye(5, dtype=np.int8), np.zeros(5, np.int32), 0, "logits")
    before = Network((1, 8, 8), (*child.network().layers[:-1], seen))
    read = np.append(forward(before, pixels), np.full((7, 1), 127), 1)
    assert (forward(child.network(), pixels) == read @ genes.T.astype(np.int64)).all()


@pytest.mark.parametrize("layers", [([Block(3, 1, 1, MAX2)], []), ([Block(2)] * 2, [4])])
@pytest.mark.parametrize("counts", ["nonzero", "stored"])
def test_heads_alone_come_to_the_same(counts: str, layers: Any) -> None:
    pixels, labels = images(150, 1), np.random.default_rng(1).integers(0, 10, 150)
    terms = FitnessSettings(1.0, 1.0, 12, 0.5, counts, 100)
    fast, model = (Fitness(terms, pixels, labels, open_backend(name)) for name in ("fast", "model"))
    rng = np.random.default_rng(2)
    seen = set()
    for seed in (1, 2, 1):
        parent = random_cnn(architecture(layers), 30.0, np.random.default_rng(seed))
        for _ in range(3):
            children = heads(parent, 6, 64.0, rng)
            found = fast(children)
            assert found.tolist() == model(children).tolist()
            assert found.tolist() == fast([*children]).tolist()
            seen.update(found.tolist())
            parent = children[-1]
            assert parent.to_json() == children[5:][0].to_json()
    assert len(seen) > 30
