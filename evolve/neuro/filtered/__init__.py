# SPDX-License-Identifier: Apache-2.0
"""Filter and network together: noisy digits through a filter into a network that stays as it is."""
