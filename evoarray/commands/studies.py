# SPDX-License-Identifier: Apache-2.0
"""Do studies, and report on studies and runs."""

from pathlib import Path

import click

from evoarray.api.studies import WHOLE, begin, merge, summarize
from evoarray.commands.options import FILE, console, output_option, workers_option
from evoarray.evolution.report.page import report


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
@click.option("--runs", type=int, help="Runs of each setting.  [default: SPEC's]")
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
    default=WHOLE,
    metavar="I/N",
    help="Do only the I-th of N parts, in a folder of its own; see `study merge`.",
)
def study_run(
    spec: Path,
    output: Path,
    runs: int | None,
    quick: bool,
    workers: int | None,
    cluster: str | None,
    shard: str,
) -> None:
    """Do the runs that SPEC.toml asks for. The word run may be left out."""
    begin(
        spec,
        output,
        runs=runs,
        quick=quick,
        workers=workers,
        cluster=cluster,
        shard=shard,
        console=console(False),
    )


@study.command("merge")
@click.argument("shards", type=FILE, nargs=-1, required=True, metavar="DIR...")
@output_option(metavar="DIR", help="The folder for all results.")
def study_merge(shards: tuple[Path, ...], output: Path) -> None:
    """Put the results of the parts of a study together."""
    merge(shards, output, console(False))


@study.command("summary")
@click.argument("studies", type=FILE, nargs=-1, required=True, metavar="DIR...")
@output_option(metavar="OUT.md", help="The Markdown file.")
def study_summary(studies: tuple[Path, ...], output: Path) -> None:
    """Write what studies say of their claims, and what each setting has come to.

    Where OUT.md has the lines that a summary writes into, the rest of it stays as it is.
    """
    summarize(studies, output, console(False))


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
