# SPDX-License-Identifier: Apache-2.0
"""What people type in Python: arrays in and out. `evoarray` itself has the names of all this.

The command line stands on it, too: what a command does is here, and reads files and prints there.
"""
