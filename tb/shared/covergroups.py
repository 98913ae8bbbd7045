# SPDX-License-Identifier: Apache-2.0
"""What the tests of the modules that both families share must have driven."""

from tb.bins import RESETS, SIZES, Coverpoints, cross, crossed_stream

COVERGROUPS: dict[str, Coverpoints] = {
    "pixel_window frame": {
        "size": SIZES,
        "gap x size": cross(
            ["none", "single", "less than a row", "a row", "more"], ["the same", "another"]
        ),
        "reset": RESETS,
    },
    "pixel_window s stream": crossed_stream(),
}
