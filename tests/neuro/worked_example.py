# SPDX-License-Identifier: Apache-2.0
"""The convolution and max pooling (3x3 windows, stride 1) of the lecture's slides.

Source: J.-C. Hernández-Hernández, Neuroevolución, slides of 2022 (CITATION.cff). The two sums that
it writes out belong to the first window (155) and to the last one (216).
"""

import numpy as np
from numpy.typing import NDArray


def _matrix(text: str) -> NDArray[np.int64]:
    matrix = np.array([line.split() for line in text.strip().splitlines()], np.int64)
    matrix.flags.writeable = False
    return matrix


IMAGE = _matrix("""
2 2 2 7 7 3 6 3 3 3
6 1 9 8 3 9 9 8 5 1
4 9 2 4 1 4 5 7 2 2
8 6 2 4 2 6 6 6 8 9
1 7 9 9 3 4 8 7 3 8
4 8 4 8 1 7 5 4 9 2
6 5 8 2 2 7 1 1 3 1
6 7 5 1 1 4 9 8 9 9
""")

KERNEL = _matrix("""
4 6 6
2 8 4
4 5 3
""")

CONVOLVED = _matrix("""
155 226 217 197 235 250 223 152
240 202 176 180 230 286 266 197
220 216 172 157 190 249 242 231
242 258 205 180 204 261 259 263
261 282 232 169 208 212 188 204
246 242 138 149 191 193 223 216
""")

POOLED = _matrix("""
240 226 235 286 286 286
258 258 230 286 286 286
282 282 232 261 261 263
282 282 232 261 261 263
""")
