# SPDX-License-Identifier: Apache-2.0
"""What a report says: numbers and sentences, from a folder's database alone.

Nothing here depends on the machine or the time, so that equal results give an equal page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evoarray.evolution.filter.comparison import ADAPTIVE, EVOLVED, MEDIAN, compare, verdict
from evoarray.evolution.filter.comparison import Comparison as Compared
from evoarray.evolution.filter.runs.job import Job, job_of
from evoarray.evolution.filter.world import World
from evoarray.evolution.neuro import run as neuro
from evoarray.evolution.report.filters import ALWAYS, USUAL, FilterStudy, options
from evoarray.evolution.report.guided import NetworkStudy
from evoarray.evolution.report.neuro import NeuroStudy
from evoarray.evolution.report.neuro_run import NeuroRun
from evoarray.evolution.report.study import Study, said_list
from evoarray.evolution.runs.database import Event, Row
from evoarray.evolution.runs.listing import look
from evoarray.evolution.runs.store import DATABASE as RUN
from evoarray.evolution.runs.store import said
from evoarray.evolution.studies.filters import Filters
from evoarray.evolution.studies.guided import Networks
from evoarray.evolution.studies.kind import Kind
from evoarray.evolution.studies.neuro import Neuro
from evoarray.evolution.studies.noisy_digits import NoisyDigits
from evoarray.evolution.studies.store import DATABASE as STUDY
from evoarray.evolution.studies.store import StudyStore
from evoarray.model.errors import InputError, not_ours
from evoarray.model.filter.circuit import Circuit, circuit_of

STUDIES: Mapping[type[Kind], type[Study]] = {
    Filters: FilterStudy,
    Networks: NetworkStudy,
    Neuro: NeuroStudy,
    NoisyDigits: NeuroStudy,
}
"""What a report makes of a study, by its kind."""


@dataclass(frozen=True)
class Run:
    """A run as it was saved last; state is that of a list of runs."""

    name: str
    state: str
    created: str
    command: str
    job: Job
    world: World
    rows: Sequence[Row]
    events: Sequence[Event]

    @property
    def circuit(self) -> Circuit:
        """The best circuit so far."""
        return circuit_of(self.world.best, self.job.settings.shape)

    @cached_property
    def comparisons(self) -> Sequence[tuple[str, Compared]]:
        """Each photo's part in the run, and how it looks after all filters."""
        groups = (("training", self.job.training), ("held out", self.job.held_out))
        return [(part, compare(photo, self.circuit)) for part, group in groups for photo in group]

    def level(self, label: str) -> int:
        """Return the SAE of an image, such as MEDIAN, on the training photos together."""
        return sum(c.metrics[label].sae for part, c in self.comparisons if part == "training")

    @cached_property
    def fitness_levels(self) -> Mapping[str, int]:
        """The fitness of images by label, as in Job.levels."""
        return self.job.levels([c for part, c in self.comparisons if part == "training"])

    @cached_property
    def answer(self) -> Sequence[str]:
        """How the evolved filter compares, in sentences."""
        evolved = self.level(EVOLVED)
        levels = {label: self.level(label) for label in (MEDIAN, ADAPTIVE)}
        parts = [
            f"{evolved / n:.3f} of what the {label} leaves" for label, n in levels.items() if n
        ]
        photos = said_list([photo.name for photo in self.job.training])
        return [
            f"SAE {evolved:,} on {photos}",
            f"after {self.world.evaluations:,} evaluations: {said_list(parts or ['nothing'])}.",
            *verdict([c for _, c in self.comparisons]),
        ]

    @cached_property
    def kinds(self) -> Mapping[str, Sequence[int]]:
        """After how many evaluations what kind of event happened."""
        kinds: dict[str, list[int]] = {}
        for event in self.events:
            if event.evaluations == 0:  # how things stand at the start
                continue
            kinds.setdefault(event.kind.partition(":")[0], []).append(event.evaluations)
        return kinds

    @property
    def counters(self) -> Mapping[str, int]:
        """How often things happened."""
        return dict(sorted(self.world.counters.items()))

    @property
    def asked(self) -> Sequence[tuple[str, str]]:
        """Options that are not as by default."""
        mine = options(self.job.settings).items()
        return [item for item in mine if item[0] in ALWAYS or item[1] != USUAL[item[0]]]


def read(folder: Path) -> Study | Run | NeuroRun:
    """Return what is in the folder of a study or a run, without disturbing who writes it.

    Raises InputError if it is neither, is damaged, or has nothing to tell yet.
    """
    if (folder / STUDY).is_file():
        return _read_study(folder)
    if (folder / RUN).is_file():
        return _read_run(folder)
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; give that of a study or of a run")
    raise InputError(f"{folder} is neither a study nor a run: it has no {STUDY} and no {RUN}")


def _read_study(folder: Path) -> Study:
    with said(f"cannot read the study {folder}"), StudyStore(folder, writes=False) as store:
        results, origin = store.results(), store.origin
        if not results.good:
            lost = results.lost and f" ({results.lost})"
            raise InputError(
                f"the study {folder} has no finished run yet{lost}; go on with it first"
            )
        return STUDIES[type(store.spec.kind)](
            folder.resolve().name,
            store.spec,
            origin.text,
            origin.called,
            origin.provenance,
            origin.material,
            results.good,
            results.lost,
        )


def _read_run(folder: Path) -> Run | NeuroRun:
    loaded, state = look(folder / RUN)
    if loaded.checkpoint is None or not loaded.rows:
        raise InputError(f"the run {folder} has nothing to report yet; it was only just begun")
    about = folder.resolve().name, state, loaded.created, str(loaded.description.get("command"))
    if loaded.description.get("kind") == neuro.KIND:
        asked = neuro.job_of(folder, loaded.description)
        search = neuro.search_of(asked, loaded.checkpoint)
        return NeuroRun(*about, asked, search, loaded.rows, loaded.events)
    job = job_of(folder, loaded.description, loaded.images, 1)
    with not_ours(f"the checkpoint of the run {folder}"):
        world = World.from_json(loaded.checkpoint["world"], job.settings.shape)
    return Run(*about, job, world, loaded.rows, loaded.events)
