# SPDX-License-Identifier: Apache-2.0
"""Noise, metrics, baselines and image files against statistics, hand work and the textbook.

Bounds on random draws are 5 standard deviations of the exact distribution (a correct generator
is beyond them once in a million draws), with fixed seeds: a test that passes once always does.
"""

from __future__ import annotations

import errno
import math
import os
import resource
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from evoarray.model.errors import InputError
from evoarray.model.filter.baselines import adaptive_median, median3x3
from evoarray.model.filter.fitness import metrics, sae
from evoarray.model.images import read_image, write_image
from evoarray.model.noise import KINDS, add_noise
from tests import reference

Pixels = NDArray[np.uint8]

DEVIATIONS = 5


def assert_share(hits: NDArray[np.bool_], share: float) -> None:
    """Independent hits are as frequent as that, by the binomial distribution."""
    allowed = DEVIATIONS * math.sqrt(share * (1 - share) / hits.size)
    assert abs(hits.mean() - share) <= allowed


def noisy(level: int, kind: str, amount: float, seed: int = 1, side: int = 256) -> Pixels:
    image = np.full((side, side), level, np.uint8)
    return add_noise(image, kind, amount, np.random.default_rng(seed))


# Noise


def test_the_four_kinds() -> None:
    assert set(KINDS) == {"salt-and-pepper", "gaussian", "burst", "speckle"}


@pytest.mark.parametrize("kind", KINDS)
def test_noise_follows_its_generator(kind: str) -> None:
    image = np.random.default_rng(0).integers(1, 255, (9, 31), np.uint8)
    before = image.tolist()
    rng = np.random.default_rng(5)
    first, second = (add_noise(image, kind, 0.3, rng) for _ in range(2))
    again = add_noise(image, kind, 0.3, np.random.default_rng(5))
    assert first.dtype == np.uint8
    assert first.shape == image.shape
    assert first.tolist() == again.tolist() != second.tolist()
    assert first.tolist() != before == image.tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(3, 3), (3, 17), (17, 3)])
def test_no_noise_and_small_images(kind: str, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert add_noise(image, kind, 0, np.random.default_rng(1)).tolist() == image.tolist()
    assert add_noise(image, kind, 1, np.random.default_rng(1)).shape == shape


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("amount", [-0.01, 1.01, 20, math.nan, math.inf])
def test_illegal_amount(kind: str, amount: float) -> None:
    with pytest.raises(InputError) as caught:
        add_noise(np.zeros((3, 3), np.uint8), kind, amount, np.random.default_rng(1))
    assert str(amount) in str(caught.value)
    assert "0 to 1" in str(caught.value)


def test_unknown_kind() -> None:
    with pytest.raises(InputError) as caught:
        add_noise(np.zeros((3, 3), np.uint8), "pepper", 0.1, np.random.default_rng(1))
    assert all(kind in str(caught.value) for kind in ("'pepper'", *KINDS))


@pytest.mark.parametrize("kind", ["salt-and-pepper", "burst"])
def test_impulses_leave_the_other_pixels_alone(kind: str) -> None:
    image = np.random.default_rng(0).integers(1, 255, (64, 64), np.uint8)
    result = add_noise(image, kind, 0.4, np.random.default_rng(1))
    hit = (result == 0) | (result == 255)
    assert hit.any()
    assert result[~hit].tolist() == image[~hit].tolist()


@pytest.mark.parametrize("amount", [0.05, 0.2, 0.9, 1.0])
def test_salt_and_pepper(amount: float) -> None:
    """Independent hits of this share, one half of them white."""
    result = noisy(100, "salt-and-pepper", amount)
    hit = result != 100
    assert set(result[hit].tolist()) == {0, 255}
    assert_share(hit, amount)
    assert_share(result[hit] == 255, 0.5)
    assert_share(hit[:, 0::2] & hit[:, 1::2], amount**2)
    assert_share(hit[0::2] & hit[1::2], amount**2)
    both = hit[:, 0::2] & hit[:, 1::2]
    assert_share((result[:, 0::2] == result[:, 1::2])[both], 0.5)


@pytest.mark.parametrize("amount", [0.02, 0.2, 0.6])
def test_burst(amount: float) -> None:
    """Runs of a row of at least 8 pixels that hit every place of the row equally often.

    Pixels of a row are correlated over fewer than 8 places, so that the variance of the mean is
    at most 15 times that of independent hits; the rows are independent.
    """
    image = np.full((4096, 32), 100, np.uint8)
    result = add_noise(image, "burst", amount, np.random.default_rng(2))
    hit = result != 100
    assert set(result[hit].tolist()) == {0, 255}
    allowed = DEVIATIONS * math.sqrt(15 * amount * (1 - amount) / hit.size)
    assert abs(hit.mean() - amount) <= allowed
    for column in (0, 1, 7, 8, 15, 30, 31):
        assert_share(hit[:, column], amount)
        assert_share(hit[0::2, column] & hit[1::2, column], amount**2)
    assert_share(result[hit] == 255, 0.5)

    lengths = []
    for row in hit:
        edges = np.flatnonzero(np.diff(row, prepend=False, append=False))
        lengths += [b - a for a, b in edges.reshape(-1, 2).tolist() if a > 0 and b < 32]
    assert min(lengths) == 8
    assert max(lengths) > 8


def test_burst_of_amount_1_hits_everything() -> None:
    assert set(noisy(100, "burst", 1).ravel().tolist()) == {0, 255}


@pytest.mark.parametrize(
    ("kind", "level", "amount", "sigma"),
    [
        ("gaussian", 128, 0.02, 5.1),
        ("gaussian", 100, 0.06, 15.3),
        ("speckle", 100, 0.15, 15.0),
        ("speckle", 40, 0.15, 6.0),
        ("speckle", 200, 0.05, 10.0),
    ],
)
def test_normal_errors(kind: str, level: int, amount: float, sigma: float) -> None:
    """Mean 0, this deviation, normal, independent; the levels stay clear of 0 and 255.

    Rounding to whole grey levels adds 1/12 to the variance; the deviation of n normal errors is
    itself known to sigma / sqrt(2 n).
    """
    errors = noisy(level, kind, amount, side=2048).astype(np.int64) - level
    n = errors.size
    rounded = math.sqrt(sigma**2 + 1 / 12)
    assert abs(errors.mean()) <= DEVIATIONS * rounded / math.sqrt(n)
    assert abs(errors.std() - rounded) <= DEVIATIONS * rounded / math.sqrt(2 * n)
    for limit in (round(sigma), round(2 * sigma)):
        # A rounded error is at most `limit` where the real one is below limit + 1/2.
        inside = math.erf((limit + 0.5) / sigma / math.sqrt(2))
        assert_share(np.abs(errors) <= limit, inside)
    for a, b in ((errors[:, 0::2], errors[:, 1::2]), (errors[0::2], errors[1::2])):
        correlation = np.mean(a * b) / rounded**2
        assert abs(correlation) <= DEVIATIONS / math.sqrt(a.size)


def test_normal_errors_are_clipped_not_wrapped() -> None:
    assert noisy(250, "gaussian", 0.02).min() > 200
    assert noisy(5, "gaussian", 0.02).max() < 55
    assert noisy(250, "speckle", 0.02).min() > 200
    for level in (0, 255):
        # Half of the errors lead out of the range, and those below 1/2 are rounded away.
        stays = 0.5 + 0.5 * math.erf(0.5 / 51 / math.sqrt(2))
        assert_share(noisy(level, "gaussian", 0.2) == level, stays)


def test_speckle_leaves_black_black() -> None:
    assert noisy(0, "speckle", 1).max() == 0


# Metrics


def test_metrics_by_hand() -> None:
    """Two of twelve pixels differ, by 3 and by 4: mean squared error 25 / 12."""
    clean = np.full((3, 4), 100, np.uint8)
    image = clean.copy()
    image[0, 0], image[2, 3] = 103, 96
    result = metrics(image, clean)
    assert (result.sae, result.mae) == (7, 7 / 12)
    assert result.psnr == pytest.approx(10 * math.log10(65025 * 12 / 25), abs=1e-9)
    assert type(result.sae) is int


def test_metrics_of_black_and_white() -> None:
    black, white = np.zeros((8, 9), np.uint8), np.full((8, 9), 255, np.uint8)
    result = metrics(black, white)
    assert (result.sae, result.mae, result.psnr) == (255 * 72, 255, 0)
    # Without variance only the means count: (2 * 0 * 255 + C1) / (0 + 255^2 + C1), C1 = 2.55^2.
    assert result.ssim == pytest.approx(0.0001 / 1.0001, abs=1e-9)


def test_metrics_of_equal_images() -> None:
    image = np.random.default_rng(1).integers(0, 256, (9, 11), np.uint8)
    result = metrics(image, image)
    assert (result.sae, result.mae, result.psnr) == (0, 0, math.inf)
    assert result.ssim == pytest.approx(1, abs=1e-12)


def ssim(a: Pixels, b: Pixels, side: int) -> float:
    """The formula of Wang et al. 2004 for every full window, one window after the other."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for y in range(a.shape[0] - side + 1):
        for x in range(a.shape[1] - side + 1):
            u = [int(v) for v in a[y : y + side, x : x + side].ravel()]
            v = [int(v) for v in b[y : y + side, x : x + side].ravel()]
            n = len(u)
            mu, mv = sum(u) / n, sum(v) / n
            suu = sum((p - mu) ** 2 for p in u) / (n - 1)
            svv = sum((p - mv) ** 2 for p in v) / (n - 1)
            suv = sum((p - mu) * (q - mv) for p, q in zip(u, v, strict=True)) / (n - 1)
            values.append(
                (2 * mu * mv + c1) * (2 * suv + c2) / ((mu**2 + mv**2 + c1) * (suu + svv + c2))
            )
    return sum(values) / len(values)


@pytest.mark.parametrize(
    ("shape", "side"),
    [((3, 3), 3), ((3, 17), 3), ((17, 4), 3), ((6, 5), 5), ((7, 7), 7), ((24, 19), 7)],
)
@pytest.mark.parametrize("sigma", [0.05, 0.3])
def test_ssim(shape: tuple[int, int], side: int, sigma: float) -> None:
    rng = np.random.default_rng(3)
    clean = rng.integers(0, 256, shape, np.uint8)
    image = add_noise(clean, "gaussian", sigma, rng)
    assert metrics(image, clean).ssim == pytest.approx(ssim(image, clean, side), abs=1e-9)


def test_metrics_are_those_of_the_sums() -> None:
    rng = np.random.default_rng(4)
    image, clean = rng.integers(0, 256, (2, 20, 30), np.uint8)
    pairs = list(zip(image.ravel().tolist(), clean.ravel().tolist(), strict=True))
    result = metrics(image, clean)
    assert result.sae == sae(image, clean) == sum(abs(a - b) for a, b in pairs)
    assert result.mae == pytest.approx(result.sae / 600, rel=1e-12)
    squared = sum((a - b) ** 2 for a, b in pairs) / 600
    assert result.psnr == pytest.approx(10 * math.log10(255**2 / squared), rel=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (3, 5), (4, 4)])
def test_metrics_of_different_sizes_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(InputError) as caught:
        metrics(np.zeros(shape, np.uint8), np.zeros((3, 4), np.uint8))
    assert "4x3" in str(caught.value)  # width x height
    assert f"{shape[1]}x{shape[0]}" in str(caught.value)


# Baselines


def sorted_window(image: list[list[int]], y: int, x: int, radius: int) -> list[int]:
    bottom, right = len(image) - 1, len(image[0]) - 1
    return sorted(
        image[min(max(y + dy, 0), bottom)][min(max(x + dx, 0), right)]
        for dy in range(-radius, radius + 1)
        for dx in range(-radius, radius + 1)
    )


def scalar_adaptive_median(image: list[list[int]], y: int, x: int, largest: int) -> int:
    """Gonzalez and Woods, 3rd edition, 5.3.3, stage by stage in the book's names."""
    zxy = image[y][x]
    size = 3
    while True:
        window = sorted_window(image, y, x, size // 2)
        zmin, zmed, zmax = window[0], window[size * size // 2], window[-1]
        if zmed - zmin > 0 and zmed - zmax < 0:  # stage A holds: stage B
            return zxy if zxy - zmin > 0 and zxy - zmax < 0 else zmed
        size += 2
        if size > largest:
            return zmed


def sample_images(shape: tuple[int, int]) -> list[Pixels]:
    """Random, of few levels, a ramp, and all of them with impulses: every branch is walked."""
    rng = np.random.default_rng(6)
    ramp = (np.arange(shape[0] * shape[1]) % 200 + 20).reshape(shape).astype(np.uint8)
    images = [rng.integers(0, 256, shape, np.uint8), rng.integers(0, 3, shape, np.uint8), ramp]
    impulses = [
        add_noise(image, "salt-and-pepper", amount, rng)
        for image in images
        for amount in (0.2, 0.8)
    ]
    return images + impulses


SHAPES = [(3, 3), (3, 17), (17, 3), (16, 13)]


@pytest.mark.parametrize("shape", SHAPES)
def test_median(shape: tuple[int, int]) -> None:
    for image in sample_images(shape):
        plain = image.tolist()
        result = median3x3(image)
        assert result.dtype == np.uint8
        assert result.tolist() == [
            [sorted(reference.window(plain, y, x))[4] for x in range(shape[1])]
            for y in range(shape[0])
        ]
        assert image.tolist() == plain


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("largest", [3, 5, 7, 9])
def test_adaptive_median(shape: tuple[int, int], largest: int) -> None:
    for image in sample_images(shape):
        plain = image.tolist()
        result = adaptive_median(image, largest)
        assert result.dtype == np.uint8
        assert result.tolist() == [
            [scalar_adaptive_median(plain, y, x, largest) for x in range(shape[1])]
            for y in range(shape[0])
        ]
        assert image.tolist() == plain


def test_adaptive_median_grows_to_7() -> None:
    """A white 5x5 block with a hole is seen whole by the 7x7 window alone."""
    image = np.full((11, 11), 100, np.uint8)
    image[:, ::2] = 101
    image[3:8, 3:8] = 255
    image[5, 5] = 102
    assert adaptive_median(image).tolist() == adaptive_median(image, 7).tolist()
    assert adaptive_median(image, 5)[5, 5] == 255
    assert adaptive_median(image, 7)[5, 5] == 102


@pytest.mark.parametrize("largest", [-3, 0, 1, 2, 4, 8])
def test_illegal_largest_window(largest: int) -> None:
    with pytest.raises(InputError, match=str(largest)):
        adaptive_median(np.zeros((3, 3), np.uint8), largest)


# Image files


@pytest.mark.parametrize("suffix", [".png", ".pgm", ".bmp", ".PNG", ".Pgm"])
@pytest.mark.parametrize("shape", [(3, 3), (3, 17), (17, 5), (16, 16)])
def test_image_round_trip(tmp_path: Path, suffix: str, shape: tuple[int, int]) -> None:
    """Pillow, which is not the reader under test, sees 8-bit grey of the right format too."""
    path = tmp_path / f"image{suffix}"
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    write_image(path, image)
    result = read_image(path)
    assert result.dtype == np.uint8
    assert result.tolist() == image.tolist()
    result[:] = 0  # the caller's own
    with Image.open(path) as picture:
        assert picture.format == {".png": "PNG", ".pgm": "PPM", ".bmp": "BMP"}[suffix.lower()]
        assert picture.size == (shape[1], shape[0])
        assert np.asarray(picture.convert("L")).tolist() == image.tolist()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def png(
    width: int, height: int, depth: int, colour: int, lines: bytes, extra: bytes = b""
) -> bytes:
    """A PNG made by hand from its chunks."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


GREY_PNG = png(3, 3, 8, 0, b"\0\1\2\3\0\4\5\6\0\7\x08\x09")


def test_image_made_by_hand(tmp_path: Path) -> None:
    """Rows are rows and columns columns; PGM in text and with comments is PGM."""
    path = tmp_path / "image"
    for data in (
        png(4, 3, 8, 0, b"\0\1\2\3\4\0\5\6\7\x08\0\x09\x0a\x0b\x0c"),
        b"P5 4 3 255\n" + bytes(range(1, 13)),
        b"P5\n# made by hand\n4 3\n255\n" + bytes(range(1, 13)),
        b"P2 4 3 255\n1 2 3 4\n5 6 7 8\n9 10 11 12\n",
    ):
        path.write_bytes(data)
        assert read_image(path).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]


def test_fewer_bits_are_scaled(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"P5 3 3 15\n" + bytes([0, 1, 2, 3, 4, 5, 13, 14, 15]))
    assert read_image(path).tolist() == [[0, 17, 34], [51, 68, 85], [221, 238, 255]]
    path.write_bytes(png(4, 3, 1, 0, b"\0\x50\0\xa0\0\xf0"))
    assert read_image(path).tolist() == [[0, 255, 0, 255], [255, 0, 255, 0], [255] * 4]


def picture(mode: str, *colour: Any, size: tuple[int, int] = (4, 4)) -> Image.Image:
    return Image.new(mode, size, colour[0] if len(colour) == 1 else colour)


def save(suffix: str, made: Image.Image) -> Callable[[Path], object]:
    return lambda path: made.save(path, suffix)


def write(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def palette_bmp(*colours: tuple[int, int, int]) -> Callable[[Path], object]:
    """A 4x4 BMP of 8 bits whose pixel (x, y) shows palette entry (x + y) mod len(colours)."""
    made = Image.new("P", (4, 4))
    made.putpalette([level for colour in colours for level in colour])
    made.putdata([(x + y) % len(colours) for y in range(4) for x in range(4)])
    return save("BMP", made)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "No such file"),
    "folder": (Path.mkdir, "not a file"),
    "empty": (Path.touch, "PNG, PGM, BMP, JPEG, TIFF, WebP or GIF"),
    "text as of a PPM": (write(b"Python is a snake\n"), "PNG, PGM, BMP, JPEG, TIFF, WebP or GIF"),
    "text": (write(b"these are words\n" * 9), "PNG, PGM, BMP, JPEG, TIFF, WebP or GIF"),
    "JPEG 2000": (save("JPEG2000", picture("L", 7)), "PNG, PGM, BMP, JPEG, TIFF, WebP or GIF"),
    "colour JPEG": (save("JPEG", picture("RGB", 1, 2, 3)), "colour"),
    "colour GIF": (save("GIF", picture("RGB", 1, 2, 3)), "palette"),
    "colour TIFF": (save("TIFF", picture("RGB", 1, 2, 3)), "colour"),
    "colour WebP": (save("WEBP", picture("RGB", 1, 99, 3)), "colour"),
    "colour PNG": (save("PNG", picture("RGB", 1, 2, 3)), "colour"),
    "grey colour PNG": (save("PNG", picture("RGB", 7, 7, 7)), "colour"),
    "colour PPM": (save("PPM", picture("RGB", 1, 2, 3)), "colour"),
    "colour BMP": (save("BMP", picture("RGB", 1, 2, 3)), "colour"),
    "colour and alpha": (save("PNG", picture("RGBA", 1, 2, 3, 4)), "transparency"),
    "grey and alpha": (save("PNG", picture("LA", 1, 2)), "transparency"),
    "transparent grey": (
        write(
            GREY_PNG[:33]
            + struct.pack(">I", 2)
            + b"tRNS\0\1"
            + struct.pack(">I", zlib.crc32(b"tRNS\0\1"))
            + GREY_PNG[33:]
        ),
        "transparency",
    ),
    "palette": (save("PNG", picture("RGB", 1, 2, 3).quantize(4)), "palette"),
    "grey colour BMP": (save("BMP", picture("RGB", 7, 7, 7)), "colour"),
    "16-bit PNG": (save("PNG", picture("I;16", 300)), "16-bit"),
    "16-bit PGM": (write(b"P5 3 3 65535\n" + bytes(18)), "16-bit"),
    "float PFM": (write(b"Pf 3 3 -1.0\n" + bytes(36)), "8-bit"),
    "1x1": (save("PNG", picture("L", 7, size=(1, 1))), "1x1"),
    "2x3": (save("PNG", picture("L", 7, size=(2, 3))), "2x3"),
    "3x2": (save("PNG", picture("L", 7, size=(3, 2))), "3x2"),
    "2x3 BMP": (save("BMP", picture("L", 7, size=(2, 3))), "2x3"),
    "colour palette BMP": (palette_bmp((10, 10, 10), (10, 10, 30)), "palette"),
    "red palette BMP": (palette_bmp((10, 10, 10), (30, 10, 10)), "palette"),
    "largest size": (write(png(2**13, 2**13, 8, 0, b"")), "damaged"),
    "a line too many": (write(png(2**13, 2**13 + 1, 8, 0, b"")), "smaller"),
    "large": (write(png(12_000, 12_000, 8, 0, b"")), "smaller"),
    "huge": (write(png(2**20, 2**20, 8, 0, b"")), "smaller"),
    "cut PNG": (write(GREY_PNG[:50]), "damaged"),
    "cut PGM": (write(b"P5 3 3 255\n" + bytes(8)), "damaged"),
    "PNG of a wrong checksum": (write(GREY_PNG[:29] + b"\0\0\0\0" + GREY_PNG[33:]), "checksum"),
}


@pytest.mark.filterwarnings("error")  # the sentence is all that a user gets to see
@pytest.mark.parametrize("case", REFUSED)
def test_refused_image(tmp_path: Path, case: str) -> None:
    make, named = REFUSED[case]
    path = tmp_path / "picture"
    make(path)
    with pytest.raises(InputError) as caught:
        read_image(path)
    message = str(caught.value)
    assert "picture" in message
    assert named in message
    assert len(message.splitlines()) == 1


def test_a_grey_palette_is_grey_in_a_bmp(tmp_path: Path) -> None:
    """Its entries may stand in any order."""
    path = tmp_path / "image.bmp"
    palette_bmp((200, 200, 200), (7, 7, 7), (90, 90, 90))(path)
    with Image.open(path) as opened:
        assert opened.mode == "P"
    assert read_image(path).tolist() == [
        [200, 7, 90, 200],
        [7, 90, 200, 7],
        [90, 200, 7, 90],
        [200, 7, 90, 200],
    ]


def readable(path: Path) -> list[list[int]] | None:
    """The pixels of a file, None where it is refused; anything else is a fault of the reader."""
    try:
        rows: list[list[int]] = read_image(path).tolist()
    except InputError as error:
        message = str(error)
    else:
        return rows
    assert len(message.splitlines()) == 1
    return None


def places(data: bytes) -> list[int]:
    """Every place of a small file; of the long palette of a BMP some places are enough."""
    return [place for place in range(len(data)) if place < 100 or place % 29 == 0]


@pytest.mark.parametrize("suffix", [".png", ".pgm", ".bmp"])
def test_a_file_cut_anywhere(tmp_path: Path, suffix: str) -> None:
    """A cut file is refused, or it has all of its pixels (a PNG without its last chunk)."""
    image = np.random.default_rng(9).integers(0, 256, (5, 6), np.uint8)
    path = tmp_path / f"image{suffix}"
    write_image(path, image)
    whole = path.read_bytes()
    for length in places(whole):
        path.write_bytes(whole[:length])
        assert readable(path) in (None, image.tolist()), length
    path.write_bytes(whole[: len(whole) // 2])
    assert readable(path) is None


@pytest.mark.parametrize("suffix", [".png", ".pgm", ".bmp"])
def test_a_file_with_a_wrong_byte(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"image{suffix}"
    write_image(path, np.random.default_rng(9).integers(0, 256, (3, 4), np.uint8))
    whole = path.read_bytes()
    refused = 0
    for place in places(whole):
        for change in (0x01, 0x80, 0xFF):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
            refused += readable(path) is None
    assert refused > 0


def test_conversion_of_colour(tmp_path: Path) -> None:
    """0.299 R + 0.587 G + 0.114 B: 76.2, 149.7, 29.1; and 18.1 for (10, 20, 30)."""
    path = tmp_path / "image.png"
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (10, 20, 30)]
    for colour, grey in zip(colours, [76, 150, 29, 255, 18], strict=True):
        for made in (
            picture("RGB", *colour),
            picture("RGBA", *colour, 99),
            picture("RGB", *colour).quantize(4),
        ):
            made.save(path)
            assert read_image(path, convert=True).tolist() == [[grey] * 4] * 4


def test_conversion_of_16_bits(tmp_path: Path) -> None:
    """A level of 8 bits is 257 levels of 16 bits; the nearest one is taken."""
    path = tmp_path / "image.png"
    for level, grey in [(0, 0), (128, 0), (129, 1), (257, 1), (25700, 100), (65535, 255)]:
        picture("I;16", level).save(path)
        assert read_image(path, convert=True).tolist() == [[grey] * 4] * 4
        path.with_suffix(".pgm").write_bytes(b"P5 3 3 65535\n" + struct.pack(">H", level) * 9)
        assert read_image(path.with_suffix(".pgm"), convert=True).tolist() == [[grey] * 3] * 3


def test_conversion_of_grey_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_image(path, image)
    assert read_image(path, convert=True).tolist() == image.tolist()


@pytest.mark.parametrize("name", ["image.jpg", "image", "png", "missing/image.png", "folder.png"])
def test_unwritable_image(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError) as caught:
        write_image(tmp_path / name, np.zeros((3, 3), np.uint8))
    assert name in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link, target = tmp_path / "image.png", tmp_path / "target.png"
    link.symlink_to(target)
    write_image(link, np.full((3, 3), 7, np.uint8))
    assert link.is_symlink()
    assert read_image(target).tolist() == [[7] * 3] * 3


def test_only_files_are_replaced(tmp_path: Path) -> None:
    """A user may well write to /dev/null; that must not become a picture."""
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"pipe\.png"):
        write_image(pipe, np.zeros((3, 3), np.uint8))
    assert pipe.is_fifo()


def test_a_write_that_fails_half_way_leaves_the_old_image(tmp_path: Path) -> None:
    """The system stops a file at 1000 bytes, as a full disk would; the image needs 4096."""
    path = tmp_path / "image.png"
    write_image(path, np.full((3, 3), 7, np.uint8))
    noise = np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(InputError) as caught:
            write_image(path, noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "image.png" in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]
    assert read_image(path).tolist() == [[7] * 3] * 3


def test_a_disk_that_is_found_full_at_the_end_leaves_the_old_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "image.png"
    write_image(path, np.full((3, 3), 7, np.uint8))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write_image(path, np.zeros((3, 3), np.uint8))
    assert list(tmp_path.iterdir()) == [path]
    assert read_image(path).tolist() == [[7] * 3] * 3
