# SPDX-License-Identifier: Apache-2.0
"""The simulations of what both families of rtl/ use."""
