# SPDX-License-Identifier: Apache-2.0
"""A study or a run as one page to read, and as tables for other programs."""
