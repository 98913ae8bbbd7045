# SPDX-License-Identifier: Apache-2.0
"""Where the command evoarray begins, which is also python -m evoarray."""

from evoarray.evolution.machine import take_one_core
from evoarray.evolution.stopping import begin


def main() -> None:
    """Run the command line. To import what it needs takes a while, in which it can be stopped."""
    begin()
    take_one_core()
    from evoarray.cli import main as run

    run()


if __name__ == "__main__":
    main()
