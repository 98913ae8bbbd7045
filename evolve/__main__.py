# SPDX-License-Identifier: Apache-2.0
"""python -m evolve is the command evoarray."""

from evolve.cli import main

main()
