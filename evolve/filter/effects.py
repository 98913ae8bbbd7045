# SPDX-License-Identifier: Apache-2.0
"""When the options of a run that evolves a filter have an effect (evolve/effects.py)."""

from collections.abc import Sequence

from evoarray.evolution.effects import Effect

EFFECTS: Sequence[Effect] = (
    Effect(
        ("war_interval", "drop_interval", "drop_worse"),
        lambda s: s.tribes > 1,
        "with a single tribe",
        "more tribes",
    ),
    Effect(
        ("survivors",),
        lambda s: s.tribes > 1 and (s.drop_interval or s.drop_worse),
        "where no tribe is dropped",
        "drop-interval or drop-worse",
    ),
    Effect(
        ("crossover_interval", "crossover_attempts"),
        lambda s: s.crossover != "none",
        "with crossover {crossover}",
        "another crossover",
    ),
    Effect(
        ("crossover_size", "donor"),
        lambda s: s.crossover == "partial",
        "with crossover {crossover}",
        "crossover partial",
    ),
    Effect(
        ("abrupt_rate",),
        lambda s: s.abrupt_after > 0,
        "without abrupt changes",
        "abrupt-after",
    ),
    Effect(
        ("lut_weight",),
        lambda s: s.parsimony == "weight",
        "with parsimony {parsimony}",
        "parsimony weight",
    ),
)
