# SPDX-License-Identifier: Apache-2.0
"""How far an image is from its reference: the fitness (SAE) and the metrics of reports."""

from dataclasses import dataclass

import numpy as np
import skimage.metrics
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.filter.functions import Plane


@dataclass(frozen=True)
class Metrics:
    """Distances between an image and its reference.

    sae: sum of absolute errors, in grey levels. mae: sae per pixel. psnr: peak signal-to-noise
    ratio, 10 log10(255^2 / mean squared error), in dB; infinite for equal images. ssim: mean
    structural similarity, 1 for equal images.
    """

    sae: int
    mae: float
    psnr: float
    ssim: float


def load_metrics() -> None:
    """Load what `metrics` needs, which otherwise is loaded when it is first used."""
    tiny = np.zeros((3, 3), np.uint8)
    metrics(tiny, tiny)


def sae(output: Plane, reference: Plane) -> int:
    """Return the sum of |output - reference| over two planes (H, W) uint8; lower is better.

    Equals rtl/filter/evoarray_sae.v. Source: thesis, 3.4.
    """
    # uint8 throughout: twice as fast as the difference in 16 bits
    distance = np.maximum(output, reference)
    distance -= np.minimum(output, reference)
    return int(distance.sum(dtype=np.uint64))


def squared_error(output: Plane, reference: Plane) -> int:
    """Return the sum of (output - reference)^2 over two planes (H, W) uint8; lower is better.

    It is what the PSNR falls with: that is 10 log10(255^2 pixels / squared error).
    """
    distance = output.astype(np.int64) - reference
    return int((distance * distance).sum())


def metrics(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> Metrics:
    """Return the metrics of an image (H, W) or (H, W, channels) uint8 against its reference.

    A sample counts as a pixel, and SSIM is the mean of the channels'.

    SSIM is that of scikit-image for a data range of 255 with K1 = 0.01 and K2 = 0.03, over uniform
    7x7 windows with sample covariance; on images with a side below 7, over the largest odd window
    that fits. Raises InputError for different sizes. Source of SSIM: Wang, Bovik, Sheikh,
    Simoncelli, IEEE Trans. Image Processing 13(4), 2004.
    """
    if image.shape != reference.shape:
        sizes = [f"{width}x{height}" for height, width, *_ in (image.shape, reference.shape)]
        raise InputError(
            f"the image is {sizes[0]} pixels and its reference {sizes[1]}; give two of one size"
        )
    total = sae(image, reference)
    power = np.mean((image.astype(np.float64) - reference) ** 2)
    side = (min(7, *image.shape[:2]) - 1) // 2 * 2 + 1
    ssim = skimage.metrics.structural_similarity(  # type: ignore[no-untyped-call]
        image, reference, win_size=side, data_range=255, channel_axis=2 if image.ndim == 3 else None
    )
    return Metrics(
        sae=total,
        mae=total / image.size,
        psnr=float(10 * np.log10(255**2 / power)) if power else float("inf"),
        ssim=float(ssim),
    )
