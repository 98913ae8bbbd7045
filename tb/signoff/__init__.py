# SPDX-License-Identifier: Apache-2.0
"""What `make signoff` does beside simulations, proofs and lint; start reading at tables.py."""
