# SPDX-License-Identifier: Apache-2.0
"""Evolvable hardware that anyone can run: a systolic array that learns to filter images."""
