# SPDX-License-Identifier: Apache-2.0
"""What can be typed after `evoarray`: options to calls."""
