# SPDX-License-Identifier: Apache-2.0
"""The results of a report as CSV, JSON and Parquet, for other programs."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from evoarray.evolution.filter.comparison import EVOLVED, as_json
from evoarray.evolution.report.data import Run
from evoarray.evolution.report.filters import FilterStudy
from evoarray.evolution.report.neuro_run import NeuroRun
from evoarray.evolution.report.study import Study
from evoarray.evolution.studies.spec import settings_of_run
from evoarray.model.neuro.network import to_json as to_text

Record = Mapping[str, Any]


def records(found: Study | Run | NeuroRun) -> list[Record]:
    """Return a table: the runs of a study, or the steps of a run. None is what is not there."""
    if isinstance(found, NeuroRun):
        return _validations(found)
    return _runs(found) if isinstance(found, Study) else _steps(found)


def to_csv(table: Sequence[Record]) -> bytes:
    """Return a table as CSV; what is not there is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().encode()


def to_json(found: Study | Run | NeuroRun) -> bytes:
    """Return all that is known as JSON."""
    if isinstance(found, NeuroRun):
        data = _neuro_run(found)
    else:
        data = _study(found) if isinstance(found, Study) else _run(found)
    return (json.dumps(data, indent=1, allow_nan=False) + "\n").encode()


def to_parquet(table: Sequence[Record]) -> bytes | None:
    """Return a table as Parquet, or None where pyarrow is not installed."""
    try:
        from pyarrow import BufferOutputStream, Table
        from pyarrow.parquet import write_table
    except ImportError:
        return None
    stream = BufferOutputStream()
    write_table(Table.from_pylist([dict(record) for record in table]), stream)
    return bytes(stream.getvalue())


def _runs(study: Study) -> list[Record]:
    spec = study.spec
    return [
        {
            "setting": result.setting,
            "run": result.run,
            "seed": settings_of_run(spec, result.setting, result.run).seed,
            **study.record(result),
            **{kind: result.counters.get(kind, 0) for kind in study.counters},
        }
        for result in study.results
    ]


def _steps(run: Run) -> list[Record]:
    tribes, goal = sorted({tribe for row in run.rows for tribe in row.saes}), run.job.goal
    return [
        {
            "evaluations": row.evaluations,
            f"best_{goal.key}": goal.value(row.sae),
            **{
                f"tribe_{tribe}_{goal.key}": None if sae is None else goal.value(sae)
                for tribe in tribes
                for sae in [row.saes.get(tribe)]
            },
        }
        for row in run.rows
    ]


def _study(study: Study) -> Record:
    return {
        "name": study.name,
        "spec": study.text,
        "provenance": study.provenance,
        "left_out": study.lost or None,
        **(_medians(study) if isinstance(study, FilterStudy) else {}),
        "settings": {name: _known(asdict(s)) for name, s in study.summaries.items()},
        "pairs": [
            {"one": pair.one, "other": pair.other, **asdict(pair.comparison), "p_holm": pair.p}
            for pair in study.pairs
        ],
        "claims": [
            {"says": j.claim.says, "verdict": j.verdict, "runs": j.runs, "p": j.p}
            for j in study.judged
        ],
        "runs": [
            {**record, "genes": result.genes, "curve": result.curve}
            for record, result in zip(_runs(study), study.results, strict=True)
        ],
    }


def _medians(study: FilterStudy) -> Record:
    saes = zip(study.training, study.measure.medians, strict=True)
    return {"median_sae": {photo.name: sae for photo, sae in saes}}


def _run(run: Run) -> Record:
    goal = run.job.goal
    return {
        "name": run.name,
        "state": run.state,
        "command": run.command,
        "created": run.created,
        "provenance": run.job.provenance,
        "evaluations": run.world.evaluations,
        "sae": run.level(EVOLVED),
        "fitness": {"of": run.job.settings.fitness, "value": goal.value(run.world.sae)},
        "sample": {"windows": run.job.sample, goal.key: run.world.sae} if run.job.sample else None,
        "genes": run.world.best.tolist(),
        "counters": run.counters,
        "photos": [
            {"name": c.photo.name, "part": part, **{k: as_json(m) for k, m in c.metrics.items()}}
            for part, c in run.comparisons
        ],
        "events": [
            {"evaluations": e.evaluations, "event": e.kind, **e.details} for e in run.events
        ],
        "curve": _steps(run),
    }


def _validations(run: NeuroRun) -> list[Record]:
    right = {event.evaluations: event.details["right"] for event in run.events}
    return [
        {
            "evaluations": row.evaluations,
            "wrong_in_training": row.sae,
            "right_in_validation": right.get(row.evaluations),
        }
        for row in run.rows
    ]


def _neuro_run(run: NeuroRun) -> Record:
    return {
        "name": run.name,
        "state": run.state,
        "command": run.command,
        "created": run.created,
        "provenance": run.job.provenance,
        "evaluations": run.search.evaluations,
        "network": json.loads(to_text(run.network)),
        "counters": run.counters,
        "sizes": run.sizes,
        **asdict(run.judged),
        "curve": _validations(run),
    }


def _known(data: Record) -> Record:
    """JSON has no nan, which stands for what a single run does not tell."""
    return {key: None if value != value else value for key, value in data.items()}
