# SPDX-License-Identifier: Apache-2.0
"""Evolved filters beside those of the textbook: `make compare-filters`. Start at contenders.py."""
