# SPDX-License-Identifier: Apache-2.0
"""Evolution of circuits for the systolic array; start reading at evolve/loop.py."""
