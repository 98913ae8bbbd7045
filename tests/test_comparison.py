# SPDX-License-Identifier: Apache-2.0
"""Verdicts: with what an evolved filter is compared, and what is said and marked."""

import io

import numpy as np
import pytest
from rich.console import Console

from evoarray.evolution.export.facts import facts
from evoarray.evolution.filter.comparison import (
    ADAPTIVE,
    EARLIER,
    EVOLVED,
    MEDIAN,
    Comparison,
    Photo,
    cells_of,
    compare,
    print_comparisons,
    rival,
    verdict,
    verdict_as_json,
)
from evoarray.model.filter.baselines import adaptive_median, median3x3
from evoarray.model.filter.circuit import Shape, copy_filter, random_circuit
from evoarray.model.filter.fitness import Metrics, sae
from evoarray.model.filter.functions import Plane
from evoarray.model.noise import add_noise

PLANE: Plane = np.zeros((3, 3), np.uint8)


def compared(name: str, **changed: Metrics) -> Comparison:
    """Return a photo on which the median is good, and the evolved filter and others are better."""
    metrics = {
        "noisy": Metrics(4000, 40.0, 12.0, 0.2),
        MEDIAN: Metrics(900, 9.0, 32.0, 0.9),
        ADAPTIVE: Metrics(500, 5.0, 52.0, 0.99),
        EVOLVED: Metrics(700, 7.0, 40.0, 0.95),
    }
    metrics |= {name.replace("_", " "): m for name, m in changed.items()}
    return Comparison(Photo(name, PLANE, PLANE), dict.fromkeys(metrics, PLANE), metrics)


BETTER = compared("a", evolved=Metrics(400, 4.0, 53.0, 0.995))
DISAGREE = compared("b", evolved=Metrics(400, 4.0, 51.0, 0.995))
WORSE = compared("c")
EQUAL = compared("d", evolved=Metrics(0, 0, float("inf"), 1), noisy=Metrics(0, 0, float("inf"), 1))


@pytest.mark.parametrize(
    ("comparisons", "says"),
    [
        (
            [BETTER],
            [
                "By SAE, PSNR and SSIM, the evolved filter is better than the strongest baseline "
                "on a (adaptive median)."
            ],
        ),
        (
            [DISAGREE],
            [
                "By SAE and SSIM, the evolved filter is better than the strongest baseline on b "
                "(adaptive median).",
                "By PSNR, the evolved filter is worse than the strongest baseline on b "
                "(adaptive median).",
            ],
        ),
        (
            [BETTER, WORSE, EQUAL],
            [
                "By SAE, PSNR and SSIM, the evolved filter is better than the strongest baseline "
                "on a (adaptive median), equal to it on d (unfiltered image) and worse than it on "
                "c (adaptive median).",
                "More evaluations, another seed or more tribes may help.",
            ],
        ),
        (
            [WORSE, WORSE],
            [
                "By SAE, PSNR and SSIM, the evolved filter is worse than the strongest baseline "
                "on every photo (adaptive median).",
                "More evaluations, another seed or more tribes may help.",
            ],
        ),
    ],
)
def test_a_verdict_names_the_strongest_baseline(
    comparisons: list[Comparison], says: list[str]
) -> None:
    assert verdict(comparisons) == says


def test_the_best_of_each_column_is_marked() -> None:
    printed = io.StringIO()
    print_comparisons(Console(file=printed, width=100), [DISAGREE, EQUAL], 1)
    rows = [line.split("│")[2:-1] for line in printed.getvalue().splitlines() if "│" in line]
    marked = [(row[0].strip(), [cell.endswith("* ") for cell in row[1:]]) for row in rows]
    nothing = [False] * 4
    assert marked == [
        ("noisy", nothing),
        (MEDIAN, nothing),
        (ADAPTIVE, [False, False, True, False]),
        (EVOLVED, [True, True, False, True]),
        ("noisy", [True] * 4),
        (MEDIAN, nothing),
        (ADAPTIVE, nothing),
        (EVOLVED, [True] * 4),
    ]
    assert cells_of(EQUAL, EVOLVED)[2] == ("\N{INFINITY}", True)
    page = facts("f", [], {}, [DISAGREE], [], proved=False)
    assert "| adaptive median | 500 | 5.00 | **52.00** | 0.990 |" in page
    assert "| evolved | **400** | **4.00** | 51.00 | **0.995** |" in page


@pytest.mark.parametrize("columns", [1, 20, 40, 60, 500])
def test_a_comparison_fits_any_terminal(columns: int) -> None:
    printed = io.StringIO()
    print_comparisons(Console(file=printed, width=columns), [DISAGREE], 1)
    assert all(len(line) <= columns for line in printed.getvalue().splitlines())
    for whole in ("adaptivemedian", "400*", "52.00*", "b(training)"):
        assert whole in "".join(printed.getvalue().split())


def test_results_say_what_is_best() -> None:
    told = verdict_as_json([BETTER, DISAGREE])
    assert told["beats_all"] == {"sae": True, "psnr": False, "ssim": True}
    expected = {"sae": [EVOLVED], "mae": [EVOLVED], "psnr": [ADAPTIVE], "ssim": [EVOLVED]}
    assert told["best"] == [{measure: [EVOLVED] for measure in expected}, expected]


def test_the_rival_is_the_strongest_of_all_baselines() -> None:
    rng = np.random.default_rng(2)
    clean = np.full((24, 24), 100, np.uint8)
    clean[:, 12:] = 180
    noisy = add_noise(clean, "salt-and-pepper", 0.4, rng)
    photo = Photo("", noisy, clean)
    assert sae(adaptive_median(noisy), clean) < sae(median3x3(noisy), clean)
    assert rival([photo, photo]) == (ADAPTIVE, 2 * sae(adaptive_median(noisy), clean))
    # A cascade has to be better than its first filters.
    assert rival([Photo("", noisy, clean, clean)]) == (EARLIER, 0)
    comparison = compare(Photo("", noisy, clean, clean), random_circuit(Shape(2, 2, "upm16"), rng))
    assert comparison.strongest("SAE") == EARLIER
    assert not comparison.beats_all("SAE")
    copied = compare(Photo("", noisy, clean, clean), copy_filter(Shape(2, 2, "upm16")))
    assert copied.best["SAE"] == [EARLIER, EVOLVED]
