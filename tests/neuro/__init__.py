# SPDX-License-Identifier: Apache-2.0
"""Tests of the neuro family's model, evaluation and evolution."""
