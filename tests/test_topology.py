# SPDX-License-Identifier: Apache-2.0
"""Networks over tribes against the rules of docs/evolution.md: who meets whom, and who never."""

import codecs
import hashlib
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from evoarray.evolution.filter.loop import evolve, found
from evoarray.evolution.filter.mechanisms import (
    _mate,
    abrupt_change,
    drop_worst,
    full_crossover,
    halves,
    migration,
    partial_crossover,
    rewiring,
    war,
)
from evoarray.evolution.filter.settings import TOPOLOGIES, Settings
from evoarray.evolution.filter.topology import Edges, network, read_edges
from evoarray.evolution.filter.tribe import Rule, Tribe
from evoarray.evolution.filter.world import World
from evoarray.evolution.graphs import TOPOLOGIES as NAMED
from evoarray.evolution.rng import Random
from evoarray.evolution.runs.store import RunStore
from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import Genes
from tests.conftest import Evoarray
from tests.landscape import Landscape, Numbers
from tests.test_mechanisms import GENES, SHAPE, Told, numbers_of, saes_of, seen, settled, world_of
from tests.test_runs import begin, evolved, outcome, resumed, wait_for

NOBODY = Landscape()
PARTS: Edges = ((0, 2), (1, 3), (1, 5), (2, 4), (3, 5))
"""A path of the tribes 0, 2 and 4 and a triangle of 1, 3 and 5."""


def networked(edges: Edges, *saes: int) -> World:
    """Return a world of tribes with these SAEs and edges; tribe i has only genes i."""
    world = world_of(*saes)
    world.graph = network(range(len(saes)), edges)
    return world


def owners(world: World) -> list[int]:
    """Return whose genes each tribe has."""
    return [int(tribe.genes[0]) for tribe in world.tribes]


# --- what has no edge


class Marked:
    """An evolver without images, in which a tribe leaves its number in its genes, here and there.

    SAEs are drawn, so that anybody may be the best, and any child good enough.
    """

    def __init__(self) -> None:
        self._random = np.random.default_rng(1)

    def advance(self, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        for tribe in tribes:
            tribe.evaluations += tribe.owed
            tribe.owed = 0
            tribe.genes = tribe.genes.copy()
            tribe.genes[self._random.integers(GENES, size=3)] = tribe.number
            tribe.sae = int(self._random.integers(100, 200))

    def evaluate(self, batch: Genes, limits: Numbers | None = None, /) -> Numbers:
        return self._random.integers(50, 150, len(batch))


def met(settings: Settings) -> set[tuple[int, int]]:
    """Return from which tribe genes went to which other one in a run, anyhow."""
    marked = Marked()
    world = found(settings, marked)
    for tribe in world.tribes:
        tribe.genes = np.full(GENES, tribe.number, np.uint8)
    pairs = set()
    for _ in evolve(settings, marked, world):
        for tribe in world.tribes:
            pairs |= {(int(gene), tribe.number) for gene in tribe.genes}
    return {(giver, taker) for giver, taker in pairs if giver != taker}


@pytest.mark.parametrize(
    ("options", "everybody"),
    [
        ({"war_interval": 40}, True),
        ({"migration_interval": 40}, True),
        ({"migration_interval": 40, "mates": "roulette"}, True),
        ({"crossover": "full", "crossover_interval": 40}, True),
        *(
            ({"crossover": "partial", "crossover_interval": 40, "donor": donor, **more}, False)
            for donor, more in (("best", {}), ("random", {}), ("random", {"mates": "roulette"}))
        ),
        (
            {"war_interval": 40, "migration_interval": 80, "drop_interval": 800, "survivors": 4}
            | {"crossover": "full", "crossover_interval": 120},
            False,
        ),
    ],
    ids=str,
)
def test_nothing_crosses_where_there_is_no_edge(options: dict[str, Any], everybody: bool) -> None:
    """In whole runs: only what is joined by a way of edges ever shares a gene."""
    usual = {"tribes": 6, "evaluations": 6 * 40 * 100, "war_interval": 0, "crossover_size": 2}
    settings = settled(**{**usual, **options})
    everyone = met(settings)
    apart = {pair for pair in everyone if pair[0] % 2 != pair[1] % 2}
    assert apart, "without a network genes go everywhere"
    parted = met(replace(settings, topology="file", edges=PARTS))
    assert all(giver % 2 == taker % 2 for giver, taker in parted)
    within = {(a, b) for a in range(6) for b in range(6) if a != b and a % 2 == b % 2}
    assert parted
    assert parted == within or not everybody


def test_a_tribe_without_an_edge_meets_nobody() -> None:
    settings = settled(tribes=3, evaluations=9000, war_interval=30, migration_interval=30)
    pairs = met(replace(settings, topology="file", edges=((0, 1),)))
    assert pairs == {(0, 1), (1, 0)}


# --- where all are neighbours


MEETINGS: list[dict[str, Any]] = [
    {"war_interval": 40},
    {"war_interval": 40, "drop_interval": 80, "survivors": 2},
    {"war_interval": 2048, "drop_worse": 1, "evaluations": 24_000},
    {"crossover": "full", "crossover_interval": 40, "war_interval": 80},
    *(
        {"crossover": "partial", "crossover_interval": 40, "crossover_size": 2, "donor": donor}
        for donor in ("second", "best", "random")
    ),
    {"crossover": "full", "crossover_interval": 256, "abrupt_after": 300, "evaluations": 9000}
    | {"war_interval": 0, "drop_interval": 2048, "survivors": 2},
    {"migration_interval": 40, "mates": "roulette", "war_interval": 0},
]


@pytest.mark.parametrize("options", MEETINGS, ids=str)
def test_a_graph_with_all_edges_is_no_graph(options: dict[str, Any]) -> None:
    settings = settled(**{"tribes": 4, "evaluations": 1500, **options})
    whole: dict[str, Any] = {"topology": "file", "edges": tuple(combinations(range(4), 2))}
    runs = []
    for topology in ({}, whole):
        landscape = Landscape()
        world = found(replace(settings, **topology), landscape)
        epochs = [replace(e, edges=None) for e in evolve(settings, landscape, world)]
        state = world.as_json()
        assert (state.pop("edges") is None) == (not topology)
        runs.append(([seen(epoch) for epoch in epochs[1:]], state, landscape.batches))
    assert runs[0] == runs[1]
    assert len(runs[0][0]) > 2


def test_without_a_network_runs_are_as_before_there_were_any() -> None:
    """What commit bc3830e gives for the same options."""
    seen_then = []
    for options in MEETINGS[:-1]:
        settings, landscape = settled(**{"tribes": 4, "evaluations": 1500, **options}), Landscape()
        world = found(settings, landscape)
        epochs = [
            [epoch.evaluations, list(epoch.saes.items()), epoch.best.tolist(), list(epoch.events)]
            for epoch in evolve(settings, landscape, world)
        ]
        seen_then.append([epochs, [world.random.state]])
    digest = hashlib.sha256(json.dumps(seen_then).encode()).hexdigest()
    assert digest == "5f80ec5bc8be186e25974fa2ddf57adcbfca50ca10dd2f859af2dca9351f4846"


def test_without_a_network_nothing_is_drawn_for_it() -> None:
    world = found(settled(), NOBODY)
    assert (world.graph, world.edges, world.as_json()["edges"]) == (None, None, None)
    assert world.random == Random.stream(1, 0)


# --- networks by name


def test_the_names_are_those_of_the_graphs() -> None:
    assert (*NAMED, "file") == TOPOLOGIES


@pytest.mark.parametrize("topology", ["ring", "small-world", "scale-free"])
@pytest.mark.parametrize("tribes", [2, 3, 12])
def test_a_named_network_comes_from_the_seed(topology: str, tribes: int) -> None:
    settings = settled(tribes=tribes, topology=topology, seed=5)
    world, again = found(settings, NOBODY), found(settings, NOBODY)
    assert world.edges == again.edges
    drawn = Random.stream(5, 0)
    drawn.below(2**31)
    assert world.random == drawn
    assert world.graph is not None
    assert sorted(world.graph) == numbers_of(world)
    assert all(world.neighbours(tribe) for tribe in world.tribes)
    others = {found(replace(settings, seed=seed), NOBODY).edges for seed in range(20)}
    assert len(others) == 1 if topology == "ring" or tribes == 2 else others


def test_a_ring_joins_each_tribe_with_the_one_before_and_after() -> None:
    world = found(settled(tribes=5, topology="ring"), NOBODY)
    assert world.edges == ((0, 1), (0, 4), (1, 2), (2, 3), (3, 4))
    first = world.tribes[0]
    assert [tribe.number for tribe in world.neighbours(first)] == [1, 4]
    epochs = evolve(settled(tribes=5, topology="ring"), NOBODY)
    assert next(epochs).events == ("network: ring, 5 tribes, 5 edges",)


# --- wars, migrations, crossover


@pytest.mark.parametrize(
    ("edges", "saes", "after"),
    [
        (((0, 1), (1, 2), (2, 3)), (1, 5, 7, 9), [0, 1, 2, 2]),  # not the best of all
        (((0, 3), (1, 3), (2, 3)), (5, 4, 4, 9), [0, 1, 2, 1]),  # of equals the first
        (((0, 1), (0, 2)), (1, 2, 3, 9), [0, 1, 2, 3]),  # who has no neighbour never falls
        (((0, 1), (2, 3)), (1, 2, 9, 9), [0, 1, 2, 3]),  # no neighbour is better
    ],
)
def test_a_war_is_won_by_the_best_neighbour(
    edges: Edges, saes: tuple[int, ...], after: list[int]
) -> None:
    world = networked(edges, *saes)
    war(world, settled(), NOBODY)
    assert owners(world) == after
    assert saes_of(world) == [saes[owner] for owner in after]
    assert world.counters["wars"] == (after != [0, 1, 2, 3])


@pytest.mark.parametrize("mates", ["uniform", "roulette"])
def test_each_tribe_takes_what_a_drawn_neighbour_had_if_it_is_better(mates: str) -> None:
    edges: Edges = ((0, 1), (1, 2), (1, 3), (3, 4))
    near = {0: [1], 1: [0, 2, 3], 2: [1], 3: [1, 4], 4: [3], 5: []}
    seen_moves: set[tuple[int, int]] = set()
    for seed in range(60):
        saes = [4, 3, 9, 7, 8, 1]
        world = networked(edges, *saes)
        world.random, random = Random.stream(seed, 0), Random.stream(seed, 0)
        expected = list(range(6))
        for tribe, neighbours in near.items():
            if neighbours:
                if mates == "roulette":
                    chosen = wheel(tribe, neighbours, saes, random)
                else:
                    chosen = neighbours[random.below(len(neighbours))]
                expected[tribe] = chosen if saes[chosen] < saes[tribe] else tribe
        said = migration(world, settled(mates=mates, migration_interval=1), NOBODY)
        assert owners(world) == expected
        assert saes_of(world) == [saes[owner] for owner in expected]
        assert world.random == random
        moved = sum(owner != tribe for tribe, owner in enumerate(expected))
        assert world.counters["migrations"] == moved
        assert said is not None
        assert said.startswith(f"migration: {moved} tribe{'s take' if moved > 1 else ' takes'} ")
        seen_moves |= {(t, o) for t, o in enumerate(expected) if t != o}
    # Tribe 4 gets what 3 had, never what 3 gets from 1 at the same time.
    assert seen_moves == {(0, 1), (2, 1), (3, 1), (4, 3)}


def wheel(tribe: int, neighbours: list[int], saes: list[int], random: Random) -> int:
    """Return a neighbour by roulette, one share after the other by the document."""
    unit = 2**20  # of a score
    highest = max(saes[each] for each in (tribe, *neighbours))
    shares = [(highest - saes[each]) * unit + 1 for each in neighbours]
    place = random.below(sum(shares))
    for each, share in zip(neighbours, shares, strict=True):
        if place < share:
            return each
        place -= share
    raise AssertionError("nowhere on the wheel")


def test_a_roulette_wheel_turns_to_the_better_ones() -> None:
    world, random = world_of(100, 70, 90, 100, 40), Random.stream(2, 0)
    tribe, *near = world.tribes
    drawn = Counter(_mate(tribe, near, "roulette", random).number for _ in range(10_000))
    for number, share in ((1, 0.3), (2, 0.1), (3, 0.0), (4, 0.6)):
        assert abs(drawn[number] / 10_000 - share) < 0.02
    alike = world_of(5, 5, 5, 5).tribes
    equal = Counter(_mate(alike[0], alike[1:], "roulette", random).number for _ in range(3000))
    assert min(equal.values()) > 900
    alike[2].luts = 1  # the least by which a score is higher
    shared = Counter(_mate(alike[0], alike[1:3], "roulette", random).number for _ in range(9000))
    assert abs(shared[1] / 9000 - 2 / 3) < 0.02


def test_nobody_migrates_to_where_it_is_worse() -> None:
    world = networked(((0, 1),), 5, 5)
    assert migration(world, settled(migration_interval=1), NOBODY) is None
    assert (owners(world), world.counters) == ([0, 1], {})


def test_the_best_tribe_is_crossed_with_its_neighbours_in_turn() -> None:
    world, told = networked(((0, 1), (1, 3), (2, 4)), 9, 5, 8, 5, 7), Told(99)
    random = Random.stream(1, 0)
    genes = [tribe.genes for tribe in world.tribes]
    settings = settled(tribes=5, crossover="full", crossover_attempts=5)
    full_crossover(world, settings, told)
    expected = [halves(SHAPE, genes[1], genes[other], random) for other in (0, 3, 0, 3, 0)]
    assert told.batches == [[child.tolist() for child in expected]]
    alone = networked(((0, 2),), 9, 5, 8)
    assert full_crossover(alone, settings, told) is None
    assert alone.random == Random.stream(1, 0), "nothing is drawn"


@pytest.mark.parametrize(
    ("donor", "givers"), [("second", {2}), ("best", {4}), ("random", {2, 4, 5})]
)
def test_a_square_comes_from_a_neighbour(donor: str, givers: set[int]) -> None:
    drawn = set()
    for seed in range(40):
        world = networked(((0, 2), (0, 4), (0, 5), (1, 2)), 9, 1, 8, 1, 4, 5)
        world.random, told = Random.stream(seed, 0), Told(99)
        settings = settled(tribes=6, crossover="partial", crossover_size=2, donor=donor)
        partial_crossover(world, settings, told)
        drawn |= set(np.unique(told.batches[0]).tolist()) - {0}
    assert drawn == givers


# --- tribes that go, and come


def test_a_tribe_that_is_dropped_takes_its_edges_away() -> None:
    world = networked(((0, 1), (1, 2), (2, 3)), 1, 9, 3, 4)
    drop_worst(world, settled(), NOBODY)
    assert (numbers_of(world), world.edges) == ([0, 2, 3], ((2, 3),))
    assert world.neighbours(world.tribes[0]) == []


@pytest.mark.parametrize(
    ("tribes", "edges", "left", "after"),
    [
        # 3 is the worst of all, and 1 of the best one's neighbours.
        (4, ((0, 1), (0, 2), (1, 3)), [0, 2, 3, 9], ((0, 2), (0, 9), (3, 9))),
        (4, ((1, 2), (2, 3)), [0, 1, 2, 3], ((1, 2), (2, 3))),  # nobody whose place it takes
        (5, ((0, 1), (2, 3)), [0, 1, 2, 3, 9], ((0, 1), (0, 9), (2, 3))),  # one was dropped before
    ],
)
def test_an_abrupt_change_takes_the_place_of_a_neighbour(
    tribes: int, edges: Edges, left: list[int], after: Edges
) -> None:
    world, told = networked(edges, 3, 8, 5, 9), Told(40)
    world.founded, world.evaluations = 9, 1000
    settings = settled(tribes=tribes, war_interval=0, abrupt_after=1, seed=3)
    said = abrupt_change(world, settings, told)
    assert (numbers_of(world), world.edges) == (left, after)
    assert (said is not None) == (9 in left) == bool(told.batches)
    assert world.evaluations == 1000 + (9 in left)


# --- rewiring


@pytest.mark.parametrize("topology", ["ring", "small-world", "scale-free"])
def test_rewiring_keeps_every_degree_over_a_run(topology: str) -> None:
    settings = settled(
        tribes=12, evaluations=12 * 40 * 60, topology=topology, war_interval=40, rewire_interval=80
    )
    marked = Marked()
    world = found(settings, marked)
    epochs = list(evolve(settings, marked, world))
    networks = [set(epoch.edges or ()) for epoch in epochs]
    degrees = [Counter(tribe for edge in edges for tribe in edge) for edges in networks]
    assert all(each == degrees[0] for each in degrees)
    changes = 0
    for number, (before, after) in enumerate(pairwise(networks), 1):
        told = [event for event in epochs[number].events if event.startswith("rewiring: ")]
        gone, new = sorted(before - after), sorted(after - before)
        assert (len(gone), len(new)) == ((2, 2) if told else (0, 0))
        assert not told or number % 2 == 0, "only at its interval"
        if told:
            (a, b), (c, d) = gone
            assert {*new[0], *new[1]} == {a, b, c, d}
            names = [" and ".join(f"{x}-{y}" for x, y in pairs) for pairs in (gone, new)]
            assert told == [f"rewiring: {names[0]} become {names[1]}"]
            changes += 1
    assert world.counters["rewirings"] == changes == 30


def test_what_cannot_be_rewired_is_not() -> None:
    world = networked(((0, 1), (1, 2)), 1, 2, 3)
    assert rewiring(world, settled(), NOBODY) is None
    assert (world.edges, world.counters) == (((0, 1), (1, 2)), {})


# --- worlds and runs


@pytest.mark.parametrize(
    "edges",
    [
        *([[0, 3]], [[0, 0]], [[0]], [[0, 1, 2]], [[0, -1]], [[0, "1"]], [[0, True]]),
        *([0], 5, "01", [[0, 1.0]]),
    ],
    ids=str,
)
def test_a_world_with_an_edge_that_cannot_be_is_refused(edges: object) -> None:
    data: Any = json.loads(json.dumps(found(settled(topology="ring"), NOBODY).as_json()))
    assert World.from_json(data, SHAPE).edges == ((0, 1), (0, 2), (1, 2))
    data["edges"] = edges
    with pytest.raises(ValueError, match="not a world"):
        World.from_json(data, SHAPE)


NETWORK = (
    *("--preset", "plain", "--rows", 5, "--cols", 5, "--tribes", 6, "--evaluations", 400_000),
    *("--migration-interval", 512, "--rewire-interval", 1024, "--mates", "roulette"),
)


def test_a_run_goes_on_without_the_file_of_its_network(evoarray: Evoarray, images: Path) -> None:
    """It is killed, goes on rewiring, and leaves what one does that is not."""
    graph, options = images / "net.txt", (*NETWORK, "--topology", "net.txt")
    graph.write_text("0 1\n1 2\n2 3\n3 4\n4 5\n5 0\n")
    evolved(evoarray, "whole", *options)
    running = begin(images, "run", *options)
    wait_for(images / "run")
    graph.unlink()
    time.sleep(0.2)
    running.kill()
    assert running.wait() == -signal.SIGKILL
    resumed(evoarray, "run")
    assert outcome(images / "run") == outcome(images / "whole")
    counters = json.loads((images / "run" / "results.json").read_text())["counters"]
    assert counters["rewirings"] > 9
    assert counters["migrations"] > 9
    logs = []
    for name in ("run", "whole"):
        with RunStore.open(images / name) as store:
            logs.append(store.load().events)
    assert logs[0] == logs[1], "with the networks in it"
    assert logs[0][0].details["edges"] == [[0, 1], [0, 5], [1, 2], [2, 3], [3, 4], [4, 5]]
    changes = [event for event in logs[0] if "edges" in event.details]
    rewirings = [event for event in logs[0] if event.kind.startswith("rewiring")]
    assert {event.evaluations for event in rewirings} == {e.evaluations for e in changes[1:]}


def test_networkx_is_loaded_only_where_there_is_a_network(tmp_path: Path) -> None:
    code = "import sys, evoarray.commands.evolution; sys.exit('networkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0


# --- files


def edges_in(path: Path, text: str, tribes: int = 4) -> Edges:
    path.write_text(text, encoding="utf-8")
    return read_edges(path, tribes)


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("0 1\n1 2\n2 3\n", ((0, 1), (1, 2), (2, 3))),
        ("3 2\n\n2 1 {'weight': 5} # far\n# none\n1 0\n0 1\n", ((0, 1), (1, 2), (2, 3))),
        ("20 7\n7 9\n9 100\n", ((0, 1), (0, 2), (1, 3))),  # 7, 9, 20, 100 in their order
        ("b a\na c\nc d", ((0, 1), (1, 2), (2, 3))),  # as they appear
        ("% of KONECT\n1 2 % near\n2 3\n3 4\n", ((0, 1), (1, 2), (2, 3))),
        ("# source target\n0 1\n1 2\n2 3\n", ((0, 1), (1, 2), (2, 3))),
        ("source a\na target\ntarget b\n", ((0, 1), (1, 2), (2, 3))),  # no heading
    ],
)
def test_a_list_of_edges(tmp_path: Path, text: str, edges: Edges) -> None:
    assert edges_in(tmp_path / "net.txt", text) == edges


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph])
@pytest.mark.parametrize("suffix", [".graphml", ".xml", ".GRAPHML", ".Xml", ".txt", ""])
def test_a_graphml_file(tmp_path: Path, kind: Any, suffix: str) -> None:
    graph = kind([(2, 0), (0, 1), (1, 0)])
    graph.add_node(3)  # alone
    nx.write_graphml(graph, tmp_path / f"net{suffix}")
    path = tmp_path / f"net{suffix}"
    assert read_edges(path, 4) == ((0, 1), (0, 2))
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    assert read_edges(path, 4) == ((0, 1), (0, 2))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("net.txt", "0 1\n1 2\n", "the graph of {} has 3 nodes, and there are 4 tribes; give "
         "--tribes 3"),
        ("net.txt", "", "the graph of {} has no edge, so that no tribes would meet"),
        ("net.txt", "0, 1\n1, 2\n", "{}, line 1: '0, 1' is no edge; it must look like 0 1"),
        ("net.txt", "%%MatrixMarket matrix coordinate pattern symmetric\n4 4 3\n2 1\n",
         "{} is a MatrixMarket file; give GraphML, or a line for each edge"),
        *[
            ("net.txt", text, f"{{}}, line {line}: {edge!r} is no edge like the others, of two "
             f"{kind}; take a heading out, or write # before it")
            for text, line, edge, kind in (
                ("source target\n0 1\n1 2\n2 3\n", 1, "source target", "whole numbers"),
                ("Source Target\na b\nb c\nc d\n", 1, "Source Target", "names"),
                ("\n# a\nFromNodeId ToNodeId\n0 1\n", 3, "FromNodeId ToNodeId", "names"),
                ("0 1\n1 x\n2 3\n", 2, "1 x", "whole numbers"),
                ("a b\nb 1\nc d\n", 2, "b 1", "names"),
                ("graph [\ndirected 0\n", 2, "directed 0", "names"),
                ("*Vertices 4\na b\nb c\n", 1, "*Vertices 4", "names"),
                ("p edge\ne 1\ne 2\n", 2, "e 1", "names"),
            )
        ],
        ("net.txt", "0 1\n2\n", "{}, line 2: '2' is no edge; it must look like 0 1"),
        ("net.txt", "0,1\n", "{}, line 1: '0,1' is no edge; it must look like 0 1"),
        ("net.txt", "0 1\n1 1\n2 3\n", "the graph of {} has an edge from '1' to itself; take it "
         "out"),
        ("net.txt", "\udc80", "{} is not a graph file: it is not UTF-8 text"),
        ("NET.GRAPHML", "0 1\n", "{} is not a GraphML file: syntax error: line 1, column 0"),
        ("net.graphml", "0 1\n", "{} is not a GraphML file: syntax error: line 1, column 0"),
        ("net.graphml", "<graphml/>", "{} is not a GraphML file: file not successfully read as "
         "graphml"),
        ("net.graphml", '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph '
         'edgedefault="undirected"><node id="a"/><node id="b"/><node id="c"/><node id="d"/>'
         "</graph></graphml>", "the graph of {} has no edge, so that no tribes would meet"),
        ("none/net.txt", None, "cannot read the graph file {}: No such file or directory"),
        ("none/net.xml", None, "cannot read the graph file {}: No such file or directory"),
        ("", None, "cannot read the graph file {}: Is a directory"),
    ],
)  # fmt: skip
def test_graph_files_that_cannot_be_used(
    tmp_path: Path, name: str, text: str | None, says: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError) as refused:
        read_edges(path, 4)
    assert str(refused.value) == says.format(path)


def test_a_graph_file_that_does_not_fit_is_refused(evoarray: Evoarray, images: Path) -> None:
    (images / "net.txt").write_text("a b\nb c\n")
    ended = evoarray("evolve", "noisy.png", "clean.png", "-o", "run", "--topology", "net.txt")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        "evoarray: the graph of net.txt has 3 nodes, and there are 8 tribes; give --tribes 3\n"
    )
    assert not (images / "run").exists()
