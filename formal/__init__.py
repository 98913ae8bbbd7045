# SPDX-License-Identifier: Apache-2.0
"""Proofs about the RTL; start reading at formal/proofs.py."""
