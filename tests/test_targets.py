# SPDX-License-Identifier: Apache-2.0
"""Goals against SciPy and hand work."""

import numpy as np
import pytest
from scipy import ndimage

from evoarray.model.errors import InputError
from evoarray.model.filter.functions import Plane
from evoarray.model.targets import TARGETS, make_target

IMAGES: list[Plane] = [
    np.random.default_rng(1).integers(0, 256, (17, 23), np.uint8),
    np.random.default_rng(2).choice(np.array([0, 255], np.uint8), (9, 8)),
    np.full((3, 3), 255, np.uint8),
    np.arange(30, dtype=np.uint8).reshape(3, 10),
]


def by_scipy(image: Plane, kind: str) -> Plane:
    real = image.astype(np.float64)
    morphology = {
        "erode": ndimage.grey_erosion,
        "dilate": ndimage.grey_dilation,
        "gradient": ndimage.morphological_gradient,
    }
    if kind in morphology:
        return np.asarray(morphology[kind](image, size=3, mode="nearest"), np.uint8)
    if kind == "edges":
        across, down = (ndimage.sobel(real, axis, mode="nearest") for axis in (1, 0))
        values = np.minimum(np.hypot(across, down), 255)
    else:
        one = np.array({"smooth": [1, 1, 1], "gaussian": [1, 2, 1]}[kind])
        kernel = np.outer(one, one)
        values = ndimage.correlate(real, kernel, mode="nearest") / kernel.sum()
    return np.array(np.floor(values + 0.5), np.uint8)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("image", IMAGES, ids=lambda image: "x".join(map(str, image.shape)))
def test_targets_are_scipy_s(kind: str, image: Plane) -> None:
    before = image.tolist()
    made = make_target(image, kind)
    assert made.dtype == np.uint8
    assert made.tolist() == by_scipy(image, kind).tolist()
    assert image.tolist() == before


@pytest.mark.parametrize(
    ("kind", "centre"),
    [
        ("smooth", 4),  # 38 / 9 = 4.2
        ("gaussian", 5),  # (8 + 40 + 25) / 16 = 4.6
        ("edges", 23),  # across 2 + 4 + 9, down 25 - 8: 22.7
        ("erode", 0),
        ("dilate", 9),
        ("gradient", 9),
    ],
)
def test_targets_worked_by_hand(kind: str, centre: int) -> None:
    image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    image[2, 0] = 0
    assert make_target(image, kind)[1, 1] == centre


def test_an_unknown_target() -> None:
    with pytest.raises(InputError, match="the target 'hum' is unknown; choose one of smooth, gau"):
        make_target(IMAGES[0], "hum")
