# SPDX-License-Identifier: Apache-2.0
"""The golden model: the whole evolvable systolic array on one page.

Start reading here. A circuit is a mesh of processing elements (PE). Every PE combines what comes
from its north and its west neighbour by one function of its set, and sends the result both south
and east. The border inputs read pixels of the 3x3 window; one PE of the east column is the output.

The RTL does this for one pixel per clock; here every signal is the plane of its values over the
whole image, so that one NumPy operation stands for a PE working through a frame.
"""

import numpy as np

from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.functions import FUNCTION_SETS, Plane
from evoarray.model.window import windows


def run(circuit: Circuit, planes: Plane) -> Plane:
    """Return the output plane (H, W) uint8 of a circuit for window planes (9, H, W) uint8.

    Equals rtl/filter/evoarray_systolic_array.v, without its latency. Source: thesis, 3.2 and 3.3.
    """
    functions = FUNCTION_SETS[circuit.function_set].functions
    height, width = planes.shape[1:]
    results = np.empty((2, circuit.cols, height, width), np.uint8)  # a row and the one above it
    output = np.empty((height, width), np.uint8)
    south = [planes[selector] for selector in circuit.north]
    for row, codes in enumerate(circuit.functions.tolist()):
        east = planes[circuit.west[row]]
        for column, code in enumerate(codes):
            result = results[row % 2, column]
            functions[code].apply(south[column], east, out=result)
            south[column] = east = result
        if row == circuit.output:
            output[:] = east
    return output


def filter_image(circuit: Circuit, image: Plane) -> Plane:
    """Return an image (H, W) uint8 as the circuit filters it, edges replicated."""
    return run(circuit, windows(image))
