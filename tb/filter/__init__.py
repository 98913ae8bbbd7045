# SPDX-License-Identifier: Apache-2.0
"""The simulations of the filter's modules."""
