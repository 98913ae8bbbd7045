# SPDX-License-Identifier: Apache-2.0
"""python -m tests.chaos: do the trials, and say which failed and how to repeat them."""

import argparse
import multiprocessing
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.chaos.flips import goods
from tests.chaos.trials import KINDS, attempt
from tests.chaos.work import WORKS, undisturbed


def main() -> int:
    """Do the trials that the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], help="all, if none is given")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="such as the clock's")
    parser.add_argument("--rounds", type=int, default=1, help="how often as many trials")
    parser.add_argument("--only", type=int, help="the number of a single trial")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    given = parser.parse_args()
    workshop = Path("build/chaos").resolve()
    shutil.rmtree(workshop, ignore_errors=True)  # it may be of another commit
    prepare(workshop)
    wrong = 0
    for kind in given.kinds or KINDS:
        count = KINDS[kind][1] * given.rounds
        numbers = range(count) if given.only is None else [given.only]
        wrong += _do(workshop, kind, given.seed, numbers, given.workers)
    return 1 if wrong else 0


def prepare(workshop: Path) -> None:
    """Make what all trials use, before there is more than one process."""
    os.environ["XDG_CACHE_HOME"] = str(workshop.parent / "test-cache")
    for work in WORKS:
        undisturbed(workshop, work)
    goods(workshop)


def _do(workshop: Path, kind: str, seed: int, numbers: range | list[int], workers: int) -> int:
    began, blows, wrong = time.monotonic(), 0, 0
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        trials = pool.map(partial(attempt, workshop, kind, seed), numbers)
        for number, trial in zip(numbers, trials, strict=True):
            blows += trial.blows
            wrong += bool(trial.wrongs)
            for each in trial.wrongs:
                print(
                    f"\rFAILED {each}\n  python -m tests.chaos {kind} --seed {seed} --only {number}"
                )
            if sys.stdout.isatty():
                print(f"\r{kind}: {number + 1} of {len(numbers)}", end="", flush=True)
    took = time.monotonic() - began
    print(
        f"\r{kind}: {len(numbers):,} trials, {blows:,} blows, {wrong} failed, {took:.0f} s",
        flush=True,
    )
    return wrong


if __name__ == "__main__":
    sys.exit(main())
