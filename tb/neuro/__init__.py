# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of rtl/neuro, against model/neuro."""
