# SPDX-License-Identifier: Apache-2.0
"""The pictures of a run: their size, and that they show what they are given."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from numpy.typing import NDArray
from PIL import Image

from evoarray.evolution.filter import pictures
from evoarray.model.errors import InputError
from evoarray.model.filter.functions import Plane
from tests.conftest import ROOT, Evoarray
from tests.test_cli import SMALL

BLUE, ORANGE = (31, 111, 181), (194, 81, 12)


def comparison(path: Path, panels: Sequence[tuple[str, str, Plane]]) -> None:
    path.write_bytes(pictures.png(pictures.comparison(panels)))


def curve_plot(path: Path, *what: Any, **more: Any) -> None:
    path.write_bytes(pictures.png(pictures.curve_plot(*what, **more)))


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.array(picture.convert("RGB"))


def drawn(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Return where a picture has exactly this colour."""
    return np.asarray((picture == colour).all(axis=2))


@pytest.mark.parametrize(
    ("height", "width", "scale"),
    [(128, 128, 2), (3, 3, 85), (100, 64, 2), (3, 128, 2), (200, 300, 1)],
)
def test_a_comparison_shows_every_pixel(
    tmp_path: Path, height: int, width: int, scale: int
) -> None:
    rng = np.random.default_rng(4)
    images = [rng.integers(0, 256, (height, width), dtype=np.uint8) for _ in range(4)]
    names = ["clean", "noisy", "3x3 median", "evolved"]
    path = tmp_path / "comparison.png"
    comparison(path, [(name, "SAE 1", image) for name, image in zip(names, images, strict=True)])
    picture = pixels(path)
    column = max(200, scale * width)
    assert picture.shape == (scale * height + 108, 4 * column + 5 * 20, 3)
    for index, image in enumerate(images):
        left = 20 + index * (column + 20) + (column - scale * width) // 2
        shown = picture[54 : 54 + scale * height, left : left + scale * width]
        large = np.kron(image, np.ones((scale, scale), np.uint8))
        assert np.array_equal(shown, np.dstack([large] * 3))
        for text in (picture[20:54], picture[-54:-20]):
            assert (text[:, 20 + index * (column + 20) :][:, :column] < 128).any()


def test_a_large_image_is_thinned_out(tmp_path: Path) -> None:
    image = np.random.default_rng(5).integers(0, 256, (1000, 1200), dtype=np.uint8)
    comparison(tmp_path / "c.png", [("large", "", image)])
    picture = pixels(tmp_path / "c.png")
    assert picture.shape == (334 + 108, 400 + 40, 3)
    assert np.array_equal(picture[54:388, 20:420, 0], image[::3, ::3])


def test_labels_are_taken_as_they_are(tmp_path: Path) -> None:
    comparison(tmp_path / "c.png", [("$x_$", "cost $1 and $2", np.zeros((9, 9), np.uint8))])
    assert pixels(tmp_path / "c.png").shape == (9 * 28 + 108, 9 * 28 + 40, 3)


def test_the_curve_falls_between_its_levels(tmp_path: Path) -> None:
    evaluations = [1024 * step for step in range(9)]
    best = np.geomspace(400_000, 50_000, 9)
    path = tmp_path / "curve.png"
    curve_plot(
        path, evaluations, best.tolist(), best[:, None], {"3x3 median": 80_000, "noisy": 400_000}
    )
    picture = pixels(path)
    assert picture.shape == (520, 900, 3)
    plot = picture[40:470, 100:]
    lines = drawn(plot, ORANGE).sum(axis=1)
    noisy, median = np.flatnonzero(lines > 300)[[0, -1]]
    curve = [np.flatnonzero(drawn(plot, BLUE)[:, x]).mean() for x in range(40, 760, 40)]
    assert np.all(np.diff(curve) > 0)
    # Even steps of the logarithm make a straight line, from the noisy image's level down.
    assert np.allclose(np.diff(curve), np.mean(np.diff(curve)), atol=1.5)
    assert curve[0] - noisy < 40
    assert curve[-1] > median


def test_evaluations_of_a_long_run_are_logarithmic(tmp_path: Path) -> None:
    """As most happens early: the curve falls by as much in each tenth of the axis."""
    evaluations = [0, *(2**step for step in range(10, 24))]
    best = np.geomspace(400_000, 50_000, 15)
    path = tmp_path / "curve.png"
    curve_plot(path, evaluations, best.tolist(), best[:, None], {})
    plot = pixels(path)[40:470, 100:]
    curve = [np.flatnonzero(drawn(plot, BLUE)[:, x]).mean() for x in range(60, 760, 40)]
    assert np.allclose(np.diff(curve), np.mean(np.diff(curve)), atol=1.5)
    assert np.mean(np.diff(curve)) > 10


def test_tribes_may_end_and_a_run_may_have_just_begun(tmp_path: Path) -> None:
    tribes = np.array([[500.0, 500.0], [450.0, 480.0], [400.0, np.nan]])
    curve_plot(tmp_path / "a.png", [0, 2048, 4096], [500, 450, 400], tribes, {})
    assert drawn(pixels(tmp_path / "a.png"), BLUE).any()
    assert not drawn(pixels(tmp_path / "a.png"), ORANGE).any()
    curve_plot(tmp_path / "b.png", [0], [0], [[0]], {"noisy": 0})
    assert drawn(pixels(tmp_path / "b.png"), BLUE).any()


def test_pictures_are_stable_and_leave_no_global_state(tmp_path: Path) -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for name in ("a.png", "b.png"):
        comparison(tmp_path / name, [("one", "SAE 0", image)])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    curve_plot(tmp_path / "c.png", [0, 1024], [5, 4], [[5], [4]], {})
    assert not pyplot.get_fignums()


@pytest.mark.parametrize(
    "settings",
    [
        {"savefig.dpi": 300, "figure.dpi": 50, "savefig.bbox": "tight"},
        {"text.usetex": True, "font.family": ["serif"], "axes.unicode_minus": False},
        {"axes.facecolor": "black", "lines.linewidth": 9, "savefig.facecolor": "red"},
    ],
)
def test_the_settings_of_a_user_change_no_picture(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)

    def draw() -> list[bytes]:
        comparison(tmp_path / "a.png", [("one", "SAE 0", image)])
        curve_plot(tmp_path / "b.png", [0, 1024], [5, 4], [[5, 7], [4, 6]], {"noisy": 5})
        return [(tmp_path / name).read_bytes() for name in ("a.png", "b.png")]

    expected = draw()
    with matplotlib.rc_context(settings):  # type: ignore[arg-type]
        assert draw() == expected
        assert {name: matplotlib.rcParams[name] for name in settings} == settings  # type: ignore[index]


def test_a_notebook_and_a_file_of_settings_cost_nothing(tmp_path: Path) -> None:
    """MPLBACKEND as notebooks set it for their commands, and a matplotlibrc of the folder."""
    (tmp_path / "matplotlibrc").write_text("savefig.dpi: 300\ntext.usetex: True\n")
    program = (
        "from pathlib import Path; from evoarray.evolution.filter.pictures import curve_plot, png; "
    )
    program += "Path('a.png').write_bytes(png(curve_plot([0, 1024], [5, 4], [[5], [4]], {})))"
    backend = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    environment = {**os.environ, **backend, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    curve_plot(tmp_path / "b.png", [0, 1024], [5, 4], [[5], [4]], {})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_picture_that_fails_does_not_cost_the_results(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no font")

    monkeypatch.setattr("evoarray.evolution.filter.pictures.curve_plot", fail)
    ended = evoarray("evolve", "noisy.png", "clean.png", "-o", "run", *SMALL)
    assert (ended.status, ended.err) == (0, "")
    assert "curve.png could not be drawn (no font); the results are complete" in ended.out
    names = {path.name for path in (images / "run").iterdir()}
    assert {"results.json", "comparison.png", "filtered.png"} <= names
    assert "finished" in evoarray("runs", ".").out


def test_a_picture_for_which_there_is_no_room_is_drawn_later(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, _: bytes) -> None:
        raise InputError(f"cannot write '{path}': No space left on device")

    with monkeypatch.context() as full:
        full.setattr("evoarray.evolution.filter.runs.results.write_atomically", fail)
        ended = evoarray("evolve", "noisy.png", "clean.png", "-o", "run", *SMALL)
    assert ended.status == 2
    assert "No space left" in ended.err
    assert evoarray("resume", "run").status == 0
    names = {path.name for path in (images / "run").iterdir()}
    assert {"results.json", "comparison.png", "curve.png"} <= names
