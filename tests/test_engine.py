# SPDX-License-Identifier: Apache-2.0
"""The engine against the golden model: not where evolutions end, but every step on their way.

The model has one child at a time and is looked at after each; the engine walks the same way in
strides of one, in strides of many and in a single one, and has to be on it wherever it stops. Long
strides matter: what the engine keeps from child to child lives within one.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from evoarray.evolution.backends.library import find_compiler
from evoarray.evolution.filter.backends import Backend, fast, open_backend
from evoarray.evolution.filter.backends.model import ModelBackend
from evoarray.evolution.filter.goals import Goal
from evoarray.evolution.filter.loop import evolve, found
from evoarray.evolution.filter.mutation import regions
from evoarray.evolution.filter.settings import (
    ACCEPT_RULES,
    HIGHEST_RATE,
    HIGHEST_WEIGHT,
    SCOPES,
    Settings,
)
from evoarray.evolution.filter.tribe import Rule, Tribe, advance, rule_at
from evoarray.evolution.simplify.cost import luts
from evoarray.model.filter.circuit import Genes, Shape, circuit_of, random_circuit
from evoarray.model.filter.functions import FUNCTION_SETS, Plane
from evoarray.model.noise import add_noise
from evoarray.model.window import WINDOW_PIXELS
from tests.conftest import ROOT

Pair = tuple[Plane, Plane]
State = list[tuple[list[int], int, int, int, int, int]]

BLOCKS_OF_256, BLOCKS_OF_4096 = ("-DBLOCK=256",), ("-DBLOCK=4096",)
KEEPS_1, KEEPS_2 = ("-DBLOCK=256", "-DKEPT=1"), ("-DBLOCK=256", "-DKEPT=2")
"""Flags with which small pictures have blocks of which no planes are kept."""

SETS = sorted(FUNCTION_SETS)
KINDS = ("photo", "random", "flat", "black and white")
SANITIZERS = (
    *("-O1", "-g", "-fno-omit-frame-pointer"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover"),
    *KEEPS_2,
)


def image_pair(rng: np.random.Generator, height: int, width: int, kind: str = "photo") -> Pair:
    """Return a noisy image and its reference: smooth, without any order, or of few levels."""
    if kind == "photo":
        y, x = np.indices((height, width))
        waves = np.sin(rng.uniform(0.05, 0.5) * x) * np.cos(rng.uniform(0.05, 0.5) * y)
        clean = (128 + 127 * waves).astype(np.uint8)
        return add_noise(clean, "salt-and-pepper", 0.2, rng), clean
    if kind == "random":
        noisy, clean = rng.integers(0, 256, (2, height, width), np.uint8)
    elif kind == "flat":
        noisy, clean = rng.choice(rng.integers(0, 256, 3, np.uint8), (2, height, width))
    else:
        noisy, clean = rng.choice(np.array([0, 255], np.uint8), (2, height, width))
    return noisy, clean


def state_of(tribes: Sequence[Tribe]) -> State:
    """Return all that a backend may change of tribes."""
    return [
        (t.genes.tolist(), t.sae, t.random.state, t.evaluations, t.accepted, t.luts) for t in tribes
    ]


@contextmanager
def open_engine(
    shape: Shape,
    pairs: Sequence[Pair],
    workers: int = 1,
    flags: Sequence[str] = (),
    fitness: str = "sae",
) -> Iterator[Backend]:
    """Open an engine that is compiled with further flags."""
    with patch.object(fast, "load_library", partial(fast.load_library, *flags)):
        backend = open_backend("fast", shape, pairs, workers, Goal(fitness))
    try:
        yield backend
    finally:
        backend.close()


def model_walk(settings: Settings, rule: Rule, pairs: Sequence[Pair], count: int) -> list[State]:
    """Return the model's state at the start and after each of the broods."""
    backend = ModelBackend(settings.shape, pairs, squared=settings.fitness == "squared")
    tribes = found(settings, backend).tribes
    states = [state_of(tribes)]
    for _ in range(count):
        advance(backend, tribes, rule.children, rule)
        states.append(state_of(tribes))
    return states


def walk_alike(
    settings: Settings,
    pairs: Sequence[Pair],
    count: int,
    *,
    workers: int = 1,
    flags: Sequence[str] = (),
    rule: Rule | None = None,
) -> list[State]:
    """Check that the engine has broods as the model does; return the model's states."""
    rng = np.random.default_rng(count)
    rule = rule or rule_at(settings)
    expected = model_walk(settings, rule, pairs, count)
    cuts = np.sort(rng.integers(1, count + 1, max(1, count // 16)))
    cuts[-1] = count
    with open_engine(settings.shape, pairs, workers, flags, settings.fitness) as backend:
        for stops in (range(1, count + 1), np.unique(cuts).tolist(), [count]):
            tribes = found(settings, backend).tribes
            assert state_of(tribes) == expected[0]
            before = 0
            for stop in stops:
                advance(backend, tribes, (stop - before) * rule.children, rule)
                assert state_of(tribes) == expected[stop], f"broods {before + 1} to {stop}"
                before = stop
    return expected


def accepted(states: Sequence[State]) -> int:
    """Return how many children were taken."""
    return sum(tribe[4] for tribe in states[-1])


def random_genes(shape: Shape, rng: np.random.Generator, count: int) -> Genes:
    return np.stack([random_circuit(shape, rng).genes for _ in range(count)])


# --- whole trajectories


@pytest.mark.parametrize("function_set", SETS)
@pytest.mark.parametrize("start", ["copy", "random"])
@pytest.mark.parametrize(
    ("rows", "cols", "count"),
    [
        *((1, 1, 300), (1, 8, 300), (8, 1, 300), (4, 4, 300), (5, 3, 300), (8, 8, 200)),
        *((16, 16, 120), (24, 24, 60), (64, 1, 120), (1, 64, 120)),
    ],
)
def test_every_shape_and_set_walks_as_the_model(
    rows: int, cols: int, count: int, start: str, function_set: str
) -> None:
    settings = Settings(Shape(rows, cols, function_set), mutation_rate=3, start=start)
    states = walk_alike(settings, [image_pair(np.random.default_rng(1), 17, 23)], count)
    assert 0 < accepted(states) < count


@pytest.mark.parametrize(
    ("height", "width"),
    [
        *((3, 3), (5, 7), (7, 73)),  # up to a pixel less than a block
        *((16, 32), (19, 27), (33, 31), (32, 32), (25, 41), (32, 64), (3, 683), (61, 59)),
    ],
)
@pytest.mark.parametrize("accept", ACCEPT_RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_image_size_walks_as_the_model(
    height: int, width: int, accept: str, kind: str
) -> None:
    """A pixel less than a block of 512, a block, a pixel more, and several."""
    settings = Settings(Shape(4, 5, "upm16"), mutation_rate=2, start="random", accept=accept)
    states = walk_alike(settings, [image_pair(np.random.default_rng(2), height, width, kind)], 150)
    assert accepted(states)


@pytest.mark.parametrize("rate", [*range(1, 9), HIGHEST_RATE])
@pytest.mark.parametrize("accept", ACCEPT_RULES)
@pytest.mark.parametrize("function_set", SETS)
def test_every_mutation_rate_walks_as_the_model(rate: int, accept: str, function_set: str) -> None:
    pairs = [image_pair(np.random.default_rng(3), 9, 14)]
    shape = Shape(6, 6, function_set)
    settings = Settings(shape, mutation_rate=rate, start="random", accept=accept, seed=rate)
    assert accepted(walk_alike(settings, pairs, 300))


@pytest.mark.parametrize("temperature", ["0.001", "0.03", "1"])
@pytest.mark.parametrize("function_set", SETS)
def test_every_temperature_walks_as_the_model(temperature: str, function_set: str) -> None:
    pairs = [image_pair(np.random.default_rng(8), 40, 30)]
    settings = Settings(Shape(5, 6, function_set), start="random", temperature=temperature)
    states = walk_alike(settings, pairs, 600)
    saes = [state[0][1] for state in states]
    assert any(after > before for before, after in pairwise(saes)), "a worse child was taken"


@pytest.mark.parametrize(
    "parsimony",
    [{"parsimony": "tie"}, *({"parsimony": "weight", "lut_weight": w} for w in (1, 90))],
)
@pytest.mark.parametrize("accept", ACCEPT_RULES)
@pytest.mark.parametrize("function_set", SETS)
def test_every_parsimony_walks_as_the_model(
    parsimony: dict[str, Any], accept: str, function_set: str
) -> None:
    pairs = [image_pair(np.random.default_rng(13), 40, 30)]
    shape = Shape(6, 7, function_set)
    settings = Settings(shape, mutation_rate=3, start="random", accept=accept, **parsimony)
    for children in (1, 4):
        rule = replace(rule_at(settings), children=children)
        states = walk_alike(settings, pairs, 300, rule=rule)
        for state in (states[0], states[-1]):
            (genes, _, _, _, _, counted), *_ = state
            assert counted == luts(circuit_of(np.array(genes, np.uint8), shape))
        assert len({state[0][5] for state in states}) > 3


@pytest.mark.parametrize("fitness", ["sae", "squared"])
def test_pairs_of_different_sizes_count_together(fitness: str) -> None:
    rng = np.random.default_rng(4)
    pairs = [image_pair(rng, *size) for size in ((5, 7), (33, 31), (3, 3), (40, 52))]
    walk_alike(Settings(Shape(5, 4, "upm19"), mutation_rate=3, fitness=fitness), pairs, 300)


@pytest.mark.parametrize("weight", [2**40, 2**50])
def test_scores_beyond_64_bits_walk_as_the_models(weight: int) -> None:
    """As of squared errors of large photos, where --parsimony pareto draws such weights."""
    shape = Shape(6, 7, "upm16")
    pairs = [image_pair(np.random.default_rng(21), 40, 30)]
    settings = Settings(
        shape, mutation_rate=3, start="random", parsimony="tie", temperature="1", fitness="squared"
    )
    walks = []
    for name in ("fast", "model"):
        backend = open_backend(name, shape, pairs, 1, Goal("squared"))
        tribes = found(settings, backend).tribes
        for tribe in tribes:
            tribe.weight = weight
        states = [state_of(tribes)]
        for _ in range(200):
            advance(backend, tribes, 1, rule_at(settings))
            states.append(state_of(tribes))
        backend.close()
        walks.append(states)
    assert walks[0] == walks[1]
    costs = [state[0][5] for state in walks[0]]
    assert weight * costs[0] << 20 > 2**63
    assert costs[-1] < costs[0], "the cheaper circuit is better"


@pytest.mark.parametrize("fitness", ["sae", "squared"])
@pytest.mark.parametrize("function_set", SETS)
def test_a_long_walk_in_which_the_pixels_are_sorted_anew(function_set: str, fitness: str) -> None:
    """Which the engine does when that may pay, and the fitness is a thirty-second less."""
    pairs = [image_pair(np.random.default_rng(5), 40, 52)]
    settings = Settings(
        Shape(5, 5, function_set), mutation_rate=2, start="random", seed=3, fitness=fitness
    )
    states = walk_alike(settings, pairs, 3100, flags=["-DSORT_INTERVAL=1"])
    saes = [state[0][1] for state in states]
    assert saes[1024] < saes[0] * 31 // 32


@pytest.mark.parametrize(
    "flags", [BLOCKS_OF_256, KEEPS_1, KEEPS_2, ("-DBLOCK=1024", "-DKEPT=1"), BLOCKS_OF_4096]
)
@pytest.mark.parametrize("function_set", SETS)
def test_the_length_of_a_block_and_how_many_keep_planes_do_not_matter(
    flags: Sequence[str], function_set: str
) -> None:
    rng = np.random.default_rng(6)
    settings = Settings(Shape(6, 5, function_set), mutation_rate=3, start="random")
    for size in ((5, 7), (15, 17), (16, 16), (61, 67), (64, 64)):
        walk_alike(settings, [image_pair(rng, *size)], 120, flags=flags)


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 64), (64, 1), (16, 16), (3, 24)])
@pytest.mark.parametrize("function_set", SETS)
def test_every_shape_walks_as_the_model_where_no_planes_are_kept(
    rows: int, cols: int, function_set: str
) -> None:
    settings = Settings(Shape(rows, cols, function_set), mutation_rate=3, start="random")
    walk_alike(settings, [image_pair(np.random.default_rng(1), 40, 52)], 80, flags=KEEPS_1)


def test_a_picture_of_many_blocks_walks_as_the_model() -> None:
    """As it is compiled for everybody, and with enough pixels that most have no planes."""
    settings = Settings(Shape(6, 6, "upm19"), mutation_rate=2, temperature="0.02")
    states = walk_alike(settings, [image_pair(np.random.default_rng(9), 203, 251, "two")], 150)
    assert 0 < accepted(states) < 150


@pytest.mark.parametrize("work", [1, 500])
@pytest.mark.parametrize("workers", [1, 2])
def test_work_may_be_cut_anywhere(work: int, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "WORK", work)
    pairs = [image_pair(np.random.default_rng(7), 33, 32)]
    settings = Settings(Shape(4, 4, "upm19"), tribes=9, temperature="0.02", start="random")
    walk_alike(settings, pairs, 60, workers=workers, rule=replace(rule_at(settings), children=3))
    with open_engine(settings.shape, pairs, workers) as engine:
        tribes, rule = found(settings, engine).tribes, rule_at(settings)
        tribes[0].owe(1000)
        engine.advance(tribes, rule)
        had = 1000 - tribes[0].owed
        assert 0 < had < 500
        assert (had == 1) == (work == 1)
        assert [tribe.evaluations for tribe in tribes] == [had, *[0] * 8]


@pytest.mark.parametrize("parsimony", ["none", "weight"])
@pytest.mark.parametrize("children", [1, 4])
def test_the_best_of_an_epoch_is_the_models(children: int, parsimony: str) -> None:
    pairs = [image_pair(np.random.default_rng(12), 40, 30)]
    settings = Settings(
        Shape(5, 6, "upm19"),
        *(4000, 3),
        tribes=3,
        children=children,
        temperature="0.3",
        parsimony=parsimony,
        start="random",
        war_interval=200,
    )
    with open_engine(settings.shape, pairs, workers=2) as engine:
        one, other = (
            [(e.sae, e.best.tolist(), e.saes) for e in evolve(settings, backend)]
            for backend in (engine, ModelBackend(settings.shape, pairs))
        )
    assert one == other
    assert any(best < min(saes.values()) for best, _, saes in one), "the best is left again"


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("tribes", [1, 2, 5])
def test_workers_share_the_tribes_and_change_nothing(workers: int, tribes: int) -> None:
    pairs = [image_pair(np.random.default_rng(7), 33, 32)]
    shape = Shape(4, 4, "upm16")
    walk_alike(Settings(shape, tribes=tribes, start="random"), pairs, 200, workers=workers)
    whole = Settings(shape, tribes=tribes, evaluations=tribes * 300, war_interval=50, seed=2)
    with open_engine(shape, pairs, workers) as engine:
        epochs = [list(evolve(whole, backend)) for backend in (engine, ModelBackend(shape, pairs))]
    seen, expected = ([(e.evaluations, e.saes, e.best.tolist()) for e in run] for run in epochs)
    assert seen == expected


@hypothesis.settings(max_examples=120, deadline=None)
@hypothesis.given(
    shape=st.builds(Shape, st.integers(1, 9), st.integers(1, 9), st.sampled_from(SETS)),
    sizes=st.lists(st.tuples(st.integers(3, 40), st.integers(3, 40)), min_size=1, max_size=3),
    kind=st.sampled_from(KINDS),
    rate=st.integers(1, 8) | st.integers(1, HIGHEST_RATE) | st.sampled_from(["1..8", "2..64"]),
    accept=st.sampled_from(ACCEPT_RULES),
    temperature=st.sampled_from(["0", "0.01", "0.5..0.001", "1"]),
    fitness=st.sampled_from(["sae", "squared"]),
    parsimony=st.sampled_from(["none", "tie", "weight"]),
    lut_weight=st.integers(1, HIGHEST_WEIGHT),
    few_functions=st.booleans(),
    start=st.sampled_from(["copy", "random"]),
    children=st.integers(1, 8),
    scope=st.sampled_from(SCOPES),
    stages=st.sampled_from(["whole", "growth", "pieces"]),
    tribes=st.integers(1, 3),
    workers=st.integers(1, 3),
    seed=st.integers(0, 2**64),
    count=st.integers(1, 150),
    flags=st.sampled_from([(), BLOCKS_OF_256, KEEPS_1, KEEPS_2, BLOCKS_OF_4096]),
)
def test_any_walk_is_the_models(
    shape: Shape,
    sizes: list[tuple[int, int]],
    kind: str,
    rate: int | str,
    accept: str,
    temperature: str,
    fitness: str,
    parsimony: str,
    lut_weight: int,
    few_functions: bool,
    start: str,
    children: int,
    scope: str,
    stages: str,
    tribes: int,
    workers: int,
    seed: int,
    count: int,
    flags: Sequence[str],
) -> None:
    rng = np.random.default_rng(seed)
    pairs = [image_pair(rng, *size, kind) for size in sizes]
    names = [function.name for function in FUNCTION_SETS[shape.function_set].functions]
    chosen = rng.choice(names, rng.integers(1, 20)).tolist() if few_functions else []
    down, across = (int(rng.integers(1, side + 1)) for side in (shape.rows, shape.cols))
    settings = Settings(
        shape,
        mutation_rate=rate,
        scope=scope,
        growth=f"{down}x{across},{shape.rows}x{shape.cols}" if stages == "growth" else "",
        pieces=f"{down}x{across}" if stages == "pieces" else "",
        tribes=tribes,
        functions=",".join(chosen),
        temperature=temperature,
        fitness=fitness,
        parsimony=parsimony,
        lut_weight=lut_weight,
        start=start,
        accept=accept,
        seed=seed,
    )
    rule = replace(rule_at(settings, int(rng.integers(settings.evaluations))), children=children)
    broods = -(-count // children)
    walk_alike(settings, pairs, broods, workers=workers, flags=flags, rule=rule)


@pytest.mark.parametrize("children", [1, 2, 5, 8])
@pytest.mark.parametrize("accept", ACCEPT_RULES)
@pytest.mark.parametrize("function_set", SETS)
def test_every_size_of_brood_walks_as_the_model(
    children: int, accept: str, function_set: str
) -> None:
    pairs = [image_pair(np.random.default_rng(14), 33, 32)]
    settings = Settings(Shape(5, 6, function_set), start="random", accept=accept, seed=children)
    rule = replace(rule_at(settings), children=children)
    states = walk_alike(settings, pairs, 120, rule=rule)
    assert 0 < accepted(states) <= 120
    assert states[-1][0][3] == 120 * children


def test_a_long_walk_of_broods_in_which_the_pixels_are_sorted_anew() -> None:
    pairs = [image_pair(np.random.default_rng(5), 40, 52)]
    settings = Settings(Shape(5, 5, "upm16"), start="random", seed=3)
    states = walk_alike(settings, pairs, 700, rule=replace(rule_at(settings), children=5))
    saes = [state[0][1] for state in states]
    assert saes[205] < saes[0] * 31 // 32


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("rate", ["1..8", "64..64", "3"])
@pytest.mark.parametrize("function_set", SETS)
def test_every_scope_walks_as_the_model(scope: str, rate: str, function_set: str) -> None:
    pairs = [image_pair(np.random.default_rng(15), 19, 21)]
    for sides in ((5, 7), (1, 6), (6, 1), (1, 1)):
        settings = Settings(Shape(*sides, function_set), mutation_rate=rate, scope=scope)
        walk_alike(settings, pairs, 80)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("rows", "cols", "stages"),
    [
        (7, 5, {"growth": "1x1,3x2,3x5,7x5"}),
        (1, 6, {"growth": "1x1,1x5,1x6"}),
        (6, 1, {"growth": "2x1,6x1"}),
        (7, 5, {"pieces": "3x2"}),
        (1, 6, {"pieces": "1x4"}),
        (6, 1, {"pieces": "5x1"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("function_set", SETS)
def test_every_stage_walks_as_the_model(
    rows: int, cols: int, stages: dict[str, str], scope: str, function_set: str
) -> None:
    pairs = [image_pair(np.random.default_rng(16), 11, 13)]
    settings = Settings(Shape(rows, cols, function_set), 2**16, "1..4", scope, **stages)  # type: ignore[arg-type]
    for since in range(0, 2**16, 2**16 // len(regions(settings))):
        walk_alike(settings, pairs, 40, rule=rule_at(settings, since))


# --- single evaluations


def compare(engine: Backend, model: ModelBackend, batch: Genes) -> NDArray[np.int64]:
    """Check the SAE of circuits and the filtered image of the first; return the SAEs."""
    saes = engine.evaluate(batch)
    assert saes.dtype == np.int64
    assert saes.tolist() == model.evaluate(batch).tolist()
    assert np.array_equal(engine.filter(batch[0]), model.filter(batch[0]))
    return saes


@pytest.mark.parametrize(
    ("function_set", "code"),
    [(name, code) for name in SETS for code in range(len(FUNCTION_SETS[name].functions))],
)
def test_every_function_on_all_pairs_of_operands(function_set: str, code: int) -> None:
    """Also with one operand for both, and with the two exchanged."""
    noisy = np.empty((256, 512), np.uint8)
    noisy[:, 0::2], noisy[:, 1::2] = np.arange(256)[:, None], np.arange(256)
    pairs = [(noisy, np.zeros_like(noisy))]
    shape = Shape(1, 1, function_set)
    centre, east = WINDOW_PIXELS.index("C"), WINDOW_PIXELS.index("E")
    with open_engine(shape, pairs) as engine:
        for operands in ((centre, east), (east, centre), (centre, centre)):
            compare(engine, ModelBackend(shape, pairs), np.array([[code, *operands, 0]], np.uint8))


@pytest.mark.parametrize("function_set", SETS)
def test_every_function_of_every_function(function_set: str) -> None:
    """Of a constant too: a mesh of two columns, its inputs the same pixel or two."""
    pairs = [image_pair(np.random.default_rng(8), 16, 16, "random")]
    shape = Shape(1, 2, function_set)
    codes = range(len(FUNCTION_SETS[function_set].functions))
    inputs = ((4, 4, 4), (4, 5, 4), (4, 5, 5), (4, 4, 5), (3, 4, 5))
    batch = [
        [first, second, *pixels, 0] for first in codes for second in codes for pixels in inputs
    ]
    with open_engine(shape, pairs) as engine:
        compare(engine, ModelBackend(shape, pairs), np.array(batch, np.uint8))


@pytest.mark.parametrize("function_set", SETS)
def test_meshes_full_of_constants(function_set: str) -> None:
    rng = np.random.default_rng(9)
    shape = Shape(6, 6, function_set)
    names = [function.name for function in FUNCTION_SETS[function_set].functions]
    # upm19 has no constant of its own, but a difference of a pixel with itself.
    constant = names.index("255" if "255" in names else "N-W")
    batch = random_genes(shape, rng, 300)
    batch[:, :36][rng.random((300, 36)) < 0.4] = constant
    batch[:, 36:48] = 4
    pairs = [image_pair(rng, 9, 9, "random")]
    with open_engine(shape, pairs) as engine:
        saes = compare(engine, ModelBackend(shape, pairs), batch)
    assert len(set(saes.tolist())) > 20


@pytest.mark.parametrize("function_set", SETS)
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (3, 5), (12, 9), (64, 2), (2, 64), (64, 64)])
def test_evaluate_and_filter_between_and_after_walks(
    rows: int, cols: int, function_set: str
) -> None:
    """In any order, and with another engine of another shape beside."""
    rng = np.random.default_rng(10)
    shapes = (Shape(rows, cols, function_set), Shape(cols, rows, function_set))
    pairs = [image_pair(rng, 19, 27), image_pair(rng, 7, 5)]
    with open_engine(shapes[0], pairs) as one, open_engine(shapes[1], pairs[::-1], 2) as other:
        backends = [
            (shapes[0], one, ModelBackend(shapes[0], pairs)),
            (shapes[1], other, ModelBackend(shapes[1], pairs[::-1])),
        ]
        for turn in range(4):
            for shape, engine, model in backends:
                compare(engine, model, random_genes(shape, rng, 4))
                settings = Settings(shape, mutation_rate=1 + turn, start="random", seed=turn)
                walked = [found(settings, backend).tribes for backend in (engine, model)]
                advance(engine, walked[0], 5, rule_at(settings))
                advance(model, walked[1], 5, rule_at(settings))
                assert state_of(walked[0]) == state_of(walked[1])
                parent = walked[0][0].genes
                assert np.array_equal(engine.filter(parent), model.filter(parent))
                assert engine.evaluate(parent[None]) == walked[0][0].sae


def keeps_limits(engine: Backend, batch: Genes, saes: NDArray[np.int64]) -> None:
    """Check that SAEs are exact up to their limits, and above them if they are."""
    for limits in (saes, saes - 1, saes + 1, saes // 2, saes[::-1], 0 * saes - 1, 0 * saes + 2**40):
        said = engine.evaluate(batch, limits)
        assert np.where(saes > limits, said > limits, said == saes).all()
    assert engine.evaluate(batch).tolist() == saes.tolist(), "nothing of a limit is left"


@pytest.mark.parametrize("function_set", SETS)
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (5, 3), (16, 16)])
@pytest.mark.parametrize("flags", [(), KEEPS_1])
def test_limits_before_and_after_walks(
    flags: Sequence[str], rows: int, cols: int, function_set: str
) -> None:
    """The circuit that the engine has now stays its parent, whatever is evaluated."""
    shape, rng = Shape(rows, cols, function_set), np.random.default_rng(17)
    pairs = [image_pair(rng, 40, 52), image_pair(rng, 3, 5)]
    model = ModelBackend(shape, pairs)
    settings = Settings(shape, mutation_rate=4, start="random")
    rule = rule_at(settings)
    with open_engine(shape, pairs, flags=flags) as engine:
        walked = [found(settings, backend).tribes for backend in (engine, model)]
        for _ in range(3):
            parent = walked[0][0].genes
            children = [rule.mutation.child(parent, walked[0][0].random) for _ in range(8)]
            walked[1][0].random.state = walked[0][0].random.state
            batch = np.stack([*children, parent, *random_genes(shape, rng, 4)])
            keeps_limits(engine, batch, model.evaluate(batch))
            for backend, tribes in zip((engine, model), walked, strict=True):
                advance(backend, tribes, 30, rule)
            assert state_of(walked[0]) == state_of(walked[1])


def test_limits_from_threads() -> None:
    shape, rng = Shape(6, 6, "upm16"), np.random.default_rng(18)
    pairs = [image_pair(rng, 33, 40)]
    batches = [random_genes(shape, rng, 20) for _ in range(8)]
    saes = [ModelBackend(shape, pairs).evaluate(batch) for batch in batches]
    with open_engine(shape, pairs, workers=3) as crew, ThreadPoolExecutor(4) as pool:
        list(pool.map(partial(keeps_limits, crew), batches, saes))


def test_genes_may_lie_anywhere_in_memory() -> None:
    rng = np.random.default_rng(11)
    shape = Shape(40, 40, "upm16")
    pairs = [image_pair(rng, 9, 9)]
    batch = random_genes(shape, rng, 8)
    with open_engine(shape, pairs) as engine:
        for view in (batch[::-2], np.asfortranarray(batch), np.asfortranarray(batch)[3:]):
            compare(engine, ModelBackend(shape, pairs), view)


@pytest.mark.parametrize("size", [(3, 3), (32, 32), (300, 257)])
def test_the_extreme_sums(size: tuple[int, int]) -> None:
    shape = Shape(2, 2, "upm16")
    black, white = np.zeros(size, np.uint8), np.full(size, 255, np.uint8)
    batch = random_genes(shape, np.random.default_rng(12), 50)
    largest = 255 * black.size
    for pair in ((black, white), (white, black), (black, black), (white, white)):
        with open_engine(shape, [pair]) as engine:
            saes = compare(engine, ModelBackend(shape, [pair]), batch)
        assert largest in saes if pair[1].any() != pair[0].any() else 0 in saes
        walk_alike(Settings(shape, mutation_rate=4), [pair], 60)


@pytest.mark.parametrize(
    ("fitness", "side", "error"), [("sae", 4105, 255), ("squared", 300, 255**2)]
)
def test_a_sum_beyond_32_bits(fitness: str, side: int, error: int) -> None:
    black = np.zeros((side, side), np.uint8)
    copy, ones = [10, 4, 4, 0], [7, 4, 4, 0]
    with open_engine(Shape(1, 1, "upm16"), [(black, ~black)], fitness=fitness) as engine:
        assert engine.evaluate(np.array([copy, ones], np.uint8)).tolist() == [error * side**2, 0]
    assert error * side**2 > 2**32


# --- under sanitizers, in a process of its own


def walk_many_ways() -> None:
    rng = np.random.default_rng(13)
    for rows, cols, count in ((1, 1, 100), (8, 8, 100), (64, 64, 20), (1, 64, 30), (64, 1, 30)):
        for name in SETS:
            shape = Shape(rows, cols, name)
            pairs = [image_pair(rng, 33, 32), image_pair(rng, 3, 5)]
            settings = Settings(shape, mutation_rate=HIGHEST_RATE, tribes=2, start="random")
            walk_alike(settings, pairs, count, workers=2, flags=SANITIZERS)
            with open_engine(shape, pairs, flags=SANITIZERS) as engine:
                compare(engine, ModelBackend(shape, pairs), random_genes(shape, rng, 3))


def make_engine(cols: int, pixels: int) -> None:
    image = np.zeros((1000, 10), np.uint8)
    functions = fast.functions_of("upm16")
    fast.load_library(*SANITIZERS).engine_new(
        *(1, cols, functions.ctypes.data, len(functions)), *(pixels, image.ctypes.data, 0)
    )


def read_beyond_the_image() -> None:
    make_engine(1, 1001)


def make_a_mesh_without_columns() -> None:
    make_engine(0, 1000)


@pytest.mark.parametrize(
    ("act", "complaint"),
    [
        (walk_many_ways, ""),
        (read_beyond_the_image, "heap-buffer-overflow"),
        (make_a_mesh_without_columns, "shift exponent"),
    ],
)
def test_the_sanitizers_find_nothing_but_what_is_wrong(
    act: Callable[[], None], complaint: str
) -> None:
    compiler = find_compiler()
    runtime = subprocess.run(
        [*compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(runtime).is_absolute():
        pytest.skip(f"{compiler[0]} has no libasan.so")
    # The engine's compiler must not run under them too.
    code = (
        "import os; del os.environ['LD_PRELOAD']; "
        f"from tests import test_engine; test_engine.{act.__name__}()"
    )
    # Memory begins as anything but zeros; Python itself leaks.
    options = "detect_leaks=0:malloc_fill_byte=170:max_malloc_fill_size=1000000000"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": runtime, "ASAN_OPTIONS": options},
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(done.returncode) == bool(complaint), done.stderr
    assert complaint in done.stderr
