# SPDX-License-Identifier: Apache-2.0
"""Complex networks that decide who meets whom."""
