# SPDX-License-Identifier: Apache-2.0
"""The cores for the tools of other people: IP-XACT and LiteX."""
