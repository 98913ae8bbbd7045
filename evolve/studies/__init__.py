# SPDX-License-Identifier: Apache-2.0
"""Studies: many runs of several settings, and what may be said of them."""
