# SPDX-License-Identifier: Apache-2.0
"""The golden models; start reading at model/filter/array.py and model/neuro/forward.py."""
