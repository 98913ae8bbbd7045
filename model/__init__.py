# SPDX-License-Identifier: Apache-2.0
"""The golden model of the systolic array; start reading at model/filter/array.py."""
