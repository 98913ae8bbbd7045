# SPDX-License-Identifier: Apache-2.0
"""The noises, and the filters that are evolved for them.

What a run depends on names the file in which its circuit is kept: nothing is evolved twice.
"""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.comparison import Photo, photo_of
from evoarray.evolution.filter.presets import settings_of
from evoarray.evolution.filter.pruning import prune
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.simplify.cost import luts
from evoarray.evolution.studies.tasks import Task, work
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.baselines import median3x3
from evoarray.model.filter.circuit import Circuit, circuit_of, read_circuit, write_circuit
from evoarray.model.filter.fitness import sae
from evoarray.model.images import read_image
from evoarray.model.noise import add_noise
from evoarray.model.rtl import ROOT

BUILD = ROOT / "build" / "filters"

RUNS = 5
"""Seeds; the run that is best on the training photos counts."""

TOLERANCE = 0.01
"""By how much pruning may raise the SAE of the training photos."""

WEIGHT = 1 / 8192
"""How much SAE a LUT is worth, as a part of the SAE that the 3x3 median leaves."""

TRAINING = ("camera", "astronaut", "gravel", "retina")
HELD_OUT = ("brick", "chelsea", "coffee", "rocket")


@dataclass(frozen=True)
class Noise:
    """A kind of noise and its amount, as model/noise.py takes them."""

    kind: str
    amount: float

    @property
    def name(self) -> str:
        """How the noise is called in tables."""
        return f"{self.kind} {self.amount:g}"


LITERATURE = Noise("salt-and-pepper", 0.2)
"""For this one there is a figure to compare with."""

NOISES = (
    Noise("salt-and-pepper", 0.05),
    Noise("salt-and-pepper", 0.1),
    LITERATURE,
    Noise("salt-and-pepper", 0.4),
    Noise("burst", 0.2),
    Noise("gaussian", 0.1),
    Noise("speckle", 0.2),
)


@cache
def training(noise: Noise) -> tuple[Photo, ...]:
    """Return the photos that evolution sees; photo i has the noise of seed 1 + i."""
    return _photos("training", TRAINING, noise, 1)


@cache
def held_out(noise: Noise) -> tuple[Photo, ...]:
    """Return the photos that evolution does not see; photo i has the noise of seed 101 + i."""
    return _photos("test", HELD_OUT, noise, 101)


def evolve_filter(noise: Noise, weight: float = 0, after: Sequence[Circuit] = ()) -> Circuit:
    """Return the best of RUNS runs on the training photos, or on what other filters left of them.

    weight is what a LUT is worth, as WEIGHT; 0: LUTs do not count.
    """
    photos = seen(noise, after)
    median = sum(sae(median3x3(photo.noisy), photo.clean) for photo in photos)
    lut_weight = round(weight * median)
    counted = {"parsimony": "weight", "lut-weight": lut_weight} if lut_weight else {}
    settings = [settings_of({"seed": seed, **counted}) for seed in range(1, RUNS + 1)]
    circuits = [_run(each, photos) for each in settings]
    return min(circuits, key=lambda each: sae_of(each, photos) + lut_weight * luts(each))


def seen(noise: Noise, after: Sequence[Circuit]) -> tuple[Photo, ...]:
    """Return the training photos, on which other filters have done their work."""
    return tuple(photo_of(after, p.name, p.noisy, p.clean) for p in training(noise))


def pruned(circuit: Circuit, noise: Noise, after: Sequence[Circuit] = ()) -> Circuit:
    """Return a circuit after pruning on the training photos, or on what others left of them."""
    photos = seen(noise, after)
    pairs = [(photo.given, photo.clean) for photo in photos]
    most = int(sae_of(circuit, photos) * (1 + TOLERANCE))
    with closing(open_backend("fast", circuit.shape, pairs)) as backend:
        steps = [circuit, *(cheaper for cheaper, _ in prune(circuit, backend.evaluate, most))]
    return steps[-1]


def sae_of(circuit: Circuit, photos: Sequence[Photo]) -> int:
    """Return the SAE over photos, by the golden model."""
    return sum(sae(filter_image(circuit, photo.given), photo.clean) for photo in photos)


def _photos(folder: str, names: Sequence[str], noise: Noise, seed: int) -> tuple[Photo, ...]:
    photos = []
    for index, name in enumerate(names):
        clean = read_image(ROOT / "images" / folder / f"{name}.png")
        rng = np.random.default_rng(seed + index)
        photos.append(Photo(name, add_noise(clean, noise.kind, noise.amount, rng), clean))
    return tuple(photos)


def _run(settings: Settings, photos: Sequence[Photo]) -> Circuit:
    """Return the best circuit of a run, from its file if there is one."""
    file = BUILD / "evolved" / f"{_digest(settings, photos)}.json"
    if not file.exists():
        found = work(Task("", 0, settings, photos, ()))
        circuit = circuit_of(
            np.array(found.genes, np.uint8), settings.shape, {"settings": asdict(settings)}
        )
        if sae_of(circuit, photos) != found.sae:
            raise RuntimeError(f"the golden model does not give the SAE {found.sae} of {settings}")
        file.parent.mkdir(parents=True, exist_ok=True)
        write_circuit(file, circuit)
    return read_circuit(file)


def _digest(settings: Settings, photos: Sequence[Photo]) -> str:
    digest = hashlib.sha256(repr(settings).encode() + _program())
    for photo in photos:
        digest.update(photo.given.tobytes() + photo.clean.tobytes())
    return digest.hexdigest()[:16]


@cache
def _program() -> bytes:
    """Return the sources that decide how an evolution goes."""
    folder = Path(ROOT, "evolve")
    files = [*folder.glob("*.py"), *folder.glob("simplify/*"), *folder.glob("backends/engine/*")]
    return b"".join(file.read_bytes() for file in sorted(files) if file.is_file())
