# SPDX-License-Identifier: Apache-2.0
"""Studies of noisy digits: filters before a network, and networks that learn with the noise."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from evoarray.evolution.neuro.algorithms import Settings
from evoarray.evolution.neuro.data import Digits, digits
from evoarray.evolution.neuro.filtered import settings as filtered
from evoarray.evolution.neuro.filtered.run import run as run_filter
from evoarray.evolution.neuro.filtered.settings import FilterSettings
from evoarray.evolution.neuro.neat.settings import ALGORITHMS as GROWN
from evoarray.evolution.neuro.noise import noisy
from evoarray.evolution.neuro.settings import IMAGE, NeuroSettings
from evoarray.evolution.options import by_option, chosen
from evoarray.evolution.studies.kind import Material, of_run
from evoarray.evolution.studies.neuro import Neuro
from evoarray.evolution.studies.neuro_runs import NeuroResult, NeuroTask
from evoarray.model.errors import InputError, refuse
from evoarray.model.files import read_text
from evoarray.model.neuro.network import from_json
from evoarray.model.noise import KINDS


@dataclass(frozen=True)
class NoisyTask(NeuroTask):
    """A run on digits with the noise of its seed; network is a file's text, if it has one."""

    settings: Settings | FilterSettings  # type: ignore[assignment]
    noise: str
    amount: float
    network: str = ""

    def work(self) -> Sequence[NeuroResult]:
        """See kind.Task."""
        if not isinstance(self.settings, FilterSettings):
            return super().work()
        started = time.process_time()
        settings = of_run(self.settings, self.run)
        network = from_json(self.network)
        found = run_filter(settings, network, self.data(settings))
        return [
            NeuroResult(
                self.setting,
                self.run,
                parameters=network.parameters,
                nonzero=network.nonzero,
                seconds=time.process_time() - started,
                **asdict(found),
            )
        ]

    def data(self, settings: Settings | FilterSettings) -> Digits:
        """Return the images with the noise of these settings' seed."""
        return noisy(digits(), self.noise, self.amount, settings.seed)


@dataclass(frozen=True)
class NoisyDigits(Neuro):
    """Digits with noise, which is another one in each run, and the same for all settings.

    A setting may name the file of a network, before which it has a filter.
    """

    noise: str
    amount: float
    keys: ClassVar[Mapping[str, tuple[type, str]]] = {
        "noise": (str, "a text"),
        "amount": (float, "a number such as 0.2"),
    }
    options: ClassVar[frozenset[str]] = Neuro.options | frozenset(by_option(filtered.OPTIONS))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See Kind.of."""
        noise, amount = data.get("noise", "salt-and-pepper"), data.get("amount", 0.1)
        if noise not in KINDS:
            refuse("noise", noise, f"one of {', '.join(KINDS)}")
        if not 0 <= amount <= 1:
            refuse("amount", amount, "a number from 0 to 1")
        return cls(noise, amount)

    def settings_of(self, options: Mapping[str, Any]) -> Any:
        """See Kind.settings_of; NEAT has problems of its own, and no noise."""
        algorithm = options.get("algorithm")
        if algorithm in GROWN:
            refuse("algorithm", algorithm, "one that has a use with noise")
        if algorithm in filtered.ALGORITHMS:
            return FilterSettings(**chosen(options, filtered.OPTIONS))
        return super().settings_of(options)

    def read(self, settings: Mapping[str, Any], folder: Path) -> Material:
        """Return the networks' files. Raises InputError for one that is none."""
        digits()
        files = {}
        each = settings.values()
        for name in sorted({one.network for one in each if isinstance(one, FilterSettings)}):
            files[name] = read_text(folder / name, "network file")
            try:
                network = from_json(files[name])
            except InputError as error:
                raise InputError(f"{folder / name} is not a usable network file: {error}") from None
            if network.input_shape != IMAGE:
                refuse(f"the input_shape of {name}", network.input_shape, f"{IMAGE}, a digit's")
        return Material(files=files)

    def tasks(
        self,
        settings: Mapping[str, Any],
        material: Material,
        wanted: Sequence[tuple[str, int]],
    ) -> Sequence[NoisyTask]:
        """Return a task for each run."""
        return [
            NoisyTask(name, run, own, self.noise, self.amount, self._file(own, material))
            for name, run in wanted
            for own in [settings[name]]
        ]

    def _file(self, settings: NeuroSettings | FilterSettings, material: Material) -> str:
        return material.files[settings.network] if isinstance(settings, FilterSettings) else ""

    def facts(self, material: Material) -> Sequence[str]:
        """Return how the digits are split, and what noise they have."""
        return [
            *super().facts(material),
            f"All of them have {100 * self.amount:g} % {self.noise} noise, drawn anew for each "
            "run; a run of any setting has the same noise as that of the others.",
        ]
