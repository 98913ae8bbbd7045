# SPDX-License-Identifier: Apache-2.0
"""Evolution: of filters in evolve/filter/, of networks in evolve/neuro/, and what both share."""
