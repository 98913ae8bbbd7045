# SPDX-License-Identifier: Apache-2.0
"""A run from the command to its folder: what is asked, watched, judged and drawn."""
