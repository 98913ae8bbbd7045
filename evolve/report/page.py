# SPDX-License-Identifier: Apache-2.0
"""A report's files: one page that needs nothing else, and tables beside it."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
from rich.console import Console

from evoarray.evolution.filter.comparison import cells_of
from evoarray.evolution.report import figures
from evoarray.evolution.report.data import Run, read
from evoarray.evolution.report.export import records, to_csv, to_json, to_parquet
from evoarray.evolution.report.neuro_run import SHOWN, NeuroRun
from evoarray.evolution.report.study import Study
from evoarray.evolution.report.topology import moments
from evoarray.evolution.studies.findings import claimed
from evoarray.evolution.studies.findings import found as found_by
from evoarray.model.errors import InputError, not_ours
from evoarray.model.files import keep_inside, write_atomically

SUFFIXES = (".html", ".htm")


def report(folder: Path, output: Path | None, console: Console) -> Path:
    """Write the page of a study or run, by default in its folder, and return where it is.

    Its results are written beside it.

    Raises InputError for a folder that is neither, and for a place that cannot be written.
    """
    output = folder / "report.html" if output is None else output
    if output.suffix.lower() not in SUFFIXES:
        raise InputError(f"cannot write '{output}': end its name in .html")
    found = read(folder)
    keep_inside(folder)
    if isinstance(found, Study) and found.lost:
        console.out(f"Warning: in {folder}, {found.lost}; what is damaged is left out")
    # A name of their own: a run's folder has a results.json and a circuit.json already.
    beside = output.with_name(f"{output.stem}-results.csv")
    with not_ours(f"what is in {folder}"):
        table = records(found)
        files = {
            output: _page_of(found).encode(errors="backslashreplace"),
            beside: to_csv(table),
            beside.with_suffix(".json"): to_json(found),
            beside.with_suffix(".parquet"): to_parquet(table),
        }
    for path, content in files.items():
        if content is None:
            console.out(f"{path} was left out; it needs pyarrow: pip install 'evoarray[parquet]'")
        else:
            write_atomically(path, content)
            console.out(f"Wrote {path}")
    return output


def _page_of(found: Study | Run | NeuroRun) -> str:
    try:
        return page(found)
    except UndefinedError as error:  # what the page asks for is not there
        raise ValueError(str(error)) from None


def page(found: Study | Run | NeuroRun) -> str:
    """Return the page, the same bytes for the same results."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "p": _p,
        "fixed": _fixed,
        "minus": _minus,
        "claimed": claimed,
        "found": found_by,
    }
    environment.globals["picture"] = figures.picture
    environment.globals["cells_of"] = cells_of
    environment.globals["circuit_svg"] = figures.circuit_svg
    if isinstance(found, Study):
        return environment.get_template(found.template).render(
            study=found,
            curves={group: figures.curves(found, names) for group, names in found.groups.items()},
            boxes={group: figures.boxes(found, names) for group, names in found.groups.items()},
            told=lambda value: _minus(found.measure.number(value)),
        )
    if isinstance(found, NeuroRun):
        return environment.get_template("neuro-run.html").render(
            run=found, curve=figures.wrong_curve(found), shown=SHOWN
        )
    return environment.get_template("run.html").render(
        run=found,
        curve=figures.run_curve(found),
        strips=figures.run_events(found),
        front=figures.run_front(found),
        moments=moments(found),
    )


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _fixed(value: float, digits: int = 0) -> str:
    """Return a number with groups of thousands, and a minus sign that is one."""
    return _minus(f"{value:,.{digits}f}")


def _minus(number: str) -> str:
    return number.replace("-", "\N{MINUS SIGN}")
