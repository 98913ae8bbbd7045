# SPDX-License-Identifier: Apache-2.0
"""How fast every backend is, measured in one run: `evoarray bench`."""
