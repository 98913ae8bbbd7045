# SPDX-License-Identifier: Apache-2.0
"""A circuit without what it computes in vain, and what that costs."""
