# SPDX-License-Identifier: Apache-2.0
"""Folders of runs, of filters and of networks: log and checkpoints, locks, provenance, listing."""
