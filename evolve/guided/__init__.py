# SPDX-License-Identifier: Apache-2.0
"""Evolution guided by a complex network: individuals are its nodes, and mate along its edges."""
