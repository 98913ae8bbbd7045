# SPDX-License-Identifier: Apache-2.0
"""Chaos: commands that are killed, stopped, starved of disk, given damaged files and nonsense.

`make chaos` does some hundreds of trials of each kind of trial.py, by seed; what fails is printed
with the command that repeats it. SECURITY.md says what it holds the product to. Start reading at
command.py: how a command is run here, and what is never right.
"""
