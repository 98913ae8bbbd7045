# SPDX-License-Identifier: Apache-2.0
"""What a run is asked to do, as its database keeps it and as it is read from there."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evoarray.evolution.filter.backends import Backend, open_backend
from evoarray.evolution.filter.comparison import Comparison, Photo, photo_of, values_of
from evoarray.evolution.filter.goals import Cost, Goal
from evoarray.evolution.filter.sample import sheets_of
from evoarray.evolution.filter.settings import BACKENDS, Settings
from evoarray.evolution.runs.provenance import made_with
from evoarray.evolution.runs.resuming import replay_of
from evoarray.model.errors import InputError, not_ours
from evoarray.model.filter.circuit import Circuit, Shape, circuit_from_json, circuit_to_json
from evoarray.model.filter.functions import Plane
from evoarray.model.images import decode_image, encode_image

Identity = Mapping[str, str]
"""What a file or an array was: its name or size, and its SHA-256."""

KINDS = ("noisy", "clean")
"""The two images of a photo."""


@dataclass(frozen=True)
class Job:
    """What a run is asked to do: settings, images, backend, and where the results go.

    replay names the simulator on which the champion is checked at the end, or is None; after are
    the filters that come before this one in a cascade. command is what the user typed, cost
    the function of the fitness "own".
    """

    settings: Settings
    training: Sequence[Photo]
    held_out: Sequence[Photo]
    backend: str
    workers: int
    replay: str | None
    folder: Path
    provenance: Mapping[str, Any]
    after: Sequence[Circuit] = ()
    command: str = ""
    cost: Cost | None = None

    def description(self) -> dict[str, Any]:
        """Return what the database says of the run, as JSON."""
        return {
            "settings": asdict(self.settings),
            "backend": self.backend,
            "replay": self.replay,
            "provenance": self.provenance,
            "training": [photo.name for photo in self.training],
            "held_out": [photo.name for photo in self.held_out],
            "after": [circuit_to_json(circuit) for circuit in self.after],
            "budget": self.settings.evaluations,
            "command": self.command,
        }

    def images(self) -> dict[str, bytes]:
        """Return the images as the database keeps them, by name."""
        return {
            f"{role}-{number}-{kind}": encode_image(pixels)
            for role, photos in (("training", self.training), ("held_out", self.held_out))
            for number, photo in enumerate(photos)
            for kind, pixels in (("noisy", photo.noisy), ("clean", photo.clean))
        }

    def open_backend(self) -> Backend:
        """Return who evaluates, not with more processes than there are tribes."""
        if not self.goal.is_known:
            raise InputError(
                f"the fitness of {self.folder} is a function of Python; go on with it in Python: "
                f"{self.resuming}"
            )
        pairs = [(photo.given, photo.clean) for photo in self.training]
        workers = min(self.workers, self.settings.tribes)
        sheets = sheets_of(self.settings, pairs)
        return open_backend(self.backend, self.settings.shape, sheets, workers, self.goal)

    @property
    def goal(self) -> Goal:
        """What is made as low as can be."""
        return Goal(self.settings.fitness, self.cost)

    def levels(self, training: Sequence[Comparison]) -> Mapping[str, int]:
        """Return the fitness of the images that the circuit is compared with, by label.

        It is that of what evolution sees, estimated for a sample. Where the function of the fitness
        is not known there is none.
        """
        if not self.goal.is_known:
            return {}
        values = values_of([(c.images, c.photo.clean) for c in training], self.goal)
        return {label: round(self.share * value) for label, value in values.items()}

    @property
    def resuming(self) -> str:
        """What to type to go on with this run."""
        if self.settings.fitness == "own":
            return f"evoarray.resume({str(self.folder)!r}, fitness=...)"
        return f"evoarray resume {self.folder}"

    @property
    def pixels(self) -> int:
        """How many pixels the training photos have."""
        return sum(photo.clean.size for photo in self.training)

    @property
    def sample(self) -> int:
        """How many of their windows evolution sees; 0: all."""
        return self.settings.sample_of(self.pixels)

    @property
    def share(self) -> float:
        """What part of their windows evolution sees."""
        return self.sample / self.pixels if self.sample else 1.0

    @property
    def fitness(self) -> str:
        """What evolution makes as low as it can, as axes call it."""
        part = f"{self.goal.name} of {self.share:.2%} of the windows"
        return part if self.sample else self.goal.axis


def job_of(
    folder: Path,
    description: Mapping[str, Any],
    images: Mapping[str, bytes],
    workers: int,
    cost: Cost | None = None,
) -> Job:
    """Return the job of a run's database. Raises InputError if it is not one that this can do."""
    with not_ours(f"the run {folder}"):
        settings = dict(description["settings"])
        settings["shape"] = Shape(**settings["shape"])
        settings["start_genes"] = tuple(settings["start_genes"])
        settings["edges"] = tuple(map(tuple, settings["edges"]))
        # A run of before there were samples, or before an option had another name.
        settings.setdefault("sample", "all")
        settings.setdefault("fitness", "sae")
        settings.setdefault("seconds", settings.pop("max_seconds", 0.0))
        after = [circuit_from_json(text) for text in description["after"]]
        photos = {
            role: [
                _photo(after, name, *(_stored(images, f"{role}-{i}-{kind}") for kind in KINDS))
                for i, name in enumerate(description[role])
            ]
            for role in ("training", "held_out")
        }
        backend = description["backend"]
        if backend not in BACKENDS:
            raise InputError(
                f"{folder} was begun with --backend {backend}, which is not known here"
            )
        if cost is not None and settings["fitness"] != "own":
            raise InputError(
                f"the fitness of {folder} is {settings['fitness']}, not a function; go on with it "
                "without one"
            )
        return Job(
            Settings(**settings),
            photos["training"],
            photos["held_out"],
            backend,
            workers,
            replay_of(description),
            folder,
            dict(description["provenance"]),
            after,
            cost=cost,
        )


def _photo(after: Sequence[Circuit], name: object, noisy: Plane, clean: Plane) -> Photo:
    """Return a photo as it was saved. Raises ValueError for what is none."""
    if type(name) is not str or noisy.shape != clean.shape:
        raise ValueError(f"{name!r} is no photo")
    return photo_of(after, name, noisy, clean)


def _stored(images: Mapping[str, bytes], name: str) -> Plane:
    return decode_image(io.BytesIO(images[name]), Path(name))


def provenance(
    settings: Settings,
    backend: str,
    pairs: Sequence[tuple[Identity, Identity]],
    after: Sequence[Identity],
) -> dict[str, Any]:
    """Return what is needed to repeat a run: options, images by SHA-256, versions, git commit.

    pairs are the noisy and the clean images, after the circuits before this one.
    """
    return {
        "settings": asdict(settings),
        "backend": backend,
        "images": [{"noisy": noisy, "clean": clean} for noisy, clean in pairs],
        "after": list(after),
        **made_with(),
    }
