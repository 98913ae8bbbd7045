# SPDX-License-Identifier: Apache-2.0
"""What evolution is shown of its training photos: all windows, or a sample of them.

A photo of some megapixels tells a filter little that some thousand of its windows do not, and takes
as many times longer (studies/sample.toml). A sample is drawn evenly: the pixels of all photos, row
by row, are parted into as many equal runs as there are to be windows, and of each run one is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from evoarray.evolution.filter.settings import SAMPLE_STEP, Settings
from evoarray.evolution.rng import Random
from evoarray.model.filter.functions import Plane
from evoarray.model.window import windows

Pair = tuple[Plane, Plane]
"""A noisy image and its clean reference, both (H, W) uint8."""

_STREAM = 1  # of the seed; those of evolution begin with 0


@dataclass(frozen=True, eq=False)
class Sheet:
    """Windows (9, H, W) uint8, and what their filtered pixels should be, (H, W) uint8.

    is_image: whether they are the windows of an image, in its order, and not only some windows.
    """

    windows: Plane
    reference: Plane
    is_image: bool = True


def as_sheet(given: Pair | Sheet) -> Sheet:
    """Return all windows of a pair of images; what is a sheet already stays as it is."""
    return given if isinstance(given, Sheet) else Sheet(windows(given[0]), given[1])


def sheets_of(settings: Settings, pairs: Sequence[Pair]) -> list[Sheet]:
    """Return what a run with these settings evolves on."""
    count = settings.sample_of(sum(clean.size for _, clean in pairs))
    return [draw(pairs, count, settings.seed)] if count else [as_sheet(pair) for pair in pairs]


def draw(pairs: Sequence[Pair], count: int, seed: int) -> Sheet:
    """Return a sample of `count` windows, a multiple of SAMPLE_STEP, at most the pixels' number."""
    random = Random.stream(seed, _STREAM)
    ends = np.cumsum([clean.size for _, clean in pairs])
    starts = [number * int(ends[-1]) // count for number in range(count + 1)]
    drawn = np.array([start + random.below(end - start) for start, end in pairwise(starts)])
    found, reference = [], []
    for (noisy, clean), first, end in zip(pairs, [0, *ends], ends, strict=False):
        y, x = np.divmod(drawn[(first <= drawn) & (drawn < end)] - first, clean.shape[1])
        padded = np.pad(noisy, 1, mode="edge")
        places = [(y + down, x + right) for down in range(3) for right in range(3)]
        found.append(np.stack([padded[place] for place in places]))
        reference.append(clean[y, x])
    shape = (count // SAMPLE_STEP, SAMPLE_STEP)
    return Sheet(
        np.concatenate(found, axis=1).reshape(9, *shape),
        np.concatenate(reference).reshape(shape),
        is_image=False,
    )
