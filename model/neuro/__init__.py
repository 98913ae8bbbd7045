# SPDX-License-Identifier: Apache-2.0
"""The golden model of small int8 networks; start reading at model/neuro/forward.py."""
