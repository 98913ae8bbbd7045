# SPDX-License-Identifier: Apache-2.0
"""The AXI core as host software works it: a driver, and what connects it to a simulated core."""
