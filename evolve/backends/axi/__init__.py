# SPDX-License-Identifier: Apache-2.0
"""What the AXI cores of filters and of networks have in common, as host software works them."""
