# SPDX-License-Identifier: Apache-2.0
"""NEAT: networks that evolve their weights and their structure, for the array."""
