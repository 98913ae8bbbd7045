# SPDX-License-Identifier: Apache-2.0
"""The operators of DeepNEWT by their exact rules, and what must hold in every run."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from evolve.neuro.architecture import Architecture, Block, Kernel
from evolve.neuro.newt import (
    MOST_BIAS,
    Cnn,
    Newt,
    cnn_of,
    crossed,
    mutated,
    random_cnn,
    refitted,
    restructured,
)
from evolve.neuro.settings import NeuroSettings
from model.neuro.forward import forward
from model.neuro.layers import Pool
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
    total = ONE.parameters - 30  # of the last layer
    counts = []
    for seed in range(400):
        child = mutated(parent, 1.0, np.random.default_rng(seed))  # steps of about 1
        moved = sum(
            int((one.weights != other.weights).sum() + (one.bias != other.bias).sum())
            for one, other in zip(parent.kernels, child.kernels, strict=True)
        )
        counts.append(moved)
        for kernel in child.kernels:
            assert np.abs(kernel.weights.astype(int)).max() <= 127
            assert np.abs(kernel.bias).max() <= MOST_BIAS
    # Of k = 1 at P = 0.29 one moves; every step moves unless its weight stands at the end.
    assert 0.2 < np.mean(np.array(counts) == 1) < 0.4
    assert np.max(counts) > total / 4


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
        "tournament": 2,
        "structure_rate": 0.3,
        **options,
    }
    chosen = NeuroSettings(algorithm="newt", **given)
    return Newt(chosen, np.random.default_rng(seed), (1, 8, 8), 10)


def test_it_gets_better_and_comes_to_the_same_again() -> None:
    one, again, other = make(1), make(1), make(2)
    best = run(one, 25)
    assert best == sorted(best)
    assert best[-1] > best[0]
    assert run(again, 25) == best
    assert run(other, 25) != best
    assert one.state() == again.state()
    assert one.counters["children"] == 24 * 5
    assert one.counters["crossovers"] > 0
    assert one.counters["changes of architecture"] > 0


def test_architectures_change_after_a_while() -> None:
    newt = make(1)
    run(newt, 1)
    start = newt.population[0][0].architecture
    assert start == Architecture((1, 8, 8), (Block(4, 1, 1, MAX2),), (), 10)
    while newt.counters.get("children", 0) < 15:  # 18 are three tenths of 60
        assert all(genome.architecture == start for genome in newt.ask())
        run(newt, 1)
    run(newt, 4)
    assert any(genome.architecture != start for genome, _ in newt.population)


@pytest.mark.parametrize("options", [{}, {"blocks": 2, "hidden": 4}])
def test_a_stopped_run_goes_on_with_the_same_bits(options: dict[str, int]) -> None:
    whole, part = make(3, **options), make(3, **options)
    run(whole, 12)
    run(part, 5)
    resumed = make(99, **options)
    resumed.restore(json.loads(json.dumps(part.state())))
    run(resumed, 7)
    assert json.dumps(resumed.state()) == json.dumps(whole.state())


def test_the_fittest_survive_and_of_equals_the_younger() -> None:
    newt = make(1)
    first = list(newt.ask())
    newt.tell(np.array([1.0, 3, 2, 3, 0, 1]))
    assert [fitness for _, fitness in newt.population] == [3, 3, 2, 1, 1, 0]
    assert newt.population[0][0] is first[1]
    children = list(newt.ask())
    newt.tell(np.array([3.0, -1, -1, -1, 2]))
    survivors = [genome for genome, _ in newt.population]
    assert survivors == [children[0], first[1], first[3], children[4], first[2], first[0]]
    assert newt.best[0] is first[1]  # of equals the first
