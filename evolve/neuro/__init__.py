# SPDX-License-Identifier: Apache-2.0
"""Evolution of small int8 networks: their data, their fast evaluation, their export."""
