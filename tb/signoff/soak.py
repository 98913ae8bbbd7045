# SPDX-License-Identifier: Apache-2.0
"""The tests of tb/ on random tops with random circuits, frames and stalls, for a given time.

Run: python -m tb.signoff.soak. A round's number determines all that is random in it; one that fails
says the command that repeats it.
"""

import argparse
import logging
import random
import secrets
import sys
import time
from pathlib import Path

from evoarray.model import rtl
from evoarray.model.files import write_json
from evoarray.model.filter.circuit import Shape
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.filter.rtl import parameters
from tb.runner import Simulation, run
from tb.signoff.design import RESULTS

RESULT = RESULTS / "soak.json"
LARGEST_SIDE = 8
LARGEST_FRAME = 20
VERILATED = 0.2
"""Of the rounds: building takes Verilator far longer than simulating."""


def choose(number: int) -> Simulation:
    """Return the simulation of a round."""
    draw = random.Random(number)
    function_set = draw.choice(list(FUNCTION_SETS))
    shape = Shape(draw.randint(1, LARGEST_SIDE), draw.randint(1, LARGEST_SIDE), function_set)
    two_stage = {"TWO_STAGE": draw.randint(0, 1) if function_set == "upm16" else 0}
    width, height = (draw.randint(3, LARGEST_FRAME) for _ in range(2))
    frame = {"MAX_WIDTH": width, "MAX_HEIGHT": height}
    arrays = {"ARRAYS": draw.randint(1, 3)}
    lockstep = {"LOCKSTEP": draw.randint(0, 1)}
    top, test, more = draw.choice(
        [
            ("evoarray_pixel_window", "shared.test_pixel_window", frame),
            # Two-stage elements take controls instead of codes: they are in the evaluator.
            ("evoarray_systolic_array", "filter.test_systolic_array", parameters(shape)),
            (
                "evoarray_evaluator",
                "filter.test_evaluator",
                {**parameters(shape), **two_stage, **frame},
            ),
            (
                "evoarray_evaluator",
                "filter.test_evaluator_arrays",
                {**parameters(shape), **two_stage, **arrays, "MAX_WIDTH": 9, "MAX_HEIGHT": 9},
            ),
            (
                "evoarray_axi",
                "filter.test_evoarray_axi",
                {
                    **parameters(shape),
                    **two_stage,
                    **arrays,
                    **lockstep,
                    "MAX_WIDTH": 13,
                    "MAX_HEIGHT": 13,
                },
            ),
        ]
    )
    simulator = "verilator" if draw.random() < VERILATED else "icarus"
    return Simulation("soak", simulator, top, f"tb.{test}", more, tuple(rtl.sources("filter")))


def describe(simulation: Simulation) -> str:
    """Return what a round simulates, in a line."""
    sizes = ", ".join(f"{name} {value}" for name, value in simulation.parameters.items())
    return f"{Path(simulation.module).suffix[1:]} on {simulation.simulator}: {sizes}"


def soak(seconds: float, first: int) -> tuple[int, list[int]]:
    """Do rounds until the time is over, at least one; return how many, and those that failed."""
    end = time.monotonic() + seconds
    failed = []
    number = first
    while number == first or time.monotonic() < end:
        simulation = choose(number)
        failures = run(simulation, number)
        print(f"{'FAILS' if failures else 'passes'} {number} {describe(simulation)}", flush=True)
        if failures:
            failed.append(number)
            test, message = next(iter(failures.items()))
            print(
                f"  {test}: {message.splitlines()[0] if message else 'no message'}\n"
                f"  to repeat it: make soak SECONDS=0 ROUND={number}",
                flush=True,
            )
        number += 1
    return number - first, failed


def main(arguments: list[str]) -> int:
    """Soak, write build/signoff/soak.json and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tb.signoff.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--round", type=int, help="the first one's number; random if not given")
    options = parser.parse_args(arguments)
    first = secrets.randbits(30) if options.round is None else options.round
    logging.disable()  # what fails is said here
    rounds, failed = soak(options.seconds, first)
    found = {"first": first, "rounds": rounds, "failed": failed, "seconds": options.seconds}
    write_json(RESULT, found)
    print(f"{rounds - len(failed)} of {rounds} rounds passed, beginning with {first}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
