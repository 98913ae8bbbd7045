# SPDX-License-Identifier: Apache-2.0
"""What the backends of filters and of networks share: compiled programs, simulators, AXI."""
