# SPDX-License-Identifier: Apache-2.0
"""The evolution against docs/evolution.md: its draws, its rules, its budget and its epochs."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.filter.backends.model import ModelBackend
from evoarray.evolution.filter.loop import Epoch, evolve, found
from evoarray.evolution.filter.settings import HIGHEST_RATE, Settings
from evoarray.evolution.filter.tribe import UNIT, Rule, Tribe, advance, ask, rule_at, tell
from evoarray.evolution.rng import Random
from evoarray.model.filter.circuit import Shape, copy_filter
from evoarray.model.images import read_image
from evoarray.model.noise import add_noise
from tests.landscape import Landscape, Numbers, drawn_child

PHOTO = Path(__file__).parents[1] / "images" / "training" / "camera.png"
SHAPE = Shape(3, 4, "upm16")
GENES = 3 * 4 + 4 + 3 + 1


def same(one: list[Epoch], other: list[Epoch]) -> bool:
    """Whether two runs saw the same at every epoch."""
    return len(one) == len(other) and all(
        (a.evaluations, a.saes, a.best.tolist()) == (b.evaluations, b.saes, b.best.tolist())
        for a, b in zip(one, other, strict=True)
    )


# --- the generator


def reference_generator(seed: int, stream: int) -> Random:
    """Return the generator that the reference implementation's pcg32_srandom makes."""
    generator = Random(0, stream << 1 | 1)
    generator.below(1)
    generator.state = (generator.state + seed) % 2**64
    generator.below(1)
    return generator


def test_the_generator_gives_the_published_values() -> None:
    generator = reference_generator(42, 54)
    assert [generator.below(2**32) for _ in range(6)] == [
        *(0xA15C02B7, 0x7B47F409, 0xBA1D3330, 0x83D2F293, 0xBFA4784B, 0xCBED606E)
    ]


@pytest.mark.parametrize("bound", [1, 2, 3, 9, 16, 19, 81, 4096, 2**32])
def test_a_bounded_draw_is_the_upper_half_of_a_product(bound: int) -> None:
    words, bounded = reference_generator(42, 54), reference_generator(42, 54)
    for _ in range(500):
        assert bounded.below(bound) == words.below(2**32) * bound // 2**32 < bound
    assert bounded == words, "one step per draw, whatever the bound"


@pytest.mark.parametrize("bound", [2, 9, 16, 19])
def test_bounded_draws_are_uniform(bound: int) -> None:
    generator, draws = Random.stream(1, 0, 0), 20_000
    counts = Counter(generator.below(bound) for _ in range(draws))
    expected = draws / bound
    chi_squared = sum((counts[value] - expected) ** 2 / expected for value in range(bound))
    assert chi_squared < 50  # of 18 degrees of freedom one in 10,000 is above 49


def test_streams_are_those_of_the_document() -> None:
    for seed, tribe in ((1, 0), (1, 1), (2, 0), (2**70, 3)):
        state, increment = np.random.SeedSequence(seed, spawn_key=(0, tribe)).generate_state(
            2, np.uint64
        )
        assert Random.stream(seed, 0, tribe) == Random(int(state), int(increment) | 1)


def test_streams_differ_in_seed_run_and_tribe() -> None:
    keys = [(seed, run, tribe) for seed in range(4) for run in range(4) for tribe in range(4)]
    draws = {tuple(Random.stream(*key).below(2**32) for _ in range(2)) for key in keys}
    assert len(draws) == len(keys)


def test_a_seed_means_the_same_for_ever() -> None:
    """A new release of NumPy, or of this project, must not change what a seed means."""
    generator = Random.stream(1, 0, 0)
    assert [generator.below(1000) for _ in range(8)] == [584, 452, 134, 645, 889, 970, 874, 754]


# --- children


@pytest.mark.parametrize("function_set", ["upm16", "upm19", "cgp16"])
@pytest.mark.parametrize("rate", [1, 2, 3, GENES, HIGHEST_RATE])
def test_a_child_has_k_genes_redrawn(function_set: str, rate: int) -> None:
    shape = Shape(3, 4, function_set)
    limits = shape.limits.tolist()
    assert limits == [{"upm16": 16, "upm19": 19, "cgp16": 16}[function_set]] * 12 + [9] * 7 + [3]
    tribe = Tribe(copy_filter(shape).genes, 0, Random.stream(7, 0, 0))
    parent, generator = tribe.genes.tolist(), Random.stream(7, 0, 0)
    rule = rule_at(Settings(shape, mutation_rate=rate))
    changed = Counter[int]()
    for _ in range(300):
        (child,) = ask(tribe, rule)
        assert child.tolist() == drawn_child(parent, generator, limits, rate)
        assert child.dtype == np.uint8
        assert tribe.genes.tolist() == parent, "asking leaves the parent alone"
        changed.update(np.flatnonzero(child != tribe.genes).tolist())
        assert np.count_nonzero(child != tribe.genes) <= rate
    assert set(changed) == set(range(GENES)), "every gene is reached"


@pytest.mark.parametrize(
    ("accept", "child_sae", "taken"),
    [
        ("equal", 9, True),
        ("equal", 10, True),
        ("equal", 11, False),
        ("better", 9, True),
        ("better", 10, False),
        ("better", 11, False),
    ],
)
def test_which_child_replaces_its_parent(accept: str, child_sae: int, taken: bool) -> None:
    tribe = Tribe(np.zeros(GENES, np.uint8), 10, Random(0, 1))
    rule = rule_at(Settings(SHAPE, accept=accept))
    brood = np.ones((1, GENES), np.uint8)
    assert tell(tribe, brood, [child_sae], [0], rule.worst_accepted(tribe)) == taken
    assert tribe.genes.tolist() == [int(taken)] * GENES
    assert tribe.sae == (child_sae if taken else 10)


@pytest.mark.parametrize("children", [1, 4])
def test_children_and_those_taken_are_counted(children: int) -> None:
    fitness = Landscape()
    tribe = Tribe(np.zeros(GENES, np.uint8), 3 * GENES, Random.stream(4))
    rule = replace(rule_at(Settings(SHAPE, accept="better")), children=children)
    taken = 0
    for brood in range(1, 201):
        before = tribe.sae
        advance(fitness, [tribe], children, rule)
        taken += tribe.sae < before
        assert (tribe.evaluations, tribe.accepted) == (brood * children, taken)
    assert 0 < taken < 200


# --- temperature


def test_the_exponential_draw() -> None:
    """Against logarithms: exact at powers of two, within 0.087 between them, and in the mean."""
    random = Random.stream(5)
    drawn = []
    for _ in range(20_000):
        twin = Random(random.state, random.increment)
        word = max(1, twin.below(2**32))
        value = random.exponential()
        assert random == twin, "one draw"
        exact = 32 - math.log2(word)
        assert exact - 1e-4 <= value / 65536 <= exact + 0.087
        if word & (word - 1) == 0:
            assert value == exact * 65536
        drawn.append(value)
    assert abs(np.mean(drawn) / 98_304 - 1) < 0.03


@pytest.mark.parametrize(
    ("word", "value"),
    [(2**31, 65536), (2**30, 2 * 65536), (1, 32 * 65536), (0, 32 * 65536), (2**32 - 1, 1)],
)
def test_the_ends_of_the_exponential_draw(
    word: int, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Random, "_next", lambda _: word)
    assert Random(0, 1).exponential() == value


def test_a_temperature_raises_what_will_do() -> None:
    warm = replace(rule_at(Settings(SHAPE)), temperature=20_000)
    tribe = Tribe(np.zeros(GENES, np.uint8), 50_000, Random.stream(3))
    drawn = Random(tribe.random.state, tribe.random.increment).exponential()
    assert warm.worst_accepted(tribe) == (50_000 + 1000 * drawn // 98_304) * UNIT
    better = replace(warm, accept="better")
    limits = [better.worst_accepted(tribe) / UNIT for _ in range(4000)]
    assert abs(np.mean(limits) - 51_000) < 100, "two per cent worse on average"
    state = tribe.random.state
    assert rule_at(Settings(SHAPE)).worst_accepted(tribe) == 50_000 * UNIT
    assert tribe.random.state == state, "without a temperature nothing is drawn"


def test_a_temperature_falls_geometrically() -> None:
    settings = Settings(SHAPE, 100_000, temperature="0.04..0.0025")
    assert [settings.temperature_at(at) for at in (0, 25_000, 50_000, 100_000)] == [
        *(40_000, 20_000, 10_000, 2500)
    ]
    assert Settings(SHAPE, temperature=".5").temperature_at(77) == 500_000
    assert Settings(SHAPE).temperature_at(77) == 0


# --- the whole run


def walk(settings: Settings, fitness: Landscape) -> Iterator[tuple[int, list[int], list[int]]]:
    """Yield evaluations, SAEs and the best genes at each epoch, as the document says."""
    limits = settings.shape.limits.tolist()
    rate, count = int(settings.mutation_rate), settings.tribes
    generators = [Random.stream(settings.seed, 0, tribe) for tribe in range(count)]
    parents = [
        copy_filter(settings.shape).genes.tolist()
        if settings.start == "copy"
        else [generator.below(limit) for limit in limits]
        for generator in generators
    ]

    def measure(genes: list[int]) -> int:
        return sum(abs(gene - fitness.target) for gene in genes)

    saes = [measure(parent) for parent in parents]
    interval = settings.war_interval if count > 1 and settings.war_interval else 0
    share = settings.evaluations // count
    if interval:
        share = share // interval * interval
    best, least = parents[saes.index(min(saes))], min(saes)
    yield 0, list(saes), best
    for done in range(1, share + 1):
        for tribe in range(count):
            child = drawn_child(parents[tribe], generators[tribe], limits, rate)
            sae = measure(child)
            if sae < saes[tribe] or (sae == saes[tribe] and settings.accept == "equal"):
                parents[tribe], saes[tribe] = child, sae
        if interval and done % interval == 0:
            first, last = saes.index(min(saes)), saes.index(max(saes))
            parents[last], saes[last] = parents[first], saes[first]
        if done % (interval or 1024) == 0 or done == share:
            if min(saes) < least:  # an equal one does not count
                best, least = parents[saes.index(min(saes))], min(saes)
            yield done * count, list(saes), best


@pytest.mark.parametrize(
    "options",
    [
        {"evaluations": 2500},
        {"evaluations": 1000, "start": "random", "mutation_rate": 5},
        {"evaluations": 1500, "accept": "better", "function_set": "upm19"},
        {"evaluations": 1000, "tribes": 3, "war_interval": 50, "start": "random"},
        {"evaluations": 999, "tribes": 4, "war_interval": 1, "function_set": "cgp16"},
        {"evaluations": 2600, "tribes": 2, "war_interval": 0, "start": "random"},
        {"evaluations": 1, "seed": 0},
        {"evaluations": 300, "tribes": 5, "war_interval": 20, "accept": "better", "seed": 2**64},
    ],
    ids=str,
)
def test_a_run_is_the_document_s(options: dict[str, Any]) -> None:
    shape = Shape(3, 4, options.get("function_set", "upm16"))
    rest = {key: value for key, value in options.items() if key != "function_set"}
    settings = Settings(shape, **rest)
    seen = [
        (epoch.evaluations, list(epoch.saes.values()), epoch.best.tolist())
        for epoch in evolve(settings, Landscape())
    ]
    assert seen == list(walk(settings, Landscape()))
    assert (np.diff([saes for _, saes, _ in seen], axis=0) <= 0).all(), "no tribe gets worse"


@pytest.mark.parametrize("accept", ["equal", "better"])
@pytest.mark.parametrize(
    "too_high",
    [
        lambda limits: limits + 1,
        lambda limits: limits + 10**12,
        lambda limits: limits + np.random.default_rng(int(limits.sum())).integers(1, 99),
    ],
)
def test_how_far_an_sae_is_above_its_limit_does_not_matter(
    accept: str, too_high: Callable[[Numbers], Numbers]
) -> None:
    settings = Settings(SHAPE, 900, tribes=3, war_interval=60, start="random", accept=accept)
    exact, vague = Landscape(), Landscape(too_high)
    assert same(list(evolve(settings, exact)), list(evolve(settings, vague)))
    assert exact.batches == vague.batches, "all children are the same"


@pytest.mark.parametrize(("accept", "below_parent"), [("equal", 0), ("better", 1)])
def test_a_limit_is_the_highest_sae_that_is_accepted(accept: str, below_parent: int) -> None:
    settings = Settings(SHAPE, 600, tribes=3, war_interval=0, start="random", accept=accept)
    fitness = Landscape()
    list(evolve(settings, fitness))
    assert fitness.limits[0] is None, "the start is measured in full"
    limits = [limit.tolist() for limit in fitness.limits if limit is not None]
    saes = [fitness.saes(np.array(batch)) for batch in fitness.batches]
    parents = np.minimum.accumulate(saes)[:-1]
    assert limits == (parents - below_parent).tolist()
    assert len(limits) == 200


def test_a_batch_has_one_child_of_every_tribe_in_order() -> None:
    settings = Settings(SHAPE, evaluations=30, tribes=3, war_interval=5, seed=3)
    fitness = Landscape()
    list(evolve(settings, fitness))
    limits = SHAPE.limits.tolist()
    parent = copy_filter(SHAPE).genes.tolist()
    assert fitness.batches[0] == [parent] * 3
    assert fitness.batches[1] == [
        drawn_child(parent, Random.stream(3, 0, tribe), limits, 2) for tribe in range(3)
    ]
    assert [len(batch) for batch in fitness.batches] == [3] * 11


def test_the_start_is_the_copy_filter_or_random() -> None:
    copies = found(Settings(SHAPE, 9, tribes=3, war_interval=0), Landscape()).tribes
    assert all(tribe.genes.tolist() == copy_filter(SHAPE).genes.tolist() for tribe in copies)
    assert [tribe.random for tribe in copies] == [Random.stream(1, 0, i) for i in range(3)]
    settings = Settings(SHAPE, 9, tribes=3, war_interval=0, start="random")
    randoms = found(settings, Landscape()).tribes
    assert len({tuple(tribe.genes.tolist()) for tribe in randoms}) == 3
    assert all((tribe.genes < SHAPE.limits).all() for tribe in randoms)


def test_tribes_advance_in_step() -> None:
    settings = Settings(SHAPE, 100, tribes=4, war_interval=5)
    tribes = found(settings, Landscape()).tribes
    advance(Landscape(), tribes, 7, rule_at(settings))
    assert [tribe.evaluations for tribe in tribes] == [7] * 4


class Idle(Landscape):
    """A landscape on which nobody moves."""

    def advance(self, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        for tribe in tribes:
            tribe.owed = 0


@pytest.mark.parametrize(
    ("evaluations", "tribes", "war_interval", "per_tribe", "epochs"),
    [
        (262_144, 1, 1024, 262_144, 256),
        (262_144, 8, 1024, 32_768, 32),
        (262_144, 12, 1024, 21_504, 21),  # 21,845 rounded down
        (2500, 1, 1024, 2500, 3),  # one tribe gets all of it
        (2500, 1, 0, 2500, 3),
        (1000, 1, 7, 1000, 1),
        (1000, 3, 10, 330, 33),
        (1000, 3, 0, 333, 1),  # no wars, no rounding but to equal parts
        (30, 3, 10, 10, 1),
        (3, 3, 1, 1, 1),
        (1, 1, 1024, 1, 1),
    ],
)
def test_the_budget(
    evaluations: int, tribes: int, war_interval: int, per_tribe: int, epochs: int
) -> None:
    settings = Settings(SHAPE, evaluations, tribes=tribes, war_interval=war_interval)
    fitness = Landscape() if evaluations <= 2500 else Idle()
    seen = list(evolve(settings, fitness))
    steps = [settings.epoch * tribes * i for i in range(epochs)]
    assert [epoch.evaluations for epoch in seen] == [*steps, per_tribe * tribes]
    if evaluations <= 2500:
        assert sum(map(len, fitness.batches[1:])) == per_tribe * tribes


def test_an_epoch_s_sae_is_its_best_tribe_s() -> None:
    fitness = Landscape()
    settings = Settings(SHAPE, 600, tribes=4, war_interval=50, start="random")
    for epoch in evolve(settings, fitness):
        assert epoch.sae == min(epoch.saes.values()) == fitness.saes(epoch.best[np.newaxis])[0]
        assert list(epoch.saes) == [0, 1, 2, 3]


def test_the_same_seed_walks_the_same_way_and_another_does_not() -> None:
    settings = Settings(SHAPE, 400, tribes=2, war_interval=50)
    one, again = (list(evolve(settings, Landscape())) for _ in range(2))
    other = list(evolve(replace(settings, seed=2), Landscape()))
    assert same(one, again)
    assert not same(one, other)


def test_the_global_generator_plays_no_part() -> None:
    runs = []
    for seed in range(2):
        np.random.seed(seed)  # noqa: NPY002
        runs.append(list(evolve(Settings(SHAPE, 100, start="random"), Landscape())))
    assert same(*runs)


def test_the_best_of_an_epoch_is_not_touched_later() -> None:
    epochs = evolve(Settings(SHAPE, 200, tribes=2, war_interval=20, start="random"), Landscape())
    kept = [(epoch, epoch.best.tolist()) for epoch in epochs]
    assert all(epoch.best.tolist() == genes for epoch, genes in kept)


# --- why equal children are taken (SPEC, section 9)


@pytest.fixture(scope="module")
def photo() -> ModelBackend:
    clean = read_image(PHOTO)[40:88, 40:88]
    noisy = add_noise(clean, "salt-and-pepper", 0.2, np.random.default_rng(1))
    return ModelBackend(Shape(4, 4, "upm16"), [(noisy, clean)])


def test_no_single_gene_beats_the_copy_filter(photo: ModelBackend) -> None:
    shape = Shape(4, 4, "upm16")
    start = copy_filter(shape).genes
    neighbours = []
    for gene, limit in enumerate(shape.limits):
        for value in range(limit):
            neighbour = start.copy()
            neighbour[gene] = value
            neighbours.append(neighbour)
    saes = photo.evaluate(np.stack(neighbours))
    assert saes.min() == photo.evaluate(start[np.newaxis])[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_from_the_copy_filter_only_equal_children_lead_away(photo: ModelBackend, seed: int) -> None:
    settings = Settings(Shape(4, 4, "upm16"), 1024, mutation_rate=1, seed=seed)
    better = list(evolve(replace(settings, accept="better"), photo))
    equal = list(evolve(settings, photo))
    assert better[-1].best.tolist() == copy_filter(settings.shape).genes.tolist()
    assert better[-1].sae == better[0].sae == equal[0].sae
    assert equal[-1].sae < 0.9 * equal[0].sae
