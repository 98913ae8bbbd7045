# SPDX-License-Identifier: Apache-2.0
"""Do studies, and report on studies and runs."""

from pathlib import Path
from typing import Any

import click

from evoarray.commands.options import FILE, console, given, output_option, workers_option
from evoarray.evolution.report.page import report
from evoarray.evolution.studies.study import merge
from evoarray.evolution.studies.study import study as do_study
from evoarray.evolution.studies.summary import write_summary
from evoarray.model.errors import InputError, shown, whole

MOST_SHARDS = 1_000_000


class _Shard(click.ParamType[tuple[int, int]]):
    """I/N as a pair of numbers."""

    name = "I/N"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> tuple[int, int]:
        part, _, parts = str(value).partition("/")
        count = whole(parts, 1, MOST_SHARDS) or 0
        number = whole(part, 1, count)
        if number is None:
            self.fail(f"{shown(value)}; legal is I/N, with I from 1 to N", param, context)
        return number, count


class _Study(click.Group):
    """A group in which what is not the name of a command is the spec of a study."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(context, args)


@click.group(cls=_Study, context_settings={"ignore_unknown_options": True})
def study() -> None:
    """Do many runs of several settings: evoarray study SPEC.toml -o DIR.

    SPEC.toml says which; docs/studies.md describes it. The same command goes on with a study that
    was stopped, or has more --runs than before.
    """


@study.command("run")
@click.argument("spec", type=FILE)
@output_option(metavar="DIR", help="The study's folder, new or with a part of the results.")
@click.option("--runs", type=click.IntRange(1), help="Runs of each setting.  [default: SPEC's]")
@click.option("--quick", is_flag=True, help="Do only as many runs as SPEC has for a quick look.")
@workers_option
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Send the runs to a Dask cluster: tcp://HOST:PORT, or tls://HOST:PORT with the "
    "certificates of Dask's configuration. It must be trusted, as it can run programs here, too.",
)
@click.option(
    "--shard",
    type=_Shard(),
    default="1/1",
    metavar="I/N",
    help="Do only the I-th of N parts, in a folder of its own; see `study merge`.",
)
def study_run(
    spec: Path,
    output: Path,
    runs: int | None,
    quick: bool,
    workers: int,
    cluster: str | None,
    shard: tuple[int, int],
) -> None:
    """Do the runs that SPEC.toml asks for. The word run may be left out."""
    options = given(click.get_current_context())
    for idle, beside in (("quick", "runs"), ("workers", "cluster")):
        if {idle, beside} <= options.keys():
            raise InputError(f"--{idle} has no effect beside --{beside}; leave one of them out")
    do_study(spec, output, runs, workers, cluster, shard, console(False), quick=quick)


@study.command("merge")
@click.argument("shards", type=FILE, nargs=-1, required=True, metavar="DIR...")
@output_option(metavar="DIR", help="The folder for all results.")
def study_merge(shards: tuple[Path, ...], output: Path) -> None:
    """Put the results of the parts of a study together."""
    for lost in merge(shards, output):
        console(False).out(f"Warning: {lost}; they are not in {output}")


@study.command("summary")
@click.argument("studies", type=FILE, nargs=-1, required=True, metavar="DIR...")
@output_option(metavar="OUT.md", help="The Markdown file.")
def study_summary(studies: tuple[Path, ...], output: Path) -> None:
    """Write what studies say of their claims, and what each setting has come to.

    Where OUT.md has the lines that a summary writes into, the rest of it stays as it is.
    """
    for lost in write_summary(studies, output):
        console(False).out(f"Warning: {lost}; what is damaged is left out")


@click.command("report")
@click.argument("folder", type=FILE, metavar="DIR")
@click.option(
    "-o", "--output", type=FILE, metavar="FILE.html", help="The page.  [default: DIR/report.html]"
)
def report_command(folder: Path, output: Path | None) -> None:
    """Write a page about the study or the run in DIR.

    It needs no network. Beside it the results are written as CSV and JSON, and as Parquet if
    pyarrow is installed.
    """
    report(folder, output, console(False))
