# SPDX-License-Identifier: Apache-2.0
"""Yosys, nextpnr and the prover: what a design costs on FPGAs, and that two designs are equal."""
