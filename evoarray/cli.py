# SPDX-License-Identifier: Apache-2.0
"""The command evoarray: its parts put together, and errors turned to sentences."""

import io
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress

import click

from evoarray.commands.circuits import evaluate, filter_command, prune_command, show
from evoarray.commands.evolution import evolve, resume, runs
from evoarray.commands.export import export
from evoarray.commands.images import noise, target
from evoarray.commands.machine import bench, doctor
from evoarray.commands.neuro import neuro
from evoarray.commands.studies import report_command, study
from evoarray.evolution import stopping
from evoarray.evolution.backends.cache import BuildError
from evoarray.evolution.backends.process import SimulatorError
from evoarray.evolution.console import say
from evoarray.evolution.synthesis.programs import ProgramError
from evoarray.model.errors import InputError, MismatchError, printable
from evoarray.model.temporary import temporary_place


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="evoarray")
def commands() -> None:
    """Evolve image filters on a systolic array, and run them on its RTL.

    Images are 8-bit greyscale PNG, PGM, BMP, JPEG, TIFF, WebP or GIF files of at least 3x3 pixels;
    --convert and --channels take others. A circuit is a JSON file that `evolve` writes. A first
    run, from a clean photo of yours:

    \b
      evoarray noise photo.png --kind salt-and-pepper --amount 0.2 -o noisy.png
      evoarray evolve noisy.png photo.png -o run
      evoarray filter run/circuit.json other-noisy.png -o filtered.png
    """  # noqa: D301  (click reads the \b)


for _command in (
    *(evolve, neuro, resume, runs),
    *(study, report_command),
    *(evaluate, filter_command, show, prune_command, export),
    *(noise, target),
    *(bench, doctor),
):
    commands.add_command(_command)


def main() -> None:
    """Run the command line; end with status 2 and one sentence where something cannot be used."""
    _prepare_streams()
    try:
        stopping.raise_first()
        with suppress(OSError):  # who needs one says so
            temporary_place()
        status = _status(_run)
        stopping.exit_at_once()
    except (KeyboardInterrupt, stopping.Terminated, click.Abort):
        stopping.exit_at_once()  # nothing is left to be saved
        status = _complain("stopped", stopping.status())
    sys.exit(status)


def _run() -> object:
    try:
        return commands.main(prog_name="evoarray", standalone_mode=False)
    except Exception:
        if stopping.is_asked():  # what it says then is of a simulator or compiler that was killed
            raise KeyboardInterrupt from None
        raise


def _prepare_streams() -> None:
    # A pipe to a simulator must not get the number of a standard stream that is closed.
    while (unused := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(unused)
    # A name that the terminal cannot show is no reason to fail.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _status(command: Callable[[], object]) -> int:
    try:
        result = command()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _complain(_sentence(error.format_message()), 2)
    except InputError as error:
        return _complain(_sentence(str(error)), 2)
    except (BuildError, ProgramError, SimulatorError) as error:
        return _complain(str(error), 2)
    except MismatchError as error:
        return _complain(f"RTL AND MODEL DISAGREE: {error}", 1)
    except MemoryError:
        return _complain("there is not enough memory; give a smaller image or array", 2)
    except OSError as error:
        # What could not be written to standard output would fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        place = f"{error.filename}: " if error.filename else ""
        return _complain(_sentence(f"{place}{error.strerror or error}"), 2)
    return result if isinstance(result, int) else 0


def _sentence(said: str) -> str:
    """Return what is said as one line, and of a word of any length that it quotes not all."""
    return printable(re.sub(r"\S{199,}[^\s:;,.'\"]", lambda word: f"{word[0][:57]}...", said))


def _complain(sentence: str, status: int) -> int:
    say(f"evoarray: {sentence}", err=True)
    return status
