# SPDX-License-Identifier: Apache-2.0
"""Area and clock of the core by yosys and nextpnr: `make synth`. Start reading at designs.py."""
