# SPDX-License-Identifier: Apache-2.0
"""The golden model of the filter: an array of processing elements over 3x3 windows."""
