# SPDX-License-Identifier: Apache-2.0
"""A circuit as a product: simplified, and written in Verilog, C or Python."""
