# SPDX-License-Identifier: Apache-2.0
"""Where the command evoarray begins, which is also python -m evoarray."""


def main() -> None:
    """Run the command line. To import what it needs takes a while, in which it can be stopped."""
    # Without the enumerations of the module signal, which take a while to import themselves.
    import _signal  # type: ignore[import-not-found]

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    from evoarray.evolution.machine import take_one_core
    from evoarray.evolution.stopping import begin

    begin()
    take_one_core()
    from evoarray.cli import main as run

    run()


if __name__ == "__main__":
    main()
