# SPDX-License-Identifier: Apache-2.0
"""The AXI core of networks as host software works it: a driver, and the way to a simulated core."""
