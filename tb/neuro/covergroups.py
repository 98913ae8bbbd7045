# SPDX-License-Identifier: Apache-2.0
"""What the tests of the networks' modules must have driven, and which bins a network hits."""

from collections.abc import Iterator

import numpy as np

from evoarray.model.neuro.arithmetic import LARGEST, Int8, Int64, round_half_even
from evoarray.model.neuro.forward import accumulate, activate, pool
from evoarray.model.neuro.layers import ACTIVATIONS, LARGEST_ACCUMULATOR, POOLS, SIDES
from evoarray.model.neuro.network import Conv, Dense, Layer, Network, Pool
from evoarray.model.neuro.program import Core, occupancy, passes, tiles
from tb.bins import LENGTHS, SIZES, Coverpoints, cross, crossed_stream, size_bin, stream

Bins = Iterator[tuple[str, str]]
"""Coverpoints, each with the bin that was hit."""

KINDS = ("dense", "conv", "pool")
BORDERS = ("inside", "zeros", "2x2")
"""In the order of the RTL's numbers."""
MEMORIES = ("layers", "tables", "biases", "weights")
"""In the order of their addresses."""

_WEIGHTED = KINDS[:2]
_COUNTS = ("one, full", "one, partly", "more, full", "more, the last one partly")
_SHIFTS = ("0", "1", "8", "largest", "other")
_SIGNS = ("negative", "positive")
_TIES = ("tie, down to even", "tie, up to even")
_ROUNDINGS = ("exact", "below the half", *_TIES, "above the half")
_SATURATIONS = cross(("relu", "other"), ("below", "inside", "above"))
_LARGEST_SHIFTS = {"none": 31, "some": 62}  # with and without a multiplier

COVERGROUPS: dict[str, Coverpoints] = {
    "neuro_core layer": {
        "kind x activation": cross(_WEIGHTED, ACTIVATIONS),
        "kind x place": cross(
            KINDS, ("only", "first", "middle", "last"), without=("pool x only", "pool x last")
        ),
        # A dense layer leaves no map.
        "kind before x kind": cross(
            ("image", *KINDS), KINDS, without=("dense x conv", "dense x pool")
        ),
        "border x stride": cross(BORDERS[:2], ("1", "2")),
        "pool x size x stride": tuple(
            f"{kind} x {size} x {stride}"
            for kind in POOLS
            for size in (2, 3)
            for stride in range(1, size + 1)
        ),
        "kind x map": cross(("conv", "pool"), SIZES),
        "kind x left over": cross(("conv", "pool"), ("nothing", "a row", "a column", "both")),
        "shift x multiplier": cross(_SHIFTS, ("none", "some")),
        "multiplier": ("none", "smallest", "largest", "other"),
        "tiles x passes": cross(_COUNTS, _COUNTS),
        "channels x passes": cross(("one", "more"), _COUNTS),
    },
    "neuro_core memory": {
        # To its last place.
        "filled": ("layers", "bytes", "positions", "rows", "biases", "tables"),
        "memory x write": cross(MEMORIES, ("first", "inside", "last", "beyond")),
    },
    "neuro_core value": {
        "pixel": ("smallest", "negative", "zero", "positive", "largest"),
        "accumulator x layer": cross(
            ("smallest", "negative", "zero", "positive", "largest"), ("hidden", "logits")
        ),
        "rounding x sign": cross(_ROUNDINGS, _SIGNS),
        "saturation": _SATURATIONS,
    },
    "neuro_core reset": {
        "state": (
            *("idle", "configuration", "before the image", "image", *KINDS),
            *("between layers", "logits"),
        ),
    },
    # An image waits for the fetch of layer 0 at least. If it does not wait for more, it came long
    # after the one before, or after a reset.
    "neuro_core image stream": crossed_stream(stalls=("none", "several", "long")),
    "neuro_core logits stream": crossed_stream(),
    # An image goes in only between two writes, and what is written next waits until its end.
    "neuro_core cfg stream": crossed_stream(
        without=[
            *cross(["none"], ["single", "several", "long"]),
            *cross(["single", "several"], ["single", "several"]),
        ]
    ),
    "conv3x3 map": {
        "border x stride": cross(BORDERS, ("1", "2", "3")),
        "border x size": cross(BORDERS, SIZES),
        "stride x size": cross(("1", "2", "3"), SIZES),
    },
    "conv3x3 s stream": crossed_stream(),
    "requant": {
        "multiplier x shift": tuple(
            f"{multiplier} x {shift}"
            for multiplier, largest in _LARGEST_SHIFTS.items()
            for shift in range(largest + 1)
        ),
        "rounding x sign": cross(_ROUNDINGS, _SIGNS),
        "saturation": _SATURATIONS,
    },
    "pool": {
        "maximum of 2x2 at": tuple(map(str, range(4))),
        "maximum of 3x3 at": tuple(map(str, range(9))),
        "average of 2x2": cross(_ROUNDINGS, _SIGNS),
        # 9 is odd.
        "average of 3x3": cross([name for name in _ROUNDINGS if name not in _TIES], _SIGNS),
    },
    "evoarray_neuro_axi image": {
        "outcome": ("read", "given up"),
        "marks": ("no end", "end within", "not"),
    },
    **{
        f"{name} stream": stream()
        for name in (
            *("requant s", "pool s", "mac_array s"),
            *(f"evoarray_neuro_axi {name}" for name in ("image", "logits", "aw", "w", "ar")),
        )
    },
    # Between two answers there is a cycle without one.
    **{f"evoarray_neuro_axi {name} stream": stream(LENGTHS[1:]) for name in ("b", "r")},
}


def kind_of(layer: Layer) -> str:
    """Return the kind of a layer as bins have it."""
    return type(layer).__name__.lower()


def network_bins(network: Network, core: Core) -> Bins:
    """Yield what the layers of a network hit of "neuro_core layer" in a core."""
    shapes = (network.input_shape, *network.shapes)
    last = len(network.layers) - 1
    kind_before = "image"
    for number, (layer, before) in enumerate(zip(network.layers, shapes, strict=False)):
        kind = kind_of(layer)
        place = {0: "first", last: "last"}.get(number, "middle")
        yield "kind x place", f"{kind} x {place if last else 'only'}"
        yield "kind before x kind", f"{kind_before} x {kind}"
        kind_before = kind
        if not isinstance(layer, Dense):
            size, padding = (3, layer.padding) if isinstance(layer, Conv) else (layer.size, 0)
            row, column = ((side + 2 * padding - size) % layer.stride > 0 for side in before[1:])
            left = "both" if row and column else "a row" if row else "a column" if column else ""
            yield "kind x left over", f"{kind} x {left or 'nothing'}"
            yield "kind x map", f"{kind} x {size_bin(before[1:], (SIDES[1], SIDES[1]))}"
        if isinstance(layer, Pool):
            yield "pool x size x stride", f"{layer.kind} x {layer.size} x {layer.stride}"
            continue
        yield "kind x activation", f"{kind} x {layer.activation}"
        outputs = _count(passes(layer, core), len(layer.bias), core.cols)
        if isinstance(layer, Conv):
            yield "border x stride", f"{BORDERS[layer.padding]} x {layer.stride}"
            yield "channels x passes", f"{'one' if before[0] == 1 else 'more'} x {outputs}"
        else:
            inputs = _count(tiles(layer, before, core), layer.weights.shape[1], core.rows)
            yield "tiles x passes", f"{inputs} x {outputs}"
        if layer.activation != "logits":
            yield from _scale_bins(layer)


def _count(parts: int, items: int, size: int) -> str:
    """Return the bin of items that fill so many parts of this size."""
    full = items % size == 0
    if parts == 1:
        return _COUNTS[0] if full else _COUNTS[1]
    return _COUNTS[2] if full else _COUNTS[3]


def _scale_bins(layer: Dense | Conv) -> Bins:
    multiplier = "none" if layer.multiplier == 1 else "some"
    largest = layer.shift == _LARGEST_SHIFTS[multiplier]
    shift = "largest" if largest else str(layer.shift) if layer.shift in {0, 1, 8} else "other"
    yield "shift x multiplier", f"{shift} x {multiplier}"
    extremes = {1: "none", 2: "smallest", LARGEST_ACCUMULATOR: "largest"}
    yield "multiplier", extremes.get(layer.multiplier, "other")


def filled_bins(network: Network, core: Core) -> Bins:
    """Yield which memories of a core a network fills to their last place."""
    for what, (number, limit) in occupancy(network, core).items():
        if number == limit:
            yield "filled", what.split()[0]


def value_bins(network: Network, image: Int8) -> Bins:
    """Yield what an image (channels, height, width) hits of "neuro_core value" in a network."""
    for name in _ends(image, LARGEST):
        yield "pixel", name
    values: Int8 = image[np.newaxis]
    for layer in network.layers:
        if isinstance(layer, Pool):
            values = pool(values, layer.kind, layer.size, layer.stride).astype(np.int8)
            continue
        sums = accumulate(values, layer)
        hidden = layer.activation != "logits"
        for name in _ends(sums, LARGEST_ACCUMULATOR):
            yield "accumulator x layer", f"{name} x {'hidden' if hidden else 'logits'}"
        if hidden:
            relu = layer.activation == "relu"
            yield from scaled_bins(sums * layer.multiplier, layer.shift, relu)
            values = activate(sums, layer)


def scaled_bins(products: Int64, shift: int, relu: bool) -> Bins:
    """Yield how products / 2**shift are rounded and saturated."""
    for name in rounding_bins(products, 2**shift):
        yield "rounding x sign", name
    rounded = round_half_even(products, 2**shift)
    low = 0 if relu else -LARGEST
    for name, there in (
        ("below", rounded < low),
        ("above", rounded > LARGEST),
        ("inside", (rounded >= low) & (rounded <= LARGEST)),
    ):
        if there.any():
            yield "saturation", f"{'relu' if relu else 'other'} x {name}"


def rounding_bins(numerators: Int64, denominator: int) -> set[str]:
    """Return how the quotients are rounded, and their signs."""
    quotients, rests = np.divmod(numerators, denominator)
    odd = quotients % 2 == 1
    names = np.select(
        [rests == 0, 2 * rests < denominator, 2 * rests > denominator, odd],
        [_ROUNDINGS[0], _ROUNDINGS[1], _ROUNDINGS[4], _ROUNDINGS[3]],
        _ROUNDINGS[2],
    )
    signs = np.where(numerators < 0, *_SIGNS)
    pairs = zip(names.ravel().tolist(), signs.ravel().tolist(), strict=True)
    return {f"{name} x {sign}" for name, sign in pairs}


def _ends(values: Int64 | Int8, largest: int) -> Iterator[str]:
    """Yield the classes of values that there are, up to a largest one either way."""
    for name, there in (
        ("smallest", values == -largest),
        ("negative", (values < 0) & (values > -largest)),
        ("zero", values == 0),
        ("positive", (values > 0) & (values < largest)),
        ("largest", values == largest),
    ):
        if there.any():
            yield name
