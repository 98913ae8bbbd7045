# SPDX-License-Identifier: Apache-2.0
"""Evolution of circuits that filter images; start reading at loop.py."""
